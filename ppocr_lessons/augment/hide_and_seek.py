"""HideAndSeek: the image is divided into square patches, and each of them is hidden with some probability (chapter 2.2.2)."""

from collections.abc import Sequence

import numpy as np

from .bda import check_probability
from .rectangles import Rectangle, erase


class HideAndSeek:
    """Hide patches of a grid whose patch size is drawn anew for each image.

    Args:
        prob: probability that an image is changed at all.
        sizes: sides of a patch as fractions of the shorter side of the image, one of which is drawn; 0 hides nothing.
        hide_prob: probability of each patch to be hidden.

    Raises:
        ValueError: a probability outside 0..1, no sizes, a size outside 0..1.
    Claim: accuracy of the direction classifier 0.9134 -> 0.8598 on top of BDA: the largest loss of all.
    Paper: Singh and Lee 2017, arXiv 1704.04232. There the sizes are 0, 16, 32, 44 and 56 pixels of 224, and hidden patches
        have the mean color of the data set, which is gray here.
    """

    def __init__(
        self,
        *,
        prob: float = 0.5,
        sizes: Sequence[float] = (0, 0.25, 0.5, 0.75, 1),
        hide_prob: float = 0.5,
    ):
        check_probability("prob", prob)
        check_probability("hide_prob", hide_prob)
        if not sizes or not all(0 <= size <= 1 for size in sizes):
            raise ValueError(f"sizes is {sizes}; one or more numbers in 0..1 are needed")
        self.prob, self.sizes, self.hide_prob = prob, tuple(sizes), hide_prob

    def sample(self, rng: np.random.Generator, image: np.ndarray) -> list[Rectangle]:
        """Draw the hidden patches for an image.

        Args:
            rng: source of all random numbers.
            image: (H, W, 3) uint8 RGB; only its size matters.

        Returns: the hidden patches, row by row; patches at the right and lower edge may be smaller.
        """
        if rng.random() >= self.prob:
            return []
        height, width = image.shape[:2]
        size = self.sizes[rng.integers(len(self.sizes))]
        if not size:
            return []
        side = max(1, round(size * min(height, width)))
        corners = [(top, left) for top in range(0, height, side) for left in range(0, width, side)]
        hidden = rng.random(len(corners)) < self.hide_prob
        return [
            Rectangle(top, left, min(height, top + side), min(width, left + side))
            for (top, left), hide in zip(corners, hidden, strict=True)
            if hide
        ]

    @staticmethod
    def apply(image: np.ndarray, drawn: list[Rectangle]) -> np.ndarray:
        """Hide drawn patches.

        Args:
            image: (H, W, 3) uint8 RGB; it is not changed.
            drawn: what `sample` returned for an image of this size.

        Returns: (H, W, 3) uint8 RGB, gray inside the patches; `image` itself if none was drawn.
        """
        return erase(image, drawn)

    def __call__(self, rng: np.random.Generator, image: np.ndarray) -> np.ndarray:
        """Draw and apply; see `sample` and `apply`."""
        return self.apply(image, self.sample(rng, image))
