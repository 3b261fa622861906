"""Shrink and threshold maps."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ppocr_lessons.det import targets
from ppocr_lessons.det.targets import (
    distance_to_edge,
    make_shrink_map,
    make_targets,
    shrink_distance,
    shrink_polygons,
    validate_polygons,
)
from ppocr_lessons.kernels.compiled import njit
from ppocr_lessons.polygons import offset_polygon, offset_polygons, signed_area

BOX = np.array([[10, 10], [110, 10], [110, 30], [10, 30]], np.float32)


def test_shrink_distance_by_hand():
    assert shrink_distance(BOX, 0.4) == pytest.approx(2000 * (1 - 0.16) / 240)  # 7 pixels


def test_shrink_map_is_the_core():
    targets = make_targets([BOX], [False], (60, 140))
    ys, xs = np.nonzero(targets.shrink_map)
    assert (xs.min(), xs.max(), ys.min(), ys.max()) == (17, 103, 17, 23)
    assert targets.shrink_mask.all()


def test_threshold_is_highest_on_the_outline_and_lowest_away():
    targets = make_targets([BOX], [False], (60, 140))
    assert targets.threshold_map[10, 60] == pytest.approx(0.7)
    assert targets.threshold_map[20, 60] == pytest.approx(0.3, abs=1e-6)  # 10 px inside, past the band of 7
    assert targets.threshold_map[55, 130] == pytest.approx(0.3)
    assert targets.threshold_map[13, 60] == pytest.approx(0.7 - 0.4 * 3 / 7, abs=1e-5)
    assert targets.threshold_mask[4, 60] == 1 and targets.threshold_mask[1, 60] == 0


def test_ignored_and_small_texts_are_masked():
    small = np.array([[120, 40], [130, 40], [130, 46], [120, 46]], np.float32)
    targets = make_targets([BOX, small], [True, False], (60, 140))
    assert not targets.shrink_map.any()
    assert (
        targets.shrink_mask[20, 60] == 0
        and targets.shrink_mask[43, 125] == 0
        and targets.shrink_mask[5, 5] == 1
    )
    assert targets.ignored.tolist() == [True, True]


def test_no_polygons():
    targets = make_targets([], [], (32, 32))
    assert not targets.shrink_map.any() and targets.shrink_mask.all() and not targets.threshold_mask.any()


@pytest.mark.parametrize(
    "polygon",
    [
        [[5, 5], [5, 5], [5, 5], [5, 5]],
        [[5, 5], [50, 5], [50, 5], [5, 5]],
        [[-30, -30], [-10, -30], [-10, -10], [-30, -10]],
        [[0, 0], [60, 60], [60, 0], [0, 60]],
    ],
    ids=["point", "line", "outside", "bow-tie"],
)
def test_degenerate_polygons_are_ignored_not_fatal(polygon):
    targets = make_targets([np.array(polygon, np.float32)], [False], (64, 64))
    assert np.isfinite(targets.threshold_map).all()
    assert targets.ignored.tolist() == [True] and not targets.shrink_map.any()


@given(st.floats(0.2, 0.9), st.integers(20, 200), st.integers(12, 60))
def test_shrunk_polygons_are_smaller_and_growing_undoes_it(ratio, width, height):
    box = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    (pieces,) = shrink_polygons(box[None], ratio)
    assert len(pieces) == 1
    assert abs(signed_area(pieces[0])) < signed_area(box)
    assert pieces[0].min() >= 0
    (grown,) = offset_polygon(pieces[0], shrink_distance(box, ratio))
    # Whole pixels twice: of the core's corners and of the outline's.
    np.testing.assert_allclose(grown.min(0), [0, 0], atol=1.5)
    np.testing.assert_allclose(grown.max(0), [width, height], atol=1.5)


def test_distance_to_edge_by_hand():
    xs, ys = np.array([5.0, 5.0, 20.0]), np.array([0.0, 3.0, 0.0])
    assert distance_to_edge(xs, ys, (0, 0), (10, 0)) == pytest.approx([0, 3, 10])
    assert distance_to_edge(np.array([3.0]), np.array([4.0]), (0, 0), (0, 0)) == pytest.approx([5])


def test_orientation_does_not_matter():
    there, back = (make_targets([p], [False], (60, 140)) for p in (BOX, BOX[::-1]))
    for a, b in zip(there, back, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)


def test_min_text_size_is_an_argument():
    low = np.array([[10, 10], [60, 10], [60, 16], [10, 16]], np.float32)
    assert make_shrink_map([low], [False], (40, 80))[2].tolist() == [True]
    assert make_shrink_map([low], [False], (40, 80), min_text_size=4)[2].tolist() == [False]


def test_texts_too_small_for_the_shrink_map_keep_their_outline():
    low = np.array([[10, 10], [60, 10], [60, 16], [10, 16]], np.float32)
    targets = make_targets([low], [False], (40, 80))
    assert targets.ignored.tolist() == [True]
    assert targets.threshold_map[10, 30] == pytest.approx(0.7) and targets.threshold_mask[10, 30] == 1


@pytest.mark.skipif(njit is None, reason="numba is not installed")
def test_crooked_and_cut_off_quadrangles_have_the_librarys_map(monkeypatch):
    rng, shape = np.random.default_rng(7), (300, 400)
    pages = []
    for crooked in (0.0, 0.7, 1.5, 4.0) * 10:
        half = rng.uniform(4, 70, (20, 1, 2))
        angle = rng.uniform(-np.pi, np.pi, 20)
        turn = np.stack([np.cos(angle), -np.sin(angle), np.sin(angle), np.cos(angle)], -1).reshape(20, 2, 2)
        corners = half * np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])
        quads = np.einsum("nij,npj->npi", turn, corners) + rng.uniform(0, shape[::-1], (20, 1, 2))
        quads = (quads + rng.normal(0, crooked, quads.shape)).astype(np.float32)
        pages.append(validate_polygons(quads, np.zeros(20, bool), shape))
    compiled = [make_shrink_map(*page, shape) for page in pages]
    monkeypatch.setattr(targets, "offset_polygons", offset_polygons.__wrapped__)
    for page, ours in zip(pages, compiled, strict=True):
        for map_, expected in zip(ours, make_shrink_map(*page, shape), strict=True):
            np.testing.assert_array_equal(map_, expected)
