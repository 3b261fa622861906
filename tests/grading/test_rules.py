"""The rules by which answers are scored."""

import numpy as np
import pytest

from ppocr_lessons.grading.assignment import Question
from ppocr_lessons.grading.scoring.rules import (
    RIGHT,
    Mistake,
    chosen,
    close,
    give_marks,
    overlapping,
    same_texts,
)


def test_numbers_are_right_within_the_tolerance_on_both_sides():
    rule = close(100.0, relative=0.01, absolute=0.0)
    assert rule(99.1) == rule(100.9) == (1.0, RIGHT)
    assert rule(98.9)[0] == rule(101.1)[0] == 0.0
    assert rule(98.9)[1] == "Yours is 98.9, right is 100."


def test_an_array_gets_the_share_of_its_right_entries():
    share, reason = close([1.0, 2.0, 3.0, 4.0])(np.array([1.0, 2.0, 9.0, 4.0]))
    assert share == 0.75
    assert reason == "3 of 4 values are right; the first wrong one, at index (2,), is 9 instead of 3."


def test_an_array_of_another_shape_gets_nothing_even_if_it_could_be_broadcast():
    assert close([1.0, 1.0])(np.ones(1)) == (0.0, "The shape is (1,); (2,) is needed.")
    assert close([1.0, 1.0])(np.ones((2, 1)))[0] == 0.0
    assert close(1.0)(np.ones((1,)))[0] == 0.0


def test_a_known_mistake_has_its_own_reason_and_the_right_answer_comes_first():
    mistakes = (Mistake([2.0, 4.0], "Twice as much.", 0.5), Mistake([1.0, 2.0], "Never.", 0.1))
    rule = close([1.0, 2.0], mistakes=mistakes)
    assert rule(np.array([2.0, 4.0])) == (0.5, "Twice as much.")
    assert rule(np.array([1.0, 2.0])) == (1.0, RIGHT)
    assert rule(np.array([2.0, 2.0]))[0] == 0.5 and "1 of 2" in rule(np.array([2.0, 2.0]))[1]


def test_choices_are_right_or_wrong():
    assert chosen("a", "Because.")("a") == (1.0, RIGHT)
    assert chosen("a", "Because.")("b") == (0.0, "Because.")


def test_texts_are_compared_one_by_one():
    rule = same_texts(["a", "b"], mistakes=(Mistake(["A", "B"], "Upper case.", 0.3),))
    assert rule(["a", "b"]) == (1.0, RIGHT)
    assert rule(["A", "B"]) == (0.3, "Upper case.")
    assert rule(["a", "x"])[0] == 0.5 and "number 1, is 'x' instead of 'b'" in rule(["a", "x"])[1]
    assert rule(["a"]) == (0.0, "1 texts were handed in; 2 are needed.")
    assert rule(["x" * 1000, "b"])[1].count("x") < 70, "a long answer is cut in the reason"


def test_maps_are_scored_by_their_overlap():
    right = np.zeros((10, 10))
    right[2:8, 2:8] = 1
    rule = overlapping(right, mistakes=(Mistake(np.ones((10, 10)), "Everything.", 0.2),))
    assert rule(right) == (1.0, RIGHT)
    assert rule(np.zeros((10, 10)))[0] == 0.0
    assert rule(np.ones((10, 10))) == (0.2, "Everything.")
    part = right.copy()
    part[2] = 0
    assert rule(part)[0] == pytest.approx((30 / 36 - 0.5) / 0.48)
    assert rule(right[:9]) == (0.0, "The shape is (9, 10); (10, 10) is needed.")


def test_marks_are_given_for_answers_only_and_stay_within_the_points():
    questions = [Question(name, 3, "number", "a number") for name in ("a", "b", "c")]
    rules = {"a": lambda _: (2.0, "x"), "b": lambda _: (1 / 3, "y"), "c": lambda _: (-1.0, "z")}
    marks = give_marks(questions, rules, {"c": 1, "a": 1})
    assert [(mark.id, mark.points) for mark in marks] == [("a", 3.0), ("c", 0.0)]
    assert give_marks(questions, rules, {"b": 1})[0].points == 1.0
