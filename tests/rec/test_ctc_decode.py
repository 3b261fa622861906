"""Greedy decoding: runs, blanks and scores."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ppocr_lessons.rec.alphabet import Alphabet
from ppocr_lessons.rec.ctc_beam import beam_search
from ppocr_lessons.rec.ctc_decode import collapse, greedy_decode

AB = Alphabet("ab", use_space=False)


def _one_hot(classes, k=3):
    return np.eye(k, dtype=np.float32)[classes][None]


@pytest.mark.parametrize(
    ("steps", "text"),
    [([0, 1, 1, 0, 1, 2, 2], "aab"), ([1, 1, 1], "a"), ([0, 0], ""), ([2, 0, 2], "bb"), ([1, 2, 1], "aba")],
)
def test_collapse_by_hand(steps, text):
    assert greedy_decode(_one_hot(steps), AB)[0].text == text


def test_score_is_the_mean_of_what_is_kept():
    probs = np.array([[[0.1, 0.8, 0.1], [0.2, 0.7, 0.1], [0.9, 0.05, 0.05], [0.3, 0.1, 0.6]]], np.float32)
    reading = greedy_decode(probs, AB)[0]
    assert reading.text == "ab" and reading.score == pytest.approx((0.8 + 0.6) / 2)


def test_nothing_read_scores_zero_and_not_nan():
    assert greedy_decode(_one_hot([0, 0, 0]), AB)[0] == ("", 0.0)


def test_shape_is_checked():
    with pytest.raises(ValueError, match=r"\(N, T, 3\) is needed"):
        greedy_decode(np.zeros((1, 4, 5)), AB)


@given(st.lists(st.integers(0, 4), min_size=1, max_size=20))
def test_collapse_keeps_no_blank_and_no_repeat(classes):
    keep = collapse(classes)
    assert all(classes[i] != 0 for i in np.nonzero(keep)[0])
    merged = [k for k, _ in itertools.groupby(classes) if k != 0]
    assert [classes[i] for i in np.nonzero(keep)[0]] == merged


def test_every_line_of_a_batch_is_decoded():
    ab = Alphabet("ab", use_space=False)
    probs = np.full((2, 3, 3), 0.1, np.float32)
    probs[0, [0, 1, 2], [1, 1, 2]] = 0.8, 0.6, 0.5
    probs[1, [0, 1, 2], [2, 0, 2]] = 0.9, 0.7, 0.3
    first, second = greedy_decode(probs, ab)
    assert (first.text, second.text) == ("ab", "bb")
    assert first.score == pytest.approx((0.8 + 0.5) / 2) and second.score == pytest.approx((0.9 + 0.3) / 2)
    for shape in ((3, 3), (1, 3, 4), (1, 3, 2)):
        with pytest.raises(ValueError, match="is needed"):
            greedy_decode(np.zeros(shape), ab)
    assert (
        collapse([]).tolist() == [] and collapse([2]).tolist() == [True] and collapse([0]).tolist() == [False]
    )


def test_a_dictionary_of_another_network_is_named():
    for decode in (greedy_decode, beam_search):
        with pytest.raises(
            ValueError, match="dictionary of 3 characters and the blank: is it the dictionary that"
        ):
            decode(np.full((1, 2, 9), 0.1), Alphabet("abc", use_space=False))
