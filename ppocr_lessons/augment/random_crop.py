"""Cut a window of a page that crosses no text (the configurations' EastRandomCropData)."""

from typing import NamedTuple

import numpy as np

from ..polygons import bounds
from .bda import check_probability
from .geometry import Placement

FIRST_TRIES = 4
"""Windows looked at before all others: most hold a text, so the first few mostly do."""


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
        """Draw a window of a page of (height, width); ignored texts may be cut.

        Args:
            rng: generator that everything random is drawn from.
            polygons: (N, P, 2) in pixels of the page.
            ignored: (N,) bool, texts that nobody can read.
            size: (height, width) of the page in pixels.
        """
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
        """Where the window goes, and the (height, width) that it fills of the result.

        Args:
            placement: of the page so far.
            crop: what `sample` returned, in pixels of the page as it is now placed.
        """
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
        """The window of a picture, padded to the size of the result.

        Args:
            image: the picture itself, (H, W, ...) uint8.
            placement: of the window, from `place`.
        """
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
        """Which polygons (N, P, 2) of the result touch what is filled of it.

        Args:
            polygons: (N, P, 2) in pixels of the result.
            filled: (height, width) that the window fills, from `place`.
        """
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
