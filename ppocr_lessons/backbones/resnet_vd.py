"""ResNet_vd 18 and 34: backbones of the server networks and of the teacher of CML (chapter 3.1.1).

The "vd" variant replaces the 7x7 stem with three 3x3 convolutions, and the strided 1x1 convolution of a shortcut with
average pooling and an unstrided 1x1 convolution, so that no pixel is skipped.
"""

import paddle.nn.functional as F
from paddle import nn

from .blocks import ConvBN

DEPTHS = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3)}
WIDTHS = (64, 128, 256, 512)


def _conv_bn(in_channels, out_channels, kernel_size, stride=1, act=None):
    return ConvBN(
        in_channels, out_channels, kernel_size, stride=stride, act=act, names=("_conv", "_batch_norm")
    )


class VdShortcut(ConvBN):
    """Average pooling, then 1x1 convolution and batch norm.

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output.
        stride: (height, width), size and stride of the average pooling.

    Shape:
        x: (N, in_channels, H, W)
        returns: (N, out_channels, ceil(H / stride[0]), ceil(W / stride[1]))
    """

    def __init__(self, in_channels: int, out_channels: int, *, stride: tuple[int, int]):
        super().__init__(in_channels, out_channels, 1, names=("_conv", "_batch_norm"))
        self._pool2d_avg = nn.AvgPool2D(stride, stride, ceil_mode=True)

    def forward(self, x):
        return super().forward(self._pool2d_avg(x))


class BasicBlock(nn.Layer):
    """Two 3x3 convolutions and a shortcut.

    Args:
        in_channels, out_channels: numbers of channels.
        stride: (height, width).
        identity: use the input itself as the shortcut.

    Shape:
        x: (N, in_channels, H, W)
        returns: (N, out_channels, ceil(H / stride[0]), ceil(W / stride[1]))
    """

    def __init__(self, in_channels: int, out_channels: int, *, stride: tuple[int, int], identity: bool):
        super().__init__()
        self.conv0 = _conv_bn(in_channels, out_channels, 3, stride, "relu")
        self.conv1 = _conv_bn(out_channels, out_channels, 3)
        self.identity = identity
        if not identity and stride == (1, 1):
            self.short = _conv_bn(in_channels, out_channels, 1)
        elif not identity:
            self.short = VdShortcut(in_channels, out_channels, stride=stride)

    def forward(self, x):
        short = x if self.identity else self.short(x)
        return F.relu(short + self.conv1(self.conv0(x)))


class ResNetVd(nn.Layer):
    """ResNet_vd for detection (four maps) or recognition (one row of features).

    Args:
        layers: 18 or 34.
        task: "det" halves height and width in the stem and before stages 2 to 4; "rec" does not stride in the stem and
            halves only the height before these stages.
        in_channels: input channels.

    Shape:
        det: (N, in_channels, H, W) -> 4 x (N, 64 2^i, H / 4 / 2^i, W / 4 / 2^i)
        rec: (N, in_channels, 32, W) -> (N, 512, 1, W / 4)

    Raises:
        ValueError: unknown layers or task.
    PaddleOCR: ResNet in det_resnet_vd.py and rec_resnet_vd.py of ppocr/modeling/backbones.
    Paper: He et al. 2018, arXiv 1812.01187.
    """

    def __init__(self, layers: int = 18, *, task: str = "det", in_channels: int = 3):
        super().__init__()
        if layers not in DEPTHS:
            raise ValueError(f"layers is {layers!r}; known are {list(DEPTHS)}")
        if task not in ("det", "rec"):
            raise ValueError(f"task is {task!r}; known are ['det', 'rec']")
        self.task, self.depth = task, DEPTHS[layers]
        self.conv1_1 = _conv_bn(in_channels, 32, 3, 2 if task == "det" else 1, "relu")
        self.conv1_2 = _conv_bn(32, 32, 3, 1, "relu")
        self.conv1_3 = _conv_bn(32, 64, 3, 1, "relu")
        self.pool2d_max = nn.MaxPool2D(3, 2, 1)
        down = (2, 2) if task == "det" else (2, 1)
        width = 64
        for stage, blocks in enumerate(self.depth):
            for index in range(blocks):
                first = index == 0
                block = BasicBlock(
                    width,
                    WIDTHS[stage],
                    stride=down if first and stage > 0 else (1, 1),
                    identity=not first,
                )
                self.add_sublayer(f"bb_{stage}_{index}", block)
                width = WIDTHS[stage]
        if task == "rec":
            self.out_pool = nn.MaxPool2D(2, 2)
        self.out_channels = list(WIDTHS) if task == "det" else width

    def forward(self, x):
        x = self.pool2d_max(self.conv1_3(self.conv1_2(self.conv1_1(x))))
        maps = []
        for stage, blocks in enumerate(self.depth):
            for index in range(blocks):
                x = getattr(self, f"bb_{stage}_{index}")(x)
            maps.append(x)
        return maps if self.task == "det" else self.out_pool(x)
