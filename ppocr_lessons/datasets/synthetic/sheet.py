"""A page under construction, which keeps track of texts and free space."""

import cv2
import numpy as np

from .ink import blend


def shift(x: float, y: float):
    """The matrix (3, 3) of a translation.

    Args:
        x, y: in pixels.
    """
    return np.array([[1, 0, x], [0, 1, y], [0, 0, 1]], np.float64)


class Sheet:
    """A page under construction: an image, a matrix from the page to the image, and a mask of occupied pixels.

    Args:
        image: (H, W, 3) uint8 RGB, changed in place.
        matrix: (3, 3) from coordinates of the page to pixels of the image.
    """

    def __init__(self, image: np.ndarray, matrix: np.ndarray):
        self.image, self.matrix = image, matrix
        self.taken = np.zeros(image.shape[:2], np.uint8)
        self.polygons, self.texts = [], []

    def free(self, outline: np.ndarray) -> bool:
        """Whether no pixel inside an outline is occupied.

        Args:
            outline: (N, 2) int32 pixels.
        """
        low = outline.min(0).clip(0)
        high = np.minimum(outline.max(0) + 1, self.taken.shape[::-1])
        if (high <= low).any():
            return True
        spot = np.zeros((high - low)[::-1], np.uint8)
        cv2.fillPoly(spot, [outline - low], 1)
        return not (spot & self.taken[low[1] : high[1], low[0] : high[0]]).any()

    def place(self, text: str, ink: np.ndarray, local: np.ndarray, color, opacity: float) -> bool:
        """Add a text to the page; see `place_on`.

        Args:
            text: transcription.
            ink: (h, w) uint8.
            local: (3, 3) from the ink to the page.
            color: (3,) RGB.
            opacity: 0..1.

        Returns: whether it was added.
        """
        return self.place_on(self.matrix, text, ink, local, color, opacity)

    def place_on(
        self, surface: np.ndarray, text: str, ink: np.ndarray, local: np.ndarray, color, opacity: float
    ) -> bool:
        """Add a text to a surface, unless it would leave the image or touch another text.

        Args:
            surface: (3, 3), from coordinates of the surface to those of the picture.
            text: transcription.
            ink: (h, w) uint8.
            local: (3, 3), from the ink to the surface.
            color: (3,).
            opacity: 0..1.

        Returns: whether it was added.
        """
        height, width = ink.shape
        matrix = surface @ local
        gap = 0.12 * height
        corners = np.array([[[0, 0], [width, 0], [width, height], [0, height]]], np.float32)
        roomy = corners + gap * np.array([[[-2, -1], [2, -1], [2, 1], [-2, 1]]], np.float32)
        quad = cv2.perspectiveTransform(roomy, matrix)[0]
        if (quad.min(0) < 0).any() or (quad.max(0) >= self.image.shape[1::-1]).any():
            return False
        outline = [quad.astype(np.int32)]
        if not self.free(outline[0]):
            return False
        cv2.fillPoly(self.taken, outline, 1)
        self.polygons.append(blend(self.image, ink, matrix, color, opacity))
        self.texts.append(text)
        return True
