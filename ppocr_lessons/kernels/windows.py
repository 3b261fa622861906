"""Search for a window of a page that crosses no text, compiled with numba; the plain form is in augment/random_crop.py."""

import numpy as np

from .compiled import loop


def free_runs_compiled(plain, starts, ends, size: int) -> np.ndarray:
    """Compiled form of `free_runs`.

    Args:
        plain: the same in NumPy, not needed here.
        starts: (N,) int64 in pixels.
        ends: (N,) int64 in pixels.
        size: of the axis in pixels.

    Returns: (K, 2) int64 in pixels.
    """
    runs = np.empty((len(starts) + 1, 2), np.int64)
    return runs[: _free_runs(starts, ends, size, runs)]


def first_window_compiled(plain, across, down, least, low, high) -> int:
    """Compiled form of `first_window`.

    Args:
        plain: the same in NumPy, not needed here.
        across: left edges and right edges, two (T,) int64 in pixels.
        down: top edges and bottom edges, two (T,) int64 in pixels.
        least: (width, height), floats in pixels.
        low: (N, 2) float64 in pixels.
        high: (N, 2) float64 in pixels.

    Returns: number of the window, -1 for none.
    """
    return _first_window(*across, *down, float(least[0]), float(least[1]), low, high)


@loop
def _free_runs(starts, ends, size, runs):
    taken = np.zeros(size, np.bool_)
    for index in range(len(starts)):
        taken[max(starts[index], 0) : max(0, min(ends[index], size))] = True
    count, before = 0, True
    for place in range(size):
        if before and not taken[place]:
            runs[count, 0] = place
        elif taken[place] and not before:
            runs[count, 1] = place
            count += 1
        before = taken[place]
    if not before:
        runs[count, 1] = size
        count += 1
    return count


@loop
def _first_window(left, right, top, bottom, width, height, low, high):
    for number in range(len(left)):
        x, y, x_end, y_end = left[number], top[number], right[number], bottom[number]
        if x_end - x < width or y_end - y < height or x_end <= x or y_end <= y:
            continue
        for text in range(len(low)):
            if high[text, 0] > x and low[text, 0] < x_end and high[text, 1] > y and low[text, 1] < y_end:
                return number
    return -1
