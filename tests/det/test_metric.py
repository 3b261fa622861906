"""Precision, recall, hmean."""

import numpy as np
import pytest

from ppocr_lessons.det.metric import DetMetric


def _box(x, y, w=20, h=10):
    return np.array([[x, y], [x + w, y], [x + w, y + h], [x, y + h]], np.float32)


def test_by_hand():
    metric = DetMetric()
    assert metric.add([_box(0, 0), _box(50, 0), _box(100, 0)], [_box(1, 0), _box(52, 1)], [False, False]) == [
        (0, 0),
        (1, 1),
    ]
    score = metric.score()
    assert (score.precision, score.recall) == (pytest.approx(2 / 3), 1.0)
    assert score.hmean == pytest.approx(0.8)


def test_iou_of_exactly_one_half_is_no_match():
    metric = DetMetric()
    assert metric.add([_box(0, 0, 20, 10)], [_box(0, 0, 10, 10)], [False]) == []


def test_dont_care_regions_take_detections_out():
    metric = DetMetric()
    metric.add([_box(0, 0), _box(50, 0)], [_box(0, 0), _box(50, 0)], [True, False])
    assert metric.score() == (1.0, 1.0, 1.0)
    assert (metric.detected, metric.expected) == (1, 1)


def test_one_to_one():
    metric = DetMetric()
    metric.add([_box(0, 0), _box(0, 0)], [_box(0, 0)], [False])
    assert metric.score().precision == 0.5


def test_crossed_polygons_are_dropped():
    crossed = np.array([[0, 0], [20, 10], [20, 0], [0, 10]], np.float32)
    metric = DetMetric()
    metric.add([crossed], [crossed], [False])
    assert (metric.detected, metric.expected) == (0, 0)
    assert metric.score() == (0.0, 0.0, 0.0)
