"""Beam search: against all texts, against greedy decoding, with a character model, and with wrong arguments."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ppocr_lessons.rec.alphabet import Alphabet
from ppocr_lessons.rec.character_model import CharacterModel
from ppocr_lessons.rec.ctc_beam import beam_search
from ppocr_lessons.rec.ctc_decode import greedy_decode
from ppocr_lessons.rec.ctc_lattice import log_likelihood

A = Alphabet("a", use_space=False)
AB = Alphabet("ab", use_space=False)


def _probs(steps, classes, seed):
    values = np.exp(2 * np.random.default_rng(seed).standard_normal((1, steps, classes)))
    return values / values.sum(-1, keepdims=True)


def test_the_best_text_is_not_that_of_the_best_path():
    probs = np.array([[[0.6, 0.4], [0.6, 0.4]]])
    assert greedy_decode(probs, A)[0].text == "", "the path of two blanks has 0.36"
    first, second = beam_search(probs, A)[0]
    assert first.text == "a" and math.exp(first.log_prob) == pytest.approx(0.64)
    assert second.text == "" and math.exp(second.log_prob) == pytest.approx(0.36)


@given(st.integers(1, 5), st.integers(0, 99))
@settings(max_examples=30, deadline=None)
def test_a_wide_beam_sums_every_text_exactly(steps, seed):
    probs = _probs(steps, 3, seed)
    found = beam_search(probs, AB, beam_width=1000, min_prob=0.0)[0]
    texts = ["".join(t) for n in range(steps + 1) for t in itertools.product("ab", repeat=n)]
    expected = {t: log_likelihood(np.log(probs[0]), AB.encode(t)) for t in texts}
    expected = {t: value for t, value in expected.items() if value > -math.inf}
    assert {h.text for h in found} == set(expected)
    for h in found:
        assert h.log_prob == h.score == pytest.approx(expected[h.text], abs=1e-9)
    assert [h.score for h in found] == sorted((h.score for h in found), reverse=True)


def test_repeats_need_a_blank_between():
    one_hot = np.eye(3)[[1, 1, 0, 1, 2]][None]
    (only,) = beam_search(one_hot, AB, beam_width=5)[0]
    assert only.text == "aab" and only.log_prob == 0.0


def test_the_beam_is_as_wide_as_asked_and_every_line_is_decoded():
    probs = np.concatenate([_probs(6, 3, seed) for seed in range(4)])
    for width in (1, 2, 7):
        found = beam_search(probs, AB, beam_width=width, min_prob=0.0)
        assert [len(line) for line in found] == [width] * 4
    assert beam_search(probs[:0], AB) == []
    assert beam_search(probs[:, :0], AB)[0] == [("", 0.0, 0.0)]


def test_unlikely_characters_are_left_out():
    probs = np.array([[[0.49, 0.5, 0.01], [0.49, 0.5, 0.01]]])
    assert "b" in "".join(h.text for h in beam_search(probs, AB, min_prob=0.01)[0])
    assert "b" not in "".join(h.text for h in beam_search(probs, AB, min_prob=0.02)[0])
    assert beam_search(probs, AB, min_prob=1.0)[0][0].text == "", "the blank is always followed"


def test_a_model_of_the_language_decides_between_similar_characters():
    alphabet = Alphabet("abclo0", use_space=False)
    path = alphabet.encode("co0l")
    probs = np.full((1, 7, alphabet.classes), 1e-6)
    probs[0, [1, 3, 5], 0] = 1.0
    for step, c in zip((0, 2, 4, 6), path, strict=True):
        probs[0, step, c] = 1.0
    probs[0, 4, alphabet.encode("0")], probs[0, 4, alphabet.encode("o")] = 0.6, 0.4
    model = CharacterModel(["cool", "cola", "loco", "coal"])
    assert beam_search(probs, alphabet)[0][0].text == "co0l"
    best, second = beam_search(probs, alphabet, language_model=model, weight=0.5)[0][:2]
    assert (best.text, second.text) == ("cool", "co0l")
    told = sum(model.log_prob("cool"[:i], "cool"[i]) for i in range(4))
    assert best.score == pytest.approx(best.log_prob + 0.5 * told)
    plain = beam_search(probs, alphabet, language_model=model, weight=0.0, bonus=2.0)[0][0]
    assert plain.text == "co0l" and plain.score == pytest.approx(plain.log_prob + 4 * 2.0)


def test_wrong_arguments_are_named():
    probs = _probs(4, 3, 0)
    with pytest.raises(ValueError, match=r"probs has shape \(1, 4, 3\); \(N, T, 2\) is needed"):
        beam_search(probs, A)
    with pytest.raises(ValueError, match=r"\(N, T, 3\) is needed"):
        beam_search(probs[0], AB)
    for width in (0, -1):
        with pytest.raises(ValueError, match=f"beam_width is {width}; 1 or more is needed"):
            beam_search(probs, AB, beam_width=width)
    for bad in (np.log(probs), probs * np.nan, 3 * probs):
        with pytest.raises(ValueError, match="apply the softmax to logits first"):
            beam_search(bad, AB)
    for wrong in ({"min_prob": -0.1}, {"min_prob": 2.0}, {"weight": -1.0}, {"weight": math.nan}):
        with pytest.raises(ValueError, match="and 0 or more are needed"):
            beam_search(probs, AB, **wrong)
