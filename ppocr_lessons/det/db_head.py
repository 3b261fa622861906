"""The head of DBNet: probability map, threshold map, and differentiable binarization (chapter 2.1)."""

from typing import NamedTuple

import paddle
import paddle.nn.functional as F
from paddle import ParamAttr, nn
from paddle.nn.initializer import Constant, KaimingUniform, Uniform

from ..backbones.blocks import norm_act
from ..kernels.convolution import Conv2D, Conv2DTranspose


class DBMaps(NamedTuple):
    """Maps that the head returns, each (N, 1, H, W) float with values in 0..1.

    Fields:
        prob: probability that a pixel belongs to the core of a text.
        thresh: threshold map; None in evaluation mode.
        binary: differentiable binarization of the two; None in evaluation mode.
    """

    prob: paddle.Tensor
    thresh: paddle.Tensor | None = None
    binary: paddle.Tensor | None = None


def db_step(prob, thresh, k: float = 50):
    """Differentiable binarization: 1 / (1 + exp(-k (P - T))), a step function that is smooth enough to have a gradient.

    Args:
        prob: probability map P.
        thresh: threshold map T.
        k: steepness; the step function is the limit k -> infinity.

    Shape:
        prob, thresh: the same, any
        returns: the same
    PaddleOCR: step_function of DBHead in ppocr/modeling/heads/det_db_head.py.
    Paper: Liao et al. 2020, arXiv 1911.08947, "Binarization".
    """
    return F.sigmoid(k * (prob - thresh))


class MapBranch(nn.Layer):
    """Compute one map at the size of the image from the fused features.

    A 3x3 convolution reduces the channels to a quarter; then two transposed convolutions double the size.

    Args:
        in_channels: channels of the fused features, a multiple of 4.

    Shape:
        x: (N, in_channels, H / 4, W / 4)
        returns: (N, 1, H, W), in 0..1
    PaddleOCR: Head in ppocr/modeling/heads/det_db_head.py.
    """

    def __init__(self, in_channels: int):
        super().__init__()
        width = in_channels // 4
        self.conv1 = Conv2D(in_channels, width, 3, padding=1, bias_attr=False)
        self.conv_bn1 = self._norm(width)
        self.conv2 = self._double_size(width, width)
        self.conv_bn2 = self._norm(width)
        self.conv3 = self._double_size(width, 1)

    @staticmethod
    def _double_size(in_channels, out_channels):
        bound = in_channels**-0.5
        return Conv2DTranspose(
            in_channels,
            out_channels,
            2,
            stride=2,
            weight_attr=ParamAttr(initializer=KaimingUniform()),
            bias_attr=ParamAttr(initializer=Uniform(-bound, bound)),
        )

    @staticmethod
    def _norm(width):
        return nn.BatchNorm2D(
            width,
            weight_attr=ParamAttr(initializer=Constant(1.0)),
            bias_attr=ParamAttr(initializer=Constant(1e-4)),
        )

    def forward(self, x):
        x = norm_act(self.conv_bn1, self.conv1(x), "relu")
        x = norm_act(self.conv_bn2, self.conv2(x), "relu")
        logits = self.conv3(x)
        if logits.dtype in (paddle.float16, paddle.bfloat16):
            # Mixed precision ends here, because the steep step function would amplify the rounding errors of float16.
            logits = logits.astype("float32")
        return F.sigmoid(logits)


class DBHead(nn.Layer):
    """Probability branch and threshold branch, combined by differentiable binarization.

    Args:
        in_channels: channels of the fused features, a multiple of 4.
        k: steepness of the binarization, see `db_step`.

    Shape:
        x: (N, in_channels, H / 4, W / 4)
        returns: DBMaps of (N, 1, H, W); threshold and binary map only in training mode

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
