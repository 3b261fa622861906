"""Flip, turn and scale a page of text: one matrix, one resampling (the configurations' IaaAugment).

PaddleOCR resamples the whole page at each of these steps and for the crop. Here each step multiplies a matrix and
moves the polygons, and pixels are looked up once, for the crop alone; see random_crop.py. Coordinates are continuous:
pixel i covers i to i + 1, so that a flip takes x to W - x and polygons keep to their pixels.
"""

import math
from typing import NamedTuple

import cv2
import numpy as np

from .bda import check_probability


def bounds(polygons: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lowest and highest (x, y) of each of the polygons (N, P, 2): two arrays (N, 2).

    Args:
        polygons: (N, P, 2) in pixels, x before y.
    """
    # Corners first: NumPy reduces long rows several times faster than groups of four numbers.
    corners = np.asarray(polygons).swapaxes(0, 1).copy()
    return corners.min(0), corners.max(0)


class Placement(NamedTuple):
    """Where a picture has gone: `matrix` (3, 3) from its own coordinates, and the new (height, width)."""

    matrix: np.ndarray
    size: tuple[int, int]

    @classmethod
    def of(cls, image: np.ndarray) -> "Placement":
        """The picture where it is.

        Args:
            image: the picture, (H, W, ...).
        """
        return cls(np.eye(3), image.shape[:2])

    def then(self, matrix: np.ndarray, size: tuple[int, int]) -> "Placement":
        """Move on by another matrix, into another size.

        Args:
            matrix: (3, 3), from the coordinates so far to the new ones.
            size: new (height, width) in pixels.
        """
        return Placement(matrix @ self.matrix, size)

    def points(self, polygons: np.ndarray) -> np.ndarray:
        """Polygons (N, P, 2) of the picture, moved along; float32.

        Args:
            polygons: (N, P, 2) in pixels of the picture itself, x before y.
        """
        moved = np.asarray(polygons, np.float64).reshape(-1, 2) @ self.matrix[:2, :2].T
        moved += self.matrix[:2, 2]
        return moved.astype(np.float32).reshape(np.shape(polygons))

    def pixels(self, image: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        """The picture, resampled once; black outside of it. The same array comes back if nothing moved.

        Args:
            image: (H, W, 3) uint8.
            out: array of the new size to write to, or None for a new one.
        """
        height, width = self.size
        if np.array_equal(self.matrix, np.eye(3)) and self.size == image.shape[:2]:
            return image
        # cv2 counts from the middle of the first pixel, half a pixel away from its corner.
        a, b, c, d = self.matrix[0, 0], self.matrix[0, 1], self.matrix[1, 0], self.matrix[1, 1]
        shift = self.matrix[:2, 2] + 0.5 * np.array([a + b - 1, c + d - 1])
        matrix = np.array([[a, b, shift[0]], [c, d, shift[1]]])
        return cv2.warpAffine(image, matrix, (width, height), dst=out, flags=cv2.INTER_LINEAR)


class GeometryDraw(NamedTuple):
    """What will be done.

    Fields:
        flip: mirror left and right.
        angle_degrees: turn clockwise on the screen about the middle; the page keeps its size.
        scale: of both sides.
    """

    flip: bool = False
    angle_degrees: float = 0.0
    scale: float = 1.0


class Geometry:
    """Flip, turn and scale, in this order (chapter 3.1.2's configuration).

    Args:
        flip_prob: how often the page is mirrored.
        rotate: (lowest, highest) angle in degrees.
        resize: (lowest, highest) factor.

    Raises:
        ValueError: flip_prob outside 0..1, rotate that falls, resize that falls or is not above 0.
    PaddleOCR: IaaAugment in ppocr/data/imaug/iaa_augment.py with Fliplr, Affine and Resize of imgaug.
    """

    def __init__(
        self,
        *,
        flip_prob: float = 0.5,
        rotate: tuple[float, float] = (-10, 10),
        resize: tuple[float, float] = (0.5, 3),
    ):
        check_probability("flip_prob", flip_prob)
        if not rotate[0] <= rotate[1]:
            raise ValueError(f"rotate is {rotate}; (lowest, highest) in degrees is needed")
        if not 0 < resize[0] <= resize[1]:
            raise ValueError(f"resize is {resize}; (lowest, highest) with 0 < lowest is needed")
        self.flip_prob, self.rotate, self.resize = flip_prob, tuple(rotate), tuple(resize)

    def sample(self, rng: np.random.Generator) -> GeometryDraw:
        """Draw.

        Args:
            rng: generator that everything random is drawn from.
        """
        return GeometryDraw(
            bool(rng.random() < self.flip_prob),
            float(rng.uniform(self.rotate[0], self.rotate[1])),
            float(rng.uniform(self.resize[0], self.resize[1])),
        )

    @staticmethod
    def place(placement: Placement, drawn: GeometryDraw) -> Placement:
        """Where the picture goes; see Placement for its pixels and polygons.

        Args:
            placement: of the picture so far.
            drawn: what `sample` returned.
        """
        height, width = placement.size
        if drawn.flip:
            placement = placement.then(np.array([[-1, 0, width], [0, 1, 0], [0, 0, 1.0]]), (height, width))
        if drawn.angle_degrees:
            angle = math.radians(drawn.angle_degrees)
            cos, sin, x, y = math.cos(angle), math.sin(angle), width / 2, height / 2
            turn = np.array(
                [[cos, -sin, x - cos * x + sin * y], [sin, cos, y - sin * x - cos * y], [0, 0, 1]]
            )
            placement = placement.then(turn, (height, width))
        if drawn.scale != 1:
            size = (max(1, int(height * drawn.scale)), max(1, int(width * drawn.scale)))
            # The size is cut to whole pixels, so the two sides may differ by a fraction.
            placement = placement.then(np.diag([size[1] / width, size[0] / height, 1.0]), size)
        return placement

    @classmethod
    def apply(cls, image: np.ndarray, polygons: np.ndarray, drawn: GeometryDraw):
        """Picture (H, W, 3) and polygons (N, P, 2), both moved.

        A polygon that has left the page keeps its coordinates outside of it; the crop that follows drops it.

        Args:
            image: (H, W, 3) uint8.
            polygons: (N, P, 2) in pixels, x before y.
            drawn: what `sample` returned.
        """
        placement = cls.place(Placement.of(image), drawn)
        return placement.pixels(image), placement.points(polygons)
