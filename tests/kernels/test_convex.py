"""Filled polygons: the compiled form and OpenCV's."""

import cv2
import numpy as np
import pytest

from ppocr_lessons.det.targets import fill_polygons
from ppocr_lessons.kernels.convex import fill_polygons_compiled, is_convex
from ppocr_lessons.polygons import offset_polygon

PLAIN = getattr(fill_polygons, "__wrapped__", fill_polygons)
SIDE = 60


def _refuse(*args):
    raise AssertionError("left to OpenCV")


def _hull(rng):
    return cv2.convexHull(rng.integers(0, SIDE, (rng.integers(3, 12), 2)).astype(np.int32)).reshape(-1, 2)


def _grown(rng):
    """A rectangle with round corners, as it is drawn into the mask of the threshold map."""
    sides = rng.uniform(2, 20, 2).tolist()
    box = cv2.boxPoints((rng.uniform(20, 40, 2).tolist(), sides, rng.uniform(0, 90)))
    return offset_polygon(box, rng.uniform(1, 6))[0]


def _any(rng):
    """Outlines that cross themselves or bend inward, with a few points that repeat."""
    return rng.integers(0, rng.choice([5, SIDE]), (rng.integers(1, 14), 2)).astype(np.int32)


def _straight(rng):
    """Points and lines that run back and forth, which may leave the image."""
    return (rng.integers(0, SIDE, 2) + rng.integers(-2, 3, 2) * rng.integers(0, 8, (5, 1))).astype(np.int32)


def _star(rng):
    """Always turns to the same side, but more than once."""
    turn = np.arange(5) * 2 / 5 * 2 * np.pi + rng.uniform(0, 1)
    return (SIDE / 2 + SIDE / 2.5 * np.stack([np.cos(turn), np.sin(turn)], 1)).astype(np.int32)


@pytest.mark.parametrize(
    ("make", "rest"),
    [(_hull, _refuse), (_grown, PLAIN), (_any, PLAIN), (_straight, PLAIN), (_star, PLAIN)],
)
def test_the_same_pixels_as_opencv(make, rest, rng):
    for _ in range(300):
        polygon = make(rng)
        ours, theirs = np.full((2, SIDE, SIDE), 3, np.float32)
        fill_polygons_compiled(rest, ours, [polygon], 0.5)
        PLAIN(theirs, [polygon], 0.5)
        np.testing.assert_array_equal(ours, theirs, err_msg=str(polygon.tolist()))


def test_many_at_once_and_those_that_are_left(rng):
    polygons = [make(rng) + rng.integers(-9, 9) for make in (_hull, _grown, _any, _straight) * 30]
    ours, theirs = np.zeros((2, SIDE, SIDE), np.float32)
    for few in (polygons[:0], polygons[:6], polygons):
        fill_polygons(ours, few, 1)
        PLAIN(theirs, few, 1)
        np.testing.assert_array_equal(ours, theirs)
    outlines = np.array(
        [[[2, 2], [20, 4], [18, 30], [3, 25]], [[30, 30], [50, 30], [50, 40], [30, 40]]], np.int32
    )
    fill_polygons(ours, outlines, 0)
    PLAIN(theirs, outlines, 0)
    np.testing.assert_array_equal(ours, theirs)
    assert theirs.any()


@pytest.mark.parametrize("change", [lambda image: image.astype(np.uint8), lambda image: image[:, ::2]])
def test_other_images_are_left_to_opencv(change, rng):
    ours, polygons, left = change(np.zeros((SIDE, 2 * SIDE), np.float32)), [_hull(rng)], []
    fill_polygons_compiled(lambda *args: left.append(args), ours, polygons, 1)
    assert len(left) == 1 and left[0][0] is ours and left[0][1] is polygons


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        ([[0, 0], [5, 0], [5, 5], [0, 5]], True),
        ([[0, 0], [0, 5], [5, 5], [5, 0]], True),
        ([[0, 0], [2, 0], [5, 0], [5, 0], [5, 5], [0, 5]], True),
        ([[3, 3]], True),
        ([[0, 0], [5, 0], [1, 1], [0, 5]], False),
        ([[0, 0], [5, 5], [5, 0], [0, 5]], False),
        ([[0, 0], [5, 0], [5, 5], [5, 5], [6, 5], [0, 9]], False),
        ([[0, 0], [5, 0]], False),
        ([[0, 0], [5, 0], [3, 0], [3, 3]], False),
    ],
)
def test_convex(points, expected):
    assert bool(is_convex(np.array(points, np.int64))) == expected


def test_a_star_is_not_convex(rng):
    assert not is_convex(_star(rng).astype(np.int64))
