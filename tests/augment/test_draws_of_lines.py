"""BDA and TIA: what is drawn lies where it should, and what is done is what was drawn."""

import cv2
import numpy as np
import pytest

from ppocr_lessons.augment import tia
from ppocr_lessons.augment.bda import BDA, BDADraw, RecAug

IMAGE = np.random.default_rng(0).integers(0, 255, (32, 120, 3), np.uint8)
ALWAYS = dict.fromkeys(
    ("crop_prob", "reverse_prob", "noise_prob", "jitter_prob", "blur_prob", "hsv_aug_prob"), 1.0
)
FIELDS = {
    "crop_prob": "crop", "reverse_prob": "reverse", "noise_prob": "noise_seed", "jitter_prob": "jitter",
    "blur_prob": "blur", "hsv_aug_prob": "brightness",
}  # fmt: skip


def _happens(drawn, field):
    """A jitter of 0 steps is a jitter."""
    return getattr(drawn, field) is not None and getattr(drawn, field) is not False


@pytest.mark.parametrize("name", FIELDS)
def test_each_probability_is_of_its_own_change(name):
    never = dict.fromkeys(FIELDS, 0.0)
    for seed in range(20):
        drawn = BDA(**never | {name: 1.0}).sample(np.random.default_rng(seed), IMAGE)
        assert {field for field in FIELDS.values() if _happens(drawn, field)} == {FIELDS[name]}
        drawn = BDA(**ALWAYS | {name: 0.0}).sample(np.random.default_rng(seed), IMAGE)
        assert not _happens(drawn, FIELDS[name])


def test_ranges_of_draws():
    drawn = [BDA(**ALWAYS).sample(np.random.default_rng(s), IMAGE) for s in range(400)]
    crops = {d.crop for d in drawn}
    assert crops == {*range(1, 9), *range(-8, 0)}
    assert np.mean([d.crop > 0 for d in drawn]) == pytest.approx(0.5, abs=0.08)
    brightness = [d.brightness for d in drawn]
    assert 0.999 <= min(brightness) < 0.9991 and 1.0009 < max(brightness) <= 1.001
    assert len({d.noise_seed for d in drawn}) == 400
    large = np.zeros((350, 500, 3), np.uint8)
    jitter = {BDA(jitter_prob=1).sample(np.random.default_rng(s), large).jitter for s in range(100)}
    assert jitter == {0, 1, 2, 3}


@pytest.mark.parametrize(("height", "width", "cut"), [(20, 20, True), (19, 40, False), (40, 19, False)])
def test_the_smallest_line_that_is_cut(height, width, cut):
    for seed in range(10):
        drawn = BDA(**ALWAYS).sample(np.random.default_rng(seed), np.zeros((height, width, 3), np.uint8))
        assert (drawn.crop is not None) == cut
        bends = (
            RecAug(tia_prob=1)
            .sample(np.random.default_rng(seed), np.zeros((height, width, 3), np.uint8))
            .bends
        )
        assert (len(bends) == 3) == cut


def test_blur_is_opencvs_gaussian():
    blurred = BDA.apply(IMAGE, BDADraw(blur=True)).astype(int)
    assert np.abs(blurred - cv2.GaussianBlur(IMAGE, (5, 5), 1)).max() <= 1


def test_jitter_moves_step_by_step():
    expected = IMAGE.copy()
    for step in range(3):
        expected[step:, step:] = IMAGE[: 32 - step, : 120 - step]
    np.testing.assert_array_equal(BDA.apply(IMAGE, BDADraw(jitter=3)), expected)
    np.testing.assert_array_equal(BDA.apply(IMAGE, BDADraw(jitter=0)), IMAGE)


def test_brightness_is_that_of_the_value_channel():
    darker = BDA.apply(IMAGE, BDADraw(brightness=0.5))
    hsv = cv2.cvtColor(IMAGE, cv2.COLOR_RGB2HSV)
    hsv[..., 2] = (hsv[..., 2] * 0.5).astype(np.uint8)
    np.testing.assert_array_equal(darker, cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB))
    assert BDA.apply(np.full((4, 4, 3), 250, np.uint8), BDADraw(brightness=1.5)).max() == 255


def test_noise_takes_a_level_from_half_of_the_bytes():
    noisy = BDA.apply(IMAGE, BDADraw(noise_seed=1)).astype(int) - IMAGE
    assert set(np.unique(noisy)) == {0, -1} and np.mean(noisy[IMAGE > 0]) == pytest.approx(-0.5, abs=0.03)
    assert BDA.apply(np.zeros((30, 33, 3), np.uint8), BDADraw(noise_seed=1)).max() == 0
    assert (BDA.apply(IMAGE, BDADraw(noise_seed=2)) != BDA.apply(IMAGE, BDADraw(noise_seed=1))).any()


def test_changes_come_in_the_order_of_paddleocr():
    every = BDADraw(crop=2, blur=True, brightness=0.9, jitter=2, noise_seed=3, reverse=True)
    image = IMAGE
    for field in ("crop", "blur", "brightness", "jitter", "noise_seed", "reverse"):
        image = BDA.apply(image, BDADraw(**{field: getattr(every, field)}))
    np.testing.assert_array_equal(BDA.apply(IMAGE, every), image)
    np.testing.assert_array_equal(
        BDA(**ALWAYS)(np.random.default_rng(1), IMAGE),
        BDA.apply(IMAGE, BDA(**ALWAYS).sample(np.random.default_rng(1), IMAGE)),
    )


