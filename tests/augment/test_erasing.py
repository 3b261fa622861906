"""CutOut, RandErasing, HideAndSeek and GridMask: what is erased, how much of it, and where."""

import numpy as np
import pytest

from ppocr_lessons.augment.cutout import CutOut
from ppocr_lessons.augment.grid_mask import GridDraw, GridMask
from ppocr_lessons.augment.hide_and_seek import HideAndSeek
from ppocr_lessons.augment.random_erasing import ErasingDraw, RandomErasing
from ppocr_lessons.augment.rectangles import GRAY, Rectangle, around

LINE = np.full((48, 192, 3), 255, np.uint8)
ALL = (CutOut, RandomErasing, HideAndSeek, GridMask)


def _erased(image):
    """Whether each pixel differs from the white line."""
    return (image != 255).any(-1)


@pytest.mark.parametrize("kind", ALL)
def test_a_draw_can_be_repeated_and_leaves_the_input_alone(kind):
    augment = kind(prob=1)
    for seed in range(20):
        image = LINE.copy()
        drawn = augment.sample(np.random.default_rng(seed), image)
        np.testing.assert_array_equal(augment.apply(image, drawn), augment.apply(image, drawn))
        np.testing.assert_array_equal(
            augment(np.random.default_rng(seed), image), augment.apply(image, drawn)
        )
        np.testing.assert_array_equal(image, LINE)
    assert len({str(augment.sample(np.random.default_rng(seed), LINE)) for seed in range(10)}) > 5


@pytest.mark.parametrize("kind", ALL)
def test_probability_of_a_change(kind):
    assert all(kind(prob=0)(np.random.default_rng(seed), LINE) is LINE for seed in range(50))
    drawn = [kind(prob=0.3).sample(np.random.default_rng(seed), LINE) for seed in range(1000)]
    # One of the five sizes of HideAndSeek hides nothing.
    expected = 0.3 * 0.8 if kind is HideAndSeek else 0.3
    assert np.mean([bool(d) for d in drawn]) == pytest.approx(expected, abs=0.05)


def test_a_rectangle_by_hand_and_clipped():
    assert around(10, 20, 6, 8, (48, 192)) == (7, 16, 13, 24)
    assert around(0, 191, 6, 8, (48, 192)) == (0, 187, 3, 192)
    out = CutOut.apply(LINE, [Rectangle(1, 2, 3, 5)])
    assert (out[1:3, 2:5] == GRAY).all() and _erased(out).sum() == 2 * 3


def test_squares_of_cutout():
    """24 is half of 48; a square whose center is near an edge is cut there, and at the corner a quarter is left."""
    inner = []
    for seed in range(300):
        (part,) = CutOut(prob=1).sample(np.random.default_rng(seed), LINE)
        height, width = part.bottom - part.top, part.right - part.left
        assert 12 <= height <= 24 and 12 <= width <= 24
        assert _erased(CutOut.apply(LINE, [part])).sum() == height * width
        inner.append(height == width == 24)
    assert 0.3 < np.mean(inner) < 0.6  # 25/48 of the rows and 169/192 of the columns: 0.46
    assert len(CutOut(prob=1, holes=3).sample(np.random.default_rng(0), LINE)) == 3


def test_area_and_shape_of_random_erasing():
    augment = RandomErasing(prob=1)
    shares, ratios = [], []
    for seed in range(500):
        part = augment.sample(np.random.default_rng(seed), LINE).part
        assert 0 <= part.top < part.bottom <= 48 and 0 <= part.left < part.right <= 192
        rows, columns = part.bottom - part.top, part.right - part.left
        shares.append(rows * columns / (48 * 192))
        ratios.append(rows / columns)
    assert min(shares) > 0.018 and max(shares) < 0.41
    assert min(ratios) > 0.27 and max(ratios) < 3.7
    whole = RandomErasing(prob=1, area=(1, 1), aspect=1).sample(np.random.default_rng(0), LINE[:, :48])
    assert whole.part == (0, 0, 48, 48)
    assert RandomErasing(prob=1, area=(1, 1), aspect=1).sample(np.random.default_rng(0), LINE) is None


