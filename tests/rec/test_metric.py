"""Exact match and edit distance."""

import pytest

from ppocr_lessons.rec.metric import RecMetric, character_error_rate


def test_by_hand():
    metric = RecMetric()
    assert metric.add("a b", "ab")  # spaces do not count
    assert not metric.add("Cat", "cat")  # case does
    assert not metric.add("", "abcd")
    score = metric.score()
    assert score.acc == pytest.approx(1 / 3, abs=1e-4)
    assert score.norm_edit_dis == pytest.approx(1 - (0 + 1 / 3 + 1) / 3, abs=1e-4)


def test_nothing_added():
    assert RecMetric().score() == (0.0, 1.0)


def test_character_error_rate():
    assert character_error_rate("kitten", "sitting") == pytest.approx(3 / 7)
    assert character_error_rate("", "") == 0


@pytest.mark.parametrize(
    ("options", "right"),
    [
        ({}, 1),
        ({"ignore_space": False}, 0),
        ({"is_filter": True}, 2),
        ({"is_filter": True, "ignore_space": False}, 2),
    ],
)
def test_what_is_compared(options, right):
    metric = RecMetric(**options)
    metric.add("two words", "twowords")
    metric.add("No. 5!", "no 5")
    assert metric.correct == right
