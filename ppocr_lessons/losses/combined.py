"""Several nets, several losses, one sum: the frame of every distillation, and of Enhanced CTC (chapter 3)."""

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

import paddle
from paddle import nn

from .objective import Objective


class NetOutput(NamedTuple):
    """What a net gave: `answer` (maps or logits) and `feats`, its named intermediates."""

    answer: object
    feats: object


class Term(Protocol):
    """A loss over the outputs of all nets by name; gives its parts by name, each a scalar, unweighted."""

    def __call__(self, outputs: dict[str, NetOutput], batch) -> dict[str, paddle.Tensor]: ...


class Weighted(NamedTuple):
    """A term and its factor."""

    weight: float
    term: Term


class Combined:
    """Run every net on the batch and add up the weighted terms.

    Args:
        nets: by name.
        terms: losses over them; every weight takes effect.
        main: name of the net that is wanted in the end.
        frozen: names of nets that only teach. They get no gradient and stay in evaluation mode, batch statistics
            included, also while the others train.

    A frozen net may have a faster way to its answer, such as an inference engine: a function from images to NetOutput
    under its name in `shortcuts`.

    Raises:
        ValueError: main or a frozen net that is not among the nets, or all of them frozen.
    PaddleOCR: CombinedLoss and DistillationModel. There a frozen teacher's batch norms still follow the batch.
    """

    def __init__(
        self, nets: dict[str, nn.Layer], terms: Sequence[Weighted], *, main: str, frozen: Sequence[str] = ()
    ):
        unknown = [name for name in (main, *frozen) if name not in nets]
        if unknown or set(frozen) == set(nets):
            raise ValueError(f"nets {unknown or list(frozen)}; known are {list(nets)}, and one has to learn")
        self.nets, self.terms, self.frozen = dict(nets), list(terms), tuple(frozen)
        self.net = nets[main]
        learning = [net for name, net in nets.items() if name not in frozen]
        for name in frozen:
            nets[name].eval()
            for parameter in nets[name].parameters():
                parameter.stop_gradient = True
        self.shortcuts: dict[str, Callable] = {}
        # The frozen nets are no part of it, so that train() does not reach them and checkpoints stay small.
        self.trained = learning[0] if len(nets) == 1 else nn.LayerList(learning)

    def outputs(self, images) -> dict[str, NetOutput]:
        """Every net's output, those of frozen nets without a gradient.

        Args:
            images: (N, 3, H, W), normalized.
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
                # Two terms may share a name, such as DML over the same pair twice: both count.
                parts[name] = parts.get(name, 0.0) + weighted.weight * value
        return Objective(sum(parts.values()), parts, outputs)
