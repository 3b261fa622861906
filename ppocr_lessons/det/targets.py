"""What DBNet is taught: the shrink map and the threshold map of a page's polygons.

Dense lines of text touch. The net therefore learns the core of each polygon, shrunk until neighbors
stand apart, and the post-processing grows it back by the same law.
"""

from typing import NamedTuple

import cv2
import numpy as np
import pyclipper

from ..augment.geometry import bounds
from ..kernels.grow import grow_convex, most_points
from ..kernels.shrink import shrink_convex
from ..kernels.threshold import raise_outlines

SHRINK_RATIO = 0.4
MIN_TEXT_SIZE = 8
THRESH_MIN, THRESH_MAX = 0.3, 0.7


class DetTargets(NamedTuple):
    """Maps of one picture, each (H, W) float32, and which polygons ended up ignored."""

    shrink_map: np.ndarray
    shrink_mask: np.ndarray
    threshold_map: np.ndarray
    threshold_mask: np.ndarray
    ignored: np.ndarray


def signed_area(polygon) -> float:
    """Shoelace area; positive where the points run clockwise on the screen (y points down).

    Args:
        polygon: (N, 2) in pixels, x before y.
    """
    x, y = np.asarray(polygon, np.float64).T
    return float((x * np.roll(y, -1) - np.roll(x, -1) * y).sum() / 2)


def perimeter(polygon) -> float:
    """Length of the closed outline.

    Args:
        polygon: (N, 2) in pixels, x before y.
    """
    polygon = np.asarray(polygon, np.float64)
    return float(np.linalg.norm(polygon - np.roll(polygon, -1, axis=0), axis=1).sum())


def offset_polygon(polygon, distance: float) -> list[np.ndarray]:
    """Move the outline outwards (distance > 0) or inwards, with round corners.

    Args:
        polygon: (N, 2); fractions of a pixel are cut off, as the clipping library works in integers.
        distance: in pixels.

    Returns: the polygons that result, each (M, 2) int; none if shrinking left nothing.
    """
    clipper = pyclipper.PyclipperOffset()
    points = np.asarray(polygon).astype(np.int64).tolist()
    try:
        clipper.AddPath(points, pyclipper.JT_ROUND, pyclipper.ET_CLOSEDPOLYGON)
    except pyclipper.ClipperException:  # fewer than three distinct corners are left in whole pixels
        return []
    return [np.array(path, np.int32) for path in clipper.Execute(distance)]


def shrink_distance(polygon, ratio: float = SHRINK_RATIO) -> float:
    """How far the outline moves in: D = A (1 - r^2) / L.

    Args:
        polygon: (N, 2) in pixels, x before y.
        ratio: shrink ratio r; 1 would leave the polygon as it is.
    """
    return abs(signed_area(polygon)) * (1 - ratio**2) / perimeter(polygon)


def shrink_polygon(polygon, ratio: float = SHRINK_RATIO) -> list[np.ndarray]:
    """The core of a polygon, in one piece where some multiple of `ratio` below 1 allows it.

    Args:
        polygon: (N, 2) in pixels.
        ratio: 1 would leave the polygon as it is.
    """
    pieces = []
    for tried in np.arange(ratio, 1, ratio):
        pieces = offset_polygon(polygon, -shrink_distance(polygon, tried))
        if len(pieces) == 1:
            break
    return pieces


