"""PP-LCNet, the recognition backbone of PP-OCRv2 (chapter 3.2.1)."""

import paddle.nn.functional as F
from paddle import ParamAttr, nn
from paddle.nn.initializer import KaimingNormal
from paddle.regularizer import L2Decay

from ..kernels.convolution import Conv2D
from .blocks import SE_GATE_SLOPE_LCNET, ConvBN, SEModule

ROWS = (
    # in, out, stride of the height, kernel, SE
    (32, 64, 1, 3, False),
    (64, 128, 1, 3, False),
    (128, 128, 1, 3, False),
    (128, 256, 2, 3, False),
    (256, 256, 1, 3, False),
    (256, 512, 2, 3, False),
    (512, 512, 1, 5, False),
    (512, 512, 1, 5, False),
    (512, 512, 1, 5, False),
    (512, 512, 1, 5, False),
    (512, 512, 1, 5, False),
    (512, 1024, 2, 5, True),
    (1024, 1024, 1, 5, True),
)
"""Depthwise separable blocks at scale 1; the stride of the width is always 1."""

WIDE_CHANNELS = 1280
"""Channels of the layer after the pooling in image classification."""


def _conv_bn(in_channels, out_channels, kernel_size, act, stride=1, depthwise=False):
    return ConvBN(
        in_channels,
        out_channels,
        kernel_size,
        stride=stride,
        depthwise=depthwise,
        act=act,
        names=("_conv", "_batch_norm"),
        weight_attr=ParamAttr(initializer=KaimingNormal()),
        bn_attr=ParamAttr(regularizer=L2Decay(0.0)),
    )


class DepthwiseSeparable(nn.Layer):
    """Depthwise convolution, optional SE gate, 1x1 convolution, and an activation after both convolutions.

    Args:
        in_channels, out_channels: numbers of channels.
        kernel_size: of the depthwise convolution.
        stride: stride of the height.
        use_se: add an SE gate between the two convolutions.
        act: "hardswish" or "relu".

    Shape:
        x: (N, in_channels, H, W)
        returns: (N, out_channels, ceil(H / stride), W)
    PaddleOCR: DepthwiseSeparable in ppocr/modeling/backbones/rec_mv1_enhance.py.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        kernel_size: int,
        stride: int,
        use_se: bool,
        act: str = "hardswish",
    ):
        super().__init__()
        self._depthwise_conv = _conv_bn(
            in_channels, in_channels, kernel_size, act, (stride, 1), depthwise=True
        )
        self._se = SEModule(in_channels, slope=SE_GATE_SLOPE_LCNET) if use_se else None
        self._pointwise_conv = _conv_bn(in_channels, out_channels, 1, act)

    def forward(self, x):
        x = self._depthwise_conv(x)
        if self._se is not None:
            x = self._se(x)
        return self._pointwise_conv(x)


class PPLCNet(nn.Layer):
    """MobileNetV1 improved for CPUs in four design points, each of which can be switched off (chapter 3.2.1).

    1. `act`: hardswish instead of ReLU.
    2. `late_kernel`: 5x5 instead of 3x3 depthwise kernels in the last seven blocks, those with 512 or more channels.
    3. `late_se`: SE gates in the last two blocks.
    4. `wide_channels`: a 1x1 convolution with hardswish after the pooling. It belongs to image classification, where the
       pooling leaves a single position. PaddleOCR's recognition variant does not have it: there it would run at every
       time step.

    The defaults are the recognition backbone. PPLCNet(global_pool=True, wide_channels=WIDE_CHANNELS) has the last
    layers of the network for image classification.

    Args:
        scale: width multiplier.
        in_channels: input channels.
        act: "hardswish" or "relu".
        late_kernel: kernel of the depthwise convolutions in the last seven blocks, odd.
        late_se: SE gates in the last two blocks.
        wide_channels: channels of the layer after the pooling, which the scale does not change; None for no such layer.
        global_pool: average over all positions instead of the maximum over 2 x 2.

    Shape:
        x: (N, in_channels, 32, W)
        returns: (N, out_channels, 1, W / 4), or (N, out_channels, 1, 1) with `global_pool`; 512 channels at 0.5

    Raises:
        ValueError: scale or wide_channels not positive, late_kernel not odd, or an unknown act.
    Claim: 66.7 % -> 69.3 % accuracy, 7.7 -> 6.2 ms (chapter 3.2.1).
    PaddleOCR: MobileNetV1Enhance in ppocr/modeling/backbones/rec_mv1_enhance.py.
    Paper: Cui et al. 2021, arXiv 2109.15099.
    """

    def __init__(
        self,
        scale: float = 0.5,
        *,
        in_channels: int = 3,
        act: str = "hardswish",
        late_kernel: int = 5,
        late_se: bool = True,
        wide_channels: int | None = None,
        global_pool: bool = False,
    ):
        super().__init__()
        if scale <= 0:
            raise ValueError(f"scale is {scale}; a positive number is needed")
        if late_kernel < 1 or late_kernel % 2 == 0:
            raise ValueError(f"late_kernel is {late_kernel}; a positive odd number is needed")
        if wide_channels is not None and wide_channels < 1:
            raise ValueError(f"wide_channels is {wide_channels}; a positive number or None is needed")
        self.conv1 = _conv_bn(in_channels, int(32 * scale), 3, act, stride=2)
        self.block_list = nn.Sequential(
            *(
                DepthwiseSeparable(
                    int(cin * scale),
                    int(cout * scale),
                    kernel_size=late_kernel if kernel == 5 else kernel,
                    stride=stride,
                    use_se=se and late_se,
                    act=act,
                )
                for cin, cout, stride, kernel, se in ROWS
            )
        )
        self.pool = nn.AdaptiveAvgPool2D(1) if global_pool else nn.MaxPool2D(2, 2)
        self.out_channels = int(ROWS[-1][1] * scale)
        self.wide_conv = None
        if wide_channels is not None:
            self.wide_conv = Conv2D(self.out_channels, wide_channels, 1, bias_attr=False)
            self.out_channels = wide_channels

    def forward(self, x):
        x = self.pool(self.block_list(self.conv1(x)))
        return x if self.wide_conv is None else F.hardswish(self.wide_conv(x))
