"""CopyPaste."""

import cv2
import numpy as np
import pytest

from ppocr_lessons.augment.copy_paste import CopyPaste, LabeledPage
from ppocr_lessons.datasets.synthetic.pages import page_at


def _labeled(index, size=(300, 400)):
    page = page_at(9, index, size=size)
    return LabeledPage(page.image, page.polygons, page.texts, np.zeros(len(page.texts), bool))


PAGE, DONOR = _labeled(1), _labeled(2)
EMPTY = LabeledPage(
    np.full((200, 300, 3), 200, np.uint8), np.zeros((0, 4, 2), np.float32), [], np.zeros(0, bool)
)


def _overlap(a, b):
    return ((a.min(0) < b.max(0)) & (a.max(0) > b.min(0))).all()


def test_pasted_texts_touch_nothing_and_are_labeled(rng):
    for _ in range(10):
        out = CopyPaste(objects_paste_ratio=1.0)(rng, PAGE, DONOR)
        own = len(PAGE.polygons)
        np.testing.assert_array_equal(out.polygons[:own], PAGE.polygons)
        assert out.texts[:own] == PAGE.texts and set(out.texts[own:]) <= set(DONOR.texts)
        assert len(out.polygons) == len(out.texts) == len(out.ignored)
        for i in range(own, len(out.polygons)):
            assert not any(_overlap(out.polygons[i], out.polygons[j]) for j in range(i))
            assert (out.polygons[i] >= 0).all() and (out.polygons[i] <= (400, 300)).all()


def test_pixels_change_inside_the_pasted_boxes_alone(rng):
    before = PAGE.image.copy()
    out = CopyPaste(objects_paste_ratio=1.0)(rng, PAGE, DONOR)
    np.testing.assert_array_equal(PAGE.image, before)
    pasted = np.zeros(PAGE.image.shape[:2], np.uint8)
    for polygon in out.polygons[len(PAGE.polygons) :]:
        cv2.fillPoly(pasted, [np.round(polygon).astype(np.int32)], 1)
    pasted = cv2.dilate(pasted, np.ones((3, 3), np.uint8))
    changed = (out.image != PAGE.image).any(2)
    assert changed.any() and not (changed & (pasted == 0)).any()


def test_without_turning_the_text_is_copied_pixel_by_pixel(rng):
    donor = EMPTY._replace(image=EMPTY.image.copy())
    donor.image[50:70, 40:100] = rng.integers(0, 255, (20, 60, 3))
    box = np.array([[[40, 50], [100, 50], [100, 70], [40, 70]]], np.float32)
    donor = donor._replace(polygons=box, texts=["noise"], ignored=np.zeros(1, bool))
    out = CopyPaste(rotate=False)(rng, EMPTY, donor)
    x, y = out.polygons[0, 0].astype(int)
    difference = out.image[y : y + 20, x : x + 60].astype(int) - donor.image[50:70, 40:100]
    assert np.abs(difference).max() <= 1


def test_how_many():
    many = LabeledPage(
        np.zeros((2000, 2000, 3), np.uint8),
        np.array(
            [[[0, 20 * i], [30, 20 * i], [30, 20 * i + 10], [0, 20 * i + 10]] for i in range(60)], np.float32
        ),
        ["t"] * 60,
        np.zeros(60, bool),
    )
    blank = many._replace(polygons=np.zeros((0, 4, 2), np.float32), texts=[], ignored=np.zeros(0, bool))
    counts = [
        len(CopyPaste(objects_paste_ratio=r).sample(np.random.default_rng(0), blank, many))
        for r in (0.0, 0.2, 1.0)
    ]
    assert counts == [1, 12, 30]


def test_ignored_texts_are_no_donors(rng):
    donor = DONOR._replace(ignored=np.ones(len(DONOR.texts), bool))
    out = CopyPaste(objects_paste_ratio=1.0)(rng, PAGE, donor)
    np.testing.assert_array_equal(out.image, PAGE.image)


@pytest.mark.parametrize("page", [EMPTY, PAGE], ids=["empty", "full"])
@pytest.mark.parametrize("donor", [EMPTY, DONOR], ids=["empty", "full"])
def test_empty_pages(page, donor, rng):
    out = CopyPaste(objects_paste_ratio=1.0)(rng, page, donor)
    assert len(out.polygons) == len(out.texts)
    if donor is EMPTY:
        np.testing.assert_array_equal(out.image, page.image)


def test_a_full_page_stays_as_it_is(rng):
    full = EMPTY._replace(
        polygons=np.array([[[0, 0], [300, 0], [300, 200], [0, 200]]], np.float32),
        texts=["x"],
        ignored=np.zeros(1, bool),
    )
    assert CopyPaste(objects_paste_ratio=1.0).sample(rng, full, DONOR) == []
    assert CopyPaste(objects_paste_ratio=1.0, limit_paste=False).sample(rng, full, DONOR)