def test_noise_of_random_erasing():
    drawn = ErasingDraw(Rectangle(0, 10, 48, 110), 7)
    out = RandomErasing.apply(LINE, drawn)
    noise = out[:, 10:110]
    expected = np.random.default_rng(7).integers(0, 256, (48, 100, 3), np.uint8)
    np.testing.assert_array_equal(noise, expected)
    assert noise.mean() == pytest.approx(127.5, abs=2) and noise.min() == 0
    assert (out[:, :10] == 255).all() and (out[:, 110:] == 255).all()


def test_patches_of_hide_and_seek_cover_the_line_once():
    for size, side in ((0.25, 12), (0.5, 24), (0.75, 36), (1, 48)):
        parts = HideAndSeek(prob=1, sizes=(size,), hide_prob=1).sample(np.random.default_rng(0), LINE)
        assert len(parts) == -(-48 // side) * -(-192 // side)
        assert parts[0] == (0, 0, side, side)
        assert _erased(HideAndSeek.apply(LINE, parts)).all()
        assert sum((p.bottom - p.top) * (p.right - p.left) for p in parts) == 48 * 192
    half = [
        _erased(HideAndSeek(prob=1, sizes=(0.25,))(np.random.default_rng(s), LINE)).mean() for s in range(100)
    ]
    assert np.mean(half) == pytest.approx(0.5, abs=0.03)
    assert HideAndSeek(prob=1, sizes=(0,), hide_prob=1)(np.random.default_rng(0), LINE) is LINE


def test_a_grid_by_hand():
    out = GridMask.apply(LINE[:4, :6], GridDraw(unit=3, side=1, top=1, left=2))
    expected = np.zeros((4, 6), bool)
    expected[1, [2, 5]] = True
    np.testing.assert_array_equal(_erased(out), expected)
    wrapped = GridMask.apply(LINE[:4, :6], GridDraw(unit=3, side=2, top=2, left=0))
    np.testing.assert_array_equal(_erased(wrapped).any(1), [True, False, True, True])
    assert (out[1, 2] == GRAY).all()


def test_share_that_a_grid_keeps():
    for ratio in (0.5, 0.6, 0.8):
        kept = [
            1 - _erased(GridMask(prob=1, ratio=ratio)(np.random.default_rng(s), LINE)).mean()
            for s in range(100)
        ]
        assert np.mean(kept) == pytest.approx(1 - (1 - ratio) ** 2, abs=0.02)
    assert GridMask(prob=1, ratio=1)(np.random.default_rng(0), LINE).min() == 255
    units = {GridMask(prob=1).sample(np.random.default_rng(s), LINE).unit for s in range(500)}
    assert min(units) == 21 and max(units) == 48


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: CutOut(prob=1.1), "prob is 1.1"),
        (lambda: CutOut(holes=0), "holes is 0"),
        (lambda: CutOut(length=0), "length 0"),
        (lambda: CutOut(length=float("nan")), "length nan"),
        (lambda: RandomErasing(prob=-1), "prob is -1"),
        (lambda: RandomErasing(area=(0, 0.4)), "area is"),
        (lambda: RandomErasing(area=(0.4, 0.2)), "area is"),
        (lambda: RandomErasing(area=(0.4,)), "area is"),
        (lambda: RandomErasing(area=(0.4, 1.1)), "area is"),
        (lambda: RandomErasing(aspect=0), "aspect 0"),
        (lambda: HideAndSeek(hide_prob=2), "hide_prob is 2"),
        (lambda: HideAndSeek(sizes=()), "sizes is"),
        (lambda: HideAndSeek(sizes=(0.5, 1.5)), "sizes is"),
        (lambda: GridMask(ratio=1.2), "ratio is 1.2"),
        (lambda: GridMask(unit=(0, 1)), "unit is"),
        (lambda: GridMask(unit=(1, 0.5)), "unit is"),
        (lambda: GridMask(unit=(1, 2, 3)), "unit is"),
    ],
)
def test_wrong_values_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
