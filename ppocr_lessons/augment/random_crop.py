"""Random crop of a page whose window crosses no readable text (EastRandomCropData in PaddleOCR's configurations)."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ..kernels.lazily import accelerated_from
from ..polygons import bounds
from .bda import check_probability
from .geometry import Placement

FIRST_TRIES = 4
"""Number of windows that are tested first. Most windows contain a text, so one of these usually qualifies."""


class Crop(NamedTuple):
    """A window of the page: left edge `x`, top edge `y`, `width` and `height`, in whole pixels."""

    x: int
    y: int
    width: int
    height: int


class EastRandomCropData:
    """Crop a random window that crosses no readable text, and resize it to a fixed size.

    Columns and rows of the page that touch no readable text are free, and the edges of the window are drawn from them.
    A window has to contain a text and must not be too small. If none of `max_tries` windows qualifies, the whole page
    is used.

    Args:
        size: (width, height) of the result, in PaddleOCR's order.
        max_tries: number of windows that are drawn.
        min_crop_side_ratio: smallest width and height of a window as fractions of those of the page.
        keep_ratio: keep the aspect ratio and pad with black on the right or at the bottom; otherwise stretch.

    Raises:
        ValueError: a size that is not two positive numbers, max_tries below 1, a ratio outside 0..1.
    PaddleOCR: EastRandomCropData in ppocr/data/imaug/random_crop_data.py. Three things differ.
        PaddleOCR never draws from the last of several free intervals of an axis, so its windows end before the last
        text; here they may reach beyond it. PaddleOCR accepts a window that only touches a text. And without
        keep_ratio PaddleOCR scales polygons by one factor for both axes; here each axis has its own.
    """

    def __init__(
        self,
        *,
        size: Sequence[int] = (640, 640),
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
        """Draw a window; it may cross ignored texts.

        Args:
            rng: source of all random numbers.
            polygons: (N, P, 2) in pixels of the page.
            ignored: (N,) bool, True for unreadable texts.
            size: (height, width) of the page in pixels.

        Returns: the window; the whole page if no window qualifies or no text is readable.
        """
        height, width = size
        whole = Crop(0, 0, width, height)
        cared = ~np.asarray(ignored, bool)
        if not cared.any():
            return whole
        low, high = bounds(np.asarray(polygons, np.float64)[cared])
        starts, ends = np.round(low).astype(int), np.round(high).astype(int)
        columns = free_runs(starts[:, 0], ends[:, 0], width)
        rows = free_runs(starts[:, 1], ends[:, 1], height)
        if not len(columns) or not len(rows):
            return whole
        across, down = _draw(rng, columns, self.max_tries), _draw(rng, rows, self.max_tries)
        least = self.min_crop_side_ratio * width, self.min_crop_side_ratio * height
        number = first_window(across, down, least, low, high)
        if number < 0:
            return whole
        x, x_end, y, y_end = (int(edges[number]) for edges in (*across, *down))
        return Crop(x, y, x_end - x, y_end - y)

    def place(self, placement: Placement, crop: Crop) -> tuple[Placement, tuple[int, int]]:
        """Compute the placement of the window in the result, without touching pixels.

        Args:
            placement: of the page before the crop.
            crop: window that `sample` returned, in pixels of the page with its current placement.

        Returns: placement of the window, and the (height, width) in pixels that it fills in the result.
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
        """Resample the window and pad it with black to the size of the result.

        Args:
            image: the page before all moves, (H, W, ...) uint8.
            placement: of the window, from `place`.

        Returns: a new array (height, width, ...) uint8 of the size given to the constructor.
        """
        (filled_height, filled_width), (width, height) = placement.size, self.size
        out = np.empty((height, width, *image.shape[2:]), image.dtype)
        out[filled_height:], out[:filled_height, filled_width:] = 0, 0
        filled = out[:filled_height, :filled_width]
        moved = placement.pixels(image, filled)
        if moved is not filled:  # nothing was moved, or OpenCV did not write to a view
            filled[:] = moved
        return out

    @staticmethod
    def kept(polygons: np.ndarray, filled: tuple[int, int]) -> np.ndarray:
        """Find the polygons that touch the filled part of the result.

        Args:
            polygons: (N, P, 2) in pixels of the result.
            filled: (height, width) in pixels that the window fills, from `place`.

        Returns: (N,) bool.
        """
        low, high = bounds(polygons)
        return np.all((high >= 0) & (low <= (filled[1], filled[0])), axis=1)


@accelerated_from("windows", "free_runs_compiled")
def free_runs(starts, ends, size: int) -> np.ndarray:
    """Find the intervals of an axis that no text touches.

    Args:
        starts: (N,) int64 in pixels, of the texts.
        ends: (N,) int64 in pixels, of the texts, exclusive.
        size: of the axis in pixels.

    Returns: (K, 2) int64 in pixels, start and end of each interval, end exclusive.
    """
    starts, ends = starts.clip(0, size), ends.clip(0, size)
    wide = starts < ends
    starts, ends = starts[wide], ends[wide]
    order = starts.argsort()
    # Texts are in order of their starts; after each of them, the next free position is the largest end so far.
    runs = np.empty((len(order) + 1, 2), int)
    runs[0, 0], runs[-1, 1] = 0, size
    runs[:-1, 1] = starts[order]
    np.maximum.accumulate(ends[order], out=runs[1:, 0])
    return runs[runs[:, 0] < runs[:, 1]]


@accelerated_from("windows", "first_window_compiled")
def first_window(across, down, least, low, high) -> int:
    """Find the first window that is large enough and contains at least part of a text.

    Args:
        across: left edges and right edges of the windows, two (T,) int64 in pixels.
        down: top edges and bottom edges, two (T,) int64 in pixels.
        least: smallest (width, height) in pixels.
        low: (N, 2) float64 in pixels, top left corners of the texts.
        high: (N, 2) float64 in pixels, bottom right corners.

    Returns: number of the window, -1 for none.
    """
    (left, right), (top, bottom) = across, down
    wide = (right - left >= least[0]) & (right > left)
    tall = (bottom - top >= least[1]) & (bottom > top)
    usable = np.nonzero(wide & tall)[0]
    for few in (usable[:FIRST_TRIES], usable[FIRST_TRIES:]):
        x, y, x_end, y_end = (side[few, None] for side in (left, top, right, bottom))
        inside = (high[:, 0] > x) & (low[:, 0] < x_end) & (high[:, 1] > y) & (low[:, 1] < y_end)
        good = few[inside.any(1)]
        if len(good):
            return int(good[0])
    return -1


def _draw(rng, runs, count):
    """Draw `count` pairs (low, high) of positions from free intervals, each interval with the same probability."""
    chosen = runs[rng.integers(len(runs), size=(2, count))]
    places = np.sort(rng.integers(chosen[..., 0], chosen[..., 1]), axis=0)
    return places[0], places[1]
