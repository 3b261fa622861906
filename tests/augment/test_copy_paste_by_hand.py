"""Where texts may go, in what size, and what is copied."""

import cv2
import numpy as np
import pytest

from ppocr_lessons.augment import copy_paste
from ppocr_lessons.augment.copy_paste import CopyPaste, LabeledPage, Paste


def _box(left, top, right, bottom):
    return [[left, top], [right, top], [right, bottom], [left, bottom]]


def _page(*boxes, size=(100, 200), ignored=None):
    polygons = np.array(boxes, np.float32).reshape(-1, 4, 2)
    image = np.full((*size, 3), 90, np.uint8)
    flags = np.zeros(len(polygons), bool) if ignored is None else np.array(ignored)
    return LabeledPage(image, polygons, [f"t{i}" for i in range(len(polygons))], flags)


def _pastes(page, donor, seed=0, **options):
    options = {"objects_paste_ratio": 1.0, "rotate": False} | options
    return CopyPaste(**options).sample(np.random.default_rng(seed), page, donor)


@pytest.mark.parametrize(("fits", "width", "height"), [(1, 200, 100), (0, 201, 100), (0, 200, 101)])
def test_a_text_as_large_as_the_page_fits(fits, width, height):
    found = _pastes(_page(), _page(_box(0, 0, width, height), size=(300, 300)))
    assert len(found) == fits
    if fits:
        np.testing.assert_allclose(found[0].polygon, _box(0, 0, 200, 100), atol=1e-4)


def test_every_place_can_be_drawn():
    """A text of 198 x 99 has three columns and two rows to go to."""
    donor = _page(_box(5, 5, 203, 104), size=(300, 300))
    places = {tuple(np.round(_pastes(_page(), donor, seed)[0].polygon[0]).astype(int)) for seed in range(60)}
    assert places == {(x, y) for x in (0, 1, 2) for y in (0, 1)}


def test_texts_that_only_reach_the_edge_are_in_nobodys_way():
    """Beside, above and below the page: whole columns and rows are still free."""
    donor = _page(_box(0, 0, 200, 100), size=(300, 300))
    outside = [_box(200, 0, 260, 100), _box(-60, 0, 0, 100), _box(0, 100, 200, 130), _box(0, -30, 200, 0)]
    for box in [*outside, _box(201, 0, 260, 100), _box(-60, 0, -1, 100)]:
        assert len(_pastes(_page(box), donor)) == 1, box
    for box in (_box(199, 50, 260, 60), _box(-60, 50, 1, 60), _box(50, 99, 60, 130), _box(50, -30, 60, 1)):
        assert _pastes(_page(box), donor) == [], box
        assert len(_pastes(_page(box), donor, limit_paste=False)) == 1


def test_fractions_of_pixels_count_as_taken():
    donor = _page(_box(0, 0, 100, 100), size=(300, 300))
    for box, free in (
        (_box(0, 0, 99.5, 100), 1),
        (_box(0, 0, 100.5, 100), 0),
        (_box(99.5, 0, 200, 100), 0),
        (_box(100, 0, 200, 100), 1),
    ):
        assert any(_pastes(_page(box), donor, seed) for seed in range(40)) == bool(free), box


@pytest.mark.parametrize(
    ("texts", "ratio", "count"),
    [(10, 0.2, 2), (10, 0.29, 2), (10, 0.0, 1), (3, 0.2, 1), (40, 1.0, 30), (10, 1.0, 10)],
)
def test_how_many_are_pasted(texts, ratio, count):
    donor = _page(*[_box(3 * i, 0, 3 * i + 2, 3) for i in range(texts)])
    found = _pastes(_page(size=(400, 400)), donor, objects_paste_ratio=ratio)
    assert len(found) == count == len({p.index for p in found})


def test_only_readable_texts_are_pasted():
    donor = _page(*[_box(20 * i, 0, 20 * i + 10, 10) for i in range(6)], ignored=[1, 0, 1, 0, 0, 1])
    for seed in range(20):
        assert {p.index for p in _pastes(_page(size=(400, 400)), donor, seed)} == {1, 3, 4}
    assert {p.index for s in range(40) for p in _pastes(_page(), donor, s, objects_paste_ratio=0)} == {
        1,
        3,
        4,
    }


