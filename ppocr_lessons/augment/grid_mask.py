"""GridMask: a regular grid of squares is erased (chapter 2.2.2).

Squares at random places erase too much of some regions and too little of others. A grid erases all regions equally.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from .bda import check_probability
from .rectangles import GRAY


class GridDraw(NamedTuple):
    """One drawn grid, in pixels.

    Fields:
        unit: distance between the squares.
        side: of a square.
        top: row of the first square, less than `unit`.
        left: column of the first square, less than `unit`.
    """

    unit: int
    side: int
    top: int
    left: int


class GridMask:
    """Erase a grid of squares whose distance and offset are random.

    Args:
        prob: probability that an image is changed at all.
        unit: smallest and largest distance between squares, as fractions of the shorter side of the image.
        ratio: part of a unit that stays between two squares, in 0..1. A square has the side (1 - ratio) * unit, so
            1 - (1 - ratio)^2 of the image is kept: 0.84 with a ratio of 0.6.

    Raises:
        ValueError: prob or ratio outside 0..1, units that are not 0 < smallest <= largest.
    Claim: accuracy of the direction classifier 0.9134 -> 0.914 on top of BDA: hardly a gain.
    Paper: Chen et al. 2020, arXiv 2001.04086. There units are 96 to 224 pixels of 224.
    """

    def __init__(self, *, prob: float = 0.5, unit: Sequence[float] = (96 / 224, 1.0), ratio: float = 0.6):
        check_probability("prob", prob)
        check_probability("ratio", ratio)
        if len(unit) != 2 or not 0 < unit[0] <= unit[1]:
            raise ValueError(f"unit is {unit}; 0 < smallest <= largest is needed")
        self.prob, self.unit, self.ratio = prob, (unit[0], unit[1]), ratio

    def sample(self, rng: np.random.Generator, image: np.ndarray) -> GridDraw | None:
        """Draw the grid for an image.

        Args:
            rng: source of all random numbers.
            image: (H, W, 3) uint8 RGB; only its size matters.

        Returns: the grid, or None with probability 1 - prob.
        """
        if rng.random() >= self.prob:
            return None
        unit = max(2, round(rng.uniform(*self.unit) * min(image.shape[:2])))
        side = round((1 - self.ratio) * unit)
        return GridDraw(unit, side, int(rng.integers(unit)), int(rng.integers(unit)))

    @staticmethod
    def apply(image: np.ndarray, drawn: GridDraw | None) -> np.ndarray:
        """Erase a drawn grid.

        Args:
            image: (H, W, 3) uint8 RGB; it is not changed.
            drawn: what `sample` returned for an image of this size.

        Returns: (H, W, 3) uint8 RGB: a new array, gray inside the squares, or `image` itself if nothing was drawn.
        """
        if drawn is None:
            return image
        # Python's remainder is never negative, so the grid also continues above and to the left of its first square.
        rows = (np.arange(image.shape[0]) - drawn.top) % drawn.unit < drawn.side
        columns = (np.arange(image.shape[1]) - drawn.left) % drawn.unit < drawn.side
        image = image.copy()
        image[rows[:, None] & columns] = GRAY
        return image

    def __call__(self, rng: np.random.Generator, image: np.ndarray) -> np.ndarray:
        """Draw and apply; see `sample` and `apply`."""
        return self.apply(image, self.sample(rng, image))
