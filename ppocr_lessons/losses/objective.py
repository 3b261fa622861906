"""The interface between a training strategy and the trainer."""

from typing import NamedTuple, Protocol

import paddle


class Objective(NamedTuple):
    """Result of the forward pass of one training step.

    Fields:
        loss: scalar to differentiate.
        parts: scalars that add up to the loss, by name, for the log.
        outputs: output of the networks, for figures and metrics.
    """

    loss: paddle.Tensor
    parts: dict[str, paddle.Tensor]
    outputs: object


class TrainingStrategy(Protocol):
    """Networks and a loss: a strategy turns a batch into an Objective.

    Attributes:
        net: the network that is evaluated and exported.
        trained: all layers that are trained and saved in checkpoints: `net`, and layers that only help to train it.
    """

    net: paddle.nn.Layer
    trained: paddle.nn.Layer

    def __call__(self, batch) -> Objective: ...
