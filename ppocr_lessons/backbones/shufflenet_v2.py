"""ShuffleNetV2, which the chapter compares with MobileNetV3 as backbone of the direction classifier (chapter 2.2.1)."""

import paddle
from paddle import nn

from .blocks import ConvBN

WIDTHS = {0.5: (24, 48, 96, 192, 1024), 1.0: (24, 116, 232, 464, 1024)}
"""Channels of the stem, of the three stages and of the last convolution, by scale."""

REPEATS = (4, 8, 4)
"""Units of each stage; the first of them halves height and width."""


def shuffle_channels(x, groups: int = 2):
    """Interleave the channels of several groups, so that the next unit sees channels of all of them.

    Args:
        x: (N, C, H, W).
        groups: number of groups; divides C.

    Returns: (N, C, H, W): first the first channel of every group, then the second, and so on.
    """
    parts = paddle.split(x, groups, axis=1)  # G times (N, C / G, H, W)
    return paddle.stack(parts, axis=2).flatten(1, 2)  # (N, C / G, G, H, W) -> (N, C, H, W)


class ShuffleUnit(nn.Layer):
    """Unit of ShuffleNetV2: one half of the channels passes unchanged, the other through three convolutions.

    Args:
        in_channels: width of the input.
        out_channels: width of the output; `in_channels` with stride 1.
        stride: 2 halves height and width; both branches then see all channels.

    Shape:
        x: (N, in_channels, H, W)
        returns: (N, out_channels, H / stride, W / stride), rounded up

    Raises:
        ValueError: a stride other than 1 and 2, or widths that differ with stride 1.
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int):
        super().__init__()
        if stride not in (1, 2) or (stride == 1 and in_channels != out_channels):
            raise ValueError(
                f"stride is {stride} from {in_channels} to {out_channels} channels; 2, or 1 with equal widths is needed"
            )
        half, self.stride = out_channels // 2, stride
        if stride == 2:
            self.shortcut = nn.Sequential(
                ConvBN(in_channels, in_channels, 3, stride=stride, depthwise=True),
                ConvBN(in_channels, half, 1, act="relu"),
            )
        self.branch = nn.Sequential(
            ConvBN(in_channels if stride == 2 else half, half, 1, act="relu"),
            ConvBN(half, half, 3, stride=stride, depthwise=True),
            ConvBN(half, half, 1, act="relu"),
        )

    def forward(self, x):
        if self.stride == 2:
            kept, changed = self.shortcut(x), x
        else:
            kept, changed = paddle.chunk(x, 2, axis=1)
        return shuffle_channels(paddle.concat([kept, self.branch(changed)], axis=1))


class ShuffleNetV2(nn.Layer):
    """ShuffleNetV2 without its classifier: 1/32 of the height and of the width.

    Args:
        scale: width multiplier, 0.5 or 1.0.
        in_channels: input channels.

    Shape:
        x: (N, in_channels, H, W)
        returns: (N, 1024, H / 32, W / 32), rounded up

    Raises:
        ValueError: unknown scale.

    Claim: accuracy of the direction classifier 0.9017 at 1.72 MB; MobileNetV3 small 0.35 has 0.9403 at 0.85 MB.
    Paper: Ma et al. 2018, arXiv 1807.11164.
    """

    def __init__(self, scale: float = 0.5, *, in_channels: int = 3):
        super().__init__()
        if scale not in WIDTHS:
            raise ValueError(f"scale is {scale}; known are {list(WIDTHS)}")
        stem, *stages, last = WIDTHS[scale]
        self.conv1 = ConvBN(in_channels, stem, 3, stride=2, act="relu")
        self.pool = nn.MaxPool2D(3, 2, 1)
        units, width = [], stem
        for out, repeats in zip(stages, REPEATS, strict=True):
            units.append(ShuffleUnit(width, out, 2))
            units += [ShuffleUnit(out, out, 1) for _ in range(repeats - 1)]
            width = out
        self.units = nn.Sequential(*units)
        self.conv_last = ConvBN(width, last, 1, act="relu")
        self.out_channels = last

    def forward(self, x):
        return self.conv_last(self.units(self.pool(self.conv1(x))))
