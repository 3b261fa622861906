"""Rectangles of an image, which CutOut and HideAndSeek erase and CutMix exchanges."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

GRAY = 128
"""Value of erased pixels: the middle of 0..255, which becomes about 0 when a line is normalized."""


class Rectangle(NamedTuple):
    """Part of an image: rows `top` to `bottom` and columns `left` to `right`, the last ones not included; pixels."""

    top: int
    left: int
    bottom: int
    right: int


def around(y: int, x: int, height: int, width: int, size: tuple[int, int]) -> Rectangle:
    """The part of a rectangle inside an image.

    Args:
        y: row of the center.
        x: column of the center.
        height: of the rectangle in pixels.
        width: of the rectangle in pixels.
        size: (height, width) of the image in pixels.

    Returns: the rectangle, clipped to the image.
    """
    top, left = y - height // 2, x - width // 2
    return Rectangle(max(0, top), max(0, left), min(size[0], top + height), min(size[1], left + width))


def erase(image: np.ndarray, rectangles: Sequence[Rectangle]) -> np.ndarray:
    """Fill rectangles of an image with gray.

    Args:
        image: (H, W, 3) uint8; it is not changed.
        rectangles: parts of the image.

    Returns: (H, W, 3) uint8: a new array, or `image` itself if there is no rectangle.
    """
    if not rectangles:
        return image
    image = image.copy()
    for part in rectangles:
        image[part.top : part.bottom, part.left : part.right] = GRAY
    return image
