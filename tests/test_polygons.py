"""Geometry of polygons."""

import cv2
import numpy as np
import pytest

from ppocr_lessons.polygons import (
    bounds,
    clip_polygons,
    clockwise,
    offset_polygon,
    order_corners,
    perimeter,
    rectangle_corners,
    same_length,
    signed_area,
)

BOX = np.array([[10, 10], [110, 10], [110, 30], [10, 30]], np.float32)


def test_area_and_perimeter_by_hand():
    assert signed_area(BOX) == 2000
    assert signed_area(BOX[::-1]) == -2000
    assert perimeter(BOX) == 240


def test_area_and_perimeter_of_many_at_once(rng):
    polygons = rng.uniform(0, 100, (20, 5, 2)).astype(np.float32)
    areas, lengths = signed_area(polygons), perimeter(polygons)
    assert areas.dtype == lengths.dtype == np.float64 and areas.shape == lengths.shape == (20,)
    np.testing.assert_allclose(np.abs(areas), [cv2.contourArea(p) for p in polygons], rtol=1e-5)
    np.testing.assert_allclose(lengths, [cv2.arcLength(p, True) for p in polygons], rtol=1e-5)


def test_area_and_perimeter_of_none():
    none = np.zeros((0, 4, 2), np.float32)
    assert signed_area(none).shape == perimeter(none).shape == (0,)
    assert [side.shape for side in bounds(none)] == [(0, 2), (0, 2)]


def test_bounds_by_hand():
    one, other = [[9, 8], [3, 4], [3, 8], [9, 4]], [[2, 5], [-1, 0], [-1, 5], [2, 0]]
    low, high = bounds(np.array([one, other], np.float32))
    assert low.tolist() == [[3, 4], [-1, 0]] and high.tolist() == [[9, 8], [2, 5]]


def test_bounds(rng):
    polygons = rng.uniform(-50, 100, (20, 5, 2)).astype(np.float32)
    low, high = bounds(polygons)
    np.testing.assert_array_equal(low, polygons.min(1))
    np.testing.assert_array_equal(high, polygons.max(1))
    assert low.dtype == high.dtype == np.float32


def test_polygons_of_different_lengths_become_one_array():
    triangle, pentagon = BOX[:3], np.array([[0, 0], [9, 0], [9, 9], [5, 12], [0, 9]], np.float32)
    both = same_length([triangle, pentagon])
    assert both.shape == (2, 5, 2) and both.dtype == np.float32
    np.testing.assert_array_equal(both[0], [*triangle, triangle[-1], triangle[-1]])
    np.testing.assert_array_equal(both[1], pentagon)
    np.testing.assert_allclose(signed_area(both), [signed_area(triangle), signed_area(pentagon)])
    np.testing.assert_allclose(perimeter(both), [perimeter(triangle), perimeter(pentagon)])
    assert same_length([]).shape == (0, 4, 2)
    assert same_length(triangle[None]).shape == same_length([triangle.tolist()]).shape == (1, 4, 2)
    assert same_length(BOX[None].astype(np.float64)).dtype == np.float32


def test_an_array_of_one_length_is_not_copied():
    polygons = np.stack([BOX, BOX + 1])
    assert same_length(polygons) is polygons


def test_points_outside_move_to_the_edge():
    outside = np.array([[-5, -6], [300, -6], [300, 200], [40, 20]], np.float32)
    clipped = clip_polygons(outside[None], (100, 150))
    np.testing.assert_array_equal(clipped, [[[0, 0], [150, 0], [150, 100], [40, 20]]])
    assert clipped.dtype == np.float32 and outside[0, 0] == -5


def test_counterclockwise_polygons_are_reversed():
    turned = clockwise(np.stack([BOX, BOX[::-1]]))
    np.testing.assert_array_equal(turned, [BOX, BOX])
    assert turned.dtype == np.float32


def test_corners_are_ordered():
    expected = np.array([[0, 0], [9, 1], [9, 5], [0, 4]], np.float32)
    for shift in range(4):
        np.testing.assert_array_equal(order_corners(np.roll(expected, shift, axis=0)), expected)


def test_corners_are_ordered_for_many_at_once(rng):
    straight = np.array([[3, 2], [40, 5], [38, 20], [1, 17]], np.float32)
    many = np.stack([rng.permutation(straight) for _ in range(10)])
    for ordered in order_corners(many):
        np.testing.assert_array_equal(ordered, straight)
    rising = np.array([[1, 17], [38, 1], [41, 9], [4, 25]], np.float32)
    np.testing.assert_array_equal(order_corners(rising[[2, 0, 3, 1]]), rising)


def test_corners_of_rotated_rectangles_are_those_of_opencv(rng):
    centers, sides = rng.uniform(50, 200, (30, 2)), rng.uniform(3, 90, (30, 2))
    angles_deg = rng.uniform(0, 90, 30)
    ours = rectangle_corners(centers, sides, angles_deg)
    for corners, center, side, angle_deg in zip(ours, centers, sides, angles_deg, strict=True):
        theirs = cv2.boxPoints((tuple(center), tuple(side), angle_deg))
        np.testing.assert_allclose(corners, theirs, atol=1e-3)


@pytest.mark.parametrize(("distance", "low", "high"), [(5, (5, 5), (115, 35)), (-5, (15, 15), (105, 25))])
def test_offset_by_hand(distance, low, high):
    (outline,) = offset_polygon(BOX, distance)
    assert tuple(outline.min(0)) == low and tuple(outline.max(0)) == high and outline.dtype == np.int32


def test_offset_of_nothing():
    assert offset_polygon([[1, 1], [1, 1]], 2) == []
    assert offset_polygon(BOX, -50) == []
