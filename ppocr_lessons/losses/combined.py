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
    """A loss over the outputs of all networks. It returns its parts by name, each an unweighted scalar.

    A term may have the attributes `name`, `names` or `pairs` with the networks that it compares; see `networks_of`.
    """

    def __call__(self, outputs: dict[str, NetOutput], batch) -> dict[str, paddle.Tensor]: ...


def networks_of(term: Term) -> list[str]:
    """Names of the networks that a term uses, from its attributes `name`, `names` and `pairs`.

    Args:
        term: term of a combined loss.

    Returns: the names; an empty list for a term without these attributes.
    """
    name = getattr(term, "name", None)
    single = [name] if isinstance(name, str) else []
    paired = [each for pair in getattr(term, "pairs", ()) for each in pair]
    return [*single, *getattr(term, "names", ()), *paired]


def checked_pairs(pairs) -> list[tuple[str, str]]:
    """Check that pairs consist of the names of two different networks.

    Args:
        pairs: pairs of names.

    Returns: the pairs as tuples.

    Raises:
        ValueError: an entry is not a pair of names, or pairs a network with itself, where every distance is 0.
    """
    checked = []
    for pair in pairs:
        if isinstance(pair, str) or len(pair) != 2:
            raise ValueError(f"pairs: {pair!r} is not a pair of names; an example is ('Student', 'Teacher')")
        if pair[0] == pair[1]:
            raise ValueError(f"pairs: {pair[0]!r} is paired with itself; two different networks are needed")
        checked.append((pair[0], pair[1]))
    return checked


def check_same_shape(what: str, names: Sequence[str], tensors: Sequence[paddle.Tensor]) -> None:
    """Refuse to compare tensors of different shapes, which broadcasting might otherwise compare without an error.

    Args:
        what: name of the compared tensors, for the message.
        names: names of the networks.
        tensors: one tensor of each network.

    Raises:
        ValueError: the shapes differ; names both networks and both shapes.
    """
    for name, tensor in zip(names[1:], tensors[1:], strict=True):
        if tensor.shape != tensors[0].shape:
            raise ValueError(
                f"{what}: {names[0]!r} has the shape {list(tensors[0].shape)} and {name!r} {list(tensor.shape)}; "
                "only tensors of the same shape can be compared"
            )


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

    `shortcuts` maps names of frozen networks to faster replacements, such as an inference engine: functions from images
    to NetOutput.

    Raises:
        ValueError: `main`, a name in `frozen` or a name in a term is not the name of a network, or all networks are frozen.
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
        for number, weighted in enumerate(terms):
            missing = sorted(set(networks_of(weighted.term)) - set(nets))
            if missing:
                kind = type(weighted.term).__name__
                raise ValueError(f"term {number} ({kind}) uses nets {missing}; known are {list(nets)}")
        self.nets, self.terms, self.frozen = dict(nets), list(terms), tuple(frozen)
        self.net = nets[main]
        learning = [net for name, net in nets.items() if name not in frozen]
        for name in frozen:
            nets[name].eval()
            for parameter in nets[name].parameters():
                parameter.stop_gradient = True
        self.shortcuts: dict[str, Callable] = {}
        # Frozen networks are left out, so that train() does not change their mode and checkpoints stay small.
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
