"""CRNN, the text recognizer: backbone, sequence encoder, CTC head (chapter 2.3)."""

from typing import NamedTuple

import paddle
from paddle import nn

from ..backbones.pp_lcnet import PPLCNet
from ..backbones.resnet_vd import ResNetVd
from ..zoo.shipped import load_shipped
from .feature_stride import rec_backbone
from .light_head import CTCHead, SequenceEncoder


class CRNNFeatures(NamedTuple):
    """Intermediate features of CRNN: `backbone` (N, C, 1, T), `neck` (N, T, 2 hidden_size), `head` (N, T, D)."""

    backbone: paddle.Tensor
    neck: paddle.Tensor
    head: paddle.Tensor


class CRNN(nn.Layer):
    """Recognizer of text lines, trained with CTC (chapter 2.3).

    Args:
        backbone: layer that returns (N, C, 1, T), with C as `out_channels`.
        classes: number of characters plus one for the blank.
        hidden_size: width of one direction of the LSTM.
        mid_channels: width of an additional layer in the head, or None.
        fc_decay: L2 factor of the weights and biases of the head.

    Shape:
        x: (N, 3, 32, W) in -1..1, BGR
        returns: logits (N, W / 4, classes), CRNNFeatures

    PaddleOCR: BaseModel with algorithm CRNN.
    Paper: Shi et al. 2015, arXiv 1507.05717.
    """

    def __init__(
        self,
        backbone: nn.Layer,
        classes: int,
        *,
        hidden_size: int = 48,
        mid_channels: int | None = None,
        fc_decay: float = 1e-5,
    ):
        super().__init__()
        self.backbone = backbone
        self.neck = SequenceEncoder(backbone.out_channels, hidden_size)
        self.head = CTCHead(self.neck.out_channels, classes, mid_channels=mid_channels, fc_decay=fc_decay)

    def forward(self, x) -> tuple[paddle.Tensor, CRNNFeatures]:
        feats = self.backbone(x)
        sequence = self.neck(feats)
        logits, head_feats = self.head(sequence)
        return logits, CRNNFeatures(feats, sequence, head_feats)


def crnn_mobile(
    classes: int, *, hidden_size: int = 48, scale: float = 0.5, strides=(1, 2, 2, 2), pretrained: bool = False
) -> CRNN:
    """The mobile recognizer of PP-OCR, rec_chinese_lite_train_v2.0: MobileNetV3 small 0.5, hidden_size 48.

    Args:
        classes: number of characters plus one for the blank.
        hidden_size: width of one direction of the LSTM.
        scale: width multiplier of the backbone.
        strides: strides of the height; see rec/feature_stride.py.
        pretrained: load the shipped weights, which need 96 classes and the default values of the other arguments.

    Returns: CRNN; with pretrained weights in evaluation mode.
    Raises:
        WeightsError: the shipped weights do not fit the other arguments.
    """
    net = CRNN(rec_backbone(strides, scale), classes, hidden_size=hidden_size)
    return load_shipped(net, "rec") if pretrained else net


def crnn_lcnet(classes: int, *, hidden_size: int = 64, mid_channels: int = 96, scale: float = 0.5) -> CRNN:
    """The recognizer of PP-OCRv2, ch_PP-OCRv2_rec: PP-LCNet 0.5, hidden_size 64, additional layer in the head.

    Args:
        classes: number of characters plus one for the blank.
        hidden_size: width of one direction of the LSTM.
        mid_channels: width of the additional layer in the head.
        scale: width multiplier of the backbone.

    Returns: the untrained network.
    """
    return CRNN(PPLCNet(scale), classes, hidden_size=hidden_size, mid_channels=mid_channels, fc_decay=2e-5)


def crnn_server(classes: int, *, hidden_size: int = 256, layers: int = 34) -> CRNN:
    """The server recognizer of PP-OCR, rec_chinese_common_train_v2.0: ResNet34_vd, hidden_size 256.

    Args:
        classes: number of characters plus one for the blank.
        hidden_size: width of one direction of the LSTM.
        layers: depth of the ResNet_vd backbone.

    Returns: the untrained network.
    """
    return CRNN(ResNetVd(layers, task="rec"), classes, hidden_size=hidden_size, fc_decay=4e-5)
