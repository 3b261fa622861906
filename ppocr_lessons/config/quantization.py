"""Section Quant: quantization-aware training (chapters 2.2.4 and 2.3.5).

In PaddleOCR these values are part of the code, deploy/slim/quantization/quant.py; here they are a section of the file.
"""

from collections.abc import Iterable
from typing import Annotated, Literal

import paddle
from annotated_types import Ge, Le, MinLen
from pydantic import model_validator

from ..quant.calibrate import METHODS
from ..quant.input_quantizer import ALPHA_DECAY, ALPHA_RATE
from ..quant.pact import MAX_BITS, MIN_BITS
from ..quant.prepare import calibrate, prepare, quantizable
from .schema import Above0, Count, Section, Weight

Bits = Annotated[int, Ge(MIN_BITS), Le(MAX_BITS)]
KINDS = {"Conv2D": paddle.nn.Conv2D, "Linear": paddle.nn.Linear}


class QuantSection(Section):
    """Section Quant. Keys that PaddleOCR does not have: calibration, calibration_batches, keep, symmetric, alpha_rate,
    alpha_decay. See quant/prepare.py for their meaning."""

    weight_bits: Bits = 8
    activation_bits: Bits = 8
    weight_quantize_type: Literal["channel_wise_abs_max"] = "channel_wise_abs_max"
    quantizable_layer_type: Annotated[list[Literal["Conv2D", "Linear"]], MinLen(1)] = ["Conv2D", "Linear"]
    calibration: Literal[METHODS] = "mse"
    calibration_batches: Count = 4
    keep: list[str] = []
    symmetric: bool = True
    alpha_rate: Above0 = ALPHA_RATE
    alpha_decay: Weight = ALPHA_DECAY

    @model_validator(mode="after")
    def _one_width(self):
        if self.weight_bits != self.activation_bits:
            raise ValueError(
                f"weight_bits is {self.weight_bits} and activation_bits is {self.activation_bits}; both have to be equal"
            )
        return self

    def prepare(self, net: paddle.nn.Layer) -> paddle.nn.Layer:
        """Make the layers of a network round their weights and inputs.

        Args:
            net: network with its initial weights, changed in place.

        Returns: the network.

        Raises:
            ValueError: see `quant.prepare.prepare`.
        """
        kinds = tuple(KINDS[name] for name in self.quantizable_layer_type)
        others = [name for name, layer in quantizable(net).items() if not isinstance(layer, kinds)]
        return prepare(
            net,
            bits=self.activation_bits,
            keep=[*others, *self.keep],
            symmetric=self.symmetric,
            alpha_rate=self.alpha_rate,
            alpha_decay=self.alpha_decay,
        )

    def calibrate(self, net: paddle.nn.Layer, images: Iterable) -> None:
        """Choose the clipping bounds of a network from the first batches of its training.

        Args:
            net: network from `prepare`, changed in place.
            images: input tensors (N, 3, H, W).

        Raises:
            CalibrationError: see `quant.prepare.calibrate`.
        """
        calibrate(net, images, self.calibration)
