"""Matrices, windows and free stretches worked out on paper."""

import cv2
import numpy as np
import pytest

from ppocr_lessons.augment import random_crop
from ppocr_lessons.augment.geometry import Geometry, GeometryDraw, Placement
from ppocr_lessons.augment.random_crop import Crop, EastRandomCropData, _draw, free_runs

START = Placement(np.eye(3), (100, 200))


def _box(left, top, right, bottom):
    return [[left, top], [right, top], [right, bottom], [left, bottom]]


def test_each_step_by_hand():
    points = np.array([[[10, 20], [200, 100]]], np.float32)
    flipped = Geometry.place(START, GeometryDraw(flip=True))
    np.testing.assert_allclose(flipped.points(points), [[[190, 20], [0, 100]]])
    assert flipped.size == (100, 200)
    turned = Geometry.place(START, GeometryDraw(angle_deg=90))  # about (100, 50), clockwise on the screen
    np.testing.assert_allclose(
        turned.points(points), [[[100 + 30, 50 - 90], [100 - 50, 50 + 100]]], atol=1e-4
    )
    assert turned.size == (100, 200)
    scaled = Geometry.place(START, GeometryDraw(scale=0.333))
    assert scaled.size == (33, 66)
    np.testing.assert_allclose(scaled.points(points), [[[10 * 0.33, 20 * 0.33], [66, 33]]], atol=1e-4)
    assert Geometry.place(START, GeometryDraw(scale=1e-4)).size == (1, 1)


def test_flip_turn_and_scale_in_this_order():
    points = np.array([[[10, 20], [150, 60]]], np.float32)
    moved = Geometry.place(START, GeometryDraw(True, 30, 2)).points(points)
    one = Geometry.place(START, GeometryDraw(flip=True)).points(points)
    two = Geometry.place(START, GeometryDraw(angle_deg=30)).points(one)
    np.testing.assert_allclose(moved, 2 * two, atol=1e-3)
    assert moved.dtype == np.float32 and moved.shape == points.shape


def test_placements_follow_each_other():
    shift, double = np.array([[1, 0, 5], [0, 1, 7], [0, 0, 1.0]]), np.diag([2.0, 2, 1])
    placed = START.then(shift, (10, 20)).then(double, (20, 40))
    assert placed.points(np.array([[[1, 1]]])).tolist() == [[[12, 16]]] and placed.size == (20, 40)
    assert Placement.of(np.zeros((3, 4, 3))).size == (3, 4)


def test_pixels_keep_to_their_middles():
    image = np.zeros((8, 12, 3), np.uint8)
    image[3, 4] = 255
    shifted = Placement.of(image).then(np.array([[1, 0, 2], [0, 1, 1], [0, 0, 1.0]]), (8, 12)).pixels(image)
    assert np.argwhere(shifted[..., 0]).tolist() == [[4, 6]]
    doubled = Placement.of(image).then(np.diag([2.0, 2, 1]), (16, 24)).pixels(image)[..., 0].astype(float)
    ys, xs = np.mgrid[:16, :24] + 0.5
    assert (doubled * xs).sum() / doubled.sum() == pytest.approx(9) and (
        doubled * ys
    ).sum() / doubled.sum() == pytest.approx(7)
    turned = (
        Geometry.place(Placement.of(image), GeometryDraw(angle_deg=30)).pixels(image)[..., 0].astype(float)
    )
    ys, xs = np.mgrid[:8, :12] + 0.5
    there = Geometry.place(Placement.of(image), GeometryDraw(angle_deg=30)).points(np.array([[[4.5, 3.5]]]))[
        0, 0
    ]
    middle = (turned * xs).sum() / turned.sum(), (turned * ys).sum() / turned.sum()
    np.testing.assert_allclose(middle, there, atol=0.1)
    same_size = Placement(np.eye(3), (6, 12)).pixels(image)
    np.testing.assert_array_equal(same_size, image[:6])
    out = np.empty((16, 24, 3), np.uint8)
    assert Placement.of(image).then(np.diag([2.0, 2, 1]), (16, 24)).pixels(image, out) is out


def test_draws_of_geometry():
    rng = np.random.default_rng(1)
    drawn = [Geometry(flip_prob=0.3, rotate=(-10, 20), resize=(0.5, 3)).sample(rng) for _ in range(800)]
    assert np.mean([d.flip for d in drawn]) == pytest.approx(0.3, abs=0.05)
    angles, scales = [d.angle_deg for d in drawn], [d.scale for d in drawn]
    assert -10 <= min(angles) < -9 and 19 < max(angles) <= 20
    assert 0.5 <= min(scales) < 0.52 and 2.95 < max(scales) <= 3


def test_free_stretches_by_hand():
    starts, ends = np.array([30, 10, 12, 90]), np.array([40, 20, 15, 120])
    assert free_runs(starts, ends, 100).tolist() == [[0, 10], [20, 30], [40, 90]]
    assert free_runs(np.array([0, 5]), np.array([5, 100]), 100).tolist() == []
    assert free_runs(np.array([7]), np.array([7]), 100).tolist() == [[0, 100]]
    assert free_runs(np.array([-9, 50]), np.array([4, 60]), 100).tolist() == [[4, 50], [60, 100]]
    assert free_runs(np.array([10, 12]), np.array([50, 20]), 60).tolist() == [[0, 10], [50, 60]]


def test_places_are_drawn_from_all_stretches():
    runs = np.array([[0, 2], [10, 12], [50, 51]])
    low, high = _draw(np.random.default_rng(0), runs, 3000)
    assert (low <= high).all() and len(low) == 3000
    assert set(low) | set(high) == {0, 1, 10, 11, 50}
    assert np.mean(np.concatenate([low, high]) == 50) == pytest.approx(1 / 3, abs=0.03)


