"""Free places for boxes among others, compiled for the CPU with numba.

Without numba NumPy looks at all tries of a text at once, where the compiled loop stops at the first free one.
"""

import numpy as np

from .compiled import njit


def _first_free_loops(tries, sizes, boxes, taken):
    """Give every text the first of its tries whose box overlaps none that is there; later texts see it.

    Args:
        tries: (C, T, 2) int32, top left corners to try for each text.
        sizes: (C, 2) int32, width and height of each text.
        boxes: (taken + C, 4) int32 left, top, right, bottom of what is there; the rest is filled here.
        taken: number of boxes there.

    Returns: (C,) the number of the try, -1 for a text without a place.
    """
    firsts = np.full(len(tries), -1)
    for text in range(len(tries)):
        width, height = sizes[text]
        for number in range(tries.shape[1]):
            x, y = tries[text, number]
            free = True
            for left, top, right, bottom in boxes[:taken]:
                if x < right and left < x + width and y < bottom and top < y + height:
                    free = False
                    break
            if free:
                boxes[taken, 0], boxes[taken, 1] = x, y
                boxes[taken, 2], boxes[taken, 3] = x + width, y + height
                taken += 1
                firsts[text] = number
                break
    return firsts


def first_free_at_once(tries, sizes, boxes, taken):
    """The same in NumPy.

    Args:
        tries: (C, T, 2) int32, top left corners to try for each text.
        sizes: (C, 2) int32, width and height of each text.
        boxes: (taken + C, 4) int32 left, top, right, bottom of what is there; the rest is filled here.
        taken: number of boxes there.
    """
    firsts = np.full(len(tries), -1)
    for text, (places, (width, height)) in enumerate(zip(tries, sizes, strict=True)):
        x, y = places.T[..., None]
        left, top, right, bottom = boxes[:taken].T
        busy = ((x < right) & (left < x + width) & (y < bottom) & (top < y + height)).any(1)
        number = busy.argmin()
        if not busy[number]:
            boxes[taken] = (*places[number], *(places[number] + (width, height)))
            taken += 1
            firsts[text] = number
    return firsts


first_free = njit(cache=True)(_first_free_loops) if njit else first_free_at_once
"""The faster of both that is at hand."""
