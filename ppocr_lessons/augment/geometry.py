"""Flip, turn, scale and crop a page of text: one matrix, one resampling (the configurations' IaaAugment).

PaddleOCR resamples the whole page at each of the four steps. Here each step multiplies a matrix and moves the
polygons, and pixels are looked up once, for the crop alone. Coordinates are continuous: pixel i covers i to i + 1,
so that a flip takes x to W - x and polygons keep to their pixels.
"""

import math
from typing import NamedTuple

import cv2
import numpy as np

from .bda import check_probability

FIRST_TRIES = 4
"""Windows looked at before all others: most hold a text, so the first few mostly do."""


def bounds(polygons: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lowest and highest (x, y) of each of the polygons (N, P, 2): two arrays (N, 2)."""
    # Corners first: NumPy reduces long rows several times faster than groups of four numbers.
    corners = np.asarray(polygons).swapaxes(0, 1).copy()
    return corners.min(0), corners.max(0)


class Placement(NamedTuple):
    """Where a picture has gone: `matrix` (3, 3) from its own coordinates, and the new (height, width)."""

    matrix: np.ndarray
    size: tuple[int, int]

    @classmethod
    def of(cls, image: np.ndarray) -> "Placement":
        """The picture where it is."""
        return cls(np.eye(3), image.shape[:2])

    def then(self, matrix: np.ndarray, size: tuple[int, int]) -> "Placement":
        """Move on by another matrix, into another size."""
        return Placement(matrix @ self.matrix, size)

    def points(self, polygons: np.ndarray) -> np.ndarray:
        """Polygons (N, P, 2) of the picture, moved along; float32."""
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
        """Draw."""
        return GeometryDraw(
            bool(rng.random() < self.flip_prob),
            float(rng.uniform(*self.rotate)),
            float(rng.uniform(*self.resize)),
        )

    @staticmethod
    def place(placement: Placement, drawn: GeometryDraw) -> Placement:
        """Where the picture goes; see Placement for its pixels and polygons."""
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
        """
        placement = cls.place(Placement.of(image), drawn)
        return placement.pixels(image), placement.points(polygons)


class Crop(NamedTuple):
    """A window of the page in pixels."""

    x: int
    y: int
    width: int
    height: int


class EastRandomCrop:
    """Cut a window that crosses no text, and fit it into a square of fixed size.

    Columns and rows that touch no readable text are free; the window's edges are drawn among them. It has to hold a
    text, and must not be too small; after `max_tries` the whole page is taken.

    Args:
        size: (width, height) of the result, in PaddleOCR's order.
        max_tries: windows to draw.
        min_crop_side_ratio: shortest side of a window, as a share of the page's.
        keep_ratio: pad with black at the right or bottom; otherwise stretch.

    Raises:
        ValueError: a size that is not two positive numbers, max_tries below 1, a ratio outside 0..1.
    PaddleOCR: EastRandomCropData in ppocr/data/imaug/random_crop_data.py. It never draws the last free stretch of an
        axis that has several, so no window of its reaches past the last text; here one may. A window that
        only touches a text does there as one that holds it. And stretching moves
        its polygons by one factor for both sides; here each side has its own.
    """

    def __init__(
        self,
        *,
        size: tuple[int, int] = (640, 640),
        max_tries: int = 10,
        min_crop_side_ratio: float = 0.1,
        keep_ratio: bool = True,
    ):
        size = tuple(size)
        if len(size) != 2 or min(size) < 1 or max_tries < 1:
            raise ValueError(
                f"size is {size}, max_tries {max_tries}; (width, height) and 1 or more are needed"
            )
        check_probability("min_crop_side_ratio", min_crop_side_ratio)
        self.size, self.max_tries = size, max_tries
        self.min_crop_side_ratio, self.keep_ratio = min_crop_side_ratio, keep_ratio

    def sample(self, rng: np.random.Generator, polygons, ignored, size: tuple[int, int]) -> Crop:
        """Draw a window of a page of (height, width); ignored texts may be cut."""
        height, width = size
        whole = Crop(0, 0, width, height)
        cared = ~np.asarray(ignored, bool)
        if not cared.any():
            return whole
        low, high = bounds(np.asarray(polygons, np.float64)[cared])
        starts, ends = np.round(low).astype(int), np.round(high).astype(int)
        columns = _free_runs(starts[:, 0], ends[:, 0], width)
        rows = _free_runs(starts[:, 1], ends[:, 1], height)
        if not len(columns) or not len(rows):
            return whole
        left, right = _draw(rng, columns, self.max_tries)
        top, bottom = _draw(rng, rows, self.max_tries)
        wide = (right - left >= self.min_crop_side_ratio * width) & (right > left)
        tall = (bottom - top >= self.min_crop_side_ratio * height) & (bottom > top)
        usable = np.nonzero(wide & tall)[0]
        for few in (usable[:FIRST_TRIES], usable[FIRST_TRIES:]):
            x, y, x_end, y_end = (side[few, None] for side in (left, top, right, bottom))
            inside = (high[:, 0] > x) & (low[:, 0] < x_end) & (high[:, 1] > y) & (low[:, 1] < y_end)
            good = few[inside.any(1)]
            if len(good):
                x, y, x_end, y_end = (int(side[good[0]]) for side in (left, top, right, bottom))
                return Crop(x, y, x_end - x, y_end - y)
        return whole

    def place(self, placement: Placement, crop: Crop) -> tuple[Placement, tuple[int, int]]:
        """Where the window goes, and the (height, width) that it fills of the result."""
        across, down = self.size[0] / crop.width, self.size[1] / crop.height
        if self.keep_ratio:
            across = down = min(across, down)
            filled = max(1, int(crop.height * down)), max(1, int(crop.width * across))
        else:
            filled = self.size[1], self.size[0]
        across, down = filled[1] / crop.width, filled[0] / crop.height
        matrix = np.array([[across, 0, -crop.x * across], [0, down, -crop.y * down], [0, 0, 1]])
        return placement.then(matrix, filled), filled

    def pixels(self, image: np.ndarray, placement: Placement) -> np.ndarray:
        """The window of a picture, padded to the size of the result."""
        (filled_height, filled_width), (width, height) = placement.size, self.size
        out = np.empty((height, width, *image.shape[2:]), image.dtype)
        out[filled_height:], out[:filled_height, filled_width:] = 0, 0
        filled = out[:filled_height, :filled_width]
        moved = placement.pixels(image, filled)
        if moved is not filled:  # nothing was moved, or OpenCV would not write to a part of an array
            filled[:] = moved
        return out

    @staticmethod
    def kept(polygons: np.ndarray, filled: tuple[int, int]) -> np.ndarray:
        """Which polygons (N, P, 2) of the result touch what is filled of it."""
        low, high = bounds(polygons)
        return ((high >= 0) & (low <= (filled[1], filled[0]))).all(1)


def _free_runs(starts, ends, size):
    """Stretches of an axis that no text touches, as (first, last + 1)."""
    starts, ends = starts.clip(0, size), ends.clip(0, size)
    wide = starts < ends
    starts, ends = starts[wide], ends[wide]
    order = starts.argsort()
    # Behind every text in order of their starts, the next free place is the furthest end so far.
    runs = np.empty((len(order) + 1, 2), int)
    runs[0, 0], runs[-1, 1] = 0, size
    runs[:-1, 1] = starts[order]
    np.maximum.accumulate(ends[order], out=runs[1:, 0])
    return runs[runs[:, 0] < runs[:, 1]]


def _draw(rng, runs, count):
    """Pairs of places of free stretches, in order, `count` of them; every stretch is equally likely."""
    chosen = runs[rng.integers(len(runs), size=(2, count))]
    places = np.sort(rng.integers(chosen[..., 0], chosen[..., 1]), axis=0)
    return places[0], places[1]
