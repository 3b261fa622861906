"""Figures and sliders of TIA: strengths by hand, sliders that remember every point, and what the figures tell."""

import io

import numpy as np
from PIL import Image

from ppocr_lessons.augment.tia import ControlPoints, distort, warp
from ppocr_lessons.viz import tia as figures

LINE = np.zeros((32, 120, 3), np.uint8)
LINE[8:24, 20:100:7] = 220
SOURCE = np.array([[0, 0], [120, 0], [120, 32], [0, 32]], float)


def _pixels(data):
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).astype(int)


def test_strength_multiplies_the_moves():
    points = ControlPoints(SOURCE, SOURCE + np.array([2, -4]))
    np.testing.assert_allclose(figures.at_strength(points, 1.5).target, SOURCE + np.array([3, -6]))
    np.testing.assert_array_equal(figures.at_strength(points, 1).target, points.target)
    np.testing.assert_array_equal(warp(LINE, figures.at_strength(points, 0)), LINE)


def test_points_are_on_both_edges():
    points = figures.points_along(32, 120, 3)
    assert points.tolist() == [[x, y] for y in (0, 32) for x in (0, 40, 80, 120)]


def test_the_figure_tells_points_and_largest_moves():
    points = ControlPoints(SOURCE, SOURCE + np.array([[3, 4], [0, 0], [0, 0], [0, 0]]))
    shown = figures.show_control_points(LINE, {"a corner": points, "nothing": ControlPoints(SOURCE, SOURCE)})
    assert "a corner: 4 points, the largest move 5.0 pixels; nothing: 4 points" in shown.alt


def test_the_grid_tells_how_far_pixels_move():
    still = figures.show_source_grid(LINE, ControlPoints(SOURCE, SOURCE))
    moved = figures.show_source_grid(LINE, distort(np.random.default_rng(1), 32, 120, 3))
    assert "up to 0.0 pixels" in still.alt and "up to 0.0 pixels" not in moved.alt


def test_sliders_drag_the_selected_point_and_keep_the_rest():
    point, right, down, picture = figures.point_sliders(LINE, segments=3).children
    assert (point.max, right.value, down.value) == (7, 0, 10)
    first = picture.value
    right.value = 9
    second = picture.value
    point.value = 6
    assert (right.value, down.value) == (0, 0), "the sliders show the move of the selected point"
    down.value = -5
    point.value = 1
    assert (right.value, down.value) == (9, 10), "a point that was moved stays where it is"
    differences = [
        np.abs(_pixels(a) - _pixels(b)).sum() for a, b in ((first, second), (second, picture.value))
    ]
    assert min(differences) > 0
