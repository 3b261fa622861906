"""MobileNetV3, the light backbone of all three networks of PP-OCR (chapters 2.1.1, 2.2.1 and 2.3.1).

There is one table of blocks and three variants: `det_mobilenet_v3` returns four maps at 1/4 to 1/32 scale,
`rec_mobilenet_v3` reduces the height to 1 and the width to a quarter, and `cls_mobilenet_v3` is the recognition variant
with a stride of 2 in its first stage as well.
"""

from collections import namedtuple

from paddle import nn

from .blocks import ConvBN, SEModule, make_divisible

SCALES = (0.35, 0.5, 0.75, 1.0, 1.25)

Row = namedtuple("Row", "kernel expand out se act stride")
"""One inverted residual block: kernel size, expanded channels, output channels, SE gate, activation, and stride, which is
1 or the letter of a stage whose stride depends on the variant."""

LARGE = (
    Row(3, 16, 16, False, "relu", "a"),
    Row(3, 64, 24, False, "relu", "b"),
    Row(3, 72, 24, False, "relu", 1),
    Row(5, 72, 40, True, "relu", "c"),
    Row(5, 120, 40, True, "relu", 1),
    Row(5, 120, 40, True, "relu", 1),
    Row(3, 240, 80, False, "hardswish", "d"),
    Row(3, 200, 80, False, "hardswish", 1),
    Row(3, 184, 80, False, "hardswish", 1),
    Row(3, 184, 80, False, "hardswish", 1),
    Row(3, 480, 112, True, "hardswish", 1),
    Row(3, 672, 112, True, "hardswish", 1),
    Row(5, 672, 160, True, "hardswish", "e"),
    Row(5, 960, 160, True, "hardswish", 1),
    Row(5, 960, 160, True, "hardswish", 1),
)
SMALL = (
    Row(3, 16, 16, True, "relu", "a"),
    Row(3, 72, 24, False, "relu", "b"),
    Row(3, 88, 24, False, "relu", 1),
    Row(5, 96, 40, True, "hardswish", "c"),
    Row(5, 240, 40, True, "hardswish", 1),
    Row(5, 240, 40, True, "hardswish", 1),
    Row(5, 120, 48, True, "hardswish", 1),
    Row(5, 144, 48, True, "hardswish", 1),
    Row(5, 288, 96, True, "hardswish", "e"),
    Row(5, 576, 96, True, "hardswish", 1),
    Row(5, 576, 96, True, "hardswish", 1),
)
TABLES = {"large": (LARGE, 960), "small": (SMALL, 576)}
"""Block table, and channels of the last 1x1 convolution at scale 1."""

DET_STRIDES = {
    "large": {"a": (1, 1), "b": (2, 2), "c": (2, 2), "d": (2, 2), "e": (2, 2)},
    "small": {"a": (2, 2), "b": (2, 2), "c": (2, 2), "e": (2, 2)},
}


class ResidualUnit(nn.Layer):
    """Inverted residual block: 1x1 expansion, depthwise convolution, SE gate, 1x1 projection.

    Args:
        in_channels, mid_channels, out_channels: channels before, inside and after the block.
        kernel_size: of the depthwise convolution.
        stride: (height, width) of the depthwise convolution.
        use_se: gate the expanded channels.
        act: activation of the first two convolutions; the projection is linear.
        shortcut: add the input if the stride is 1 and the number of channels does not change.

    Shape:
        x: (N, in_channels, H, W)
        returns: (N, out_channels, ceil(H / stride[0]), ceil(W / stride[1]))
    PaddleOCR: ResidualUnit in ppocr/modeling/backbones/det_mobilenet_v3.py.
    """

    def __init__(
        self,
        in_channels: int,
        mid_channels: int,
        out_channels: int,
        *,
        kernel_size: int,
        stride: tuple[int, int],
        use_se: bool,
        act: str,
        shortcut: bool = True,
    ):
        super().__init__()
        self.if_shortcut = shortcut and stride == (1, 1) and in_channels == out_channels
        self.if_se = use_se
        self.expand_conv = ConvBN(in_channels, mid_channels, 1, act=act)
        self.bottleneck_conv = ConvBN(
            mid_channels, mid_channels, kernel_size, stride=stride, depthwise=True, act=act
        )
        if use_se:
            self.mid_se = SEModule(mid_channels)
        self.linear_conv = ConvBN(mid_channels, out_channels, 1)

    def forward(self, x):
        y = self.bottleneck_conv(self.expand_conv(x))
        if self.if_se:
            y = self.mid_se(y)
        y = self.linear_conv(y)
        return x + y if self.if_shortcut else y