def areas_and_perimeters(polygons: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Signed areas and perimeters of many polygons (N, P, 2) at once; see `signed_area` and `perimeter`.

    Args:
        polygons: (N, P, 2) in pixels, x before y.
    """
    polygons = polygons.astype(np.float64)
    following = np.concatenate([polygons[:, 1:], polygons[:, :1]], 1)
    areas = (polygons[..., 0] * following[..., 1] - following[..., 0] * polygons[..., 1]).sum(1) / 2
    return areas, np.hypot(*(following - polygons).transpose(2, 0, 1)).sum(1)


def clip_polygons(polygons, ignored, shape):
    """Push corners into the picture; mark what has no area left as ignored; orient all one way.

    Args:
        polygons: (N, P, 2), or a list of (M, 2).
        ignored: bool a polygon.
        shape: (H, W).

    Returns: polygons of the same kind, and a new `ignored`.
    """
    ignored, limits = np.array(ignored, bool), (shape[1] - 1, shape[0] - 1)
    if not isinstance(polygons, np.ndarray):
        pairs = [
            clip_polygons(np.asarray(p)[None], [i], shape) for p, i in zip(polygons, ignored, strict=True)
        ]
        return [p[0] for p, _ in pairs], np.array([i[0] for _, i in pairs], bool)
    clipped = polygons.astype(np.float32).clip(0, limits)
    areas, _ = areas_and_perimeters(clipped)
    return np.where((areas < 0)[:, None, None], clipped[:, ::-1], clipped), ignored | (np.abs(areas) < 1)


def make_shrink_map(polygons, ignored, shape, *, ratio=SHRINK_RATIO, min_text_size=MIN_TEXT_SIZE):
    """Map of text cores, and mask of what counts.

    Args:
        polygons: of `clip_polygons`.
        ignored: bool a polygon; a new array with what is too small or vanishes comes back.
        shape: (H, W).
        ratio: see `shrink_polygon`.
        min_text_size: text lower or narrower than this many pixels is ignored.

    Returns: shrink map (H, W), mask (H, W), ignored.
    PaddleOCR: MakeShrinkMap in ppocr/data/imaug/make_shrink_map.py.
    """
    shrink_map, mask = np.zeros(shape, np.float32), np.ones(shape, np.float32)
    ignored = np.array(ignored, bool)
    cores, sure = _quad_cores(polygons, ratio)
    ignored |= _too_small(polygons, min_text_size)
    for index, polygon in enumerate(polygons):
        if ignored[index]:
            pieces = []
        elif sure[index]:
            pieces = [cores[index]]
        else:
            pieces = shrink_polygon(polygon, ratio)
        if not pieces:
            ignored[index] = True
            cv2.fillPoly(mask, [polygon.astype(np.int32)], 0)
        for piece in pieces:
            cv2.fillPoly(shrink_map, [piece], 1)
    return shrink_map, mask, ignored


def _too_small(polygons, smallest):
    if isinstance(polygons, np.ndarray) and polygons.ndim == 3:
        low, high = bounds(polygons)
        return (high - low).min(1) < smallest
    return np.array([min(np.ptp(polygon, axis=0)) < smallest for polygon in polygons], bool)


def _quad_cores(polygons, ratio):
    """Cores of quadrangles, all at once, and which of them are sure; nothing is of other polygons or without numba."""
    sure = np.zeros(len(polygons), bool)
    if shrink_convex is None or not isinstance(polygons, np.ndarray) or polygons.shape[1:] != (4, 2):
        return [None] * len(polygons), sure
    areas, perimeters = areas_and_perimeters(polygons)
    distances = np.abs(areas) * (1 - ratio**2) / np.maximum(perimeters, 1e-9)
    cores = np.empty((len(polygons), 4, 2), np.int32)
    # The library works in whole pixels, the distance is that of the polygon before they are cut off.
    shrink_convex(polygons.astype(np.int64), distances, cores, sure)
    return cores, sure


def distance_to_edge(xs, ys, start, end):
    """Distance of each pixel to an edge, as PaddleOCR measures it.

    Within the circle whose diameter is the edge this is the distance to the line, outside it the
    distance to the nearer corner. (The true distance would change over at the edge's end, not on the
    circle; the difference shows near the corners of long boxes.)

    Args:
        xs, ys: coordinates of the pixels, arrays of one shape.
        start, end: (x, y) of the two ends of the edge.
    """
    to_start = (xs - start[0]) ** 2 + (ys - start[1]) ** 2
    to_end = (xs - end[0]) ** 2 + (ys - end[1]) ** 2
    length = (start[0] - end[0]) ** 2 + (start[1] - end[1]) ** 2
    corner = np.sqrt(np.minimum(to_start, to_end))
    if length == 0:
        return corner
    cross = (end[0] - start[0]) * (ys - start[1]) - (end[1] - start[1]) * (xs - start[0])
    return np.where(to_start + to_end <= length, np.abs(cross) / np.sqrt(length), corner)


def make_threshold_map(
    polygons, ignored, shape, *, ratio=SHRINK_RATIO, thresh_min=THRESH_MIN, thresh_max=THRESH_MAX
):
    """Map that is `thresh_max` on the outlines and falls to `thresh_min` at the shrink distance.

    Args:
        polygons: list of (N, 2) in pixels; they may reach over the edge.
        ignored: bool a polygon.
        shape: (H, W).
        ratio: the shrink ratio, which sets the width of the band.
        thresh_min, thresh_max: values away from and on an outline.

    Returns: threshold map (H, W), mask of the bands (H, W).
    PaddleOCR: MakeBorderMap in ppocr/data/imaug/make_border_map.py. It leaves holes of thresh_min, some
        pixels a page, where rounding puts a square root of less than zero on an outline; here the
        outline is whole.
    """
    low, high = np.float32(thresh_min), np.float32(thresh_max)
    values, mask = np.full(shape, low), np.zeros(shape, np.uint8)
    widths = _band_widths(polygons, ratio)
    outlines = list(_grown(polygons, widths, ignored))
    kept = [index for index, outline in enumerate(outlines) if outline is not None]
    outlines = [outlines[index] for index in kept]
    for outline in outlines:
        cv2.fillPoly(mask, [outline], 1)
    if kept:
        bands, windows = np.asarray(widths, np.float32)[kept], _windows(outlines, shape)
        corners = [np.asarray(polygons[index], np.float32) for index in kept]
        if raise_outlines is not None:
            first = np.cumsum([0, *map(len, corners)])
            raise_outlines(values, np.concatenate(corners), first, bands, windows, low, high)
        else:
            for polygon, band, window in zip(corners, bands, windows.tolist(), strict=True):
                _raise_in_window(values, polygon, band, window, low, high)
    return values, mask.astype(np.float32)


def _windows(outlines, shape):
    """Left, top, right and bottom pixel of each outline within the picture, (N, 4); of one outside none are left."""
    starts = np.cumsum([0, *map(len, outlines[:-1])])
    points = np.concatenate(outlines)
    low = np.minimum.reduceat(points, starts).clip(0, shape[::-1])
    high = np.maximum.reduceat(points, starts).clip(-1, (shape[1] - 1, shape[0] - 1))
    return np.concatenate([low, high], 1).astype(np.int64)


def _band_widths(polygons, ratio):
    """`shrink_distance` of every polygon, 0 for those without area."""
    if not isinstance(polygons, np.ndarray) or polygons.ndim != 3:
        return [shrink_distance(p, ratio) if signed_area(p) else 0.0 for p in polygons]
    areas, perimeters = areas_and_perimeters(polygons)
    return np.abs(areas) * (1 - ratio**2) / np.maximum(perimeters, 1e-9)


def _grown(polygons, distances, ignored):
    """Outline of every polygon moved out by its distance, the first if there are several; None of ignored ones."""
    outlines, counts = [None] * len(polygons), [0] * len(polygons)
    if grow_convex is not None and isinstance(polygons, np.ndarray) and polygons.shape[1:] == (4, 2):
        outlines = np.empty((len(polygons), most_points(distances), 2), np.int32)
        counts = np.empty(len(polygons), np.int64)
        grow_convex(polygons.astype(np.int64), distances, outlines, counts)
        counts = counts.tolist()
    for outline, count, polygon, distance, skip in zip(
        outlines, counts, polygons, distances, ignored, strict=True
    ):
        if skip or distance <= 0:
            yield None
        elif count:
            yield outline[:count]
        else:
            yield next(iter(offset_polygon(polygon, distance)), None)


def _raise_in_window(values, polygon, distance, window, low, high):
    """What kernels/threshold.py does, for one polygon, in NumPy."""
    left, top, right, bottom = window
    ys, xs = np.mgrid[top : bottom + 1, left : right + 1].astype(np.float32)
    nearest = np.full(xs.shape, np.inf, np.float32)
    for start, end in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
        np.minimum(nearest, distance_to_edge(xs, ys, start, end), out=nearest)
    place = values[top : bottom + 1, left : right + 1]
    near = 1 - np.clip(nearest / np.float32(distance), 0, 1)
    np.maximum(place, near * (high - low) + low, out=place)


def make_targets(polygons, ignored, shape) -> DetTargets:
    """Both maps of a picture.

    Args:
        polygons: list of (N, 2) in pixels.
        ignored: bool a polygon: text nobody could read, "###" in the label file.
        shape: (H, W) of the picture.
    """
    # The outlines come first, as in PaddleOCR's pipelines: texts too small for the shrink map keep theirs.
    threshold_map, threshold_mask = make_threshold_map(polygons, ignored, shape)
    polygons, ignored = clip_polygons(polygons, ignored, shape)
    shrink_map, shrink_mask, ignored = make_shrink_map(polygons, ignored, shape)
    return DetTargets(shrink_map, shrink_mask, threshold_map, threshold_mask, ignored)
