"""The input of a quantized layer: clipped to a trained bound, and rounded (chapter 2.3.5)."""

import numpy as np
import paddle
from paddle import ParamAttr, nn
from paddle.nn import functional as F
from paddle.regularizer import L2Decay

from ..datasets.seeding import rng_for
from .calibrate import CalibrationError, bound, checked
from .pact import check_bits, fake_quant, levels, pact, pact_relu

ALPHA_RATE = 20.0
"""Learning rate of the bounds as a multiple of the net's. With 1 they hardly move in a short run."""

ALPHA_DECAY = 2e-5
"""L2 factor of the bounds: a smaller bound has finer levels, and the loss pulls the other way."""

LEAST = 0.05
"""Smallest bound that training can reach, as a share of the calibrated one."""

KEPT_VALUES = 25_000
"""Values of a layer's input that calibration keeps of each batch, drawn at random, besides the smallest and largest."""


NOT_EXPORTED = "a prepared net cannot be exported or traced, because its clipping bounds are still trained: call convert(net) first"


class InputQuantizer(nn.Layer):
    """Clips and rounds the input of a layer.

    Args:
        bits: of the integers, 2 to 8.
        symmetric: levels from -alpha to alpha; otherwise from the lowest value seen to alpha, with a zero point.
        rounds: False lets the input pass as it is. Its range is calibrated nevertheless, because the integers of the
            layer's bias are steps of this range.
        alpha_rate: see ALPHA_RATE.
        alpha_decay: see ALPHA_DECAY.

    Shape:
        x: any
        returns: the same
    """

    def __init__(
        self,
        bits: int = 8,
        *,
        symmetric: bool = True,
        rounds: bool = True,
        alpha_rate: float = ALPHA_RATE,
        alpha_decay: float = ALPHA_DECAY,
    ):
        super().__init__()
        self.bits, self.symmetric, self.rounds = check_bits(bits), symmetric, rounds
        attr = ParamAttr(learning_rate=alpha_rate, regularizer=L2Decay(alpha_decay))
        self.alpha = self.create_parameter([1], attr=attr, default_initializer=nn.initializer.Constant(0.0))
        self.register_buffer("low", paddle.zeros([1]))
        self.register_buffer("least", paddle.zeros([1]))
        self.observed: list[np.ndarray] | None = None

    @property
    def calibrated(self) -> bool:
        """Whether the range has been set."""
        return self.least.item() > 0

    def bound(self):
        """Alpha, (1,). Training may push it to 0 or below; then the calibrated bound times LEAST is used, and alpha still
        has its gradient, so that it can rise again."""
        return self.alpha + F.relu(self.least - self.alpha).detach()

    def grid(self) -> tuple[float, int]:
        """Distance of two levels, and the integer that stands for 0.0."""
        alpha, low = float(self.bound().numpy()[0]), float(self.low.numpy()[0])
        if self.symmetric:
            return alpha / levels(self.bits), 0
        scale = (alpha - low) / (2**self.bits - 1)
        return scale, round(-low / scale)

    def set_range(self, values, how: str) -> None:
        """Choose the range from values of the float net.

        Args:
            values: (N,) of this input.
            how: one of calibrate.METHODS.

        Raises:
            CalibrationError: no range can be chosen from them.
        """
        self._choose(checked(values), how)
        self.least.set_value(self.alpha * LEAST)

    def _choose(self, values, how: str) -> None:
        if not values.any():  # a dead input: every bound serves, and nothing is lost
            self.alpha.set_value(np.array([1.0], np.float32))
            return
        if self.symmetric:
            self.alpha.set_value(np.array([bound(values, how, self.bits)], np.float32))
            return
        negative, positive = values[values < 0], values[values > 0]
        self.low.set_value(np.array([-bound(negative, how, self.bits) if negative.size else 0.0], np.float32))
        self.alpha.set_value(
            np.array([bound(positive, how, self.bits) if positive.size else 1e-3], np.float32)
        )

    def forward(self, x):
        if not paddle.in_dynamic_mode():
            raise ValueError(NOT_EXPORTED)
        if self.observed is not None:
            values = x.numpy().ravel()
            drawn = rng_for(0, len(self.observed)).integers(0, values.size, min(values.size, KEPT_VALUES))
            self.observed.append(np.concatenate([values[drawn], [values.min(), values.max()]]))
            return x
        if not self.calibrated:
            raise CalibrationError(
                "a layer has no clipping bound yet: call calibrate(net, batches) after prepare(net)"
            )
        if not self.rounds:
            return x
        scale, zero = self.grid()
        if self.symmetric:
            return fake_quant(pact(x, self.bound()), scale, self.bits)
        clipped = self.low + pact_relu(x - self.low, self.bound() - self.low)
        return fake_quant(clipped, scale, self.bits, zero=zero, signed=False)
