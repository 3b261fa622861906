"""Every operation of RandAugment beside Pillow's own call with the number written out."""

import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageOps

from ppocr_lessons.augment.image_operations import GRAY
from ppocr_lessons.augment.rand_augment import OPERATIONS, Operation, RandAugment

PIXELS = np.random.default_rng(0).integers(0, 255, (32, 100, 3)).astype(np.uint8)
PICTURE = Image.fromarray(PIXELS)
BICUBIC, NEAREST = Image.Resampling.BICUBIC, Image.Resampling.NEAREST


def _affine(matrix, look_up):
    return PICTURE.transform((100, 32), Image.Transform.AFFINE, matrix, look_up, fillcolor=(128, 128, 128))


def _expected(name, level, sign):
    shift = 150 / 331 * level * sign
    return {
        "color": lambda: ImageEnhance.Color(PICTURE).enhance(1 + 0.9 * level * sign),
        "contrast": lambda: ImageEnhance.Contrast(PICTURE).enhance(1 + 0.9 * level * sign),
        "sharpness": lambda: ImageEnhance.Sharpness(PICTURE).enhance(1 + 0.9 * level * sign),
        "brightness": lambda: ImageEnhance.Brightness(PICTURE).enhance(1 + 0.9 * level * sign),
        "shearX": lambda: _affine((1, 0.3 * level * sign, 0, 0, 1, 0), BICUBIC),
        "shearY": lambda: _affine((1, 0, 0, 0.3 * level * sign, 1, 0), BICUBIC),
        "translateX": lambda: _affine((1, 0, shift * 100, 0, 1, 0), NEAREST),
        "translateY": lambda: _affine((1, 0, 0, 0, 1, shift * 32), NEAREST),
        "rotate": lambda: PICTURE.rotate(30 * level, fillcolor=(128, 128, 128)),
        "posterize": lambda: ImageOps.posterize(PICTURE, max(1, int(4 * level))),
        "solarize": lambda: ImageOps.solarize(PICTURE, 256 * level),
        "autocontrast": lambda: ImageOps.autocontrast(PICTURE),
        "equalize": lambda: ImageOps.equalize(PICTURE),
        "invert": lambda: ImageOps.invert(PICTURE),
    }[name]()


@pytest.mark.parametrize("magnitude", [0, 2, 5, 10])
@pytest.mark.parametrize("name", OPERATIONS)
def test_one_operation(name, magnitude):
    for sign in (1, -1):
        out = RandAugment(magnitude=magnitude).apply(PIXELS, [Operation(name, sign)])
        np.testing.assert_array_equal(out, np.array(_expected(name, magnitude / 10, sign)))
    assert GRAY == (128, 128, 128)


def test_operations_follow_each_other():
    both = [Operation("invert", 1), Operation("solarize", 1)]
    augment = RandAugment()
    one_by_one = augment.apply(augment.apply(PIXELS, both[:1]), both[1:])
    np.testing.assert_array_equal(augment.apply(PIXELS, both), one_by_one)
    assert (augment.apply(PIXELS, both) != augment.apply(PIXELS, both[::-1])).any()


def test_as_many_as_asked_for_and_both_signs():
    rng = np.random.default_rng(2)
    drawn = [RandAugment(prob=1, num_layers=3).sample(rng) for _ in range(300)]
    assert {len(d) for d in drawn} == {3}
    signs = [op.sign for d in drawn for op in d]
    assert set(signs) == {1, -1} and 0.4 < np.mean(np.array(signs) == 1) < 0.6
    assert all(not RandAugment(prob=0).sample(rng) for _ in range(50))
    kept = np.mean([bool(RandAugment(prob=0.8).sample(rng)) for _ in range(1000)])
    assert kept == pytest.approx(0.8, abs=0.05)


def test_a_call_draws_and_applies():
    augment = RandAugment(prob=1)
    drawn = augment.sample(np.random.default_rng(4))
    np.testing.assert_array_equal(augment(np.random.default_rng(4), PIXELS), augment.apply(PIXELS, drawn))
