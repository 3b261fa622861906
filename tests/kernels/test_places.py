"""Free places for boxes."""

import numpy as np
import pytest

from ppocr_lessons.kernels.places import first_free, first_free_at_once


def _case(rng):
    count, there = rng.integers(0, 12, 2)
    low = rng.integers(0, 80, (there, 2))
    boxes = np.zeros((there + count, 4), np.int32)
    boxes[:there, :2], boxes[:there, 2:] = low, low + rng.integers(0, 40, (there, 2))
    return rng.integers(0, 80, (count, 6, 2)).astype(np.int32), rng.integers(1, 40, (count, 2)).astype(np.int32), boxes, there  # fmt: skip


@pytest.mark.parametrize("find", [first_free, first_free_at_once])
def test_by_hand(find):
    boxes = np.array([[0, 0, 10, 10], [0, 0, 0, 0], [0, 0, 0, 0]], np.int32)
    tries = np.array([[[5, 5], [10, 0]], [[12, 0], [9, 9]]], np.int32)
    # The first text touches the box with its second try, which is no overlap; it is then in the second one's way.
    assert find(tries, np.array([[4, 4], [4, 4]], np.int32), boxes, 1).tolist() == [1, -1]
    assert boxes[1].tolist() == [10, 0, 14, 4]


def test_both_ways_agree(rng):
    for _ in range(200):
        tries, sizes, boxes, there = _case(rng)
        other = boxes.copy()
        firsts = first_free(tries, sizes, boxes, there)
        np.testing.assert_array_equal(firsts, first_free_at_once(tries, sizes, other, there))
        taken = there + (firsts >= 0).sum()
        np.testing.assert_array_equal(boxes[:taken], other[:taken])
