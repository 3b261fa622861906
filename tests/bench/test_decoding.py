"""Labeled lines, blur, and the comparison of decoders."""

import pathlib

import numpy as np
import pytest

from ppocr_lessons.bench.decoding import blurred, compare, labeled_lines, other_words
from ppocr_lessons.datasets.synthetic.corpus import english_words

DATA = pathlib.Path(__file__).parents[2] / "data"


def test_lines_come_with_their_labels():
    crops, texts = labeled_lines(DATA / "rec_en")
    assert len(crops) == len(texts) == 300 and texts[3] == "07:09"
    assert all(crop.ndim == 3 and crop.dtype == np.uint8 for crop in crops)


def test_blur_is_that_of_a_line_of_32_pixels(rng):
    crop = rng.integers(0, 256, (64, 200, 3), np.uint8)
    assert blurred(crop, 0) is crop
    soft, softer = blurred(crop, 1.0), blurred(crop, 3.0)
    assert soft.shape == softer.shape == (32, 100, 3)
    assert softer.std() < soft.std() < crop.std()


def test_words_of_the_texts_are_left_out():
    word = english_words()[100]
    left = other_words([f"x {word.upper()}, 12"])
    assert word not in left and set(left) == {
        w for w in english_words() if w.lower() not in {word.lower(), "x"}
    }


def test_outcome_by_hand():
    outcome = compare(["ab", "cd", "e", "f"], ["ab", "cx", "e!", "e"], ["ab", "cd", "e!", "g"])
    assert outcome[2:] == (1, 1, 3)
    assert outcome.acc == 0.5 and outcome.cer == pytest.approx((0 + 0 + 0.5 + 1) / 4)
    with pytest.raises(ValueError, match="zip"):
        compare(["a"], ["a", "b"], ["a"])
