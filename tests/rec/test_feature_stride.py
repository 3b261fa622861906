"""Rows that are left after each stage."""

import numpy as np
import paddle
import pytest

from ppocr_lessons.backbones.mobilenet_v3 import DetMobileNetV3
from ppocr_lessons.rec.alphabet import Alphabet
from ppocr_lessons.rec.feature_stride import (
    AFTER,
    BEFORE,
    character_room,
    coarser_steps,
    feature_sizes,
    heights,
    rec_backbone,
    steps_needed,
)


def test_heights_by_hand():
    assert heights(BEFORE) == [16, 8, 4, 2, 1, 1]
    assert heights(AFTER) == [16, 16, 8, 4, 2, 1]


def test_heights_are_those_of_the_net():
    for strides in (BEFORE, AFTER):
        net, rows = rec_backbone(strides), []
        x = net.conv1(paddle.zeros([1, 3, 32, 64]))
        for unit in net.blocks:
            rows.append(x.shape[2])
            x = unit(x)
        assert list(dict.fromkeys([*rows, x.shape[2]])) == list(dict.fromkeys(heights(strides)[:-1]))
        assert net.pool(net.conv2(x)).shape[2] == heights(strides)[-1]


def test_pairs_of_strides_are_those_of_an_image_classifier():
    with paddle.no_grad():
        maps = DetMobileNetV3("small", 0.35)(paddle.zeros([1, 3, 32, 96]))
    sizes = feature_sizes([(2, 2)] * 4, 32, 96)
    assert sizes == [(16, 48), (8, 24), (4, 12), (2, 6), (1, 3), (1, 1)]
    assert [tuple(m.shape[2:]) for m in maps] == sizes[1:5]


def test_columns_of_the_recognizer():
    assert feature_sizes(BEFORE) == [(16, 160), (8, 160), (4, 160), (2, 160), (1, 160), (1, 80)]
    assert feature_sizes(AFTER, 32, 323)[-2:] == [(2, 162), (1, 81)]


@pytest.mark.parametrize(
    ("text", "steps"), [("", 0), ("a", 1), ("ab", 2), ("aa", 3), ("aaa", 5), ("abba", 5)]
)
def test_steps_needed_by_hand(text, steps):
    assert steps_needed(text) == steps


def test_ctc_is_finite_from_the_needed_steps_on():
    """Paddle's loss as the reference: "aab" has no alignment of three steps."""
    for steps, finite in ((steps_needed("aab") - 1, False), (steps_needed("aab"), True)):
        logits = paddle.zeros([steps, 1, 3])
        lengths = (paddle.to_tensor([steps]), paddle.to_tensor([3]))
        labels = paddle.to_tensor([[1, 1, 2]], dtype="int32")
        loss = paddle.nn.functional.ctc_loss(logits, labels, *lengths, reduction="none")
        assert (0 < loss.item() < 100) == finite


def _one_hot(classes, count=3):
    return np.eye(count, dtype=np.float32)[list(classes)]


def test_a_cell_keeps_its_character():
    probs = _one_hot([0, 1, 2, 0, 0, 0, 1])
    assert coarser_steps(probs, 2).argmax(1).tolist() == [1, 2, 0, 1]
    assert coarser_steps(probs, 3).argmax(1).tolist() == [1, 0, 1], "two characters share the first cell"
    assert coarser_steps(probs, 9).argmax(1).tolist() == [1]
    np.testing.assert_array_equal(coarser_steps(probs, 1), probs)
    with pytest.raises(ValueError, match="factor is 0; at least one time step"):
        coarser_steps(probs, 0)


def test_room_is_half_the_distance_of_the_neighbors():
    probs = _one_hot([0, 1, 1, 0, 2, 0, 0, 1, 2])
    assert character_room(probs, Alphabet("ab", use_space=False)) == [("b", 3.0), ("a", 2.0)]
    for short in ([0, 0], [1, 0], [1, 2]):
        assert character_room(_one_hot(short), Alphabet("ab", use_space=False)) == []
