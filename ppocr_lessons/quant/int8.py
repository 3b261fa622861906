"""Networks in integers: int8 weights with a scale per channel, int32 biases, batch norms folded; and their files.

A convolution followed by a batch norm computes gamma (w * x - mean) / sigma + beta. The norm is a factor and an offset
for each output channel, so it can be folded into the scale of the integers and the bias:

    scale' = scale_w |gamma| / sigma        the integers take the sign of gamma
    bias'  = beta + (bias - mean) gamma / sigma, as an integer in steps of scale_x scale'

Apart from the sign, the integers are those that the training used.
"""

import numpy as np
import paddle
import safetensors
from paddle import nn
from paddle.nn import functional as F

from ..training.tensor_files import WeightsError, read_tensors, save_tensors, state_of, unusable
from .calibrate import CalibrationError
from .pact import channel_scales, levels
from .prepare import QuantConv, QuantLinear, convolve, quantizable, quantized, replace_layer, training_only

FORMAT = "ppocr-lessons int8 1"
PARTS = ("weight", "weight_scale", "bias", "input")
"""Arrays of an integer layer: int8 weight, float32 (channels,) scales, int32 (channels,) bias, and the input's grid as
float64 (scale, zero, bits, signed)."""

FLOAT_INPUT = 32
"""Value of `bits` in the grid of a layer whose input stays in floating point."""


class IntegerLayer(nn.Layer):
    """A convolution or linear layer of integers; the arithmetic is simulated in floating point.

    Args:
        layer: the floating-point layer that it replaces, which gives stride, padding and groups.
        weight: int8, in the layer's shape.
        weight_scale: (channels,) float32.
        bias: (channels,) int32, in steps of input scale times weight scale.
        grid: (scale, zero, bits, signed) of the input. With FLOAT_INPUT bits it is not rounded.

    Shape:
        as the layer
    """

    def __init__(self, layer, weight, weight_scale, bias, grid):
        super().__init__()
        self.kind = "conv" if isinstance(layer, nn.Conv2D) else "linear"
        self.weight, self.weight_scale = np.asarray(weight), np.asarray(weight_scale, np.float32)
        self.bias, self.grid = np.asarray(bias), tuple(float(v) for v in grid)
        self.layer = layer
        axis_shape = (-1, *[1] * (self.weight.ndim - 1)) if self.kind == "conv" else (1, -1)
        scaled = self.weight.astype(np.float32) * self.weight_scale.reshape(axis_shape)
        self.register_buffer("scaled", paddle.to_tensor(scaled))
        offset = (self.bias.astype(np.float64) * self.grid[0] * self.weight_scale).astype(np.float32)
        self.register_buffer("offset", paddle.to_tensor(offset))

    @property
    def rounds_input(self) -> bool:
        """Whether the input is rounded, so that integers are multiplied; otherwise only the weights are integers."""
        return self.grid[2] != FLOAT_INPUT

    def extra_repr(self) -> str:
        """The grid, which distinguishes networks with equal weights, such as those in the cache of exports."""
        return f"grid={self.grid}"

    def forward(self, x):
        scale, zero, bits, signed = self.grid
        if self.rounds_input:
            high = levels(int(bits)) if signed else 2 ** int(bits) - 1
            low = -high if signed else 0
            x = (x / scale).clip(low - zero, high - zero).round() * scale
        if self.kind == "conv":
            return convolve(self.layer, x, self.scaled, self.offset)
        return F.linear(x, self.scaled, self.offset)


def norm_behind(net: nn.Layer, name: str) -> str | None:
    """Name of the batch norm that directly follows a layer in its parent, or None.

    Args:
        net: any layer.
        name: name of a convolution.
    """
    *path, last = name.split(".")
    parent = net
    for part in path:
        parent = parent._sub_layers[part]
    names = list(parent._sub_layers)
    following = names[names.index(last) + 1 :][:1]
    if following and isinstance(parent._sub_layers[following[0]], (nn.BatchNorm, nn.BatchNorm2D)):
        return ".".join([*path, following[0]])
    return None


def _norm(net, name) -> tuple[np.ndarray, np.ndarray]:
    """Factor and offset (channels,) of a batch norm."""
    layer = dict(net.named_sublayers())[name]
    gamma, beta, mean, variance = (
        t.numpy().astype(np.float64) for t in (layer.weight, layer.bias, layer._mean, layer._variance)
    )
    factor = gamma / np.sqrt(variance + layer._epsilon)
    return factor, beta - mean * factor


