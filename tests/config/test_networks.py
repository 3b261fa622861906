"""A backbone is added to the configuration in one place: its model in config/networks.py."""

from typing import Literal

import pytest
from paddle import nn

from ppocr_lessons.config import ConfigError, networks, read_config
from ppocr_lessons.config.schema import OneOf, Section
from ppocr_lessons.experiment import prepare

from .conftest import CONFIGS

PATH = CONFIGS / "2022/ch_PP-OCRv2_rec.yml"


class Tiny(nn.Layer):
    """(N, 3, 32, W) to (N, width, 1, W / 4)."""

    def __init__(self, width):
        super().__init__()
        self.out_channels = width
        self.conv = nn.Conv2D(3, width, (32, 4), stride=(32, 4))

    def forward(self, x):
        return self.conv(x)


class TinySection(Section):
    """Backbone Tiny."""

    name: Literal["Tiny"]
    width: int = 8

    def build(self) -> nn.Layer:
        return Tiny(self.width)


def test_a_new_backbone(overrides, monkeypatch):
    given = [*overrides("rec"), "Architecture.Backbone={name: Tiny, width: 16}"]
    with pytest.raises(ConfigError, match=r"found 'Tiny'; known backbones of rec are.*'MobileNetV1Enhance'"):
        read_config(PATH, given)
    known = networks.BACKBONES["rec"].models.values()
    monkeypatch.setitem(networks.BACKBONES, "rec", OneOf(*known, TinySection))
    net = prepare(read_config(PATH, given), progress=False).nets["Model"]
    assert isinstance(net.backbone, Tiny) and net.backbone.out_channels == 16
    with pytest.raises(
        ConfigError, match=r"Backbone\.depth.*unknown key; known here are \['name', 'width'\]"
    ):
        read_config(PATH, [*overrides("rec"), "Architecture.Backbone={name: Tiny, depth: 2}"])


def test_a_classifier_has_no_neck():
    with pytest.raises(ConfigError, match=r"Architecture\.Neck.*networks of cls have no Neck"):
        read_config(CONFIGS / "2022/cls_mv3.yml", ["Architecture.Neck={name: DBFPN}"])
