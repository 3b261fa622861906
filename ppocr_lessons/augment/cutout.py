"""CutOut: squares at random places of an image are erased (chapter 2.2.2)."""

import numpy as np

from .bda import check_probability
from .rectangles import Rectangle, around, erase


class CutOut:
    """Erase squares of a fixed size.

    The center of a square is uniform over the image, so a square may lie partly outside, and less of the image is erased.

    Args:
        prob: probability that an image is changed at all.
        holes: number of squares.
        length: side of a square as a fraction of the shorter side of the image; the paper's 16 pixels of 32 are 0.5.

    Raises:
        ValueError: prob outside 0..1, holes below 1, length outside 0..1 or 0.
    Claim: accuracy of the direction classifier 0.9134 -> 0.9081 on top of BDA: a loss.
    Paper: DeVries and Taylor 2017, arXiv 1708.04552.
    """

    def __init__(self, *, prob: float = 0.5, holes: int = 1, length: float = 0.5):
        check_probability("prob", prob)
        if holes < 1 or not 0 < length <= 1:
            raise ValueError(f"holes is {holes} and length {length}; 1 or more, and above 0 to 1 are needed")
        self.prob, self.holes, self.length = prob, holes, length

    def sample(self, rng: np.random.Generator, image: np.ndarray) -> list[Rectangle]:
        """Draw the squares for an image.

        Args:
            rng: source of all random numbers.
            image: (H, W, 3) uint8 RGB; only its size matters.

        Returns: `holes` squares, clipped to the image, or an empty list with probability 1 - prob.
        """
        if rng.random() >= self.prob:
            return []
        height, width = image.shape[:2]
        side = max(1, round(self.length * min(height, width)))
        return [
            around(int(rng.integers(height)), int(rng.integers(width)), side, side, (height, width))
            for _ in range(self.holes)
        ]

    @staticmethod
    def apply(image: np.ndarray, drawn: list[Rectangle]) -> np.ndarray:
        """Erase drawn squares.

        Args:
            image: (H, W, 3) uint8 RGB; it is not changed.
            drawn: what `sample` returned for an image of this size.

        Returns: (H, W, 3) uint8 RGB, gray inside the squares; `image` itself if none was drawn.
        """
        return erase(image, drawn)

    def __call__(self, rng: np.random.Generator, image: np.ndarray) -> np.ndarray:
        """Draw and apply; see `sample` and `apply`."""
        return self.apply(image, self.sample(rng, image))