def _integers(net, name, layer: QuantConv | QuantLinear) -> IntegerLayer:
    quantizer, axis = layer.quantizer, layer.AXIS
    bits = quantizer.bits
    scales = channel_scales(layer.layer.weight, bits, axis).numpy().astype(np.float64)
    weight = np.clip(np.round(layer.layer.weight.numpy() / scales), -levels(bits), levels(bits))
    scales = scales.ravel()
    bias = np.zeros(len(scales)) if layer.layer.bias is None else layer.layer.bias.numpy().astype(np.float64)
    norm = norm_behind(net, name) if isinstance(layer, QuantConv) else None
    if norm:
        factor, offset = _norm(net, norm)
        bias = bias * factor + offset
        sign = np.where(factor < 0, -1, 1).reshape([-1] + [1] * (weight.ndim - 1))
        weight, scales = weight * sign, scales * np.abs(factor)
        replace_layer(net, norm, nn.Identity())
    scales = np.where(scales > 0, scales, 1.0).astype(
        np.float32
    )  # a norm with gamma 0 leaves its offset alone
    if norm:
        weight = np.where(np.equal(factor, 0).reshape([-1] + [1] * (weight.ndim - 1)), 0, weight)
    scale, zero = quantizer.grid()
    scale = float(np.float32(scale))
    steps = np.clip(np.round(bias / (scale * scales.astype(np.float64))), -(2**31) + 1, 2**31 - 1)
    grid = (scale, zero, bits if quantizer.rounds else FLOAT_INPUT, float(quantizer.symmetric))
    return IntegerLayer(layer.layer, weight.astype(np.int8), scales, steps.astype(np.int32), grid)


def convert(net: nn.Layer) -> nn.Layer:
    """Replace the rounding layers of a prepared and calibrated network by integer layers, and fold its batch norms.

    Args:
        net: network after `prepare` and `calibrate`, trained or not; changed in place, in evaluation mode afterwards.

    Returns: the network.

    Raises:
        ValueError: the network was not prepared.
        CalibrationError: some inputs have no clipping bound yet; names the first.
    """
    layers = quantized(net)
    if not layers:
        raise ValueError(f"{type(net).__name__} was not prepared: call prepare(net) first")
    waiting = [name for name, layer in layers.items() if not layer.quantizer.calibrated]
    if waiting:
        raise CalibrationError(
            f"{len(waiting)} of {len(layers)} layers have no clipping bound, {waiting[0]} is the first: "
            "call calibrate(net, batches) before convert(net)"
        )
    net.eval()
    for name, layer in layers.items():
        replace_layer(net, name, _integers(net, name, layer))
    net.eval()
    return net


def integer_layers(net: nn.Layer) -> dict[str, IntegerLayer]:
    """Integer layers of a converted network by name.

    Args:
        net: network from `convert` or `load_int8`.
    """
    return {name: layer for name, layer in net.named_sublayers() if isinstance(layer, IntegerLayer)}


def _float_state(net) -> dict[str, paddle.Tensor]:
    """Tensors that stay in floating point: LSTM, transposed convolutions, layers that were kept. Layers that are only
    needed in training are left out, because the file is for inference."""
    inside = (*(f"{name}." for name in integer_layers(net)), *training_only(net))
    return {name: tensor for name, tensor in state_of(net).items() if not name.startswith(inside)}


def save_int8(net: nn.Layer, path, *, half: bool = False) -> None:
    """Write a converted network as safetensors.

    Args:
        net: network from `convert`.
        path: path of the file.
        half: round the tensors that stay in floating point to float16.

    Raises:
        ValueError: the network has no integer layers.
        OSError: the file cannot be written.
    """
    layers = integer_layers(net)
    if not layers:
        raise ValueError(f"{type(net).__name__} has no integer layers: call convert(net) first")
    arrays = {}
    for name, layer in layers.items():
        parts = (layer.weight, layer.weight_scale, layer.bias, np.array(layer.grid, np.float64))
        arrays |= {f"{name}.{part}": array for part, array in zip(PARTS, parts, strict=True)}
    for name, tensor in _float_state(net).items():
        arrays[name] = tensor.numpy().astype(np.float16 if half else np.float32)
    save_tensors(path, arrays, {"format": FORMAT})


