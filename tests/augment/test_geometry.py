"""Flip, turn, scale, crop: polygons keep to their pixels, one warp does what several would."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ppocr_lessons.augment.geometry import Geometry, GeometryDraw, Placement
from ppocr_lessons.augment.imgaug_steps import ImgaugStep, import_imgaug
from ppocr_lessons.augment.rand_augment import OPERATIONS, Operation, RandAugment
from ppocr_lessons.augment.random_crop import Crop, EastRandomCropData


def _dots(height=120, width=160):
    """A dark page with four bright discs, and a polygon through their middles."""
    points = np.array([[40.5, 30.5], [120.5, 36.5], [112.5, 90.5], [44.5, 84.5]], np.float32)
    image = np.zeros((height, width, 3), np.uint8)
    for x, y in points:
        cv2.circle(image, (int(x), int(y)), 5, (255, 255, 255), -1)
    return image, points[None]


def _centers(image):
    count, _, _, centers = cv2.connectedComponentsWithStats((image[..., 0] > 100).astype(np.uint8))
    assert count == 5
    return centers[1:] + 0.5  # of pixels, which cover i to i + 1


def _matches(image, polygon):
    away = np.linalg.norm(_centers(image)[:, None] - polygon[None], axis=2)
    return away.min(0).max()


@given(st.booleans(), st.floats(-10, 10), st.floats(0.6, 2.5))
def test_polygons_follow_pixels(flip, angle, scale):
    image, polygons = _dots()
    moved, points = Geometry.apply(image, polygons, GeometryDraw(flip, angle, scale))
    assert moved.shape[:2] == (int(120 * scale), int(160 * scale)) or scale == 1
    assert _matches(moved, points[0]) < 0.75 * max(1, scale)


def test_identity_draw_returns_its_input():
    image, polygons = _dots()
    same, points = Geometry.apply(image, polygons, GeometryDraw())
    assert same is image and (points == polygons).all()


def test_flip_and_turn_equal_imgaug():
    image, polygons = _dots()
    flipped, points = ImgaugStep("Flipud", {"p": 1.0})(np.random.default_rng(0), image, polygons)
    assert (flipped == image[::-1]).all() and np.allclose(points[..., 1], 120 - polygons[..., 1])
    turned, points = ImgaugStep("Affine", {"rotate": (7, 7)})(np.random.default_rng(0), image, polygons)
    ours, our_points = Geometry.apply(image, polygons, GeometryDraw(angle_deg=7))
    assert np.abs(turned.astype(int) - ours).mean() < 1
    assert np.abs(points - our_points).max() < 1


def test_imgaug_lends_its_name_for_the_import_alone():
    assert import_imgaug() is not None
    assert np.__version__.startswith("1.") or not hasattr(np, "sctypes")


def test_imgaug_draws_depend_on_the_generator():
    image, polygons = _dots()
    step = ImgaugStep("AdditiveGaussianNoise", {"scale": [5, 30]})
    one, two, other = (step(np.random.default_rng(s), image, polygons)[0] for s in (1, 1, 2))
    assert (one == two).all() and (one != other).any()


@pytest.mark.parametrize(
    ("name", "arguments"), [("OneOf", {}), ("Affine", {"rotat": 3}), ("GaussianBlur", {"sigma": -1})]
)
def test_imgaug_refused(name, arguments):
    with pytest.raises(ValueError, match="augmenter"):
        ImgaugStep(name, arguments)


@given(st.integers(0, 10_000))
def test_crops_cut_no_text_and_hold_one(seed):
    rng = np.random.default_rng(seed)
    corners = rng.integers(0, 260, (int(rng.integers(1, 12)), 1, 2))
    size = rng.integers(8, 60, (len(corners), 1, 2))
    polygons = (corners + size * np.array([[0, 0], [1, 0], [1, 1], [0, 1]])).clip(0, 299).astype(np.float32)
    crop = EastRandomCropData(size=(64, 64), max_tries=20).sample(
        rng, polygons, np.zeros(len(polygons), bool), (300, 300)
    )
    assert crop.x >= 0 and crop.x + crop.width <= 300 and crop.y >= 0 and crop.y + crop.height <= 300
    low, high = polygons.min(1), polygons.max(1)
    window = np.array([[crop.x, crop.y], [crop.x + crop.width, crop.y + crop.height]])
    inside = ((low >= window[0]) & (high <= window[1])).all(1)
    outside = ((high <= window[0] + 1) | (low >= window[1] - 1)).any(1)
    assert (inside | outside).all() and (inside.any() or crop == Crop(0, 0, 300, 300) or not outside.all())


def test_ignored_texts_may_be_cut_and_no_text_takes_the_whole_page():
    crop = EastRandomCropData(size=(64, 64))
    polygons = np.array([[[0, 0], [299, 0], [299, 299], [0, 299]]], np.float32)
    whole = Crop(0, 0, 300, 200)
    assert crop.sample(np.random.default_rng(0), polygons, [True], (200, 300)) == whole
    assert crop.sample(np.random.default_rng(0), np.empty((0, 4, 2)), [], (200, 300)) == whole


@pytest.mark.parametrize("keep_ratio", [True, False])
def test_crop_equals_cutting_and_resizing(keep_ratio):
    image = cv2.GaussianBlur(
        np.random.default_rng(0).integers(0, 255, (120, 160, 3)).astype(np.uint8), (9, 9), 3
    )
    crop, window = EastRandomCropData(size=(96, 64), keep_ratio=keep_ratio), Crop(20, 10, 80, 100)
    placement, filled = crop.place(Placement.of(image), window)
    ours = crop.pixels(image, placement)
    cut = image[10:110, 20:100]
    theirs = cv2.resize(cut, (filled[1], filled[0]))
    assert ours.shape == (64, 96, 3) and filled == ((64, 51) if keep_ratio else (64, 96))
    # OpenCV samples the edge itself; a warp looks half a pixel beyond it.
    assert np.abs(ours[2 : filled[0] - 2, 2 : filled[1] - 2].astype(int) - theirs[2:-2, 2:-2]).mean() < 1
    assert (ours[filled[0] :] == 0).all() and (ours[:, filled[1] :] == 0).all()


@pytest.mark.parametrize(
    ("make", "said"),
    [(lambda: Geometry(flip_prob=2), "flip_prob"), (lambda: Geometry(rotate=(3, 1)), "rotate"),
     (lambda: Geometry(resize=(0, 1)), "resize"), (lambda: EastRandomCropData(size=(0, 5)), "size"),
     (lambda: EastRandomCropData(max_tries=0), "max_tries"), (lambda: EastRandomCropData(min_crop_side_ratio=2), "min_crop"),
     (lambda: RandAugment(prob=2), "prob"), (lambda: RandAugment(num_layers=0), "num_layers"),
     (lambda: RandAugment(magnitude=11), "magnitude")],
)  # fmt: skip
def test_refused(make, said):
    with pytest.raises(ValueError, match=said):
        make()


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_operation_keeps_the_shape(name):
    image = np.random.default_rng(0).integers(0, 255, (32, 100, 3)).astype(np.uint8)
    for sign in (-1, 1):
        out = RandAugment().apply(image, [Operation(name, sign)])
        assert out.shape == image.shape and out.dtype == np.uint8 and out.flags.writeable


def test_magnitudes_by_hand():
    image = np.arange(256, dtype=np.uint8).reshape(16, 16, 1).repeat(3, 2)
    assert set(np.unique(RandAugment().apply(image, [Operation("posterize", 1)]))) == {0, 64, 128, 192}
    solarized = RandAugment().apply(image, [Operation("solarize", 1)])
    assert (solarized[image < 128] == image[image < 128]).all() and (solarized[image >= 128] < 128).all()


def test_half_of_the_pictures_stay():
    image, rng = np.zeros((32, 32, 3), np.uint8), np.random.default_rng(1)
    drawn = [RandAugment().sample(rng) for _ in range(2000)]
    assert 0.45 < sum(not d for d in drawn) / 2000 < 0.55
    assert {op.name for d in drawn for op in d} == set(OPERATIONS)
    assert RandAugment().apply(image, []) is image
