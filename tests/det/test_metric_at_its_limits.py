"""What counts as a match, and what as nothing."""

import numpy as np
import pytest

from ppocr_lessons.det.metric import DetMetric


def _box(x, y, w=20, h=10):
    return np.array([[x, y], [x + w, y], [x + w, y + h], [x, y + h]], np.float32)


def test_just_over_one_half_is_a_match():
    metric = DetMetric()
    assert metric.add([_box(0, 0, 20, 10)], [_box(0, 0, 10.1, 10)], [False]) == [(0, 0)]
    assert metric.add([_box(0, 0, 20, 10)], [_box(10, 0, 20, 10)], [False]) == []  # 10 of 30


def test_half_on_an_ignored_text_still_counts():
    metric = DetMetric()
    metric.add([_box(10, 0)], [_box(0, 0)], [True])  # half of the detection lies on it
    assert (metric.detected, metric.expected) == (1, 0)
    metric.add([_box(9, 0)], [_box(0, 0)], [True])
    assert (metric.detected, metric.expected) == (1, 0)


def test_one_of_several_ignored_texts_is_enough():
    metric = DetMetric()
    metric.add([_box(50, 0)], [_box(0, 0), _box(50, 0)], [True, True])
    assert metric.detected == 0


def test_indices_are_those_that_were_given():
    crossed = np.array([[0, 0], [20, 10], [20, 0], [0, 10]], np.float32)
    line = np.array([[0, 0], [20, 0], [20, 0], [0, 0]], np.float32)
    metric = DetMetric()
    found = metric.add(
        [crossed, line, _box(50, 0), _box(100, 0)],
        [crossed, _box(0, 50), _box(100, 0), _box(50, 0)],
        [0, 1, 0, 0],
    )
    assert found == [(2, 3), (3, 2)]
    assert (metric.matched, metric.detected, metric.expected) == (2, 2, 2)


def test_a_detection_is_used_once_and_the_next_takes_its_turn():
    metric = DetMetric()
    assert metric.add([_box(0, 0), _box(1, 0)], [_box(0, 0), _box(0, 0)], [False, False]) == [(0, 0), (1, 1)]


def test_scores_from_counts():
    metric = DetMetric()
    metric.add(
        [_box(0, 0), _box(50, 0), _box(100, 0), _box(150, 0)], [_box(0, 0), _box(0, 50)], [False, False]
    )
    metric.add([_box(0, 0)], [_box(0, 0)], [False])
    assert metric.score() == (pytest.approx(2 / 5), pytest.approx(2 / 3), pytest.approx(0.5))
    only_labels = DetMetric()
    only_labels.add([], [_box(0, 0)], [False])
    assert only_labels.score() == (0, 0, 0)
    only_found = DetMetric()
    only_found.add([_box(0, 0)], [], [])
    assert only_found.score() == (0, 0, 0)
