"""The search for free places, compiled with numba; the plain form is `first_free` in augment/copy_paste.py.

The compiled loop stops at the first free place, where NumPy checks all candidates of a text at once.
"""

import numpy as np

from .compiled import loop


def first_free_compiled(plain, candidates, sizes, occupied) -> np.ndarray:
    """Compiled form of `first_free`.

    Args:
        plain: the same in NumPy, not needed here.
        candidates: (N, T, 2) int32 in pixels, top left corners to try for each text.
        sizes: (N, 2) int32, width and height of each text in pixels.
        occupied: (M, 4) int32 in pixels, left, top, right, bottom of the boxes to avoid.

    Returns: (N,) number of the chosen candidate, or -1 for a text that fits nowhere.
    """
    boxes = np.empty((len(occupied) + len(candidates), 4), np.int32)
    boxes[: len(occupied)] = occupied
    return _first_free(candidates, sizes, boxes, len(occupied))


@loop
def _first_free(candidates, sizes, boxes, taken):
    firsts = np.full(len(candidates), -1)
    for text in range(len(candidates)):
        width, height = sizes[text]
        for number in range(candidates.shape[1]):
            x, y = candidates[text, number]
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
