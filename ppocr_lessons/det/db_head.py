"""The head of DBNet: probability map, threshold map, and the binarization one can train through."""

from typing import NamedTuple

import paddle
import paddle.nn.functional as F
from paddle import ParamAttr, nn
from paddle.nn.initializer import Constant, KaimingUniform, Uniform


class DBMaps(NamedTuple):
    """What the head returns. Each map is (N, 1, H, W), values in 0..1.

    In evaluation only the probability map is computed; the other two are None.
    """

    prob: paddle.Tensor
    thresh: paddle.Tensor | None = None
    binary: paddle.Tensor | None = None


def db_step(prob, thresh, k: float = 50):
    """Differentiable binarization 1 / (1 + exp(-k (P - T))): a step soft enough to have a gradient.

    Args:
        prob: probability map P.
        thresh: threshold map T, same shape.
        k: steepness; the hard step is the limit k -> infinity.
    """
    return F.sigmoid(k * (prob - thresh))


class DoubleSize(nn.Conv2DTranspose):
    """Transposed convolution of 2 x 2 taps and stride 2: every pixel becomes four.

    In training on the CPU the bias rides along as the weights of one more input channel, full of ones. Paddle's CPU
    kernel that adds a bias to planes takes longer than the convolution; the sum is the same.

    Args:
        in_channels, out_channels: widths.

    Shape:
        x: (N, in_channels, H, W)
        returns: (N, out_channels, 2 H, 2 W)
    """

    def __init__(self, in_channels: int, out_channels: int):
        bound = in_channels**-0.5
        super().__init__(
            in_channels,
            out_channels,
            2,
            stride=2,
            weight_attr=ParamAttr(initializer=KaimingUniform()),
            bias_attr=ParamAttr(initializer=Uniform(-bound, bound)),
        )

    def forward(self, x):
        if not (self.training and x.place.is_cpu_place()):
            return super().forward(x)
        taps = self.bias.reshape([1, -1, 1, 1]).expand([1, self.bias.shape[0], 2, 2])
        widened = paddle.concat([x, paddle.ones_like(x[:, :1])], axis=1)  # (N, in_channels + 1, H, W)
        return F.conv2d_transpose(widened, paddle.concat([self.weight, taps]), stride=2)


class MapBranch(nn.Layer):
    """From the fused features to one map at the picture's size.

    3x3 convolution to a quarter of the width, then two transposed convolutions that double the size.

    Args:
        in_channels: width of the fused features.

    Shape:
        x: (N, in_channels, H / 4, W / 4)
        returns: (N, 1, H, W), in 0..1
    """

    def __init__(self, in_channels: int):
        super().__init__()
        width = in_channels // 4
        self.conv1 = nn.Conv2D(in_channels, width, 3, padding=1, bias_attr=False)
        self.conv_bn1 = self._norm(width)
        self.conv2 = DoubleSize(width, width)
        self.conv_bn2 = self._norm(width)
        self.conv3 = DoubleSize(width, 1)

    @staticmethod
    def _norm(width):
        return nn.BatchNorm2D(
            width,
            weight_attr=ParamAttr(initializer=Constant(1.0)),
            bias_attr=ParamAttr(initializer=Constant(1e-4)),
        )

    def forward(self, x):
        x = F.relu(self.conv_bn1(self.conv1(x)))
        x = F.relu(self.conv_bn2(self.conv2(x)))
        logits = self.conv3(x)
        if logits.dtype in (paddle.float16, paddle.bfloat16):
            # Mixed precision ends here: from float16 maps the steep step would move in jumps 28 times as large.
            logits = logits.astype("float32")
        return F.sigmoid(logits)


class DBHead(nn.Layer):
    """Probability and threshold branches, joined by the differentiable step.

    Args:
        in_channels: width of the fused features, a multiple of 4.
        k: steepness of the step.

    Shape:
        x: (N, in_channels, H / 4, W / 4)
        returns: DBMaps; threshold and binary map only in training mode

    Raises:
        ValueError: in_channels not a positive multiple of 4.
    PaddleOCR: DBHead in ppocr/modeling/heads/det_db_head.py.
    Paper: Liao et al. 2020, arXiv 1911.08947.
    """

    def __init__(self, in_channels: int, *, k: float = 50):
        super().__init__()
        if in_channels <= 0 or in_channels % 4:
            raise ValueError(f"in_channels is {in_channels}; a positive multiple of 4 is needed")
        self.k = k
        self.binarize = MapBranch(in_channels)
        self.thresh = MapBranch(in_channels)

    def forward(self, x):
        prob = self.binarize(x)
        if not self.training:
            return DBMaps(prob)
        thresh = self.thresh(x)
        return DBMaps(prob, thresh, db_step(prob, thresh, self.k))
