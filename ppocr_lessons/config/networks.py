"""Section Architecture: models of the values of networks, and the layers that are built from them.

A new backbone is a file in backbones/ and a model here, which is added to BACKBONES.
"""

from dataclasses import dataclass, field
from typing import Annotated, Literal

import paddle
from annotated_types import Gt, Le

from ..backbones.mobilenet_v3 import DetMobileNetV3
from ..backbones.pp_lcnet import PPLCNet
from ..backbones.resnet_vd import ResNetVd
from ..cls.direction import DirectionClassifier
from ..det.dbnet import DBNet
from ..rec.crnn import CRNN
from ..rec.feature_stride import rec_backbone
from .schema import Above0, OneOf, Section, Weight, Width

Scale = Annotated[float, Gt(0), Le(10)]


class DetMobileNetV3Section(Section):
    """Backbone MobileNetV3 of a detector."""

    name: Literal["MobileNetV3"]
    scale: Scale = 0.5
    model_name: Literal["large", "small"] = "large"
    disable_se: bool = False

    def build(self) -> paddle.nn.Layer:
        """The backbone."""
        return DetMobileNetV3(self.model_name, self.scale, disable_se=self.disable_se)


class RecMobileNetV3Section(Section):
    """Backbone MobileNetV3 of a recognizer or a classifier."""

    name: Literal["MobileNetV3"]
    scale: Scale = 0.5
    model_name: Literal["large", "small"] = "small"
    small_stride: list[int] = [2, 2, 2, 2]
    large_stride: list[int] = [1, 2, 2, 2]
    disable_se: bool = False

    def build(self) -> paddle.nn.Layer:
        """The backbone."""
        strides = self.small_stride if self.model_name == "small" else self.large_stride
        return rec_backbone(
            tuple(strides), self.scale, model_name=self.model_name, disable_se=self.disable_se
        )


class _ResNetValues(Section):
    """Values of ResNet_vd."""

    name: Literal["ResNet"]
    layers: Literal[18, 34] = 34


class DetResNetSection(_ResNetValues):
    """Backbone ResNet_vd of a detector."""

    def build(self) -> paddle.nn.Layer:
        """The backbone."""
        return ResNetVd(self.layers, task="det")


class RecResNetSection(_ResNetValues):
    """Backbone ResNet_vd of a recognizer."""

    def build(self) -> paddle.nn.Layer:
        """The backbone."""
        return ResNetVd(self.layers, task="rec")


class PPLCNetSection(Section):
    """Backbone PP-LCNet of a recognizer, which PaddleOCR's files call MobileNetV1Enhance."""

    name: Literal["MobileNetV1Enhance"]
    scale: Scale = 0.5
    last_conv_stride: Literal[1] = 1
    last_pool_type: Literal["max"] = "max"

    def build(self) -> paddle.nn.Layer:
        """The backbone."""
        return PPLCNet(self.scale)


class DBFPNSection(Section):
    """Neck of a detector."""

    name: Literal["DBFPN"]
    out_channels: Width = 256
    use_asf: Literal[False] = False


class SequenceEncoderSection(Section):
    """Neck of a recognizer."""

    name: Literal["SequenceEncoder"]
    encoder_type: Literal["rnn"] = "rnn"
    hidden_size: Width = 48


class DBHeadSection(Section):
    """Head of a detector."""

    name: Literal["DBHead"]
    k: Above0 = 50


class CTCHeadSection(Section):
    """Head of a recognizer. return_feats has no effect: the head always returns its features."""

    name: Literal["CTCHead"]
    mid_channels: Width | None = None
    fc_decay: Weight = 0.0004
    return_feats: bool = False


class ClsHeadSection(Section):
    """Head of a classifier."""

    name: Literal["ClsHead"]
    class_dim: Width = 2


BACKBONES = {
    "det": OneOf(DetMobileNetV3Section, DetResNetSection),
    "cls": OneOf(RecMobileNetV3Section),
    "rec": OneOf(RecMobileNetV3Section, RecResNetSection, PPLCNetSection),
}
NECKS = {"det": OneOf(DBFPNSection), "rec": OneOf(SequenceEncoderSection)}
HEADS = {"det": OneOf(DBHeadSection), "cls": OneOf(ClsHeadSection), "rec": OneOf(CTCHeadSection)}
SECTIONS = {"Backbone": BACKBONES, "Neck": NECKS, "Head": HEADS}
"""Sections of a network, each by task. A classifier has no neck."""

ALGORITHMS = {"det": "DB", "cls": "CLS", "rec": "CRNN"}
"""The only algorithm of each task."""


class SubNet(Section):
    """Values of one of several networks in addition to its architecture."""

    freeze_params: bool = False
    pretrained: str | None = None
    return_all_feats: bool = False


@dataclass
class NetConfig:
    """One network.

    Fields:
        backbone, neck, head: sections of the network, None if missing.
        sub: values that distillation has for each network.
    """

    backbone: Section | None = None
    neck: Section | None = None
    head: Section | None = None
    sub: SubNet = field(default_factory=SubNet)


def _detector(net: NetConfig, classes: int) -> DBNet:
    return DBNet(net.backbone.build(), fpn_channels=net.neck.out_channels, k=net.head.k)


def _classifier(net: NetConfig, classes: int) -> DirectionClassifier:
    return DirectionClassifier(net.backbone.build(), net.head.class_dim)


def _recognizer(net: NetConfig, classes: int) -> CRNN:
    return CRNN(
        net.backbone.build(),
        classes,
        hidden_size=net.neck.hidden_size,
        mid_channels=net.head.mid_channels,
        fc_decay=net.head.fc_decay,
    )


_BUILDERS = {"det": _detector, "cls": _classifier, "rec": _recognizer}


def build_net(net: NetConfig, task: str, classes: int) -> paddle.nn.Layer:
    """Build an untrained network.

    Args:
        net: sections of the network.
        task: "det", "cls" or "rec".
        classes: number of classes of a recognizer, including the blank; not used for the other tasks.

    Returns: DBNet, DirectionClassifier or CRNN.

    Raises:
        ValueError: sizes that a layer does not accept.
    """
    return _BUILDERS[task](net, classes)
