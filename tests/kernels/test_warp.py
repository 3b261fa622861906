"""Affine moves of pictures: the compiled form and OpenCV's."""

import cv2
import numpy as np
import pytest

from ppocr_lessons.augment.geometry import warp_affine

pytest.importorskip("numba")
from ppocr_lessons.kernels import warp

PLAIN = warp_affine.__wrapped__


@pytest.fixture(autouse=True)
def _only_where_it_runs():
    if not warp._equals_opencv():
        pytest.skip("the kernel is for x86 processors and OpenCV's present rounding")


def _refuse(*args):
    raise AssertionError("left to OpenCV")


def _image(rng, height, width):
    return rng.integers(0, 256, (height, width, 3)).astype(np.uint8)


def _matrices(rng, height, width):
    """Turns, sizes, shifts and mirrors, and moves by whole and half pixels."""
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), rng.uniform(-180, 180), rng.uniform(0.05, 6))
    turn[:, 2] += rng.normal(0, 60, 2)
    slight = cv2.getRotationMatrix2D((width / 2, height / 2), rng.uniform(-10, 10), rng.uniform(0.5, 3))
    yield turn
    yield slight
    yield np.array([[-1, 0, width], [0, 1, 0.0]])
    yield np.array([[1, 0, 3.5], [0, 1, -4.0]])
    yield np.array([[0, 1, 3.5], [-1, 0, 10.0]])
    yield np.array([[2, 0, 0], [0, 2, 0.0]])
    yield np.array([[1, 0.3, 0], [0.1, 1, 0.0]])
    yield np.array([[1, 0, 1000.0], [0, 1, 0]])


def test_the_same_pixels_as_opencv(rng):
    for _ in range(60):
        height, width = rng.integers(1, rng.choice([4, 30, 300]), 2).tolist()
        image = _image(rng, height, width)
        image.flags.writeable = False
        for matrix in _matrices(rng, height, width):
            size = tuple(rng.integers(1, rng.choice([4, 30, 300]), 2).tolist())
            moved = warp.warp_affine_compiled(_refuse, image, matrix, size, None)
            np.testing.assert_array_equal(moved, PLAIN(image, matrix, size, None))


def test_writes_to_a_view_and_not_around_it(rng):
    image, frame = _image(rng, 60, 80), np.full((52, 73, 3), 7, np.uint8)
    inside = frame[1:-1, 1:-1]
    for matrix in _matrices(rng, 60, 80):
        assert warp.warp_affine_compiled(_refuse, image, matrix, (50, 71), inside) is inside
        np.testing.assert_array_equal(inside, PLAIN(image, matrix, (50, 71), None))
        inside[:] = 7
        assert (frame == 7).all()


def test_parts_of_an_image(rng):
    """Rows of a larger array: what lies beside them is no part of the image."""
    image, matrix = _image(rng, 90, 70)[10:70, 5:45], next(_matrices(rng, 60, 40))
    moved = warp.warp_affine_compiled(_refuse, image, matrix, (80, 60), None)
    np.testing.assert_array_equal(moved, PLAIN(image.copy(), matrix, (80, 60), None))


MOVE = np.array([[1.1, 0.2, -8.3], [-0.3, 1.2, 5.7]])


@pytest.mark.parametrize(
    ("change", "matrix"),
    [
        (lambda image: image[..., 0], MOVE),
        (lambda image: np.concatenate([image, image[..., :1]], 2), MOVE),
        (lambda image: image.astype(np.float32), MOVE),
        (lambda image: image[:, ::-1], MOVE),
        (lambda image: image[::-1], MOVE),
        (lambda image: image, np.array([[1, 1, 0], [1, 1, 0.0]])),
        (lambda image: image, np.array([[1e-6, 0, 0], [0, 1e-6, 0.0]])),
    ],
    ids=["gray", "four channels", "floats", "mirrored", "upside down", "singular", "far beyond the image"],
)
def test_all_else_is_left_to_opencv(change, matrix, rng):
    image = change(_image(rng, 40, 50))
    left = []
    moved = warp.warp_affine_compiled(
        lambda *args: left.append(1) or PLAIN(*args), image, matrix, (48, 64), None
    )
    assert left
    np.testing.assert_array_equal(moved, PLAIN(image, matrix, (48, 64), None))


def test_an_opencv_that_rounds_otherwise_is_noticed(rng, monkeypatch):
    warp._equals_opencv.cache_clear()
    try:
        real = cv2.warpAffine
        monkeypatch.setattr(cv2, "warpAffine", lambda *args, **keys: real(*args, **keys) ^ 1)
        image = _image(rng, 40, 50)
        np.testing.assert_array_equal(
            warp_affine(image, MOVE, (48, 64), None), real(image, MOVE, (64, 48)) ^ 1
        )
    finally:
        warp._equals_opencv.cache_clear()
