"""Lessons on the direction classifier that are defined in other packages and re-exported by `cls`."""

from ..augment import bda, rand_augment
from ..augment.bda import BDA
from ..augment.rand_augment import RandAugment
from ..backbones import mobilenet_v3
from ..backbones.mobilenet_v3 import cls_mobilenet_v3
from ..datasets.batches import ClsBatch
from ..deploy.stages import Classifier, Direction, classify

__all__ = [
    "BDA",
    "Classifier",
    "ClsBatch",
    "Direction",
    "RandAugment",
    "bda",
    "classify",
    "cls_mobilenet_v3",
    "mobilenet_v3",
    "rand_augment",
]
