"""Quantization-aware training with PACT: the network simulates integer arithmetic (chapter 2.3.5).

    prepare(net)                          every convolution and linear layer rounds its weight and its input
    calibrate(net, batches, how="mse")    each input gets a clipping bound from values of the floating-point network
    ... train as usual: the bounds are parameters ...
    convert(net)                          int8.py: batch norms folded, weights as integers

LSTM and transposed convolution stay in floating point, as in the chapter. So does the threshold branch of the detector,
which is only used in training.
"""

from collections.abc import Callable, Iterable
from contextlib import contextmanager
from typing import Any

import numpy as np
import paddle
from paddle import nn
from paddle.nn import functional as F

from ..backbones.blocks import DepthwiseConv, SEModule
from ..det.db_head import DBHead
from ..kernels.convolution import Conv2D
from .calibrate import CalibrationError
from .input_quantizer import ALPHA_DECAY, ALPHA_RATE, NOT_EXPORTED, InputQuantizer
from .pact import channel_scales, check_bits, fake_quant


class QuantLayer(nn.Layer):
    """Base class of QuantConv and QuantLinear: a layer whose weight and input are rounded to integers.

    Args:
        layer: the floating-point layer; its parameters are kept and trained further.
        quantizer: quantizer of its input.
    """

    AXIS = 0
    """Axis of the output channels in the weight."""

    def __init__(self, layer, quantizer: InputQuantizer):
        super().__init__()
        self.layer, self.quantizer = layer, quantizer

    def rounded_weight(self):
        """The weight on the grid of the integers, with one scale for each output channel."""
        weight, bits = self.layer.weight, self.quantizer.bits
        return fake_quant(weight, channel_scales(weight, bits, self.AXIS), bits)


class QuantConv(QuantLayer):
    """A convolution, depthwise or not, whose weight and input are rounded to integers."""

    def forward(self, x):
        return convolve(self.layer, self.quantizer(x), self.rounded_weight(), self.layer.bias)


class QuantLinear(QuantLayer):
    """A linear layer whose weight and input are rounded to integers."""

    AXIS = 1

    def forward(self, x):
        return F.linear(self.quantizer(x), self.rounded_weight(), self.layer.bias)


def convolve(layer: nn.Conv2D, x, weight, bias):
    """Convolve as a layer does, but with another weight and bias.

    Args:
        layer: layer that gives stride, padding and groups.
        x: (N, C, H, W).
        weight: in the shape of the layer's weight.
        bias: (C',) or None.
    """
    if isinstance(layer, DepthwiseConv) and bias is None:
        return layer.filter(x, weight)
    if isinstance(layer, Conv2D):
        return layer.filter(x, weight, bias)
    padding: Any = layer._padding  # Paddle declares more kinds of padding for the layer than for the function
    return F.conv2d(x, weight, bias, layer._stride, padding, layer._dilation, layer._groups)


def quantizable(net: nn.Layer) -> dict[str, nn.Conv2D | nn.Linear]:
    """Convolutions and linear layers of a network by name, in the order of the network.

    Args:
        net: any layer.
    """
    return {name: layer for name, layer in net.named_sublayers() if isinstance(layer, (nn.Conv2D, nn.Linear))}


def quantized(net: nn.Layer) -> dict[str, QuantConv | QuantLinear]:
    """Rounding layers of a prepared network by name.

    Args:
        net: network from `prepare`.
    """
    return {
        name: layer for name, layer in net.named_sublayers() if isinstance(layer, (QuantConv, QuantLinear))
    }


def training_only(net: nn.Layer) -> tuple[str, ...]:
    """Name prefixes, ending with a dot, of the layers that are only needed for the loss.

    Args:
        net: any layer.
    """
    heads = [name for name, layer in net.named_sublayers(include_self=True) if isinstance(layer, DBHead)]
    return tuple(f"{name}.thresh." if name else "thresh." for name in heads)


def refuse_prepared(net: nn.Layer) -> None:
    """Refuse to export a network that was prepared and not converted.

    Args:
        net: any layer.

    Raises:
        ValueError: the network has layers from `prepare`.
    """
    if quantized(net):
        raise ValueError(NOT_EXPORTED)


def decays(net: nn.Layer) -> Callable[[str], bool]:
    """Choose the parameters for the decoupled decay of AdamW: all but the clipping bounds, which have their own decay.

    Paddle's AdamW would apply both decays to them, and multiply its own decay by their learning-rate factor.

    Args:
        net: network from `prepare`.

    Returns: a function of the name of a parameter, for `apply_decay_param_fun` of paddle.optimizer.AdamW.
    """
    bounds = {layer.alpha.name for layer in net.sublayers() if isinstance(layer, InputQuantizer)}
    return lambda name: name not in bounds


