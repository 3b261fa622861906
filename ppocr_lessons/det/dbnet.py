"""DBNet, the text detector: backbone, feature pyramid and head (chapter 2.1)."""

from typing import NamedTuple

import paddle
from paddle import nn

from ..backbones.mobilenet_v3 import det_mobilenet_v3
from ..backbones.resnet_vd import ResNetVd
from ..zoo.shipped import load_shipped
from .db_head import DBHead, DBMaps
from .dbfpn import DBFPN


class DBFeatures(NamedTuple):
    """Intermediate results of DBNet.

    Fields:
        backbone: the four maps C2 to C5, (N, C_i, H / 4 / 2^i, W / 4 / 2^i).
        neck: the fused map, (N, fpn_channels, H / 4, W / 4).
    """

    backbone: list[paddle.Tensor]
    neck: paddle.Tensor


class DBNet(nn.Layer):
    """Text detector by segmentation (chapter 2.1).

    Args:
        backbone: returns four maps at 1/4 to 1/32 scale and has `out_channels`, a list of four.
        fpn_channels: channels of the fused map, a multiple of 4.
        k: steepness of the differentiable binarization, see `db_step`.

    Shape:
        x: (N, 3, H, W) normalized BGR, H and W multiples of 32
        returns: DBMaps of (N, 1, H, W), DBFeatures

    Raises:
        ValueError: fpn_channels not a positive multiple of 4.
    PaddleOCR: BaseModel with algorithm DB.
    Paper: Liao et al. 2020, arXiv 1911.08947.
    """

    def __init__(self, backbone: nn.Layer, *, fpn_channels: int = 96, k: float = 50):
        super().__init__()
        self.backbone = backbone
        self.neck = DBFPN(backbone.out_channels, fpn_channels)
        self.head = DBHead(fpn_channels, k=k)

    def forward(self, x) -> tuple[DBMaps, DBFeatures]:
        feats = self.backbone(x)
        fused = self.neck(feats)
        return self.head(fused), DBFeatures(feats, fused)


def db_mobile(
    *, fpn_channels: int = 96, disable_se: bool = True, scale: float = 0.5, pretrained: bool = False
) -> DBNet:
    """The mobile detector, ch_det_mv3_db_v2.0: MobileNetV3 large 0.5, 96 channels, no SE gates.

    Args:
        fpn_channels: channels of the fused map, a multiple of 4.
        disable_se: build the backbone without squeeze-and-excitation gates.
        scale: width multiplier of the backbone.
        pretrained: load the shipped weights, which fit the default values of the other arguments.

    Returns: DBNet; with pretrained weights in evaluation mode.
    Raises:
        ValueError: fpn_channels or scale not supported.
        WeightsError: the shipped weights do not fit the other arguments.
    """
    net = DBNet(det_mobilenet_v3("large", scale, disable_se=disable_se), fpn_channels=fpn_channels)
    return load_shipped(net, "det") if pretrained else net


def db_server(*, fpn_channels: int = 256, layers: int = 18) -> DBNet:
    """The server detector and the teacher of CML, ch_det_res18_db_v2.0: ResNet18_vd, 256 channels.

    Args:
        fpn_channels: channels of the fused map, a multiple of 4.
        layers: depth of the ResNet_vd backbone, 18 or 34.

    Returns: DBNet.
    Raises:
        ValueError: fpn_channels or layers not supported.
    """
    return DBNet(ResNetVd(layers, task="det"), fpn_channels=fpn_channels)
