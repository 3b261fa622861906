"""The feature pyramid of DBNet, and the strategy of reducing its channels (chapter 2.1.2)."""

import paddle
from paddle import ParamAttr, nn
from paddle.nn.initializer import KaimingUniform

from ..kernels.convolution import Conv2D
from ..kernels.enlarge import enlarge


class DBFPN(nn.Layer):
    """Fuse four feature maps into one at 1/4 scale (chapter 2.1.2).

    A 1x1 convolution brings each map to the same number of channels. From the top down, the enlarged coarser map is
    added to each. A 3x3 convolution reduces the channels to a quarter, and the four results are enlarged to the same size
    and concatenated. There is neither batch norm nor activation.

    Args:
        in_channels: channels of C2 to C5, finest map first.
        out_channels: channels of the fused map, a multiple of 4; inner_channels in the chapter.

    Shape:
        feats: 4 x (N, in_channels[i], H / 4 / 2^i, W / 4 / 2^i)
        returns: (N, out_channels, H / 4, W / 4)

    Raises:
        ValueError: not four numbers of input channels, or out_channels not a positive multiple of 4.
    Claim: 256 -> 96 takes the model from 7 MB to 4.1 MB and from 406 to 213 ms.
    PaddleOCR: DBFPN in ppocr/modeling/necks/db_fpn.py.
    Paper: Liao et al. 2020, arXiv 1911.08947.
    """

    def __init__(self, in_channels, out_channels: int):
        super().__init__()
        if len(in_channels) != 4:
            raise ValueError(f"in_channels is {in_channels}; four numbers are needed, for C2 to C5")
        if out_channels <= 0 or out_channels % 4:
            raise ValueError(f"out_channels is {out_channels}; a positive multiple of 4 is needed")
        self.out_channels = out_channels
        # Lateral convolutions first, then smoothing from the top down: the order in which the chapter prints them.
        for level, width in zip((2, 3, 4, 5), in_channels, strict=True):
            self.add_sublayer(f"in{level}_conv", self._conv(width, out_channels, 1))
        for level in (5, 4, 3, 2):
            self.add_sublayer(f"p{level}_conv", self._conv(out_channels, out_channels // 4, 3))

    @staticmethod
    def _conv(in_channels, out_channels, kernel_size):
        return Conv2D(
            in_channels,
            out_channels,
            kernel_size,
            padding=kernel_size // 2,
            weight_attr=ParamAttr(initializer=KaimingUniform()),
            bias_attr=False,
        )

    def forward(self, feats):
        merged, fused = None, []
        for level in (5, 4, 3, 2):
            lateral = getattr(self, f"in{level}_conv")(feats[level - 2])
            if merged is not None:
                lateral = lateral + enlarge(self, merged, 2)
            merged = lateral
            smooth = getattr(self, f"p{level}_conv")(merged)
            fused.append(enlarge(self, smooth, 2 ** (level - 2)))
        return paddle.concat(fused, axis=1)  # 4 x (N, C / 4, H / 4, W / 4) -> (N, C, H / 4, W / 4)
