"""BDA and RecAug."""

import numpy as np
import pytest

from ppocr_lessons.augment import tia
from ppocr_lessons.augment.bda import BDA, BDADraw, RecAug

IMAGE = np.random.default_rng(0).integers(0, 255, (32, 120, 3), np.uint8)
NEVER = dict.fromkeys(
    ("crop_prob", "reverse_prob", "noise_prob", "jitter_prob", "blur_prob", "hsv_aug_prob"), 0.0
)


def test_an_empty_draw_returns_its_input():
    out = BDA.apply(IMAGE, BDADraw())
    np.testing.assert_array_equal(out, IMAGE)
    assert out is not IMAGE


def test_never_means_never(rng):
    for _ in range(20):
        np.testing.assert_array_equal(RecAug(tia_prob=0, **NEVER)(rng, IMAGE), IMAGE)


def test_parts_by_hand():
    np.testing.assert_array_equal(BDA.apply(IMAGE, BDADraw(crop=3)), IMAGE[3:])
    np.testing.assert_array_equal(BDA.apply(IMAGE, BDADraw(crop=-3)), IMAGE[:-3])
    np.testing.assert_array_equal(BDA.apply(IMAGE, BDADraw(reverse=True)), 255 - IMAGE)
    blurred = BDA.apply(IMAGE, BDADraw(blur=True))
    assert blurred.std() < IMAGE.std() and abs(blurred.mean() - IMAGE.mean()) < 2
    jittered = BDA.apply(IMAGE, BDADraw(jitter=3))
    np.testing.assert_array_equal(jittered[2:, 2:], IMAGE[:-2, :-2])


def test_what_hardly_shows():
    noisy = BDA.apply(IMAGE, BDADraw(noise_seed=1)).astype(int)
    assert set(np.unique(noisy - IMAGE)) <= {-1, 0, 1}
    gray = np.repeat(IMAGE[..., :1], 3, axis=2)
    assert np.abs(BDA.apply(gray, BDADraw(brightness=0.9995)).astype(int) - gray).max() <= 1
    drawn = [BDA(jitter_prob=1).sample(np.random.default_rng(i), IMAGE).jitter for i in range(50)]
    assert set(drawn) == {0}


def test_rates_are_kept():
    draws = [BDA().sample(np.random.default_rng(i), IMAGE) for i in range(2000)]
    for name in ("blur", "reverse"):
        assert np.mean([getattr(d, name) for d in draws]) == pytest.approx(0.4, abs=0.04)
    assert np.mean([d.crop is not None for d in draws]) == pytest.approx(0.4, abs=0.04)
    assert {abs(d.crop) for d in draws if d.crop} == set(range(1, 9))


def test_small_lines_are_neither_cut_nor_bent():
    small = IMAGE[:10, :15]
    drawn = RecAug(tia_prob=1, crop_prob=1).sample(np.random.default_rng(0), small)
    assert drawn.bends == () and drawn.bda.crop is None


def test_together_or_each_by_itself():
    counts = {len(RecAug(tia_prob=0.5).sample(np.random.default_rng(i), IMAGE).bends) for i in range(60)}
    assert counts == {0, 3}
    counts = {len(RecAug(aug_prob=0.5).sample(np.random.default_rng(i), IMAGE).bends) for i in range(60)}
    assert counts == {0, 1, 2, 3}


def test_a_draw_can_be_replayed():
    drawn = RecAug(tia_prob=1).sample(np.random.default_rng(3), IMAGE)
    np.testing.assert_array_equal(RecAug.apply(IMAGE, drawn), RecAug.apply(IMAGE, drawn))


def test_wrong_probabilities():
    with pytest.raises(ValueError, match=r"blur_prob is 1\.5"):
        BDA(blur_prob=1.5)
    with pytest.raises(ValueError, match="tia_prob is -1"):
        RecAug(tia_prob=-1)
    with pytest.raises(ValueError, match=r"aug_prob is 1\.5"):
        RecAug(aug_prob=1.5)
    with pytest.raises(ValueError, match="noise_prob is 2"):
        RecAug(noise_prob=2)
    with pytest.raises(ValueError, match="tia_prob is 2"):
        RecAug(use_tia=False, tia_prob=2)


def test_arguments_of_rec_aug_reach_bda():
    own = {"crop_prob": 0.1, "reverse_prob": 0.2, "noise_prob": 0.3, "jitter_prob": 0.5, "blur_prob": 0.6}
    assert RecAug(**own).bda.probs == own | {"hsv_aug_prob": 0.4}
    assert set(RecAug(aug_prob=0.7, **own).bda.probs.values()) == {0.7}
    for seed in range(30):
        rng = np.random.default_rng(seed)
        assert not RecAug(use_tia=False, tia_prob=1).sample(rng, IMAGE).bends


@pytest.mark.parametrize("shape", [(0, 5, 3), (5, 0, 3)])
def test_empty_lines_are_refused(shape):
    corners = tia.ControlPoints(np.zeros((4, 2)), np.ones((4, 2)))
    image = np.zeros(shape, np.uint8)
    for change in (BDA(), RecAug(), lambda rng, empty: tia.warp(empty, corners)):
        with pytest.raises(ValueError, match=f"the line is empty: {shape[0]} x {shape[1]} pixels"):
            change(np.random.default_rng(0), image)
