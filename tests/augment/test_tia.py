"""TIA: nothing moves if nothing moved, points go where they were sent, and what cannot be is refused."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ppocr_lessons.augment import tia
from ppocr_lessons.augment.tia import (
    GRID,
    ControlPoints,
    distort,
    move_least_squares,
    perspective,
    source_map,
    stretch,
    warp,
)

CORNERS = np.array([[0, 0], [100, 0], [100, 32], [0, 32]], float)


def _line(height=32, width=320):
    return np.random.default_rng(0).integers(0, 255, (height, width, 3), np.uint8)


@pytest.mark.parametrize("shape", [(32, 320), (20, 20), (64, 401), (101, 100), (100, 201)])
def test_points_that_stay_leave_the_picture(shape):
    height, width = shape
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], float)
    image = _line(*shape)
    np.testing.assert_array_equal(warp(image, ControlPoints(corners, corners)), image)


def test_a_shift_is_a_shift():
    places = np.array([[10.0, 10.0], [50.0, 20.0]])
    moved = move_least_squares(places, ControlPoints(CORNERS, CORNERS + np.array([3, -2])))
    np.testing.assert_allclose(moved, places - (3, -2), atol=1e-9)


def test_a_turn_is_a_turn():
    turn = np.array([[np.cos(0.1), -np.sin(0.1)], [np.sin(0.1), np.cos(0.1)]])
    places = np.array([[12.0, 5.0], [60.0, 30.0]])
    moved = move_least_squares(places @ turn.T, ControlPoints(CORNERS, CORNERS @ turn.T))
    np.testing.assert_allclose(moved, places, atol=1e-9)


def test_a_place_on_a_point_comes_from_where_the_point_stood():
    points = ControlPoints(CORNERS, CORNERS + np.array([[4, 4], [0, 0], [0, 0], [0, 0]]))
    np.testing.assert_allclose(move_least_squares(np.array([[4.0, 4.0]]), points), [[0, 0]])


@settings(deadline=None, max_examples=40)
@given(st.integers(20, 80), st.integers(20, 500), st.integers(3, 6), st.integers(0, 2**31))
def test_every_draw_stays_in_the_picture(height, width, segments, seed):
    rng = np.random.default_rng(seed)
    for points in (
        tia.distort(rng, height, width, segments),
        tia.stretch(rng, height, width, segments),
        tia.perspective(rng, height, width),
    ):
        assert points.source.shape == points.target.shape
        x, y = source_map((height, width), points)
        assert x.shape == y.shape == (height, width)
        assert 0 <= x.min() <= x.max() <= width - 1 and 0 <= y.min() <= y.max() <= height - 1


def test_draws_are_what_they_say():
    rng = np.random.default_rng(1)
    stretched = tia.stretch(rng, 32, 320, 4)
    np.testing.assert_array_equal(stretched.source[:4], stretched.target[:4])
    np.testing.assert_array_equal(stretched.source[:, 1], stretched.target[:, 1])
    tilted = tia.perspective(rng, 32, 320)
    np.testing.assert_array_equal(tilted.source[:, 0], tilted.target[:, 0])
    assert (np.abs(tilted.source - tilted.target) < 16).all()
    bent = tia.distort(rng, 32, 320, 4)
    assert len(bent.source) == 10 and (np.abs(bent.source - bent.target) < 80 // 3).all()


def test_the_chapters_own_call_with_two_and_a_half_segments():
    points = tia.distort(np.random.default_rng(0), 48, 200, 2.5)
    assert warp(_line(48, 200), points).shape == (48, 200, 3)


def test_the_same_draw_gives_the_same_picture():
    points = tia.distort(np.random.default_rng(5), 32, 320)
    np.testing.assert_array_equal(warp(_line(), points), warp(_line(), points))
    assert (warp(_line(), points) != _line()).any()


def test_the_compiled_map_is_the_plain_one():
    rng, drawn = np.random.default_rng(3), []
    for height, width in ((20, 20), (32, 320), (100, 101), (101, 200), (230, 650)):
        drawn.append((height, width, distort(rng, height, width, 3)))
        drawn.append((height, width, stretch(rng, height, width, 6)))
        drawn.append((height, width, perspective(rng, height, width)))
        still = np.array([[0, 0], [width, 0], [width, height], [0, height]], float)
        drawn.append((height, width, ControlPoints(still, still)))
    for height, width, points in drawn:
        pixels = rng.integers(0, 256, (height, width, 3)).astype(np.uint8)
        plain = tia.grid_map.__wrapped__(height, width, points, GRID)
        np.testing.assert_allclose(tia.grid_map(height, width, points, GRID), plain, rtol=0, atol=1e-4)
        bent = cv2.remap(pixels, *plain, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        differences = cv2.absdiff(warp(pixels, points), bent)
        assert differences.max() <= 8 and np.count_nonzero(differences) <= 1e-3 * differences.size
