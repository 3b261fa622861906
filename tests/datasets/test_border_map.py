"""MakeBorderMap hands its numbers on: width of the band, values on and off the outline."""

import numpy as np
import pytest

from ppocr_lessons.datasets.det_transforms import MakeBorderMap
from ppocr_lessons.datasets.sample import Sample

BOX = np.array([[[20, 20], [120, 20], [120, 40], [20, 40]]], np.float32)


def _sample(ignored=False):
    sample = Sample("page", b"", "")
    sample.image = np.zeros((80, 160, 3), np.uint8)
    sample.polygons, sample.ignored, sample.texts = BOX, np.array([ignored]), ["a"]
    return sample


def _band(sample):
    """Rows above the middle of the upper edge in which the threshold is learned."""
    return 20 - int(np.nonzero(sample.threshold_mask[:, 70])[0].min())


@pytest.mark.parametrize("ratio", [0.4, 0.6, 0.8])
def test_the_shrink_ratio_sets_the_band(rng, ratio):
    sample = _sample()
    MakeBorderMap(shrink_ratio=ratio)(rng, sample)
    distance = 2000 * (1 - ratio**2) / 240
    assert _band(sample) == round(distance)
    assert sample.threshold_map[17, 70] == pytest.approx(0.7 - 0.4 * min(1, 3 / distance), abs=1e-5)


def test_lowest_and_highest_value(rng):
    sample = _sample()
    MakeBorderMap(thresh_min=0.1, thresh_max=0.9)(rng, sample)
    assert sample.threshold_map[20, 70] == pytest.approx(0.9)
    assert sample.threshold_map[0, 0] == pytest.approx(0.1)
    assert sample.threshold_map[17, 70] == pytest.approx(0.9 - 0.8 * 3 / 7, abs=1e-5)


def test_ignored_texts_have_no_outline(rng):
    sample = _sample(ignored=True)
    MakeBorderMap()(rng, sample)
    assert not sample.threshold_mask.any() and (sample.threshold_map == np.float32(0.3)).all()
