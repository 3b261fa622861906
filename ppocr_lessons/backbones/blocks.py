"""Building blocks of all backbones: convolution with batch norm, depthwise convolution, squeeze-and-excitation."""

import functools

import paddle.nn.functional as F
from paddle import nn

from ..kernels.convolution import Conv2D
from ..kernels.training import HAS_NUMBA, usable

ACTIVATIONS = {None: lambda x: x, "relu": F.relu, "hardswish": F.hardswish}

SE_GATE_SLOPE_MOBILENET = 0.2
"""Slope of the hard sigmoid in MobileNetV3's SE gate. PaddleOCR sets 0.2, not Paddle's default 1/6."""

SE_GATE_SLOPE_LCNET = 1 / 6
"""Slope of the hard sigmoid in PP-LCNet's SE gate, where PaddleOCR uses Paddle's default."""


def make_divisible(width: float, divisor: int = 8) -> int:
    """Round a number of channels to a multiple of `divisor`, without losing more than a tenth of it.

    Args:
        width: number of channels, not an integer after scaling.
        divisor: the result is a multiple of it, and at least as large.

    Returns: number of channels.
    Source: make_divisible in ppocr/modeling/backbones/det_mobilenet_v3.py.
    """
    rounded = max(divisor, int(width + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < 0.9 * width else rounded


@functools.cache
def depthwise_kernel():
    """The compiled kernel for training on a CPU.

    Returns: class kernels.depthwise.DepthwiseConvCPU, or None if numba is not installed.
    """
    if not HAS_NUMBA:
        return None
    from ..kernels.depthwise import DepthwiseConvCPU

    return DepthwiseConvCPU


@functools.cache
def norm_kernel():
    """The compiled batch norm with activation for training on a CPU.

    Returns: class kernels.batch_norm.BatchNormActCPU, or None if numba is not installed.
    """
    if not HAS_NUMBA:
        return None
    from ..kernels.batch_norm import BatchNormActCPU

    return BatchNormActCPU


def norm_act(norm: nn.Layer, x, act: str | None):
    """Batch norm and activation; in eager training on a CPU one compiled kernel, otherwise Paddle's two operators.

    Paddle's operators are also used if the batch norm has hooks, which need a call of the layer, or frozen statistics.

    Args:
        norm: a BatchNorm2D, or the layer that replaces it after folding or between processes.
        x: (N, C, H, W).
        act: a key of ACTIVATIONS.

    Returns: (N, C, H, W).
    """
    fits = (
        type(norm) is nn.BatchNorm2D
        and usable(norm, x)
        and not (norm._use_global_stats or norm._forward_pre_hooks or norm._forward_post_hooks)
        and norm._data_format == "NCHW"
        and x.ndim == 4
        and 0 not in x.shape
    )
    kernel = norm_kernel() if fits else None
    if kernel is None:
        return ACTIVATIONS[act](norm(x))
    return kernel.apply(x, norm.weight, norm.bias, norm, act)


class DepthwiseConv(nn.Conv2D):
    """Convolution with one filter per channel and without bias: a Conv2D with `groups` equal to its channels.

    In training on a CPU the compiled kernel in kernels/depthwise.py is used if numba is installed; in all other cases,
    including exported networks, this is Paddle's convolution. The results agree to 1e-5.

    Args:
        channels: channels of input and output.
        kernel_size: side of the square kernel, odd.
        stride: (height, width).
        weight_attr: initializer and regularizer.

    Shape:
        x: (N, channels, H, W)
        returns: (N, channels, ceil(H / stride[0]), ceil(W / stride[1]))
    """

    def __init__(self, channels: int, kernel_size: int, *, stride=(1, 1), weight_attr=None):
        super().__init__(
            channels,
            channels,
            kernel_size,
            stride=stride,
            padding=kernel_size // 2,
            groups=channels,
            weight_attr=weight_attr,
            bias_attr=False,
        )
        self.stride_hw = tuple(stride)

    def filter(self, x, weight):
        """Convolve with a given weight, for example the rounded weight in quantization.

        Args:
            x: (N, channels, H, W).
            weight: (channels, 1, kernel_size, kernel_size).
        """
        kernel = depthwise_kernel() if usable(self, x) else None
        if kernel is not None:
            return kernel.apply(x, weight, self.stride_hw, weight.shape[2] // 2)
        return F.conv2d(x, weight, None, self.stride_hw, weight.shape[2] // 2, 1, weight.shape[0])

    def forward(self, x):
        return self.filter(x, self.weight)


class ConvBN(nn.Layer):
    """Convolution without bias, batch norm, activation.

    Args:
        in_channels, out_channels: numbers of channels.
        kernel_size: side of the square kernel, odd; the padding keeps the size at stride 1.
        stride: one number, or (height, width).
        depthwise: one filter per channel; in_channels must equal out_channels.
        act: "relu", "hardswish" or None.
        names: attribute names of the two layers. They differ between PaddleOCR's backbones, whose weights can be loaded
            only if the names are equal.
        weight_attr, bn_attr: initializer and regularizer of the convolution and of the batch norm.

    Shape:
        x: (N, in_channels, H, W)
        returns: (N, out_channels, ceil(H / stride), ceil(W / stride))

    Raises:
        ValueError: unknown act, or a depthwise convolution that changes the number of channels.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        *,
        stride=1,
        depthwise: bool = False,
        act: str | None = None,
        names: tuple[str, str] = ("conv", "bn"),
        weight_attr=None,
        bn_attr=None,
    ):
        super().__init__()
        if act not in ACTIVATIONS:
            raise ValueError(f"act is {act!r}; known are {list(ACTIVATIONS)}")
        stride = (stride, stride) if isinstance(stride, int) else tuple(stride)
        if depthwise:
            if in_channels != out_channels:
                raise ValueError(
                    f"a depthwise convolution keeps the number of channels: {in_channels} != {out_channels}"
                )
            conv = DepthwiseConv(in_channels, kernel_size, stride=stride, weight_attr=weight_attr)
        else:
            conv = Conv2D(
                in_channels,
                out_channels,
                kernel_size,
                stride=stride,
                padding=kernel_size // 2,
                weight_attr=weight_attr,
                bias_attr=False,
            )
        self.names, self.act = names, act
        self.add_sublayer(names[0], conv)
        self.add_sublayer(names[1], nn.BatchNorm2D(out_channels, weight_attr=bn_attr, bias_attr=bn_attr))

    def forward(self, x):
        conv, bn = (getattr(self, name) for name in self.names)
        return norm_act(bn, conv(x), self.act)


class SEModule(nn.Layer):
    """Squeeze-and-excitation: multiply each channel by a gate in 0..1, computed from the channel means (chapter 2.1.3).

    gate = hardsigmoid(W2 relu(W1 mean(x))), hardsigmoid(v) = clip(slope v + 0.5, 0, 1)

    Args:
        channels: channels of the input.
        reduction: the hidden layer has channels // reduction channels.
        slope: of the hard sigmoid, one of the two constants above.

    Shape:
        x: (N, channels, H, W)
        returns: the same
    Paper: Hu et al. 2018, arXiv 1709.01507.
    """

    def __init__(self, channels: int, *, reduction: int = 4, slope: float = SE_GATE_SLOPE_MOBILENET):
        super().__init__()
        self.avg_pool = nn.AdaptiveAvgPool2D(1)
        self.conv1 = nn.Conv2D(channels, channels // reduction, 1)
        self.conv2 = nn.Conv2D(channels // reduction, channels, 1)
        self.slope = slope

    def gate(self, x):
        """Compute the gates without applying them.

        Args:
            x: features, (N, channels, H, W).

        Returns: gates (N, channels, 1, 1) in 0..1.
        """
        squeezed = F.relu(self.conv1(self.avg_pool(x)))  # (N, channels // reduction, 1, 1)
        return F.hardsigmoid(self.conv2(squeezed), slope=self.slope, offset=0.5)

    def forward(self, x):
        return x * self.gate(x)