def test_polygons_outside_the_donor_are_copied_from_its_edge(rng):
    donor = EMPTY._replace(
        polygons=np.array([[[-30, 10], [60, 10], [60, 40], [-30, 40]]], np.float32),
        texts=["x"],
        ignored=np.zeros(1, bool),
    )
    assert len(CopyPaste()(rng, EMPTY, donor).texts) == 1


def test_the_chapters_prose_scales(rng):
    sizes = [
        np.ptp(
            CopyPaste(rotate=False, scale=(2, 2))
            .sample(rng, EMPTY._replace(image=np.zeros((900, 900, 3), np.uint8)), d)[0]
            .polygon,
            axis=0,
        )
        for d in [
            EMPTY._replace(
                polygons=np.array([[[0, 0], [50, 0], [50, 10], [0, 10]]], np.float32),
                texts=["x"],
                ignored=np.zeros(1, bool),
            )
        ]
    ]
    np.testing.assert_allclose(sizes[0], [100, 20], atol=1e-3)


def test_flipped_texts_are_mirrored_and_they_are_half(rng):
    half_white = np.zeros((60, 60, 3), np.uint8)
    half_white[:, :20] = 255
    donor = LabeledPage(half_white, np.array([[[0, 0], [40, 0], [40, 20], [0, 20]]], np.float32), ["x"], np.zeros(1, bool))  # fmt: skip
    page = EMPTY._replace(image=np.full((200, 300, 3), 128, np.uint8))
    mirrored = []
    for _ in range(60):
        flip = CopyPaste(rotate=False, flip=True)
        (paste,) = pastes = flip.sample(rng, page, donor)
        left, top = np.round(paste.polygon.min(0)).astype(int)
        pasted = CopyPaste.apply(page, donor, pastes).image[top + 10, left : left + 40, 0]
        mirrored.append(bool(np.linalg.det(paste.matrix[:2, :2]) < 0))
        white = slice(22, 39) if mirrored[-1] else slice(1, 18)
        assert (pasted[white] > 200).all() and (pasted > 200).mean() < 0.6
    assert 15 < sum(mirrored) < 45
    (straight,) = CopyPaste(rotate=False).sample(rng, page, donor)
    assert np.linalg.det(straight.matrix[:2, :2]) > 0


def test_wrong_arguments():
    with pytest.raises(ValueError, match="objects_paste_ratio is 2"):
        CopyPaste(objects_paste_ratio=2)
    with pytest.raises(ValueError, match="scale is"):
        CopyPaste(scale=(3, 1))


@pytest.mark.parametrize("noise", [0.0, 0.3, 4.0])
def test_the_matrix_takes_the_donors_corners_to_their_place(noise, rng):
    angles = rng.uniform(0, 6, (20, 1))
    x, y = (rng.uniform(5, 40, (2, 20, 1)) * [[[-1, 1, 1, -1]], [[-1, -1, 1, 1]]]).round(3)
    corners = np.stack([x * np.cos(angles) - y * np.sin(angles), x * np.sin(angles) + y * np.cos(angles)], -1)
    quads = (corners + rng.uniform(100, 500, (20, 1, 2)) + rng.normal(0, noise, (20, 4, 2))).astype(
        np.float32
    )
    donor = LabeledPage(np.zeros((600, 600, 3), np.uint8), quads, ["t"] * 20, np.zeros(20, bool))
    page = EMPTY._replace(image=np.zeros((2000, 2000, 3), np.uint8))
    pastes = CopyPaste(objects_paste_ratio=1.0).sample(rng, page, donor)
    assert len(pastes) == 20
    for paste in pastes:
        moved = cv2.perspectiveTransform(quads[paste.index][None], paste.matrix)[0]
        assert np.abs(moved - paste.polygon).max() <= (0.26 if noise else 1e-3)
    bent = [paste.matrix[2, :2].any() for paste in pastes]
    assert not any(bent) if noise == 0 else all(bent) or noise < 1


def test_polygons_far_outside_are_in_nobodys_way(rng):
    far = np.array([[[-1e12, 0], [-1e9, 0], [-1e9, 50], [-1e12, 50]]], np.float32)
    page = PAGE._replace(polygons=np.concatenate([PAGE.polygons, far]), texts=[*PAGE.texts, "far"],
                         ignored=np.zeros(len(PAGE.texts) + 1, bool))  # fmt: skip
    out = CopyPaste(objects_paste_ratio=1.0)(rng, page, DONOR)
    assert len(out.texts) > len(page.texts)
    donor = DONOR._replace(polygons=far, texts=["far"], ignored=np.zeros(1, bool))
    assert CopyPaste(objects_paste_ratio=1.0)(rng, PAGE, donor).texts == PAGE.texts
