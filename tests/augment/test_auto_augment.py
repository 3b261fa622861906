"""AutoAugment: the policy of the paper, and values that follow from its magnitudes."""

import cv2
import numpy as np
import pytest
from PIL import Image, ImageOps

from ppocr_lessons.augment.auto_augment import IMAGENET, AutoAugment, Choice, Operation, value_of
from ppocr_lessons.augment.image_operations import NAMES, operate

PIXELS = np.random.default_rng(0).integers(0, 255, (32, 100, 3)).astype(np.uint8)


def test_policy_of_imagenet():
    assert len(IMAGENET) == 25 and all(len(pair) == 2 for pair in IMAGENET)
    assert IMAGENET[0] == (("posterize", 0.4, 8), ("rotate", 0.6, 9))
    assert IMAGENET[-1] == (("equalize", 0.8, 8), ("equalize", 0.6, 3))
    assert {c.name for pair in IMAGENET for c in pair} <= set(NAMES)


@pytest.mark.parametrize(
    ("name", "magnitude", "value"),
    [
        ("shearX", 9, 0.3), ("shearY", 3, 0.1), ("translateX", 9, 150 / 331), ("rotate", 6, 20), ("color", 5, 1.5),
        ("sharpness", 0, 1), ("posterize", 0, 8), ("posterize", 9, 4), ("posterize", 5, 6), ("solarize", 0, 256),
        ("solarize", 9, 0), ("equalize", 7, 0),
    ],
)  # fmt: skip
def test_values_by_hand(name, magnitude, value):
    assert value_of(name, magnitude, 1) == pytest.approx(value)
    if name.startswith(("shear", "translate", "rotate")):
        assert value_of(name, magnitude, -1) == pytest.approx(-value)
    if name == "color":
        assert value_of(name, magnitude, -1) == pytest.approx(0.5)


def test_operations_are_applied_in_order():
    drawn = [Operation("invert", 0), Operation("solarize", 100)]
    expected = ImageOps.solarize(ImageOps.invert(Image.fromarray(PIXELS)), 100)
    np.testing.assert_array_equal(AutoAugment.apply(PIXELS, drawn), np.array(expected))
    assert AutoAugment.apply(PIXELS, []) is PIXELS
    turned = AutoAugment.apply(PIXELS, [Operation("rotate", -10)])
    np.testing.assert_array_equal(turned, np.array(Image.fromarray(PIXELS).rotate(-10, fillcolor=(128,) * 3)))


def test_each_operation_has_its_own_probability():
    augment = AutoAugment(prob=0.8, policy=[[["invert", 0.5, 0], ["equalize", 1, 0]]])
    drawn = [augment.sample(np.random.default_rng(seed), PIXELS) for seed in range(1000)]
    names = [tuple(op.name for op in d) for d in drawn]
    assert set(names) == {(), ("equalize",), ("invert", "equalize")}
    assert np.mean([bool(n) for n in names]) == pytest.approx(0.8, abs=0.05)
    assert np.mean([len(n) == 2 for n in names]) == pytest.approx(0.4, abs=0.05)


def test_signs_and_pairs_vary():
    drawn = [AutoAugment(prob=1).sample(np.random.default_rng(seed), PIXELS) for seed in range(600)]
    angles = [op.value for d in drawn for op in d if op.name == "rotate"]
    assert min(angles) == -30 and max(angles) == 30
    assert {op.name for d in drawn for op in d} == {c.name for pair in IMAGENET for c in pair}
    augment = AutoAugment(prob=1)
    for seed in range(10):
        np.testing.assert_array_equal(
            augment(np.random.default_rng(seed), PIXELS),
            augment.apply(PIXELS, augment.sample(np.random.default_rng(seed), PIXELS)),
        )


def test_wrong_values_are_refused():
    good = Choice("rotate", 0.5, 3)
    for policy, message in (
        ((), "empty"),
        (((good, Choice("spin", 0.5, 3)),), "'spin'"),
        (((good, Choice("rotate", 1.5, 3)),), "probability of rotate is 1.5"),
        (((good, Choice("rotate", 0.5, 10)),), "magnitude of rotate is 10"),
    ):
        with pytest.raises(ValueError, match=message):
            AutoAugment(policy=policy)
    with pytest.raises(ValueError, match="prob is 2"):
        AutoAugment(prob=2)
    with pytest.raises(ValueError, match="'spin'"):
        operate(PIXELS, "spin", 1)


@pytest.mark.parametrize("shape", [(48, 192), (1, 1), (2, 5), (33, 40)])
@pytest.mark.parametrize("name", NAMES)
def test_compiled_operations_equal_pillow(name, shape):
    rng = np.random.default_rng(1)
    noise = rng.integers(0, 256, (*shape, 3)).astype(np.uint8)
    smooth = cv2.GaussianBlur(noise, (0, 0), 3)
    values = {
        "posterize": (1, 2, 4, 8),
        "solarize": (0, 100, 128.4, 256),
        "rotate": (-30, 15),
        **dict.fromkeys(("color", "contrast", "sharpness", "brightness"), (0, 0.1, 0.55, 1, 1.45, 1.9)),
    }.get(name, (-0.3, -0.15, 0, 0.15, 0.2266, 150 / 331))
    for image in (noise, smooth, smooth // 3 + 50, np.full_like(noise, 77), noise[:, ::-1]):
        for value in values:
            before = image.copy()
            found = operate(image, name, value)
            np.testing.assert_array_equal(found, operate.__wrapped__(image, name, value), f"{name} {value}")
            assert not np.shares_memory(found, image) and (image == before).all()
