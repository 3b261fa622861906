"""Reading order and straight crops."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ppocr_lessons.deploy.rectify import crop_line, reading_order


def _box(x, y):
    return np.array([[x, y], [x + 20, y], [x + 20, y + 8], [x, y + 8]], np.float32)


def test_rows_from_left_to_right():
    boxes = [_box(100, 12), _box(0, 10), _box(50, 15), _box(0, 40)]
    assert reading_order(boxes) == [1, 2, 0, 3]
    assert reading_order([]) == []


@given(st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500)), max_size=20))
def test_order_is_a_permutation(corners):
    assert sorted(reading_order([_box(x, y) for x, y in corners])) == list(range(len(corners)))


@pytest.mark.parametrize("angle", [0, 10, -25])
def test_tilted_text_comes_out_straight(angle):
    image = np.zeros((200, 300, 3), np.uint8)
    corners = cv2.boxPoints(((150, 100), (160, 40), angle))  # bottom left first, then clockwise
    quad = np.roll(corners, -1, axis=0)
    cv2.fillPoly(image, [quad.astype(np.int32)], (255, 255, 255))
    crop = crop_line(image, quad)
    assert abs(crop.shape[0] - 40) <= 1 and abs(crop.shape[1] - 160) <= 1
    assert crop.mean() > 235


def test_text_on_end_is_laid_down():
    image = np.zeros((200, 100, 3), np.uint8)
    image[20:60] = 255  # the upper end is white
    crop = crop_line(image, np.array([[30, 20], [60, 20], [60, 180], [30, 180]], np.float32))
    assert crop.shape == (30, 160, 3)
    assert crop[:, :30].mean() > 200 > crop[:, 60:].mean() + 150  # turned against the clock: up is left


def test_polygons_are_cut_by_their_smallest_rectangle():
    points = np.array([[10, 10], [60, 8], [110, 10], [110, 30], [60, 28], [10, 30]], np.float32)
    assert crop_line(np.zeros((50, 150, 3), np.uint8), points).shape[1] == pytest.approx(100, abs=3)


def test_boxes_over_the_edge_and_without_area():
    image = np.full((40, 40, 3), 7, np.uint8)
    assert crop_line(image, _box(30, 36)).min() == 7
    assert crop_line(image, np.zeros((4, 2), np.float32)).size > 0
