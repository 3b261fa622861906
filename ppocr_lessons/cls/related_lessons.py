"""Lessons on the direction classifier that are defined in other packages and re-exported by `cls`."""

from ..augment import (
    auto_augment,
    bda,
    cutmix,
    cutout,
    grid_mask,
    hide_and_seek,
    mixup,
    rand_augment,
    random_erasing,
    textbook_bda,
)
from ..augment.auto_augment import AutoAugment
from ..augment.bda import BDA
from ..augment.cutmix import CutMix
from ..augment.cutout import CutOut
from ..augment.grid_mask import GridMask
from ..augment.hide_and_seek import HideAndSeek
from ..augment.mixup import Mixup
from ..augment.rand_augment import RandAugment
from ..augment.random_erasing import RandomErasing
from ..augment.textbook_bda import TextbookBDA
from ..backbones import mobilenet_v3
from ..backbones.mobilenet_v3 import cls_mobilenet_v3
from ..datasets.batches import ClsBatch
from ..datasets.mixing import mixed
from ..deploy.line_direction import Classifier, Direction
from ..deploy.stages import classify

__all__ = [
    "BDA",
    "AutoAugment",
    "Classifier",
    "ClsBatch",
    "CutMix",
    "CutOut",
    "Direction",
    "GridMask",
    "HideAndSeek",
    "Mixup",
    "RandAugment",
    "RandomErasing",
    "TextbookBDA",
    "auto_augment",
    "bda",
    "classify",
    "cls_mobilenet_v3",
    "cutmix",
    "cutout",
    "grid_mask",
    "hide_and_seek",
    "mixed",
    "mixup",
    "mobilenet_v3",
    "rand_augment",
    "random_erasing",
    "textbook_bda",
]
