"""Windows between texts: the plain form and the compiled one."""

import numpy as np
import pytest

from ppocr_lessons.augment.random_crop import first_window, free_runs
from ppocr_lessons.kernels.windows import first_window_compiled, free_runs_compiled

RUNS, FIRST = (getattr(plain, "__wrapped__", plain) for plain in (free_runs, first_window))


@pytest.mark.parametrize(
    "find", [RUNS, lambda *args: free_runs_compiled(RUNS, *args)], ids=["plain", "compiled"]
)
@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ([], [[0, 10]]),
        ([[2, 5]], [[0, 2], [5, 10]]),
        ([[0, 3], [3, 4], [9, 10]], [[4, 9]]),
        ([[5, 8], [1, 6]], [[0, 1], [8, 10]]),
        ([[-5, 2], [8, 15]], [[2, 8]]),
        ([[-5, -2], [12, 15], [4, 4], [7, 6]], [[0, 10]]),
        ([[0, 10]], []),
        ([[-3, 20]], []),
    ],
)
def test_runs_by_hand(find, texts, expected):
    starts, ends = np.array(texts, int).reshape(-1, 2).T
    runs = find(starts, ends, 10)
    assert runs.tolist() == expected and runs.shape[1:] == (2,) and runs.dtype == np.int64


def test_both_find_the_same_runs(rng):
    for _ in range(300):
        starts = rng.integers(-10, 60, rng.integers(0, 9))
        ends = starts + rng.integers(-3, 15, len(starts))
        np.testing.assert_array_equal(free_runs_compiled(RUNS, starts, ends, 50), RUNS(starts, ends, 50))


@pytest.mark.parametrize(
    "find", [FIRST, lambda *args: first_window_compiled(FIRST, *args)], ids=["plain", "compiled"]
)
def test_windows_by_hand(find):
    low, high = np.array([[10.0, 10.0]]), np.array([[20.0, 15.0]])

    def run(*windows):
        left, top, right, bottom = np.array(windows).T
        return find((left, right), (top, bottom), (5.0, 4.0), low, high)

    # Too narrow, too low, beside the text, touching it only, empty, and then one around it.
    poor = [
        [10, 10, 14, 30],
        [10, 10, 30, 13],
        [30, 0, 40, 40],
        [20, 0, 40, 40],
        [0, 15, 40, 40],
        [12, 12, 12, 40],
    ]
    assert run(*poor) == -1
    assert run(*poor, [5, 5, 30, 30], [0, 0, 40, 40]) == len(poor)
    assert run([15, 11, 20, 15]) == 0
    assert find(*np.zeros((2, 2, 0), int), (5.0, 4.0), low, high) == -1


def test_both_find_the_same_window(rng):
    found = set()
    for _ in range(300):
        across, down = np.sort(rng.integers(0, 60, (2, 2, 12)), 1)
        low = rng.uniform(0, 55, (rng.integers(1, 5), 2))
        high = low + rng.uniform(0, 8, low.shape)
        least = tuple(rng.uniform(0, 40, 2))
        expected = FIRST(across, down, least, low, high)
        assert first_window_compiled(FIRST, across, down, least, low, high) == expected
        found.add(expected)
    assert {-1, 0, 1, 5} <= found
