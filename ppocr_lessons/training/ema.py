"""Exponential moving average of the weights, which is smoother than the weights of a single step."""

import contextlib

import numpy as np
import paddle

from .tensor_files import assign, state_of


class EMA:
    """Callback of the trainer: average = decay * average + (1 - decay) * weight, after every update.

    The average is evaluated and saved as the best weights; training continues with the original weights. In the first
    steps, when there are few weights to average, the decay is smaller: min(decay, (1 + t) / (10 + t)).

    Args:
        decay: from 0 to below 1; 0.999 averages over about 1,000 steps.

    Raises:
        ValueError: the decay is negative, or 1 or more.
    """

    name = "ema"

    def __init__(self, decay: float = 0.999):
        if not 0 <= decay < 1:
            raise ValueError(f"the decay of the average is {decay}; a number from 0 to below 1 is needed")
        self.decay, self.average, self.updates = decay, {}, 0

    @paddle.no_grad()
    def after_update(self, trainer) -> None:
        """Add the weights of this step to the average.

        Args:
            trainer: trainer whose network is averaged.
        """
        decay = min(self.decay, (1 + self.updates) / (10 + self.updates))
        self.updates += 1
        for name, tensor in state_of(trainer.strategy.net).items():
            now = tensor.detach()
            if name not in self.average or not now.is_floating_point():
                self.average[name] = now.clone()
            else:
                self.average[name] = self.average[name] * decay + now * (1 - decay)

    @contextlib.contextmanager
    def in_place_of_weights(self, net):
        """Context in which a network has the averaged weights.

        Args:
            net: network that was averaged.
        """
        own = {name: tensor.numpy() for name, tensor in state_of(net).items()}
        if self.average:
            assign(net, {name: tensor.numpy() for name, tensor in self.average.items()}, "the average")
        try:
            yield
        finally:
            assign(net, own, "the weights")

    def arrays(self) -> dict[str, np.ndarray]:
        """Arrays for a checkpoint.

        Returns: the number of updates and the average, by name.
        """
        count = {"updates": np.array([self.updates], np.int64)}
        return count | {f"average/{name}": tensor.numpy() for name, tensor in self.average.items()}

    def restore(self, arrays: dict[str, np.ndarray]) -> None:
        """Restore the state that `arrays` returned.

        Args:
            arrays: arrays by name.
        """
        self.updates = int(arrays["updates"][0])
        self.average = {
            name.removeprefix("average/"): paddle.to_tensor(array)
            for name, array in arrays.items()
            if name.startswith("average/")
        }
