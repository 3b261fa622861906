"""PP-LCNet, the recognition backbone of PP-OCRv2 (chapter 3.2.1)."""

from paddle import ParamAttr, nn
from paddle.nn.initializer import KaimingNormal
from paddle.regularizer import L2Decay

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


def _conv_bn(in_channels, out_channels, kernel_size, stride=1, depthwise=False):
    return ConvBN(
        in_channels,
        out_channels,
        kernel_size,
        stride=stride,
        depthwise=depthwise,
        act="hardswish",
        names=("_conv", "_batch_norm"),
        weight_attr=ParamAttr(initializer=KaimingNormal()),
        bn_attr=ParamAttr(regularizer=L2Decay(0.0)),
    )


class DepthwiseSeparable(nn.Layer):
    """Depthwise convolution, optional SE gate, 1x1 convolution; hardswish after both convolutions.

    Args:
        in_channels, out_channels: numbers of channels.
        kernel_size: of the depthwise convolution.
        stride: stride of the height.
        use_se: add an SE gate between the two convolutions.

    Shape:
        x: (N, in_channels, H, W)
        returns: (N, out_channels, ceil(H / stride), W)
    PaddleOCR: DepthwiseSeparable in ppocr/modeling/backbones/rec_mv1_enhance.py.
    """

    def __init__(self, in_channels: int, out_channels: int, *, kernel_size: int, stride: int, use_se: bool):
        super().__init__()
        self._depthwise_conv = _conv_bn(in_channels, in_channels, kernel_size, (stride, 1), depthwise=True)
        self._se = SEModule(in_channels, slope=SE_GATE_SLOPE_LCNET) if use_se else None
        self._pointwise_conv = _conv_bn(in_channels, out_channels, 1)

    def forward(self, x):
        x = self._depthwise_conv(x)
        if self._se is not None:
            x = self._se(x)
        return self._pointwise_conv(x)


class PPLCNet(nn.Layer):
    """MobileNetV1 improved for CPUs: hardswish, 5x5 kernels in late blocks, SE gates at the end (chapter 3.2.1).

    The chapter also lists a layer of 1280 channels after the pooling. It belongs to image classification; PaddleOCR's
    recognition variant does not have it, nor does this one.

    Args:
        scale: width multiplier.
        in_channels: input channels.

    Shape:
        x: (N, in_channels, 32, W)
        returns: (N, out_channels, 1, W / 4); 512 channels at 0.5

    Raises:
        ValueError: scale not positive.
    Claim: 66.7 % -> 69.3 % accuracy, 7.7 -> 6.2 ms (chapter 3.2.1).
    PaddleOCR: MobileNetV1Enhance in ppocr/modeling/backbones/rec_mv1_enhance.py.
    Paper: Cui et al. 2021, arXiv 2109.15099.
    """

    def __init__(self, scale: float = 0.5, *, in_channels: int = 3):
        super().__init__()
        if scale <= 0:
            raise ValueError(f"scale is {scale}; a positive number is needed")
        self.conv1 = _conv_bn(in_channels, int(32 * scale), 3, stride=2)
        self.block_list = nn.Sequential(
            *(
                DepthwiseSeparable(
                    int(cin * scale), int(cout * scale), kernel_size=kernel, stride=stride, use_se=se
                )
                for cin, cout, stride, kernel, se in ROWS
            )
        )
        self.pool = nn.MaxPool2D(2, 2)
        self.out_channels = int(ROWS[-1][1] * scale)

    def forward(self, x):
        return self.pool(self.block_list(self.conv1(x)))
