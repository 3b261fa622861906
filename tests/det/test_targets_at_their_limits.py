"""Targets where a pixel decides, and the compiled loops beside the slower way."""

import numpy as np
import pytest

from ppocr_lessons.det import targets
from ppocr_lessons.det.targets import (
    make_shrink_map,
    make_targets,
    make_threshold_map,
    shrink_distance,
    shrink_polygons,
    validate_polygons,
)
from ppocr_lessons.kernels.compiled import njit
from ppocr_lessons.polygons import offset_polygon, offset_polygons, signed_area

PLAIN_BANDS = getattr(targets.draw_bands, "__wrapped__", targets.draw_bands)
PLAIN_OFFSETS = getattr(offset_polygons, "__wrapped__", offset_polygons)


def _box(left, top, right, bottom):
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32)


def test_texts_of_just_the_smallest_size_count():
    for size, ignored in ((8, False), (7.9, True), (7, True)):
        low, narrow = _box(10, 10, 60, 10 + size), _box(10, 10, 10 + size, 60)
        for polygon in (low, narrow):
            for polygons in ([polygon], polygon[None]):
                assert make_shrink_map(polygons, [False], (80, 80))[2].tolist() == [ignored], (size, polygons)


def test_an_area_of_one_pixel_is_left():
    _, ignored = validate_polygons(np.stack([_box(5, 5, 6, 6), _box(5, 5, 6, 5.9)]), [False, False], (20, 20))
    assert ignored.tolist() == [False, True]
    _, ignored = validate_polygons([_box(5, 5, 6, 5.9)], [False], (20, 20))
    assert ignored.tolist() == [True]


def test_corners_are_pushed_into_the_picture_and_turned_one_way():
    outside = _box(-5, -6, 300, 200)
    for polygons in (outside[None], [outside]):
        clipped, ignored = validate_polygons(polygons, [False], (100, 150))
        np.testing.assert_array_equal(clipped[0], _box(0, 0, 149, 99))
        assert ignored.tolist() == [False]
    clipped, _ = validate_polygons(outside[None, ::-1], [False], (100, 150))
    assert signed_area(clipped[0]) > 0
    np.testing.assert_array_equal(clipped[0], _box(0, 0, 149, 99))


def test_what_is_ignored_stays_so_and_the_caller_keeps_his():
    given = np.array([True, False])
    polygons = np.stack([_box(5, 5, 50, 30), _box(60, 5, 60, 30)])
    _, ignored = validate_polygons(polygons, given, (90, 90))
    assert ignored.tolist() == [True, True] and given.tolist() == [True, False]
    _, mask, after = make_shrink_map(polygons, given, (90, 90))
    assert after.tolist() == [True, True] and given.tolist() == [True, False]
    assert mask[10, 10] == 0 and mask[40, 10] == 1


def _dumbbell(neck):
    """Two squares of 40 pixels with a bridge of 40 pixels between them."""
    top, bottom = 20 - neck / 2, 20 + neck / 2
    return np.array(
        [[0, 0], [40, 0], [40, top], [80, top], [80, 0], [120, 0], [120, 40], [80, 40], [80, bottom], [40, bottom],
         [40, 40], [0, 40]], float,
    )  # fmt: skip


def test_shrinking_that_breaks_a_polygon_is_tried_again_more_gently():
    bell = _dumbbell(8)
    assert len(offset_polygon(bell, -shrink_distance(bell, 0.4))) == 2
    ((whole,),) = shrink_polygons(bell[None], 0.4)
    (gentle,) = offset_polygon(bell, -shrink_distance(bell, 0.8))
    np.testing.assert_array_equal(whole, gentle)
    # And one whose bridge no multiple of the ratio saves stays in pieces.
    assert len(shrink_polygons(_dumbbell(1)[None], 0.4)[0]) == 2
    shrunk, _, ignored = make_shrink_map([_dumbbell(1).astype(np.float32)], [False], (50, 130))
    assert shrunk[20, 20] == 1 and shrunk[20, 100] == 1 and shrunk[20, 60] == 0 and not ignored.any()


def test_a_ratio_just_below_one_is_tried():
    box = _box(0, 0, 60, 30)
    (expected,) = offset_polygons(box[None], -shrink_distance(box[None], 0.5))
    np.testing.assert_array_equal(shrink_polygons(box[None], 0.5)[0], expected)
    assert shrink_polygons(box[None], 1.0) == [[]]


def test_polygons_of_other_lengths():
    octagon = 30 + 20 * np.array([[np.cos(a), np.sin(a)] for a in np.arange(8) * np.pi / 4])
    polygons = [octagon.astype(np.float32), _box(60, 10, 110, 40)]
    made = make_targets(polygons, [False, False], (80, 130))
    alone = [make_targets([p], [False], (80, 130)) for p in polygons]
    for joint, *parts in zip(made[:4], *(a[:4] for a in alone), strict=True):
        combined = np.minimum(*parts) if joint is made.shrink_mask else np.maximum(*parts)
        np.testing.assert_allclose(joint, combined, atol=1e-6)
    assert made.shrink_map[30, 30] == 1 and made.shrink_map[25, 85] == 1 and made.shrink_map[30, 48] == 0
    assert made.threshold_map[30, 49] > 0.6


