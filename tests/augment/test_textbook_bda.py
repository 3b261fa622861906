"""BDA as the chapter describes it: each operation by hand, the ranges of its draws, and wrong arguments."""

import numpy as np
import pytest

from ppocr_lessons.augment.textbook_bda import TextbookBDA, TextbookDraw, motion_kernel

PIXELS = np.random.default_rng(5).integers(0, 256, (32, 96, 3), np.uint8)


def test_the_same_seed_gives_the_same_image():
    augment = TextbookBDA(prob=1)
    one, two = (augment(np.random.default_rng(2), PIXELS) for _ in range(2))
    np.testing.assert_array_equal(one, two)
    drawn = augment.sample(np.random.default_rng(2), PIXELS)
    np.testing.assert_array_equal(augment.apply(PIXELS, drawn), one)
    assert (one != PIXELS).any()


def test_a_motion_kernel_is_a_line_that_adds_up_to_one():
    np.testing.assert_allclose(motion_kernel(5, 0)[2], 0.2, atol=1e-6)
    np.testing.assert_allclose(motion_kernel(5, 90)[:, 2], 0.2, atol=1e-3)
    assert motion_kernel(7, 33).sum() == pytest.approx(1, abs=1e-6)


def test_operations_of_the_chapter_one_by_one():
    assert TextbookBDA.apply(PIXELS, TextbookDraw()) is PIXELS
    line = np.zeros((41, 101, 3), np.uint8)
    line[20] = 255
    turned = TextbookBDA.apply(line, TextbookDraw(angle_deg=10.0))
    assert turned[20, 50].min() > 100 and turned[12, 96].max() > 60 > turned[20, 96].max()  # up on the right
    shifted = TextbookBDA.apply(line, TextbookDraw(corners=np.full((4, 2), 3, np.float32)))
    assert shifted[23, 50].min() == 255 and shifted[20, 50].max() == 0
    dot = np.zeros((21, 21, 3), np.uint8)
    dot[10, 10] = 210
    blurred = TextbookBDA.apply(dot, TextbookDraw(blur=(7, 0.0)))
    np.testing.assert_array_equal(blurred[10, :, 0], [0] * 7 + [30] * 7 + [0] * 7)
    gray = np.full((64, 256, 3), 128, np.uint8)
    noisy = TextbookBDA.apply(gray, TextbookDraw(noise=(10.0, 1))).astype(float)
    assert noisy.std() == pytest.approx(10, abs=0.3) and noisy.mean() == pytest.approx(128, abs=0.3)


def test_draws_stay_in_their_ranges():
    rng = np.random.default_rng(0)
    drawn = [TextbookBDA(prob=1).sample(rng, PIXELS) for _ in range(300)]
    assert max(abs(d.angle_deg) for d in drawn) <= 5 and max(abs(d.corners).max() for d in drawn) <= 0.15 * 32
    assert {d.blur[0] for d in drawn} == {3, 5, 7} and max(d.noise[0] for d in drawn) <= 15
    assert all(
        value is None for d in (TextbookBDA(prob=0).sample(rng, PIXELS) for _ in range(50)) for value in d
    )


@pytest.mark.parametrize(
    ("wrong", "said"),
    [({"prob": 2}, "prob is 2"), ({"max_shift": 0.5}, "max_shift 0.5"), ({"max_blur": 1}, "max_blur 1"),
     ({"max_angle_deg": -1}, "max_angle_deg is -1"), ({"max_noise": -1}, "max_noise -1")],
)  # fmt: skip
def test_wrong_arguments_are_named(wrong, said):
    with pytest.raises(ValueError, match=said):
        TextbookBDA(**wrong)