def _table(model_name: str, scale: float):
    if model_name not in TABLES:
        raise ValueError(f"model_name is {model_name!r}; known are {list(TABLES)}")
    if scale not in SCALES:
        raise ValueError(f"scale is {scale!r}; known are {list(SCALES)}")
    return TABLES[model_name]


def _build_unit(
    row: Row, in_channels: int, scale: float, stride: tuple[int, int], disable_se: bool, shortcut: bool = True
):
    return ResidualUnit(
        in_channels,
        make_divisible(scale * row.expand),
        make_divisible(scale * row.out),
        kernel_size=row.kernel,
        stride=stride,
        use_se=row.se and not disable_se,
        act=row.act,
        shortcut=shortcut,
    )


class DetMobileNetV3(nn.Layer):
    """MobileNetV3 that returns one map per resolution, for the feature pyramid of the detector.

    A new stage begins before each block of stride 2, except for the first three blocks of the large network and the first
    block of the small one.

    Args:
        model_name: "large" or "small".
        scale: width multiplier, one of SCALES.
        disable_se: build the network without SE gates (chapter 2.1.3).
        in_channels: input channels.

    Shape:
        x: (N, in_channels, H, W), H and W multiples of 32
        returns: 4 x (N, out_channels[i], H / 4 / 2^i, W / 4 / 2^i)

    Raises:
        ValueError: unknown model_name or scale.
    Claim: the best accuracy at equal latency among more than 20 light networks (chapter 2.1.1).
    PaddleOCR: MobileNetV3 in ppocr/modeling/backbones/det_mobilenet_v3.py.
    Paper: Howard et al. 2019, arXiv 1905.02244.
    """

    def __init__(
        self,
        model_name: str = "large",
        scale: float = 0.5,
        *,
        disable_se: bool = False,
        in_channels: int = 3,
    ):
        super().__init__()
        rows, last_width = _table(model_name, scale)
        width = make_divisible(16 * scale)
        self.conv = ConvBN(in_channels, width, 3, stride=2, act="hardswish")
        self.out_channels = []
        first_cut = 3 if model_name == "large" else 1
        stages, stage = [], []
        for index, row in enumerate(rows):
            stride = DET_STRIDES[model_name].get(row.stride, (1, 1))
            if stride == (2, 2) and index >= first_cut:
                self.out_channels.append(width)
                stages.append(stage)
                stage = []
            stage.append(_build_unit(row, width, scale, stride, disable_se))
            width = make_divisible(scale * row.out)
        last = make_divisible(scale * last_width)
        stage.append(ConvBN(width, last, 1, act="hardswish"))
        stages.append(stage)
        self.out_channels.append(last)
        for index, layers in enumerate(stages):
            self.add_sublayer(f"stage{index}", nn.Sequential(*layers))

    def forward(self, x):
        maps = []
        x = self.conv(x)
        for index in range(len(self.out_channels)):
            x = getattr(self, f"stage{index}")(x)
            maps.append(x)
        return maps


