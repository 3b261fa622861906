"""The character model: counts by hand, probabilities that add up to 1, and wrong arguments."""

import functools
import math

import pytest

from ppocr_lessons.datasets.synthetic.corpus import english_words
from ppocr_lessons.rec.character_model import END, CharacterModel


@functools.cache
def of_the_package(order):
    return CharacterModel(english_words(), order=order)


def test_witten_bell_by_hand():
    model = CharacterModel(["ab", "ac"], order=2)
    # Without context: a 2, b 1, c 1, end 2 of 6, with 4 kinds, mixed with 1/4 for each of the four.
    after_nothing = (1 + 4 * 1 / 4) / (6 + 4)
    assert model._mixed("", "b") == pytest.approx(after_nothing)
    # After "a": b 1, c 1, two kinds.
    assert math.exp(model.log_prob("a", "b")) == pytest.approx((1 + 2 * after_nothing) / (2 + 2))
    assert math.exp(model.log_prob("xa", "B")) == math.exp(model.log_prob("7A", "b"))


def test_a_longer_context_knows_more():
    words = ["the", "then", "there", "to", "tea"]
    short, long = CharacterModel(words, order=2), CharacterModel(words, order=3)
    assert long.log_prob("th", "e") > short.log_prob("th", "e")
    assert CharacterModel(words, order=1).log_prob("th", "e") == CharacterModel(words, order=1).log_prob(
        "ho", "e"
    )


@pytest.mark.parametrize("before", ["", "t", "th", "qz", "a 7", "TH", "mar"])
@pytest.mark.parametrize("order", [1, 3, 4])
def test_letters_and_the_end_add_up_to_one(before, order):
    model = of_the_package(order)
    total = sum(math.exp(model.log_prob(before, letter)) for letter in model.letters)
    assert total + math.exp(model.log_prob(before, "5")) == pytest.approx(1)


def test_characters_that_are_no_letters_end_the_word():
    model = of_the_package(4)
    assert model.log_prob("then", " ") == model.log_prob("then", "7") == model.log_prob("then", ",")
    assert model.log_prob("x ", "t") == model.log_prob("", "t") == model.log_prob("12", "T")
    assert math.exp(model.log_prob("", "7")) == pytest.approx(0.5)
    assert END not in model.letters


def test_wrong_arguments_are_named():
    with pytest.raises(ValueError, match="order is 0; 1 or more is needed"):
        CharacterModel(["a"], order=0)
    for words in ([], ["", "12"]):
        with pytest.raises(ValueError, match="no letter"):
            CharacterModel(words)
