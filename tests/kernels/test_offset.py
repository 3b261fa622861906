"""Compiled offsets equal those of the clipping library."""

import numpy as np
import pytest

from ppocr_lessons.det.targets import fill_grown
from ppocr_lessons.kernels.grow import grow_convex, most_points
from ppocr_lessons.kernels.shrink import shrink_convex
from ppocr_lessons.polygons import offset_polygon, offset_polygons

pytest.importorskip("numba")


def test_grown_quadrangles_are_the_librarys():
    rng, compared = np.random.default_rng(5), 0
    for trial in range(40):
        half = rng.uniform(1, 120, (50, 1, 2)) * rng.choice([1, 0.1], (50, 1, 2))
        quads = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * half + rng.uniform(60, 400, (50, 1, 2))
        quads = (quads + rng.normal(0, trial % 4 * 3, quads.shape)).astype(np.int64)[:, :: (-1) ** trial]
        distances = rng.uniform(0.1, rng.choice([3, 40, 300]), 50)
        outlines = np.empty((50, most_points(distances), 2), np.int32)
        counts = np.empty(50, np.int64)
        grow_convex(quads, distances, outlines, counts)
        for quad, distance, outline, count in zip(quads, distances, outlines, counts, strict=True):
            if count:
                expected = offset_polygon(quad, distance)[0]
                assert set(map(tuple, outline[:count])) == set(map(tuple, expected))
                assert count == len(expected)
                compared += 1
    assert compared > 1000


def test_shrunk_quadrangles_are_the_librarys():
    rng, compared = np.random.default_rng(6), 0
    for _ in range(60):
        half = rng.uniform(4, 120, (50, 1, 2)) * [1, 0.3]
        angle = rng.uniform(-np.pi, np.pi, 50)
        turn = np.stack([np.cos(angle), -np.sin(angle), np.sin(angle), np.cos(angle)], -1).reshape(50, 2, 2)
        corners = half * np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])
        quads = (np.einsum("nij,npj->npi", turn, corners) + rng.uniform(150, 300, (50, 1, 2))).astype(
            np.int64
        )
        distances = rng.uniform(0.5, 12, 50)
        cores, counts = np.empty((50, 4, 2), np.int32), np.empty(50, np.int64)
        shrink_convex(quads, distances, cores, counts)
        sure = counts == 4
        for quad, distance, core in zip(quads[sure], distances[sure], cores[sure], strict=True):
            (expected,) = offset_polygon(quad, -distance)
            assert set(map(tuple, core)) == set(map(tuple, expected))
            compared += 1
    assert compared > 1000


def _same(ours, theirs):
    assert len(ours) == len(theirs)
    for one, other in zip(ours, theirs, strict=True):
        assert [set(map(tuple, piece)) for piece in one] == [set(map(tuple, piece)) for piece in other]


@pytest.mark.parametrize("sign", [1, -1])
def test_what_the_kernels_leave_goes_to_the_library(sign, rng):
    """Convex and concave quadrangles, both orientations, and ones that vanish."""
    quads = rng.uniform(0, 200, (200, 4, 2)).astype(np.float32)
    quads[::3] = np.array([[10, 10], [110, 10], [110, 30], [10, 30]]) + rng.uniform(0, 50, (67, 1, 2))
    quads[::6] = quads[::6, ::-1]
    distances = sign * rng.uniform(0.5, 12, 200)
    _same(offset_polygons(quads, distances), offset_polygons.__wrapped__(quads, distances))


def test_other_polygons_and_mixed_distances(rng):
    quads = np.array([[[10, 10], [110, 10], [110, 50], [10, 50]]] * 3, np.float32)
    for distances in ([5, -5, 0], [0, 0, 0], [0, 5, 5], [0, -5, -5]):
        _same(offset_polygons(quads, distances), offset_polygons.__wrapped__(quads, distances))
    pentagons = np.concatenate([quads, quads[:, -1:]], 1)
    _same(offset_polygons(pentagons, [5, 5, 5]), offset_polygons(quads, [5, 5, 5]))
    assert offset_polygons(quads[:0], []) == []


@pytest.mark.parametrize("layout", ["as it lies", "part of a wider one"])
def test_grown_polygons_in_the_mask(layout, rng):
    """Rectangles and any quadrangles, some of them partly or wholly outside of the mask, and ones without extent."""
    quads = rng.uniform(-60, 260, (300, 4, 2)).astype(np.float32)
    quads[::2] = np.array([[0, 0], [50, 0], [50, 20], [0, 20]]) + rng.uniform(-60, 220, (150, 1, 2))
    quads[7] = quads[7, 0]
    distances = rng.uniform(0.5, 12, 300)
    outside = 0
    for few in (slice(0), slice(8), *(slice(start, start + 4) for start in range(0, 300, 4))):
        ours, theirs = np.zeros((2, 200, 220), np.float32)
        if layout != "as it lies":
            ours = np.zeros((200, 440), np.float32)[:, :220]
        windows = fill_grown(ours, quads[few], distances[few])
        expected = fill_grown.__wrapped__(theirs, quads[few], distances[few])
        np.testing.assert_array_equal(windows, expected)
        np.testing.assert_array_equal(ours, theirs)
        outside += (expected[:, 2] < expected[:, 0]).sum()
    assert 5 < outside < 100
    pentagons = np.concatenate([quads, quads[:, -1:]], 1)[:20]
    np.testing.assert_array_equal(
        fill_grown(ours, pentagons, distances[:20]), fill_grown.__wrapped__(theirs, pentagons, distances[:20])
    )


def test_windows_of_grown_polygons_by_hand():
    square = np.array([[[20, 20], [30, 20], [30, 30], [20, 30]]], np.float32)
    mask = np.zeros((50, 60), np.float32)
    assert fill_grown(mask, square, [5.0]).tolist() == [[15, 15, 35, 35]]
    assert mask[15:36, 25].all() and mask.sum() == mask[15:36, 15:36].sum() and mask[15, 15] == 0
    beyond = square + np.array([100, 0])
    assert fill_grown(mask, beyond, [5.0]).tolist() == [[60, 15, 59, 35]]
