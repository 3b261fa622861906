"""Influence of each part of a combined loss on a network: the norm of its gradient."""

import paddle
from paddle import nn

from ..losses.combined import Combined


def gradient_norms(strategy: Combined, batch, net: nn.Layer) -> dict[str, float]:
    """Euclidean norm of the gradient of each weighted part of the loss, over all trained parameters of a network.

    The value of a loss says little about its influence: a mean over many entries is small and so is its gradient. The
    weights are not changed, and existing gradients are cleared. In training mode the batch norm statistics
    follow the batch, as in any forward pass.

    Args:
        strategy: combined loss over several networks.
        batch: a batch of its task.
        net: one of its networks, or a part of one.

    Returns: norm by name of the part; 0 for a part that does not depend on the network.
    """
    norms: dict[str, float] = {}
    with paddle.no_grad():
        names = list(strategy(batch).parts)
    for name in names:
        strategy.trained.clear_gradients()
        # A forward pass for each part: the graph of the compiled convolution cannot be used for two backward passes.
        strategy(batch).parts[name].backward()
        squares = [
            float((p.grad.astype("float32") ** 2).sum()) for p in net.parameters() if p.grad is not None
        ]
        norms[name] = sum(squares) ** 0.5
    strategy.trained.clear_gradients()
    return norms