def test_sizes_and_angles_are_drawn():
    donor = _page(_box(0, 0, 40, 10))
    page = _page(size=(400, 400))
    widths = [np.ptp(_pastes(page, donor, s, scale=(0.5, 3))[0].polygon, axis=0)[0] / 40 for s in range(200)]
    assert 0.5 <= min(widths) < 0.55 and 2.9 < max(widths) <= 3.001
    turns = [_pastes(page, donor, s, rotate=True)[0].polygon for s in range(300)]
    angles = [np.rad2deg(np.arctan2(*(p[1] - p[0])[::-1])) % 360 for p in turns]
    assert np.abs(np.round(angles) - angles).max() < 1e-3 and max(angles) > 350 and min(angles) < 10
    for polygon in turns:
        np.testing.assert_allclose(
            np.linalg.norm(polygon - np.roll(polygon, -1, 0), axis=1), [40, 10, 40, 10], rtol=1e-4
        )
        low, high = polygon.min(0), polygon.max(0)
        assert (low >= -1e-3).all() and (high <= 400.001).all()


def test_the_longer_of_two_opposite_sides_counts():
    tapered = [[0, 0], [30, 0], [40, 12], [0, 10]]
    found = _pastes(_page(), _page(tapered))[0].polygon
    sides = np.linalg.norm(np.array(tapered, float) - np.roll(np.array(tapered, float), -1, 0), axis=1)
    np.testing.assert_allclose(
        np.ptp(found, axis=0), [max(sides[0], sides[2]), max(sides[1], sides[3])], rtol=1e-5
    )
    point = _pastes(_page(), _page(_box(5, 5, 5, 5)))[0].polygon
    np.testing.assert_allclose(np.ptp(point, axis=0), [1, 1])


def test_texts_of_the_donor_arrive_pixel_by_pixel():
    rng = np.random.default_rng(1)
    donor = _page(_box(20, 30, 60, 50))._replace(image=rng.integers(0, 255, (100, 200, 3)).astype(np.uint8))
    page = _page(_box(0, 0, 10, 10))
    (paste,) = pastes = _pastes(page, donor)
    out = CopyPaste.apply(page, donor, pastes)
    left, top = np.round(paste.polygon[0]).astype(int)
    np.testing.assert_array_equal(out.image[top : top + 20, left : left + 40], donor.image[30:50, 20:60])
    changed = (out.image != page.image).any(2)
    changed[top : top + 21, left : left + 41] = False
    assert not changed.any() and (page.image == 90).all()
    np.testing.assert_array_equal(out.polygons, np.stack([page.polygons[0], paste.polygon]))
    assert out.texts == ["t0", "t0"] and out.ignored.tolist() == [False, False]


def test_what_hangs_over_the_edge_is_cut():
    rng = np.random.default_rng(1)
    donor = _page(_box(20, 30, 60, 50))._replace(image=rng.integers(0, 255, (100, 200, 3)).astype(np.uint8))
    page = _page()
    for x, y, corner in ((-10, -5, (0, 0)), (170, 85, (170, 85))):
        polygon = np.array(_box(x, y, x + 40, y + 20), np.float32)
        matrix = np.array([[1.0, 0, x - 20], [0, 1, y - 30], [0, 0, 1]])
        out = CopyPaste.apply(page, donor, [Paste(0, matrix, polygon)])
        left, top, right, bottom = max(x, 0), max(y, 0), min(x + 40, 200), min(y + 20, 100)
        np.testing.assert_array_equal(
            out.image[top:bottom, left:right],
            donor.image[30 + top - y : 30 + bottom - y, 20 + left - x : 20 + right - x],
        )
        assert out.polygons[0].min(0).tolist() == list(corner) and (out.polygons[0] <= [200, 100]).all()
    away = np.array(_box(300, 300, 340, 320), np.float32)
    out = CopyPaste.apply(page, donor, [Paste(0, np.eye(3), away)])
    np.testing.assert_array_equal(out.image, page.image)
    assert out.texts == ["t0"]


def test_nothing_to_paste_gives_a_copy():
    page = _page(_box(0, 0, 10, 10))
    out = CopyPaste.apply(page, page, [])
    assert out.image is not page.image and (out.image == page.image).all() and out.texts == page.texts


def test_trapezoids_are_straightened_and_near_parallelograms_are_not_bent():
    for noise, bends in ((0.2, False), (1.5, True)):
        shape = np.array([[0, 0], [40, 0], [40 + 2 * noise, 10], [0, 10]], np.float32) + 20
        (paste,) = _pastes(_page(), _page(shape))
        assert paste.matrix[2, :2].any() == bends
        moved = cv2.perspectiveTransform(shape[None], paste.matrix)[0]
        assert np.abs(moved - paste.polygon).max() <= copy_paste.STRAIGHT + 0.26 * (not bends)


def test_straight_texts_need_no_division(monkeypatch):
    """A warp with perspective divides at every pixel, and most texts have none."""
    monkeypatch.setattr(cv2, "warpPerspective", lambda *a, **k: pytest.fail("perspective"))
    donor = _page(_box(20, 30, 60, 50))
    pastes = _pastes(_page(), donor, rotate=True)
    assert (CopyPaste.apply(_page(), donor, pastes).image == 90).all()
