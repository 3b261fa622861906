"""From a map to boxes and back."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ppocr_lessons.det.postprocess import DBPostProcess, mean_inside
from ppocr_lessons.det.targets import make_targets


def _map(polygons, shape):
    return make_targets(polygons, [False] * len(polygons), shape).shrink_map


@settings(deadline=None, max_examples=40)
@given(st.integers(40, 220), st.integers(24, 50), st.floats(-40, 40))
def test_boxes_come_back_from_their_own_shrink_map(width, height, angle):
    box = cv2.boxPoints(((160, 160), (width, height), angle))
    boxes = DBPostProcess(unclip_ratio=1.5)(_map([box], (320, 320)), (320, 320))
    assert len(boxes.polygons) == 1
    shared, _ = cv2.intersectConvexConvex(boxes.polygons[0], box.astype(np.float32))
    union = cv2.contourArea(boxes.polygons[0]) + width * height - shared
    assert shared / union > 0.5  # what the metric asks for; lower boxes lose too much to whole pixels
    assert boxes.scores[0] > 0.6


def test_scales_to_the_original():
    prob = np.zeros((64, 128), np.float32)
    prob[20:40, 20:100] = 0.9
    small = DBPostProcess()(prob, (64, 128)).polygons
    large = DBPostProcess()(prob, (128, 512)).polygons
    np.testing.assert_allclose(large, small * (4, 2), atol=4)


@pytest.mark.parametrize("mode", ["fast", "slow"])
@pytest.mark.parametrize("dilate", [False, True])
def test_modes(mode, dilate):
    prob = np.zeros((64, 128), np.float32)
    prob[20:40, 20:100] = 0.9
    boxes = DBPostProcess(score_mode=mode, use_dilation=dilate)(prob, (64, 128))
    assert boxes.polygons.shape == (1, 4, 2)
    assert boxes.scores[0] == pytest.approx(0.9, abs=0.1)


def test_polygon_output_follows_an_l_shape():
    prob = np.zeros((200, 200), np.float32)
    prob[20:160, 20:50] = prob[130:160, 20:160] = 0.95
    boxes = DBPostProcess(box_type="poly")(prob, (200, 200))
    assert len(boxes.polygons) == 1 and len(boxes.polygons[0]) >= 6


def test_thresholds_and_noise():
    prob = np.zeros((64, 128), np.float32)
    prob[20:40, 20:100] = 0.5
    prob[5:7, 5:7] = 1.0
    assert len(DBPostProcess(box_thresh=0.6)(prob, (64, 128)).polygons) == 0
    assert len(DBPostProcess(box_thresh=0.4)(prob, (64, 128)).polygons) == 1
    assert len(DBPostProcess(thresh=0.55, box_thresh=0.4)(prob, (64, 128)).polygons) == 0


def test_empty_map():
    for kind in ("quad", "poly"):
        boxes = DBPostProcess(box_type=kind)(np.zeros((32, 32), np.float32), (32, 32))
        assert len(boxes.polygons) == 0 and len(boxes.scores) == 0


def test_max_candidates():
    prob = np.zeros((200, 200), np.float32)
    for y in range(10, 190, 30):
        prob[y : y + 15, 20:180] = 0.9
    assert len(DBPostProcess(max_candidates=2)(prob, (200, 200)).polygons) == 2


def test_mean_inside_ignores_what_is_outside_the_picture():
    prob = np.full((10, 10), 0.5, np.float32)
    assert mean_inside(prob, np.array([[-5, -5], [5, -5], [5, 5], [-5, 5]], np.float32)) == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"thresh": 1.5}, "thresh is 1.5"),
        ({"box_thresh": -0.1}, "box_thresh is -0.1"),
        ({"unclip_ratio": 0}, "unclip_ratio is 0"),
        ({"score_mode": "medium"}, "score_mode is 'medium'"),
        ({"box_type": "circle"}, "box_type is 'circle'"),
    ],
)
def test_wrong_arguments(arguments, words):
    with pytest.raises(ValueError, match=words):
        DBPostProcess(**arguments)
