"""Quantization of the input of a layer: it is clipped to a trained bound and rounded (chapter 2.3.5)."""

import numpy as np
import paddle
from paddle import ParamAttr, nn
from paddle.nn import functional as F
from paddle.regularizer import L2Decay

from ..datasets.seeding import rng_for
from .calibrate import CalibrationError, bound, checked
from .pact import check_bits, fake_quant, levels, pact, pact_relu

ALPHA_RATE = 20.0
"""Learning rate of the bounds as a multiple of the network's. With 1 they hardly change in a short run."""

ALPHA_DECAY = 2e-5
"""L2 factor of the bounds. It favors small bounds, whose levels are finer; the loss opposes it where clipping hurts."""

LEAST = 0.05
"""Smallest bound that training can reach, as a fraction of the calibrated bound."""

KEPT_VALUES = 25_000
"""Maximum number of input values that calibration samples from each batch, besides the smallest and largest value."""


NOT_EXPORTED = "a prepared net cannot be exported or traced, because its clipping bounds are still trained: call convert(net) first"


class InputQuantizer(nn.Layer):
    """Clips and rounds the input of a layer.

    Args:
        bits: number of bits of the integers, 2 to 8.
        symmetric: levels from -alpha to alpha; otherwise from a calibrated lower bound to alpha, with a zero point.
        rounds: False passes the input through unchanged. Its range is calibrated nevertheless, because its scale is a
            factor of the step of the layer's integer bias.
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
        """Alpha, (1,), but at least LEAST times the calibrated bound. A smaller alpha, to which training may move it,
        still receives its gradient, so that it can increase again."""
        return self.alpha + F.relu(self.least - self.alpha).detach()

    def grid(self) -> tuple[float, int]:
        """Distance between adjacent levels, and the integer that represents 0.0."""
        alpha, low = float(self.bound().numpy()[0]), float(self.low.numpy()[0])
        if self.symmetric:
            return alpha / levels(self.bits), 0
        scale = (alpha - low) / (2**self.bits - 1)
        return scale, round(-low / scale)

    def set_range(self, values, how: str) -> None:
        """Choose the range from values of the floating-point network.

        Args:
            values: (N,) values of this input.
            how: one of calibrate.METHODS.

        Raises:
            CalibrationError: no range can be chosen from them.
        """
        self._choose(checked(values), how)
        self.least.set_value(self.alpha * LEAST)

    def _choose(self, values, how: str) -> None:
        if not values.any():  # the input is always 0, so any bound will do
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