@pytest.fixture
def windows(monkeypatch):
    """Give the windows that are drawn: (left, right) pairs first, then (top, bottom)."""

    def give(columns, rows):
        pairs = [np.array(columns).T, np.array(rows).T]
        monkeypatch.setattr(random_crop, "_draw", lambda rng, runs, count: pairs.pop(0))

    return give


TEXT = np.array([_box(40, 40, 60, 50)], np.float32)


@pytest.mark.parametrize(
    ("columns", "rows", "expected"),
    [
        ((30, 70), (30, 60), Crop(30, 30, 40, 30)),
        ((60, 90), (30, 60), None),  # begins where the text ends
        ((10, 40), (30, 60), None),
        ((30, 70), (50, 80), None),
        ((30, 70), (10, 40), None),
        ((59, 90), (30, 60), Crop(59, 30, 31, 30)),
        ((30, 39), (30, 60), None),
        ((35, 45), (30, 60), Crop(35, 30, 10, 30)),  # a tenth of the page's width, no less
        ((36, 45), (30, 60), None),
        ((30, 70), (35, 45), Crop(30, 35, 40, 10)),
        ((30, 70), (36, 45), None),
    ],
)  # fmt: skip
def test_which_windows_are_taken(windows, columns, rows, expected):
    windows([columns], [rows])
    found = EastRandomCropData().sample(None, TEXT, [False], (100, 100))
    assert found == (expected or Crop(0, 0, 100, 100)) and isinstance(found.x, int)


def test_the_first_good_window_is_taken_early_or_late(windows):
    bad, good, other = (70, 99), (30, 70), (20, 80)
    for before in (0, 3, 4, 7):
        windows([bad] * before + [good, other], [(30, 60)] * (before + 2))
        assert EastRandomCropData().sample(None, TEXT, [False], (100, 100)) == Crop(30, 30, 40, 30)


def test_an_empty_window_is_none(windows):
    windows([(45, 45)], [(30, 60)])
    assert EastRandomCropData(min_crop_side_ratio=0).sample(None, TEXT, [False], (100, 100)) == Crop(
        0, 0, 100, 100
    )
    windows([(30, 60)], [(45, 45)])
    assert EastRandomCropData(min_crop_side_ratio=0).sample(None, TEXT, [False], (100, 100)) == Crop(
        0, 0, 100, 100
    )


def test_sides_have_limits_of_their_own(windows):
    windows([(30, 70)], [(30, 60)])
    assert EastRandomCropData(min_crop_side_ratio=0.2).sample(None, TEXT, [False], (150, 200)) == Crop(
        30, 30, 40, 30
    )
    windows([(30, 69)], [(30, 60)])
    assert EastRandomCropData(min_crop_side_ratio=0.2).sample(None, TEXT, [False], (150, 200)) == Crop(
        0, 0, 200, 150
    )


def test_rows_or_columns_without_a_free_place():
    wide, tall = np.array([_box(0, 10, 100, 20)], np.float32), np.array([_box(10, 0, 20, 100)], np.float32)
    for polygons in (wide, tall):
        found = EastRandomCropData().sample(np.random.default_rng(0), polygons, [False], (100, 100))
        assert found == Crop(0, 0, 100, 100)


@pytest.mark.parametrize(
    ("keep_ratio", "filled", "expected"),
    [(True, (64, 51), (0.6375, 0.64)), (False, (64, 96), (1.2, 0.64))],
)
def test_where_a_window_goes(keep_ratio, filled, expected):
    crop = EastRandomCropData(size=(96, 64), keep_ratio=keep_ratio)
    placed, found = crop.place(Placement(np.eye(3), (120, 160)), Crop(20, 10, 80, 100))
    assert found == filled == placed.size
    corners = placed.points(np.array([[[20, 10], [100, 110]]], np.float32))
    np.testing.assert_allclose(corners, [[[0, 0], [filled[1], filled[0]]]], atol=1e-4)
    np.testing.assert_allclose(np.diag(placed.matrix)[:2], expected)
    assert placed.matrix[2].tolist() == [0, 0, 1]


def test_a_sliver_has_a_pixel():
    crop = EastRandomCropData(size=(64, 64))
    assert crop.place(START, Crop(0, 0, 200, 1))[1] == (1, 64) and crop.place(START, Crop(0, 0, 1, 100))[
        1
    ] == (64, 1)


def test_padding_is_black_and_what_is_not_moved_is_copied():
    image = np.full((40, 60, 3), 9, np.uint8)
    crop = EastRandomCropData(size=(80, 50))
    padded = crop.pixels(image, Placement.of(image))
    assert padded.shape == (50, 80, 3) and (padded[:40, :60] == 9).all()
    assert (padded[40:] == 0).all() and (padded[:, 60:] == 0).all()
    gray = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    assert crop.pixels(gray, Placement.of(gray)).shape == (50, 80)


def test_what_touches_the_filled_part_is_kept():
    polygons = np.array(
        [_box(10, 10, 20, 20), _box(-9, 0, 0, 9), _box(-9, 0, -1, 9), _box(60, 0, 70, 9), _box(61, 0, 70, 9),
         _box(0, 40, 9, 50), _box(0, 41, 9, 50), _box(0, -9, 9, 0), _box(0, -9, 9, -1)], np.float32,
    )  # fmt: skip
    kept = EastRandomCropData.kept(polygons, (40, 60))
    assert kept.tolist() == [True, True, False, True, False, True, False, True, False]
