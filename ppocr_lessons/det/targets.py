"""The maps that DBNet learns: the shrink map and the threshold map of a page's polygons (chapter 2.1).

Dense lines of text touch each other. The network therefore learns the core of each polygon, which is shrunk so that
neighbors are separate, and the post-processing grows it back. The threshold map marks the outlines:

    shrink distance    D = A (1 - r^2) / L               A area, L perimeter, r shrink ratio
    shrink map         1 inside the outline moved inward by D, 0 elsewhere
    threshold map      low + (high - low) (1 - d / D)    d distance to the outline, at most D

Polygons are (N, P, 2) float32 arrays in pixels. If their numbers of points differ, the shorter ones are padded first.
"""

from typing import NamedTuple

import cv2
import numpy as np

from ..kernels.compiled import accelerated_by
from ..kernels.convex import fill_polygons_compiled
from ..kernels.offset import fill_grown_compiled
from ..kernels.threshold import draw_bands_compiled
from ..polygons import bounds, clip_polygons, clockwise, offset_polygons, perimeter, same_length, signed_area

SHRINK_RATIO = 0.4
MIN_TEXT_SIZE = 8
THRESH_MIN, THRESH_MAX = 0.3, 0.7


class DetTargets(NamedTuple):
    """Training targets of one image.

    Fields:
        shrink_map: (H, W) float32, 1 on the cores of texts and 0 elsewhere.
        shrink_mask: (H, W) float32, 0 on ignored texts and 1 elsewhere.
        threshold_map: (H, W) float32, highest on the outlines of texts.
        threshold_mask: (H, W) float32, 1 in the bands around the outlines and 0 elsewhere.
        ignored: (N,) bool, True for polygons that do not count, including those that are too small.
    """

    shrink_map: np.ndarray
    shrink_mask: np.ndarray
    threshold_map: np.ndarray
    threshold_mask: np.ndarray
    ignored: np.ndarray


def shrink_distance(polygons, ratio: float = SHRINK_RATIO) -> np.ndarray:
    """Distance by which an outline moves inward: D = A (1 - r^2) / L.

    Args:
        polygons: (..., P, 2) in pixels.
        ratio: shrink ratio r; 1 leaves the polygon unchanged.

    Returns: (...) float64 in pixels, 0 for polygons without extent.
    Source: Liao et al. 2020, arXiv 1911.08947, "Label generation".
    """
    return np.abs(signed_area(polygons)) * (1 - ratio**2) / np.maximum(perimeter(polygons), 1e-9)


def shrink_polygons(polygons, ratio: float = SHRINK_RATIO) -> list[list[np.ndarray]]:
    """Compute the core of each polygon. If a polygon breaks apart or vanishes, 2 r, 3 r, ... below 1 are tried.

    Args:
        polygons: (N, P, 2) in pixels.
        ratio: shrink ratio r; 1 would leave the polygon unchanged.

    Returns: for each polygon its cores, each (M, 2) int32 in pixels: usually one, none if the polygon vanishes.
    """
    cores, remaining = [[] for _ in polygons], np.arange(len(polygons))
    for tried in np.arange(ratio, 1, ratio):
        found = offset_polygons(polygons[remaining], -shrink_distance(polygons[remaining], tried))
        for index, pieces in zip(remaining.tolist(), found, strict=True):
            cores[index] = pieces
        remaining = remaining[[len(pieces) != 1 for pieces in found]]
        if not len(remaining):
            break
    return cores


