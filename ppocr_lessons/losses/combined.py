"""A weighted sum of losses over several networks: the base of every distillation and of Enhanced CTC (chapter 3)."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol, cast

import paddle
from paddle import nn

from .objective import Objective


class NetOutput(NamedTuple):
    """Output of a network: `answer` (maps or logits) and `feats`, its named intermediate features."""

    answer: Any
    feats: Any


class Term(Protocol):
    """A loss over the outputs of all networks. It returns its parts by name, each an unweighted scalar."""

    def __call__(self, outputs: dict[str, NetOutput], batch) -> dict[str, paddle.Tensor]: ...


class Weighted(NamedTuple):
    """A term and its weight."""

    weight: float
    term: Term


class Combined:
    """Run every network on the batch and add up the weighted terms.

    Args:
        nets: networks by name.
        terms: weighted losses over their outputs.
        main: name of the network that is evaluated and exported.
        frozen: names of the networks that only teach. They get no gradient and stay in evaluation mode, with fixed batch
            statistics, while the others are trained.

    `shortcuts` may have a faster replacement for a frozen network, such as an inference engine: a function from images to
    NetOutput, by name of the network.

    Raises:
        ValueError: `main` or a name in `frozen` is not the name of a network, or all networks are frozen.
    PaddleOCR: CombinedLoss and DistillationModel, where the batch norms of a frozen teacher still use batch statistics.
    """

    def __init__(
        self, nets: dict[str, nn.Layer], terms: Sequence[Weighted], *, main: str, frozen: Sequence[str] = ()
    ):
        unknown = [name for name in (main, *frozen) if name not in nets]
        if unknown or set(frozen) == set(nets):
            raise ValueError(
                f"nets {unknown or list(frozen)}; known are {list(nets)}, and at least one has to be trained"
            )
        self.nets, self.terms, self.frozen = dict(nets), list(terms), tuple(frozen)
        self.net = nets[main]
        learning = [net for name, net in nets.items() if name not in frozen]
        for name in frozen:
            nets[name].eval()
            for parameter in nets[name].parameters():
                parameter.stop_gradient = True
        self.shortcuts: dict[str, Callable] = {}
        # Without the frozen networks, so that train() does not change their mode and checkpoints stay small.
        self.trained = learning[0] if len(nets) == 1 else nn.LayerList(learning)

    def outputs(self, images) -> dict[str, NetOutput]:
        """Run every network, the frozen ones without gradient.

        Args:
            images: (N, 3, H, W) normalized images.

        Returns: outputs by name of the network.
        """
        found = {}
        for name, net in self.nets.items():
            if name in self.shortcuts:
                found[name] = self.shortcuts[name](images)
            elif name in self.frozen:
                with paddle.no_grad():
                    found[name] = NetOutput(*net(images))
            else:
                found[name] = NetOutput(*net(images))
        return found

    def __call__(self, batch) -> Objective:
        outputs = self.outputs(batch.images)
        parts: dict[str, paddle.Tensor] = {}
        for weighted in self.terms:
            for name, value in weighted.term(outputs, batch).items():
                # Two terms may have the same name, such as DML over the same pair twice: they add up.
                parts[name] = parts.get(name, 0.0) + weighted.weight * value
        total = cast(paddle.Tensor, sum(parts.values()))  # sum() is typed as if it could stay 0
        return Objective(total, parts, outputs)
