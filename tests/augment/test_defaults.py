"""Numbers that nobody gives are those of PaddleOCR's code and configurations."""

import pytest

from ppocr_lessons.augment import bda, copy_paste, random_crop, tia
from ppocr_lessons.augment.bda import BDA, BDADraw, RecAug
from ppocr_lessons.augment.copy_paste import CopyPaste
from ppocr_lessons.augment.geometry import Geometry, GeometryDraw
from ppocr_lessons.augment.rand_augment import RandAugment
from ppocr_lessons.augment.random_crop import EastRandomCropData

PROBABILITIES = dict.fromkeys(
    ("crop_prob", "reverse_prob", "noise_prob", "jitter_prob", "blur_prob", "hsv_aug_prob"), 0.4
)


@pytest.mark.parametrize(
    ("thing", "expected"),
    [
        (BDA, PROBABILITIES),
        (BDADraw, {"crop": None, "blur": False, "brightness": None, "jitter": None, "noise_seed": None, "reverse": False}),
        (RecAug, {"use_tia": True, "aug_prob": None, "tia_prob": 0.4} | PROBABILITIES),
        (CopyPaste, {"objects_paste_ratio": 0.2, "limit_paste": True, "rotate": True, "scale": None, "flip": False}),
        (Geometry, {"flip_prob": 0.5, "rotate": (-10, 10), "resize": (0.5, 3)}),
        (GeometryDraw, {"flip": False, "angle_deg": 0.0, "scale": 1.0}),
        (EastRandomCropData, {"size": (640, 640), "max_tries": 10, "min_crop_side_ratio": 0.1, "keep_ratio": True}),
        (RandAugment, {"prob": 0.5, "num_layers": 2, "magnitude": 5}),
        (tia.distort, {"segments": 4}),
        (tia.stretch, {"segments": 4}),
    ],
    ids=lambda v: getattr(v, "__name__", ""),
)  # fmt: skip
def test_defaults(defaults_of, thing, expected):
    assert defaults_of(thing) == expected


def test_constants():
    assert (copy_paste.MOST, copy_paste.TRIES, copy_paste.STRAIGHT) == (30, 50, 0.25)
    assert (bda.MIN_SIDE, tia.MIN_SIDE, tia.GRID, random_crop.FIRST_TRIES) == (20, 20, 100, 4)


@pytest.mark.parametrize(
    "make",
    [
        lambda: BDA(crop_prob=0, blur_prob=1),
        lambda: Geometry(flip_prob=1, rotate=(5, 5), resize=(2, 2)),
        lambda: CopyPaste(objects_paste_ratio=0, scale=(2, 2)),
        lambda: EastRandomCropData(size=(1, 1), max_tries=1, min_crop_side_ratio=0),
        lambda: RandAugment(prob=1, num_layers=1, magnitude=0),
        lambda: RandAugment(magnitude=10),
    ],
)
def test_the_ends_of_every_range_are_allowed(make):
    make()


@pytest.mark.parametrize(
    "make",
    [
        lambda: BDA(crop_prob=-0.01),
        lambda: Geometry(resize=(3, 2)),
        lambda: Geometry(rotate=(1, 0)),
        lambda: CopyPaste(scale=(0, 1)),
        lambda: CopyPaste(scale=(1,)),
        lambda: CopyPaste(scale=(1, 2, 3)),
        lambda: EastRandomCropData(size=(5, 0)),
        lambda: EastRandomCropData(size=(5,)),
        lambda: EastRandomCropData(size=(5, 5, 5)),
        lambda: RandAugment(magnitude=-1),
        lambda: RandAugment(magnitude=10.5),
    ],
)
def test_just_outside_of_a_range_is_refused(make):
    with pytest.raises(ValueError, match=r"is needed|are needed"):
        make()