def load_int8(net: nn.Layer, path) -> nn.Layer:
    """Load a file of `save_int8` into a floating-point network of the same architecture.

    Args:
        net: the floating-point network, changed in place, in evaluation mode afterwards.
        path: path of the file.

    Returns: the network. Its outputs equal those of the saved network in evaluation mode, unless `half` rounded it.

    Raises:
        WeightsError: the file has another format or does not fit the network; lists what does not fit. The network is
            unchanged.
    """
    arrays = read_tensors(path)
    if _format_of(path) != FORMAT:
        raise WeightsError(f"{path}: not a file of integer weights; its format entry is not {FORMAT!r}")
    names = sorted({name.removesuffix(".weight_scale") for name in arrays if name.endswith(".weight_scale")})
    layers, problems = quantizable(net), []
    for name in names:
        if name not in layers:
            problems.append(f"{name}: no such layer in {type(net).__name__}")
        else:
            problems += _misfits(name, layers[name], arrays)
    if not problems:
        norms = {
            norm for name in names if isinstance(layers[name], nn.Conv2D) and (norm := norm_behind(net, name))
        }
        gone = (*(f"{name}." for name in names), *(f"{norm}." for norm in norms))
        rest = {name: tensor for name, tensor in state_of(net).items() if not name.startswith(gone)}
        given = {name for name in arrays if not name.startswith(tuple(f"{n}." for n in names))}
        unused = training_only(net)
        problems += [f"{name}: missing" for name in rest if name not in given and not name.startswith(unused)]
        problems += [f"{name}: not of this net" for name in sorted(given - set(rest))]
        for name in given & set(rest):
            if tuple(arrays[name].shape) != tuple(rest[name].shape):
                problems.append(
                    f"{name}: {arrays[name].shape} in the file, {tuple(rest[name].shape)} in the net"
                )
            elif reason := unusable(arrays[name], rest[name]):
                problems.append(f"{name}: {reason}")
    if problems:
        more = f"; ... and {len(problems) - 20} more" if len(problems) > 20 else ""
        raise WeightsError(
            f"{path}: the integer weights do not fit the net: {'; '.join(problems[:20])}{more}"
        )
    for name in given:
        rest[name].set_value(arrays[name].astype(np.float32))
    for name in names:
        replace_layer(net, name, IntegerLayer(layers[name], *(arrays[f"{name}.{part}"] for part in PARTS)))
    for norm in norms:
        replace_layer(net, norm, nn.Identity())
    net.eval()
    return net


def _format_of(path) -> str | None:
    with safetensors.safe_open(path, "np") as file:
        return (file.metadata() or {}).get("format")


def _scales(part: str, array):
    """Scales in the array of a part: one per channel of the weight, and the first number of the input's grid."""
    return array if part == "weight_scale" else array[:1]


def _misfits(name, layer, arrays) -> list[str]:
    """Problems with the four arrays of a layer."""
    channels = layer.weight.shape[0 if isinstance(layer, nn.Conv2D) else 1]
    wanted = {
        "weight": (np.int8, tuple(layer.weight.shape)),
        "weight_scale": (np.float32, (channels,)),
        "bias": (np.int32, (channels,)),
        "input": (np.float64, (4,)),
    }
    problems = []
    for part, (kind, shape) in wanted.items():
        array = arrays.get(f"{name}.{part}")
        if array is None:
            problems.append(f"{name}.{part}: missing")
        elif array.dtype != kind or array.shape != shape:
            problems.append(f"{name}.{part}: {array.dtype} {array.shape}; {np.dtype(kind)} {shape} is needed")
        elif array.dtype.kind == "f" and not (np.isfinite(array).all() and (_scales(part, array) > 0).all()):
            problems.append(f"{name}.{part}: a scale that is not positive")
    grid = arrays.get(f"{name}.input")
    if not problems and (
        grid[2] not in (*range(2, 9), FLOAT_INPUT) or grid[3] not in (0, 1) or not 0 <= grid[1] <= 255
    ):
        problems.append(f"{name}.input: {grid.tolist()} is no grid of an input")
    return problems
