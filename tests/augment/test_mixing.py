"""Mixup and CutMix: images and labels are mixed in the same proportion."""

import numpy as np
import paddle
import pytest

from ppocr_lessons.augment.cutmix import CutMix, CutMixDraw
from ppocr_lessons.augment.mixup import Mixup, MixupDraw, one_hot
from ppocr_lessons.augment.rectangles import Rectangle
from ppocr_lessons.datasets.batches import ClsBatch
from ppocr_lessons.datasets.mixing import mixed

# Every pixel of an image holds its number, so that a mixed pixel tells where it comes from.
IMAGES = np.ones((4, 3, 12, 40), np.float32) * np.arange(4, dtype=np.float32)[:, None, None, None]
SHARES = one_hot(np.array([0, 1, 1, 0]), 2)


def test_one_hot():
    np.testing.assert_array_equal(SHARES, [[1, 0], [0, 1], [0, 1], [1, 0]])
    for wrong in (-1, 2):
        with pytest.raises(ValueError, match=rf"label {wrong} is outside 0\.\.1"):
            one_hot(np.array([0, wrong]), 2)


def test_mixup_by_hand():
    images, shares = Mixup.apply(IMAGES, SHARES, MixupDraw(0.75, np.array([3, 1, 0, 2])))
    np.testing.assert_allclose(images[:, 0, 0, 0], [0.75, 1, 1.5, 2.75])
    np.testing.assert_allclose(shares, [[1, 0], [0, 1], [0.25, 0.75], [0.75, 0.25]])


def test_cutmix_by_hand():
    part = Rectangle(0, 10, 6, 30)  # 6 x 20 of 12 x 40 pixels: a quarter
    images, shares = CutMix.apply(IMAGES, SHARES, CutMixDraw(part, np.array([1, 0, 3, 2])))
    assert (images[0, :, :6, 10:30] == 1).all() and images[0].sum() == 3 * 6 * 20
    assert (images[3, :, :6, 10:30] == 2).all() and (images[3, :, 6:] == 3).all()
    np.testing.assert_allclose(shares, [[0.75, 0.25], [0.25, 0.75], [0.25, 0.75], [0.75, 0.25]])


@pytest.mark.parametrize("mix", [Mixup(), CutMix()])
def test_properties(mix):
    for seed in range(50):
        before = IMAGES.copy(), SHARES.copy()
        images, shares = mix(np.random.default_rng(seed), IMAGES, SHARES)
        again = mix.apply(IMAGES, SHARES, mix.sample(np.random.default_rng(seed), IMAGES))
        np.testing.assert_array_equal(images, again[0])
        np.testing.assert_array_equal(shares, again[1])
        np.testing.assert_allclose(shares.sum(1), 1, rtol=1e-6)
        assert shares.min() >= 0 and images.dtype == shares.dtype == np.float32
        # Images 0 to 3 have the labels 0, 1, 1, 0; the mean of all pixels does not change.
        assert images.mean() == pytest.approx(1.5, abs=1e-5)
        np.testing.assert_array_equal(IMAGES, before[0])
        np.testing.assert_array_equal(SHARES, before[1])


def test_draws_that_change_nothing():
    others = np.array([3, 2, 1, 0])
    for mix, drawn in ((Mixup, MixupDraw(1.0, others)), (CutMix, CutMixDraw(Rectangle(5, 7, 5, 7), others))):
        images, shares = mix.apply(IMAGES, SHARES, drawn)
        np.testing.assert_array_equal(images, IMAGES)
        np.testing.assert_array_equal(shares, SHARES)


def test_weights_follow_the_beta_distribution():
    weights = [Mixup(alpha=0.2).sample(np.random.default_rng(s), IMAGES).weight for s in range(2000)]
    # The variance of Beta(a, a) is 1 / (4 (2 a + 1)).
    assert np.mean(weights) == pytest.approx(0.5, abs=0.03)
    assert np.var(weights) == pytest.approx(1 / (4 * 1.4), abs=0.01)
    large = np.zeros((2, 3, 100, 100), np.float32)
    areas = []
    for seed in range(1000):
        part = CutMix(alpha=1).sample(np.random.default_rng(seed), large).part
        assert 0 <= part.top <= part.bottom <= 100 and 0 <= part.left <= part.right <= 100
        areas.append((part.bottom - part.top) * (part.right - part.left) / 1e4)
    # Without clipping the mean would be a half: E[s^2] = 1/2. Clipping to the image leaves E[(s - s^2/4)^2] = 0.3417.
    assert np.mean(areas) == pytest.approx(0.342, abs=0.03)


def test_every_batch_of_a_loader_is_mixed():
    batch = ClsBatch(paddle.to_tensor(IMAGES), paddle.to_tensor(np.array([0, 1, 1, 0])))
    batch_at = mixed(lambda number: batch, Mixup(alpha=1), classes=2, seed=3)
    first, again, second = batch_at(0), batch_at(0), batch_at(1)
    assert first.labels.shape == [4, 2] and first.images.shape == [4, 3, 12, 40]
    np.testing.assert_array_equal(first.images.numpy(), again.images.numpy())
    assert (first.images.numpy() != second.images.numpy()).any()


@pytest.mark.parametrize("kind", [Mixup, CutMix])
def test_wrong_input_is_refused(kind):
    for alpha in (0, -1, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="a number above 0 is needed"):
            kind(alpha=alpha)
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match=r"\(N, K\) are needed"):
        kind()(rng, IMAGES, np.array([0, 1, 1, 0]))
    with pytest.raises(ValueError, match=r"\(N, K\) are needed"):
        kind()(rng, IMAGES, SHARES[:3])
    with pytest.raises(ValueError, match="do not sum to 1"):
        kind()(rng, IMAGES, SHARES * 2)