def _quads(rng, count, spread, shape):
    half = rng.uniform(2, 60, (count, 1, 2)) * [1, 0.4]
    angle = rng.uniform(-np.pi, np.pi, count)
    turn = np.stack([np.cos(angle), -np.sin(angle), np.sin(angle), np.cos(angle)], -1).reshape(-1, 2, 2)
    corners = half * np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])
    quads = np.einsum("nij,npj->npi", turn, corners) + rng.uniform(
        -20, np.array(shape[::-1]) + 20, (count, 1, 2)
    )
    return (quads + rng.normal(0, spread, quads.shape)).astype(np.float32)


@pytest.mark.skipif(njit is None, reason="numba is not installed")
def test_the_compiled_threshold_map_is_that_of_numpy(rng, monkeypatch):
    shape = (150, 190)
    # Narrower than the loops' stride, wider, and quadrangles that reach over every edge.
    pages = [(_quads(rng, 6, spread, shape), np.arange(6) == 5) for spread in (0, 0, 2, 6, 15) * 3]
    compiled = [make_threshold_map(*page, shape) for page in pages]
    lists = [make_threshold_map(list(polygons), ignored, shape) for polygons, ignored in pages]
    monkeypatch.setattr(targets, "draw_bands", PLAIN_BANDS)
    monkeypatch.setattr(targets, "offset_polygons", PLAIN_OFFSETS)
    for page, ours, as_list in zip(pages, compiled, lists, strict=True):
        for map_, other, expected in zip(ours, as_list, make_threshold_map(*page, shape), strict=True):
            np.testing.assert_allclose(map_, expected, atol=2e-4)
            np.testing.assert_allclose(other, expected, atol=2e-4)


def test_a_corner_that_stands_there_twice(monkeypatch):
    """The edge between the two has no length."""
    triangle = np.array([[20, 15], [70, 15], [70, 40], [70, 40]], np.float32)
    compiled = make_threshold_map(triangle[None], [False], (60, 90))
    once = make_threshold_map([triangle[:3]], [False], (60, 90))
    monkeypatch.setattr(targets, "draw_bands", PLAIN_BANDS)
    monkeypatch.setattr(targets, "offset_polygons", PLAIN_OFFSETS)
    for ours, same, plain in zip(
        compiled, once, make_threshold_map(triangle[None], [False], (60, 90)), strict=True
    ):
        np.testing.assert_allclose(ours, plain, atol=2e-4)
        np.testing.assert_allclose(same, plain, atol=2e-4)


def test_the_threshold_map_by_brute_force(rng):
    """Every pixel of a band, from the distance to the nearest edge as PaddleOCR measures it."""
    shape, box = (60, 90), _box(20, 15, 70, 40)
    values, mask = make_threshold_map(box[None], [False], shape)
    band = shrink_distance(box, 0.4)
    for y in range(0, 60, 3):
        for x in range(0, 90, 4):
            squared = []
            for (x0, y0), (x1, y1) in zip(box, np.roll(box, -1, 0), strict=True):
                a, b, c = (
                    (x - x0) ** 2 + (y - y0) ** 2,
                    (x - x1) ** 2 + (y - y1) ** 2,
                    (x1 - x0) ** 2 + (y1 - y0) ** 2,
                )
                line = ((x1 - x0) * (y - y0) - (y1 - y0) * (x - x0)) ** 2 / c
                squared.append(line if a + b <= c else min(a, b))
            near = max(0.0, 1 - min(squared) ** 0.5 / band)
            # Outside of the outline that was grown nothing is drawn but what its window holds.
            assert values[y, x] == pytest.approx(0.3 + 0.4 * near, abs=1e-4), (y, x)
            if near > 0.15:
                assert mask[y, x] == 1
    assert mask[0, 0] == 0 and mask[59, 89] == 0


def test_texts_without_area_and_pages_without_texts():
    line = _box(10, 20, 60, 20)
    for polygons in (line[None], [line]):
        values, mask = make_threshold_map(polygons, [False], (40, 80))
        assert (values == np.float32(0.3)).all() and not mask.any()
    far = _box(500, 500, 560, 540)
    values, mask = make_threshold_map(np.stack([far, far - 900]), [False, False], (40, 80))
    assert (values == np.float32(0.3)).all() and not mask.any()


def test_values_between_which_the_threshold_lies():
    values, mask = make_threshold_map(
        _box(20, 15, 70, 40)[None], [False], (60, 90), thresh_min=0.1, thresh_max=0.8
    )
    assert values.max() == pytest.approx(0.8) and values.min() == pytest.approx(0.1)
    assert values.dtype == mask.dtype == np.float32 and set(np.unique(mask)) == {0, 1}