def without_gain(net: nn.Layer) -> list[str]:
    """Layers that integer kernels do not speed up on text lines: depthwise convolutions and the layers of SE modules.

    A depthwise convolution has few products for each value that it reads, so a kernel spends its time moving and
    converting values. An SE module computes with one value per channel, and the conversion takes longer than the
    products.

    Args:
        net: any layer.

    Returns: names, for `float_inputs` of `prepare`.
    """
    gates = tuple(f"{name}." for name, layer in net.named_sublayers() if isinstance(layer, SEModule))
    return [
        name
        for name, layer in quantizable(net).items()
        if name.startswith(gates) or (isinstance(layer, nn.Conv2D) and layer._groups > 1)
    ]


def replace_layer(net: nn.Layer, name: str, layer: nn.Layer) -> None:
    """Replace a sublayer by another layer.

    Args:
        net: any layer, changed in place.
        name: full name of the sublayer, with dots.
        layer: the new layer.
    """
    *path, last = name.split(".")
    parent = net
    for part in path:
        parent = parent._sub_layers[part]
    parent.add_sublayer(last, layer)


def prepare(
    net: nn.Layer,
    *,
    bits: int = 8,
    keep: Iterable[str] = (),
    float_inputs: Iterable[str] = (),
    symmetric: bool = True,
    alpha_rate: float = ALPHA_RATE,
    alpha_decay: float = ALPHA_DECAY,
) -> nn.Layer:
    """Make the convolutions and linear layers of a network round their weights and inputs, except `training_only` ones.

    Args:
        net: network with trained weights, changed in place.
        bits: number of bits of the integers, 2 to 8.
        keep: names of layers that stay in floating point.
        float_inputs: names of layers that only round their weights. They are stored as integers and compute in floating
            point.
        symmetric: see InputQuantizer.
        alpha_rate, alpha_decay: learning-rate factor and L2 factor of the clipping bounds.

    Returns: the network.

    Raises:
        ValueError: invalid bits; `keep` or `float_inputs` contains an unknown layer; there is nothing to quantize; or
            the network was prepared before.
    """
    check_bits(bits)
    if quantized(net):
        raise ValueError(f"{type(net).__name__} was prepared before; prepare a net only once")
    layers, keep, float_inputs = quantizable(net), set(keep), set(float_inputs)
    for argument, names in (("keep", keep), ("float_inputs", float_inputs)):
        if unknown := sorted(names - set(layers)):
            raise ValueError(f"{argument} names layers that the net does not have: {', '.join(unknown)}")
    unused = training_only(net)
    chosen = {
        name: layer for name, layer in layers.items() if name not in keep and not name.startswith(unused)
    }
    if not chosen:
        raise ValueError(f"{type(net).__name__} has no convolution and no linear layer to quantize")
    for name, layer in chosen.items():
        quantizer = InputQuantizer(
            bits,
            symmetric=symmetric,
            rounds=name not in float_inputs,
            alpha_rate=alpha_rate,
            alpha_decay=alpha_decay,
        )
        conv = isinstance(layer, nn.Conv2D)
        replace_layer(net, name, QuantConv(layer, quantizer) if conv else QuantLinear(layer, quantizer))
    return net


@contextmanager
def _observing(net, layers):
    """Context in training mode, so that all branches of a network run, but batch norms use their running statistics."""
    modes = [(layer, layer.training) for layer in net.sublayers(include_self=True)]
    for layer, _ in modes:
        layer.training = not isinstance(layer, (nn.BatchNorm, nn.BatchNorm2D))
    for layer in layers.values():
        layer.quantizer.observed = []
    try:
        yield
    finally:
        for layer in layers.values():
            layer.quantizer.observed = None
        for layer, training in modes:
            layer.training = training


def calibrate(net: nn.Layer, batches: Iterable, how: str = "mse") -> nn.Layer:
    """Set the clipping bound of each layer's input from the values that the floating-point network computes.

    Args:
        net: network from `prepare`, changed in place.
        batches: input tensors (N, 3, H, W).
        how: one of calibrate.METHODS.

    Returns: the network.

    Raises:
        ValueError: the network was not prepared, or the method is unknown.
        CalibrationError: there is no batch, or no range can be chosen for a layer; names the layer.
    """
    layers = quantized(net)
    if not layers:
        raise ValueError(f"{type(net).__name__} was not prepared: call prepare(net) first")
    with _observing(net, layers), paddle.no_grad():
        for batch in batches:
            net(batch)
        values = {name: layer.quantizer.observed or [] for name, layer in layers.items()}
    for name, layer in layers.items():
        seen = values[name]
        try:
            layer.quantizer.set_range(np.concatenate(seen) if seen else [], how)
        except CalibrationError as error:
            raise CalibrationError(f"{name}: {error}") from error
    return net
