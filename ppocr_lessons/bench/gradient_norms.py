"""How strongly each part of a combined loss pulls at a network: the length of its gradient."""

import paddle

from ..losses.combined import Combined


def gradient_norms(strategy: Combined, batch, net: paddle.nn.Layer) -> dict[str, float]:
    """Euclidean norm of the gradient of each weighted part of the loss, over all trained parameters of a network.

    The value of a loss says little about its influence: a mean over many entries is small and so is its gradient. The
    network is not changed; in training mode, its batch norm statistics follow the batch as in any forward pass.

    Args:
        strategy: combined loss over several networks.
        batch: a batch of its task.
        net: one of its networks.

    Returns: norm by name of the part; 0 for a part that does not depend on the network.
    """
    parameters = [parameter for parameter in net.parameters() if not parameter.stop_gradient]
    norms = {}
    for name, value in strategy(batch).parts.items():
        grads = paddle.grad(value, parameters, retain_graph=True, allow_unused=True)
        squares = [(grad.astype("float32") ** 2).sum() for grad in grads if grad is not None]
        norms[name] = float(paddle.add_n(squares)) ** 0.5 if squares else 0.0
    return norms
