"""Flip, rotate and scale a page of text: one matrix, one resampling (IaaAugment in PaddleOCR's configurations).

PaddleOCR resamples the whole page at each of these steps and again for the crop. Here each step multiplies a matrix and
moves the polygons; pixels are resampled only once, for the crop, see random_crop.py. Coordinates are continuous: pixel
i covers the interval from i to i + 1, so a flip maps x to W - x, and polygons stay on their pixels.
"""

import math
from typing import NamedTuple

import cv2
import numpy as np

from ..kernels.lazily import accelerated_from
from .bda import check_probability


@accelerated_from("warp", "warp_affine_compiled")
def warp_affine(
    image: np.ndarray, matrix: np.ndarray, size: tuple[int, int], out: np.ndarray | None
) -> np.ndarray:
    """Apply an affine transform to an image, with linear interpolation; pixels outside the image are black.

    Args:
        image: (H, W, ...) uint8.
        matrix: (2, 3) float64, from pixel centers of the image to pixel centers of the result.
        size: (height, width) of the result in pixels.
        out: array of that size to write to, which must not overlap the image, or None for a new array.

    Returns: (height, width, ...) uint8.
    """
    return cv2.warpAffine(image, matrix, size[::-1], dst=out, flags=cv2.INTER_LINEAR)


@accelerated_from("warp_onto", "warp_onto_compiled")
def warp_onto(window: np.ndarray, mask: np.ndarray, image: np.ndarray, matrix: np.ndarray) -> None:
    """Transform an image, and write the pixels under a mask to another image.

    Args:
        window: (h, w, 3) uint8, part of the other image; it is changed in place and must not overlap the image.
        mask: (h, w) uint8, nonzero where pixels are written.
        image: (H, W, 3) uint8.
        matrix: (2, 3), or (3, 3) with perspective, float64, from pixels of the image to pixels of the window.
    """
    warp = cv2.warpAffine if len(matrix) == 2 else cv2.warpPerspective
    moved = warp(image, matrix, mask.shape[::-1], borderMode=cv2.BORDER_REPLICATE)
    cv2.copyTo(moved, mask, window)


class Placement(NamedTuple):
    """Where an image is placed.

    Fields:
        matrix: (3, 3), from pixels of the image itself to pixels of the result; affine.
        size: (height, width) of the result in pixels.
    """

    matrix: np.ndarray
    size: tuple[int, int]

    @classmethod
    def of(cls, image: np.ndarray) -> "Placement":
        """The placement that leaves an image unchanged.

        Args:
            image: (H, W, ...).

        Returns: Placement with the identity matrix.
        """
        return cls(np.eye(3), image.shape[:2])

    def then(self, matrix: np.ndarray, size: tuple[int, int]) -> "Placement":
        """Append a step.

        Args:
            matrix: (3, 3), from pixels of the result so far to pixels of the new result.
            size: new (height, width) in pixels.

        Returns: Placement of both steps.
        """
        return Placement(matrix @ self.matrix, size)

    def points(self, polygons: np.ndarray) -> np.ndarray:
        """Move polygons along with the image.

        Args:
            polygons: (N, P, 2) in pixels of the image itself.

        Returns: (N, P, 2) float32 in pixels of the result.
        """
        moved = np.asarray(polygons, np.float64).reshape(-1, 2) @ self.matrix[:2, :2].T
        moved += self.matrix[:2, 2]
        return moved.astype(np.float32).reshape(np.shape(polygons))

    def pixels(self, image: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        """Resample the image; pixels outside it are black.

        Args:
            image: (H, W, 3) uint8.
            out: array of the new size to write to, or None for a new array.

        Returns: (height, width, 3) uint8. It is `image` itself if the placement does not change it.
        """
        if np.array_equal(self.matrix, np.eye(3)) and self.size == image.shape[:2]:
            return image
        # In cv2 the origin is the center of the first pixel, half a pixel away from its corner.
        a, b, c, d = self.matrix[0, 0], self.matrix[0, 1], self.matrix[1, 0], self.matrix[1, 1]
        shift = self.matrix[:2, 2] + 0.5 * np.array([a + b - 1, c + d - 1])
        matrix = np.array([[a, b, shift[0]], [c, d, shift[1]]])
        return warp_affine(image, matrix, self.size, out)


class GeometryDraw(NamedTuple):
    """Random choices for one page.

    Fields:
        flip: mirror left and right.
        angle_deg: rotation about the center in degrees, clockwise on the screen; the page keeps its size.
        scale: factor for both sides.
    """

    flip: bool = False
    angle_deg: float = 0.0
    scale: float = 1.0


class Geometry:
    """Flip, rotate and scale, in this order (configuration of chapter 3.1.2).

    Args:
        flip_prob: probability that the page is mirrored.
        rotate: (lowest, highest) angle in degrees.
        resize: (lowest, highest) factor.

    Raises:
        ValueError: flip_prob outside 0..1, or a range whose lowest value exceeds its highest; resize not above 0.
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
        """Draw the random choices for one page.

        Args:
            rng: source of all random numbers.

        Returns: GeometryDraw.
        """
        return GeometryDraw(
            bool(rng.random() < self.flip_prob),
            float(rng.uniform(self.rotate[0], self.rotate[1])),
            float(rng.uniform(self.resize[0], self.resize[1])),
        )

    @staticmethod
    def place(placement: Placement, drawn: GeometryDraw) -> Placement:
        """Append the steps to a placement, which then yields pixels and polygons.

        Args:
            placement: of the page so far.
            drawn: what `sample` returned.

        Returns: Placement after the steps.
        """
        height, width = placement.size
        if drawn.flip:
            placement = placement.then(np.array([[-1, 0, width], [0, 1, 0], [0, 0, 1.0]]), (height, width))
        if drawn.angle_deg:
            angle = math.radians(drawn.angle_deg)
            cos, sin, x, y = math.cos(angle), math.sin(angle), width / 2, height / 2
            turn = np.array(
                [[cos, -sin, x - cos * x + sin * y], [sin, cos, y - sin * x - cos * y], [0, 0, 1]]
            )
            placement = placement.then(turn, (height, width))
        if drawn.scale != 1:
            size = (max(1, int(height * drawn.scale)), max(1, int(width * drawn.scale)))
            # The size is truncated to whole pixels, so the factors of the two sides may differ slightly.
            placement = placement.then(np.diag([size[1] / width, size[0] / height, 1.0]), size)
        return placement

    @classmethod
    def apply(cls, image: np.ndarray, polygons: np.ndarray, drawn: GeometryDraw):
        """Move an image and its polygons.

        A polygon that leaves the page keeps its coordinates outside it; the crop that follows drops it.

        Args:
            image: (H, W, 3) uint8.
            polygons: (N, P, 2) in pixels.
            drawn: what `sample` returned.

        Returns: image (h, w, 3) uint8 and polygons (N, P, 2) float32 in its pixels.
        """
        placement = cls.place(Placement.of(image), drawn)
        return placement.pixels(image), placement.points(polygons)
