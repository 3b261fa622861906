"""The direction classifier: is a text line upright or upside down? (chapter 2.2)"""

from typing import NamedTuple

import paddle
import paddle.nn.functional as F
from paddle import ParamAttr, nn
from paddle.nn.initializer import Uniform

from ..backbones.mobilenet_v3 import cls_mobilenet_v3
from ..datasets.batches import ClsBatch
from ..losses.objective import Objective
from ..zoo.shipped import load_shipped


class ClsFeatures(NamedTuple):
    """Intermediate features of the classifier: `backbone`, (N, C, H', W / 4)."""

    backbone: paddle.Tensor


class ClsHead(nn.Layer):
    """Global average pooling and one linear layer.

    Args:
        in_channels: width of the feature map.
        classes: number of directions.

    Shape:
        x: (N, in_channels, H, W)
        returns: logits (N, classes)
    PaddleOCR: ClsHead in ppocr/modeling/heads/cls_head.py.
    """

    def __init__(self, in_channels: int, classes: int = 2):
        super().__init__()
        bound = in_channels**-0.5
        self.fc = nn.Linear(in_channels, classes, weight_attr=ParamAttr(initializer=Uniform(-bound, bound)))

    def forward(self, x):
        return self.fc(F.adaptive_avg_pool2d(x, 1).flatten(1))  # (N, C, H, W) -> (N, C) -> (N, K)


class DirectionClassifier(nn.Layer):
    """Backbone, global average pooling and one linear layer (chapter 2.2).

    Args:
        backbone: layer that returns one feature map, with its width as `out_channels`.
        classes: number of directions.

    Shape:
        x: (N, 3, H, W) in -1..1, BGR; the chapter's input is 48 x 192
        returns: logits (N, classes), ClsFeatures
    PaddleOCR: BaseModel with algorithm CLS.
    """

    def __init__(self, backbone: nn.Layer, classes: int = 2):
        super().__init__()
        self.backbone = backbone
        self.head = ClsHead(backbone.out_channels, classes)

    def forward(self, x) -> tuple[paddle.Tensor, ClsFeatures]:
        feats = self.backbone(x)
        return self.head(feats), ClsFeatures(feats)


def direction_mobile(
    classes: int = 2, *, scale: float = 0.35, pretrained: bool = False
) -> DirectionClassifier:
    """The direction classifier of PP-OCR, cls_mv3: MobileNetV3 small 0.35.

    Args:
        classes: number of directions.
        scale: width multiplier of the backbone.
        pretrained: load the shipped weights, which fit the default values of the other arguments.

    Returns: DirectionClassifier; with pretrained weights in evaluation mode.
    Raises:
        WeightsError: the shipped weights do not fit the other arguments.
    """
    net = DirectionClassifier(cls_mobilenet_v3("small", scale), classes)
    return load_shipped(net, "cls") if pretrained else net


class PlainCrossEntropy:
    """Train one classifier with the cross entropy loss, of class indices or of the shares that Mixup and CutMix make.

    Args:
        net: the classifier.

    PaddleOCR: ClsLoss in ppocr/losses/cls_loss.py.
    """

    def __init__(self, net):
        self.net = self.trained = net

    def __call__(self, batch: ClsBatch) -> Objective:
        logits, _ = self.net(batch.images)
        loss = F.cross_entropy(logits, batch.labels, soft_label=batch.labels.ndim == 2)
        return Objective(loss, {"cross_entropy": loss}, logits)
