"""Means inside quadrangles: the compiled form and OpenCV's."""

import sys

import cv2
import numpy as np
import pytest

from ppocr_lessons.det.postprocess import DBPostProcess, box_means
from ppocr_lessons.kernels import box_means as kernel

PLAIN = getattr(box_means, "__wrapped__", box_means)
SIDE = 64


def _refuse(prob, corners):
    raise AssertionError(f"left to OpenCV: {corners}")


def _numbers(rng, shape=(SIDE, SIDE)):
    """A map of whole numbers, whose sums are exact in any order, so that equal means are equal sets of pixels."""
    return rng.integers(0, 2**20, shape).astype(np.float32)


def _rectangles(rng, count):
    """Rectangles of all angles within the map, as narrow as post-processing allows."""
    found = []
    while len(found) < count:
        sides = rng.uniform(3, rng.choice([4, 30]), 2)
        quad = cv2.boxPoints((rng.uniform(0, SIDE, 2).tolist(), sides.tolist(), rng.uniform(0, 90)))
        if quad.min() >= 0 and quad.max() < SIDE:
            found.append(quad)
    return np.array(found)


def _degenerate(rng, count):
    """Points and pieces of straight lines that run back and forth."""
    start, step = rng.integers(0, 8, (count, 1, 2)), rng.integers(0, 4, (count, 1, 2))
    return (start + step * rng.integers(0, 8, (count, 4, 1))).astype(np.float32)


@pytest.mark.parametrize(("make", "rest"), [(_rectangles, _refuse), (_degenerate, PLAIN)])
def test_the_same_pixels_as_opencv_fills(make, rest, rng):
    prob, corners = _numbers(rng), make(rng, 2000)
    means = kernel.box_means_compiled(rest, prob, corners)
    np.testing.assert_allclose(means, PLAIN(prob, corners), rtol=1e-14)


def test_quadrangles_of_all_kinds_and_beyond_the_map(rng):
    """Those that cross themselves, bend inward or leave the map are left to OpenCV, in their places."""
    prob, left = _numbers(rng), []

    def plain(prob, corners):
        left.append(len(corners))
        return PLAIN(prob, corners)

    corners = rng.uniform(-0.1 * SIDE, 1.1 * SIDE, (2000, 4, 2)).astype(np.float32)
    means = kernel.box_means_compiled(plain, prob, corners)
    assert len(left) == 1 and 200 < left[0] < 1900
    np.testing.assert_allclose(means, PLAIN(prob, corners), rtol=1e-14)


def test_probabilities_to_the_last_bit_of_a_score(rng):
    prob, corners = rng.random((SIDE, SIDE)).astype(np.float32) ** 8, _rectangles(rng, 500)
    means = kernel.box_means_compiled(_refuse, prob, corners)
    np.testing.assert_array_equal(means.astype(np.float32), np.array(PLAIN(prob, corners), np.float32))


def test_maps_of_other_layouts(rng):
    prob, corners = _numbers(rng, (SIDE, 2 * SIDE)), _rectangles(rng, 20)
    expected = PLAIN(np.ascontiguousarray(prob[:, ::2]), corners)
    for map_ in (prob[:, ::2], prob[:, ::2].astype(np.float64)):
        np.testing.assert_allclose(kernel.box_means_compiled(PLAIN, map_, corners), expected, rtol=1e-14)
    assert len(kernel.box_means_compiled(_refuse, prob, corners[:0])) == 0


@pytest.mark.parametrize("loaded", [True, False])
def test_only_where_numba_has_been_imported(loaded, rng, monkeypatch):
    if loaded:
        pytest.importorskip("numba")
    else:
        monkeypatch.delitem(sys.modules, "numba", raising=False)
    calls, compiled = [], kernel.box_means_compiled
    monkeypatch.setattr(
        kernel, "box_means_compiled", lambda *args: calls.append(1) or compiled(*args), raising=True
    )
    prob = np.zeros((SIDE, SIDE), np.float32)
    prob[10:20, 10:50] = 0.9
    assert DBPostProcess()(prob, (SIDE, SIDE)).scores.tolist() == [np.float32(0.9)]
    assert len(calls) == loaded