class RecMobileNetV3(nn.Layer):
    """MobileNetV3 for lines of text: reduces the height to 1 and the width to a quarter.

    Args:
        model_name: "large" or "small".
        scale: width multiplier, one of SCALES.
        strides: strides of the height in the four stages; the strides of the width are 1. As in PaddleOCR, the first
            stride of the large network applies to height and width.
        disable_se: build the network without SE gates.
        in_channels: input channels.

    Shape:
        x: (N, in_channels, 32, W)
        returns: (N, out_channels, 1, W / 4), W / 8 if "large" has a first stride of 2; 288 channels at small 0.5

    Raises:
        ValueError: unknown model_name or scale, or not four strides of 1 or 2.
    PaddleOCR: MobileNetV3 in ppocr/modeling/backbones/rec_mobilenet_v3.py.
    Paper: Howard et al. 2019, arXiv 1905.02244.
    """

    def __init__(
        self,
        model_name: str = "small",
        scale: float = 0.5,
        *,
        strides: tuple[int, int, int, int] = (2, 2, 2, 2),
        disable_se: bool = False,
        in_channels: int = 3,
    ):
        super().__init__()
        rows, last_width = _table(model_name, scale)
        strides = tuple(strides)
        if len(strides) != 4 or any(s not in (1, 2) for s in strides):
            raise ValueError(f"strides is {strides}; four numbers of 1 or 2 are needed")
        first = (strides[0], strides[0] if model_name == "large" else 1)
        step = {"a": first, "b": (strides[1], 1), "c": (strides[2], 1), "e": (strides[3], 1)}
        width = make_divisible(16 * scale)
        self.conv1 = ConvBN(in_channels, width, 3, stride=2, act="hardswish")
        units = []
        for row in rows:
            # PaddleOCR compares the stride with the number 1, and a pair is never equal to it, not even (1, 1). So blocks
            # whose stride is a pair have no shortcut there. Only the first stride of the large network is a number.
            shortcut = row.stride not in step or (row.stride == "a" and model_name == "large")
            stride = step.get(row.stride, (1, 1))
            units.append(_build_unit(row, width, scale, stride, disable_se, shortcut))
            width = make_divisible(scale * row.out)
        self.blocks = nn.Sequential(*units)
        self.out_channels = make_divisible(scale * last_width)
        self.conv2 = ConvBN(width, self.out_channels, 1, act="hardswish")
        self.pool = nn.MaxPool2D(2, 2)

    def forward(self, x):
        return self.pool(self.conv2(self.blocks(self.conv1(x))))


def det_mobilenet_v3(model_name: str = "large", scale: float = 0.5, *, disable_se: bool = False):
    """MobileNetV3 of the detector: four maps at strides 4, 8, 16 and 32.

    Args:
        model_name: "large" or "small".
        scale: width multiplier, one of SCALES.
        disable_se: build the network without SE gates (chapter 2.1.3).

    Returns: DetMobileNetV3.
    Raises:
        ValueError: unknown model_name or scale.
    """
    return DetMobileNetV3(model_name, scale, disable_se=disable_se)


def rec_mobilenet_v3(model_name: str = "small", scale: float = 0.5, *, strides=(1, 2, 2, 2)):
    """MobileNetV3 of the recognizer, with the strides of the chapter's configuration.

    Args:
        model_name: "large" or "small".
        scale: width multiplier, one of SCALES.
        strides: strides of the height in the four stages, each 1 or 2; see rec/feature_stride.py.

    Returns: RecMobileNetV3.
    Raises:
        ValueError: unknown model_name or scale, or not four strides of 1 or 2.
    """
    return RecMobileNetV3(model_name, scale, strides=strides)


def cls_mobilenet_v3(model_name: str = "small", scale: float = 0.35):
    """MobileNetV3 of the direction classifier: the recognition variant with all strides 2.

    Args:
        model_name: "large" or "small".
        scale: width multiplier, one of SCALES.

    Returns: RecMobileNetV3.
    Raises:
        ValueError: unknown model_name or scale.
    """
    return RecMobileNetV3(model_name, scale, strides=(2, 2, 2, 2))
