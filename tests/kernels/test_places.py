"""Free places for boxes: the plain form and the compiled one."""

import numpy as np
import pytest

from ppocr_lessons.augment.copy_paste import first_free
from ppocr_lessons.kernels.places import first_free_compiled

PLAIN = getattr(first_free, "__wrapped__", first_free)
WAYS = [PLAIN, lambda *args: first_free_compiled(PLAIN, *args)]


def _case(rng):
    count, there = rng.integers(0, 12, 2)
    low = rng.integers(0, 80, (there, 2))
    occupied = np.concatenate([low, low + rng.integers(0, 40, (there, 2))], 1).astype(np.int32)
    return rng.integers(0, 80, (count, 6, 2)).astype(np.int32), rng.integers(1, 40, (count, 2)).astype(np.int32), occupied  # fmt: skip


@pytest.mark.parametrize("find", WAYS, ids=["plain", "compiled"])
def test_by_hand(find):
    occupied = np.array([[0, 0, 10, 10]], np.int32)
    candidates = np.array([[[5, 5], [10, 0]], [[12, 0], [9, 9]]], np.int32)
    # The second candidate of the first text touches the box, which is no overlap; it then blocks the second text.
    assert find(candidates, np.array([[4, 4], [4, 4]], np.int32), occupied).tolist() == [1, -1]
    assert occupied.tolist() == [[0, 0, 10, 10]]


def test_both_ways_agree(rng):
    for _ in range(200):
        case = _case(rng)
        plain, compiled = (find(*case) for find in WAYS)
        np.testing.assert_array_equal(plain, compiled)


@pytest.mark.parametrize("find", WAYS, ids=["plain", "compiled"])
def test_the_first_free_try_and_touching_is_no_overlap(find):
    def run(candidates, sizes, occupied):
        boxes = np.array(occupied, np.int32).reshape(-1, 4)
        return find(np.array(candidates, np.int32), np.array(sizes, np.int32), boxes).tolist()

    box = [10, 10, 20, 20]
    for x, y, free in (
        (0, 10, 0),
        (1, 10, -1),
        (20, 10, 0),
        (19, 10, -1),
        (10, 0, 0),
        (10, 1, -1),
        (10, 20, 0),
        (10, 19, -1),
    ):
        assert run([[[x, y]]], [[10, 10]], [box]) == [free], (x, y)
    assert run([[[12, 12], [15, 15], [30, 30], [40, 40]]], [[5, 6]], [box]) == [2]
    assert run([[[12, 12]] * 2, [[30, 30]] * 2, [[33, 33], [35, 36]]], [[5, 6]] * 3, [box]) == [-1, 0, 1]
    assert run([[[0, 0]], [[0, 0]]], [[5, 5], [5, 5]], []) == [0, -1]
