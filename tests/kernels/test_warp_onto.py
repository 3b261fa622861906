"""Moves of the pixels under a mask: the compiled form and OpenCV's."""

import cv2
import numpy as np
import pytest

from ppocr_lessons.augment.geometry import warp_onto

pytest.importorskip("numba")
from ppocr_lessons.kernels import warp
from ppocr_lessons.kernels.warp_onto import warp_onto_compiled

PLAIN = warp_onto.__wrapped__


def _refuse(*args):
    raise AssertionError("left to OpenCV")


def _image(rng, height, width):
    return rng.integers(0, 256, (height, width, 3)).astype(np.uint8)


def _mask(size, corners):
    return cv2.fillPoly(np.zeros(size, np.uint8), [np.round(corners).astype(np.int32)], 1)


def _rectangle(rng, height, width):
    """A rectangle at any angle, which may reach out of the window."""
    center, half = rng.uniform(0, 1, 2) * (width, height), 1 + rng.uniform(0, 0.6, 2) * max(height, width)
    return cv2.boxPoints((center.tolist(), half.tolist(), rng.uniform(0, 180)))


@pytest.mark.skipif(not warp._equals_opencv(), reason="for x86 processors and OpenCV's present rounding")
def test_the_same_pixels_as_opencv(rng):
    """Also where the image ends within the mask, and around the window nothing changes."""
    written = 0
    for _ in range(400):
        size = tuple(rng.integers(1, rng.choice([4, 30, 120]), 2).tolist())
        image = _image(rng, *rng.integers(1, rng.choice([4, 30, 120]), 2))
        turn = cv2.getRotationMatrix2D((9, 9), rng.uniform(-180, 180), rng.uniform(0.2, 4))
        turn[:, 2] += rng.normal(0, 20, 2)
        mask = _mask(size, _rectangle(rng, *size))
        page = _image(rng, size[0] + 2, size[1] + 2)
        expected = page.copy()
        PLAIN(expected[1:-1, 1:-1], mask, image, turn)
        warp_onto_compiled(_refuse, page[1:-1, 1:-1], mask, image, turn)
        np.testing.assert_array_equal(page, expected)
        written += mask.any()
    assert written > 200


@pytest.mark.parametrize(
    ("mask", "matrix"),
    [
        (_mask((40, 50), [[0, 0], [20, 30], [40, 0], [20, 39]]), np.eye(3)[:2]),
        (np.ones((40, 50), np.uint8), np.array([[1, 0.1, 2], [0, 1.2, 1], [0.001, 0, 1]])),
        (np.ones((40, 50), np.uint8), np.zeros((2, 3))),
    ],
    ids=["rows with gaps", "perspective", "singular"],
)
def test_all_else_is_left_to_opencv(mask, matrix, rng):
    image, page, left = _image(rng, 60, 60), _image(rng, 40, 50), []
    expected = page.copy()
    PLAIN(expected, mask, image, matrix)
    warp_onto_compiled(lambda *args: left.append(1) or PLAIN(*args), page, mask, image, matrix)
    assert left
    np.testing.assert_array_equal(page, expected)


def test_pixels_outside_of_the_mask_stay(rng):
    page = _image(rng, 40, 50)
    before, mask = page.copy(), _mask((40, 50), [[5, 5], [30, 8], [28, 30], [4, 25]])
    warp_onto(page, mask, np.full((60, 60, 3), 7, np.uint8), np.eye(3)[:2])
    assert (page[mask == 1] == 7).all()
    np.testing.assert_array_equal(page[mask == 0], before[mask == 0])
