"""An affine transform of only the pixels under a mask; the plain form is `warp_onto` in augment/geometry.py.

OpenCV computes all pixels of the rectangle around the mask. For a text at an angle, the rectangle has two or three
times as many pixels as the mask.
"""

import numpy as np

from .compiled import loop
from .warp import move


def warp_onto_compiled(plain, window, mask, image, matrix) -> None:
    """Compiled form of `warp_onto`.

    Args:
        plain: the same with OpenCV, for perspective, masks with gaps, and inputs that `move` does not support.
        window: (h, w, 3) uint8, which is changed in place and must not overlap the image.
        mask: (h, w) uint8, nonzero where pixels are written.
        image: (H, W, 3) uint8.
        matrix: (2, 3), or (3, 3) with perspective, float64, from pixels of the image to pixels of the window.
    """
    spans, whole = _spans(mask)
    if not (whole and len(matrix) == 2 and move(image, matrix, window, spans, True)):
        plain(window, mask, image, matrix)


@loop
def _spans(mask):
    """First pixel and end (exclusive) of the mask in each row, and whether the mask has no gaps between them."""
    height, width = mask.shape
    spans, whole = np.zeros((height, 2), np.int64), True
    for y in range(height):
        first, end = 0, width
        while first < end and not mask[y, first]:
            first += 1
        while end > first and not mask[y, end - 1]:
            end -= 1
        spans[y, 0], spans[y, 1] = first, end
        for x in range(first, end):
            whole = whole and mask[y, x] != 0
    return spans, whole