def validate_polygons(polygons, ignored, shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Move points into the image, orient all polygons clockwise, and ignore those with less than one pixel of area.

    Args:
        polygons: (N, P, 2), or N arrays (P_i, 2), in pixels.
        ignored: (N,) bool.
        shape: (H, W) of the image.

    Returns: polygons (N, P, 2) float32 in pixels, and a new `ignored` (N,) bool.
    Source: validate_polygons of MakeShrinkMap in ppocr/data/imaug/make_shrink_map.py.
    """
    polygons = clip_polygons(same_length(polygons), (shape[0] - 1, shape[1] - 1))
    return clockwise(polygons), np.asarray(ignored, bool) | (np.abs(signed_area(polygons)) < 1)


@accelerated_by(fill_polygons_compiled)
def fill_polygons(image, polygons, value: float) -> None:
    """Fill polygons, including the pixels of their outlines.

    Args:
        image: (H, W) float32, changed in place.
        polygons: N arrays (P_i, 2) int32 in pixels; parts outside the image are left out.
        value: value of the pixels inside.
    """
    for polygon in polygons:
        cv2.fillPoly(image, [polygon], value)


def make_shrink_map(
    polygons,
    ignored,
    shape: tuple[int, int],
    *,
    ratio: float = SHRINK_RATIO,
    min_text_size: float = MIN_TEXT_SIZE,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw the cores of all texts, and the mask of pixels that count.

    Args:
        polygons: (N, P, 2), or N arrays (P_i, 2), in pixels, from `validate_polygons`.
        ignored: (N,) bool.
        shape: (H, W) of the image.
        ratio: shrink ratio, see `shrink_distance`.
        min_text_size: a text whose width or height is less than this, in pixels, is ignored.

    Returns: shrink map (H, W) float32; mask (H, W) float32, 0 on ignored texts; a new `ignored` (N,) bool that includes
        texts that are too small or vanish.
    Source: MakeShrinkMap in ppocr/data/imaug/make_shrink_map.py.
    """
    shrink_map, mask = np.zeros(shape, np.float32), np.ones(shape, np.float32)
    polygons = same_length(polygons)
    low, high = bounds(polygons)
    ignored = np.asarray(ignored, bool) | ((high - low).min(1) < min_text_size)
    kept = np.nonzero(~ignored)[0]
    cores = shrink_polygons(polygons[kept], ratio)
    ignored[kept] = [not pieces for pieces in cores]
    fill_polygons(shrink_map, [core for pieces in cores for core in pieces], 1)
    fill_polygons(mask, polygons[ignored].astype(np.int32), 0)
    return shrink_map, mask, ignored


def distance_to_edge(xs, ys, start, end) -> np.ndarray:
    """Distance of each pixel to an edge, as PaddleOCR measures it.

    Inside the circle whose diameter is the edge, this is the distance to the line; outside, the distance to the nearer
    end. The true distance to a segment is the distance to the line everywhere between the perpendiculars at its ends.

    Args:
        xs, ys: coordinates of the pixels, arrays of equal shape.
        start, end: (x, y) of the two ends of the edge in pixels.

    Returns: array of the shape of `xs`, in pixels.
    Source: _distance of MakeBorderMap in ppocr/data/imaug/make_border_map.py.
    """
    to_start = (xs - start[0]) ** 2 + (ys - start[1]) ** 2
    to_end = (xs - end[0]) ** 2 + (ys - end[1]) ** 2
    length = (start[0] - end[0]) ** 2 + (start[1] - end[1]) ** 2
    corner = np.sqrt(np.minimum(to_start, to_end))
    if length == 0:
        return corner
    cross = (end[0] - start[0]) * (ys - start[1]) - (end[1] - start[1]) * (xs - start[0])
    return np.where(to_start + to_end <= length, np.abs(cross) / np.sqrt(length), corner)


@accelerated_by(fill_grown_compiled)
def fill_grown(mask, polygons, distances) -> np.ndarray:
    """Fill polygons that are grown with round corners.

    Args:
        mask: (H, W) float32, set to 1 inside the grown polygons.
        polygons: (N, P, 2) in pixels.
        distances: (N,) in pixels, positive.

    Returns: (N, 4) int64, pixels left, top, right, bottom (inclusive) of the part of each polygon inside the mask. If
        there is none, right is left - 1 or bottom is top - 1.
    """
    height, width = mask.shape
    windows = np.tile(np.array([0, 0, -1, -1], np.int64), (len(polygons), 1))
    for window, pieces in zip(windows, offset_polygons(polygons, distances), strict=True):
        if pieces:
            cv2.fillPoly(mask, [pieces[0]], 1)
            window[:2] = pieces[0].min(0).clip(0, (width, height))
            window[2:] = pieces[0].max(0).clip(-1, (width - 1, height - 1))
    return windows


@accelerated_by(draw_bands_compiled)
def draw_bands(values, polygons, widths, windows, low: float, high: float) -> None:
    """Raise a map around the outlines of polygons to low + (high - low) (1 - d / D) at distance d < D.

    Args:
        values: (H, W) float32 map, changed in place; where bands overlap, the larger value is kept.
        polygons: (N, P, 2) in pixels.
        widths: (N,) width D of each band in pixels.
        windows: (N, 4) pixels left, top, right, bottom (inclusive) that contain each band.
        low: value at the inner and outer edge of a band.
        high: value on the outline.
    """
    low, high = np.float32(low), np.float32(high)  # pyright: ignore[reportAssignmentType]
    for polygon, width, (left, top, right, bottom) in zip(polygons, widths, windows.tolist(), strict=True):
        ys, xs = np.mgrid[top : bottom + 1, left : right + 1].astype(np.float32)
        edges = zip(polygon, np.roll(polygon, -1, axis=0), strict=True)
        nearest = np.min([distance_to_edge(xs, ys, start, end) for start, end in edges], axis=0)
        band = low + (high - low) * (1 - np.clip(nearest / np.float32(width), 0, 1))
        window = values[top : bottom + 1, left : right + 1]
        np.maximum(window, band, out=window)


def make_threshold_map(
    polygons,
    ignored,
    shape: tuple[int, int],
    *,
    ratio: float = SHRINK_RATIO,
    thresh_min: float = THRESH_MIN,
    thresh_max: float = THRESH_MAX,
) -> tuple[np.ndarray, np.ndarray]:
    """Map that is `thresh_max` on the outlines and falls to `thresh_min` at the shrink distance on both sides.

    Args:
        polygons: (N, P, 2), or N arrays (P_i, 2), in pixels; they may extend beyond the image.
        ignored: (N,) bool; ignored texts are not drawn.
        shape: (H, W) of the image.
        ratio: shrink ratio, which sets the width of the band.
        thresh_min: value away from the outlines.
        thresh_max: value on the outlines.

    Returns: threshold map (H, W) float32; mask (H, W) float32, 1 inside the outlines grown by the shrink distance.
    Source: MakeBorderMap in ppocr/data/imaug/make_border_map.py. Its map has holes of thresh_min on some outlines, a few
        pixels per page, where rounding makes the argument of a square root negative; this one has none.
    """
    values, mask = np.full(shape, thresh_min, np.float32), np.zeros(shape, np.float32)
    polygons = same_length(polygons)
    widths = shrink_distance(polygons, ratio)
    kept = ~np.asarray(ignored, bool) & (widths > 0)
    polygons, widths = polygons[kept], widths[kept]
    draw_bands(values, polygons, widths, fill_grown(mask, polygons, widths), thresh_min, thresh_max)
    return values, mask


def make_targets(polygons, ignored, shape: tuple[int, int]) -> DetTargets:
    """Compute both maps of an image.

    Args:
        polygons: (N, P, 2), or N arrays (P_i, 2), in pixels.
        ignored: (N,) bool, True for illegible text, "###" in the label file.
        shape: (H, W) of the image.

    Returns: DetTargets.
    """
    polygons = same_length(polygons)
    # The threshold map comes first, as in PaddleOCR: texts that are too small for the shrink map keep their outlines.
    threshold_map, threshold_mask = make_threshold_map(polygons, ignored, shape)
    polygons, ignored = validate_polygons(polygons, ignored, shape)
    shrink_map, shrink_mask, ignored = make_shrink_map(polygons, ignored, shape)
    return DetTargets(shrink_map, shrink_mask, threshold_map, threshold_mask, ignored)
