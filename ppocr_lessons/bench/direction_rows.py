"""Rows of the classifier's ablation (chapter 2.2), each defined by its differences from the first."""

from collections.abc import Callable
from typing import NamedTuple

from ..augment.auto_augment import AutoAugment
from ..augment.bda import BDA
from ..augment.cutmix import CutMix
from ..augment.cutout import CutOut
from ..augment.grid_mask import GridMask
from ..augment.hide_and_seek import HideAndSeek
from ..augment.mixup import Mixup
from ..augment.rand_augment import RandAugment
from ..augment.random_erasing import RandomErasing
from ..backbones.mobilenet_v3 import cls_mobilenet_v3
from ..backbones.shufflenet_v2 import ShuffleNetV2
from ..cls.direction import DirectionClassifier
from ..cls.input_resolution import LARGE, SMALL


class Row(NamedTuple):
    """One row of the tables.

    Fields:
        title: as the chapter calls it.
        augmentations: of single images, in their order.
        mix: of batches, or None.
        scale: width multiplier of the backbone.
        backbone: "MobileNetV3" (small) or "ShuffleNetV2".
        size: (height, width) of the input in pixels.
        directions: number of directions.
        published: accuracy in the chapter's table, or None.
    """

    title: str
    augmentations: tuple[Callable, ...] = ()
    mix: Mixup | CutMix | None = None
    scale: float = 0.35
    backbone: str = "MobileNetV3"
    size: tuple[int, int] = SMALL
    directions: int = 2
    published: float | None = None


_BDA = BDA()
ROWS = {
    "none": Row("no augmentation", published=0.8879),
    "bda": Row("BDA", (_BDA,), published=0.9134),
    "rand-augment": Row("BDA + RandAugment", (_BDA, RandAugment()), published=0.9212),
    "random-erasing": Row("BDA + RandErasing", (_BDA, RandomErasing()), published=0.9193),
    "grid-mask": Row("BDA + GridMask", (_BDA, GridMask()), published=0.914),
    "auto-augment": Row("BDA + AutoAugment", (_BDA, AutoAugment()), published=0.9133),
    "mixup": Row("BDA + Mixup", (_BDA,), Mixup(), published=0.9104),
    "cutmix": Row("BDA + CutMix", (_BDA,), CutMix(), published=0.9083),
    "cutout": Row("BDA + CutOut", (_BDA, CutOut()), published=0.9081),
    "hide-and-seek": Row("BDA + HideAndSeek", (_BDA, HideAndSeek()), published=0.8598),
    "large": Row("48x192, BDA + RandAugment", (_BDA, RandAugment()), size=LARGE, published=0.9403),
    "small-0.5": Row(
        "small 0.5, 48x192, BDA + RandAugment",
        (_BDA, RandAugment()),
        scale=0.5,
        size=LARGE,
        published=0.9494,
    ),
    "small-1.0": Row("small 1.0, 48x192, BDA + RandAugment", (_BDA, RandAugment()), scale=1.0, size=LARGE),
    "shufflenet": Row(
        "ShuffleNetV2 0.5, 48x192, BDA + RandAugment",
        (_BDA, RandAugment()),
        scale=0.5,
        backbone="ShuffleNetV2",
        size=LARGE,
        published=0.9017,
    ),
    "four": Row("four directions, 48x192, BDA", (_BDA,), size=LARGE, directions=4),
}
"""Rows of chapter 2.2. The chapter compares augmentations at 32 x 100 pixels."""


def network(row: Row) -> DirectionClassifier:
    """The untrained classifier of a row.

    Args:
        row: its backbone, scale and number of directions.
    """
    make = ShuffleNetV2 if row.backbone == "ShuffleNetV2" else lambda scale: cls_mobilenet_v3("small", scale)
    return DirectionClassifier(make(row.scale), row.directions)