def test_bends_come_in_order_and_then_bda():
    drawn = RecAug(tia_prob=1, **ALWAYS).sample(np.random.default_rng(1), IMAGE)
    image = IMAGE
    for points in drawn.bends:
        image = tia.warp(image, points)
    np.testing.assert_array_equal(RecAug.apply(IMAGE, drawn), BDA.apply(image, drawn.bda))
    corners = [points.source[:4] for points in drawn.bends]
    assert len(corners) == 3 and len(drawn.bends[2].source) == 4
    for kind in (0, 1):
        counts = {
            len(RecAug(tia_prob=1).sample(np.random.default_rng(s), IMAGE).bends[kind].source)
            for s in range(60)
        }
        assert counts == {4 + 2 * (segments - 1) for segments in (3, 4, 5, 6)}
    call = RecAug(tia_prob=1)(np.random.default_rng(5), IMAGE)
    np.testing.assert_array_equal(
        call, RecAug.apply(IMAGE, RecAug(tia_prob=1).sample(np.random.default_rng(5), IMAGE))
    )


def test_each_bend_has_its_own_chance():
    seen = set()
    for seed in range(80):
        bends = RecAug(aug_prob=0.5).sample(np.random.default_rng(seed), IMAGE).bends
        seen.add(tuple(len(b.source) == 4 for b in bends))
    assert {(), (True,), (False,), (False, False), (False, True), (False, False, True)} == seen
    rates = [len(RecAug(tia_prob=0.8).sample(np.random.default_rng(s), IMAGE).bends) / 3 for s in range(300)]
    assert np.mean(rates) == pytest.approx(0.8, abs=0.06)


class Highest:
    """A generator that draws the highest integer, or the lowest."""

    def __init__(self, highest):
        self.highest = highest

    def integers(self, high):
        return high - 1 if self.highest else 0


def test_the_farthest_moves():
    """Of a line of 48 x 200 in four segments of 50 pixels: 16 pixels are a third, 40 four fifths."""
    corners = [[0, 0], [200, 0], [200, 48], [0, 48]]
    inner = [[x, y] for x in (50, 100, 150) for y in (0, 48)]
    for highest in (False, True):
        bent = tia.distort(Highest(highest), 48, 200, 4)
        in_by, by = (15, 15 - 8) if highest else (0, -8)
        np.testing.assert_array_equal(bent.source, corners + inner)
        np.testing.assert_array_equal(
            bent.target[:4],
            [[in_by, in_by], [200 - in_by, in_by], [200 - in_by, 48 - in_by], [in_by, 48 - in_by]],
        )
        np.testing.assert_array_equal(bent.target[4:], np.array(inner) + by)
        wide = tia.stretch(Highest(highest), 48, 200, 4)
        by = 39 - 20 if highest else -20
        np.testing.assert_array_equal(wide.source, corners + inner)
        np.testing.assert_array_equal(wide.target, corners + [[x + by, y] for x, y in inner])
        tilted = tia.perspective(Highest(highest), 48, 200)
        by = 23 if highest else 0
        np.testing.assert_array_equal(tilted.source, corners)
        np.testing.assert_array_equal(tilted.target, [[0, by], [200, by], [200, 48 - by], [0, 48 - by]])


def test_lines_without_room_stay():
    points = tia.distort(Highest(True), 20, 8, 4)
    np.testing.assert_array_equal(points.source[:4], points.target[:4])
    assert tia.perspective(Highest(True), 1, 20).target[:, 1].tolist() == [0, 0, 1, 1]


def test_the_bend_between_grid_points_is_interpolated():
    """Where the map is linear anyway, as for a shift, every pixel is moved alike, whatever the size."""
    for height, width in ((32, 250), (101, 100), (1, 99), (201, 301)):
        corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], float)
        x, y = tia.source_map((height, width), tia.ControlPoints(corners, corners + np.array([2, 0])))
        np.testing.assert_allclose(
            x, np.tile((np.arange(width) - 2).clip(0, width - 1), (height, 1)), atol=1e-3
        )
        np.testing.assert_allclose(y, np.tile(np.arange(height)[:, None], (1, width)), atol=1e-3)
    nodes, weights = tia._nodes(250, 100)
    assert nodes.tolist() == [0, 100, 200, 249] and weights.sum(1) == pytest.approx(1)
    assert weights[150].tolist() == pytest.approx([0, 0.5, 0.5, 0]) and weights[
        225
    ].tolist() == pytest.approx([0, 0, 0.5, 0.5])
    assert tia._nodes(101, 100)[0].tolist() == [0, 100] and tia._nodes(100, 100)[0].tolist() == [0, 99]


def test_near_points_carry_more_than_far_ones():
    """As complex numbers: sum w q conj(p - p*) (v - p*) / sum w |p - p*|^2 + q*, with w = 1 / |v - p|^2."""
    rng = np.random.default_rng(3)
    points = tia.distort(rng, 40, 300, 3)
    p, q = points.target @ [1, 1j], points.source @ [1, 1j]
    places = rng.uniform(0, (300, 40), (12, 2))
    for place, ours in zip(places @ [1, 1j], tia.move_least_squares(places, points), strict=True):
        weight = 1 / np.abs(place - p) ** 2
        center, origin = (weight * p).sum() / weight.sum(), (weight * q).sum() / weight.sum()
        moved = (weight * q * np.conj(p - center) * (place - center)).sum()
        moved = moved / (weight * np.abs(p - center) ** 2).sum() + origin
        np.testing.assert_allclose(ours, [moved.real, moved.imag], atol=1e-6)
