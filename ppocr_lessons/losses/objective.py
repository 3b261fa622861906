"""The one thing the trainer knows of a training strategy: what it returns."""

from typing import NamedTuple, Protocol

import paddle


class Objective(NamedTuple):
    """Result of one training step, before the gradient.

    Fields:
        loss: scalar to differentiate.
        parts: named scalars that make it up, for the log.
        outputs: what the net returned, for pictures and metrics.
    """

    loss: paddle.Tensor
    parts: dict[str, paddle.Tensor]
    outputs: object


class TrainingStrategy(Protocol):
    """A strategy owns its nets and turns a batch into an Objective.

    Attributes:
        net: what is wanted in the end, evaluated and exported.
        trained: all that learns and goes into a checkpoint: net, and what only helps it.
    """

    net: paddle.nn.Layer
    trained: paddle.nn.Layer

    def __call__(self, batch) -> Objective: ...
