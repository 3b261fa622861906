"""What DBNet is taught: the shrink map and the threshold map of a page's polygons.

Dense lines of text touch. The net therefore learns the core of each polygon, shrunk until neighbours
stand apart, and the post-processing grows it back by the same law.
"""

from typing import NamedTuple

import cv2
import numpy as np
import pyclipper

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
    """Shoelace area; positive where the points run clockwise on the screen (y points down)."""
    x, y = np.asarray(polygon, np.float64).T
    return float((x * np.roll(y, -1) - np.roll(x, -1) * y).sum() / 2)


def perimeter(polygon) -> float:
    """Length of the closed outline."""
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
    points = [(int(x), int(y)) for x, y in polygon]
    try:
        clipper.AddPath(points, pyclipper.JT_ROUND, pyclipper.ET_CLOSEDPOLYGON)
    except pyclipper.ClipperException:  # fewer than three distinct corners are left in whole pixels
        return []
    return [np.array(path, np.int32) for path in clipper.Execute(distance)]


def shrink_distance(polygon, ratio: float = SHRINK_RATIO) -> float:
    """How far the outline moves in: D = A (1 - r^2) / L."""
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


def clip_polygons(polygons, ignored, shape):
    """Push corners into the picture; mark what has no area left as ignored; orient all one way."""
    height, width = shape
    clipped, ignored = [], np.array(ignored, bool)
    for index, polygon in enumerate(polygons):
        polygon = np.array(polygon, np.float32)
        polygon[:, 0] = polygon[:, 0].clip(0, width - 1)
        polygon[:, 1] = polygon[:, 1].clip(0, height - 1)
        area = signed_area(polygon)
        if abs(area) < 1:
            ignored[index] = True
        if area < 0:
            polygon = polygon[::-1]
        clipped.append(polygon)
    return clipped, ignored


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
    for index, polygon in enumerate(polygons):
        too_small = (polygon.max(0) - polygon.min(0)).min() < min_text_size
        pieces = [] if ignored[index] or too_small else shrink_polygon(polygon, ratio)
        if not pieces:
            ignored[index] = True
            cv2.fillPoly(mask, [polygon.astype(np.int32)], 0)
        for piece in pieces:
            cv2.fillPoly(shrink_map, [piece], 1)
    return shrink_map, mask, ignored


def distance_to_edge(xs, ys, start, end):
    """Distance of each pixel to an edge, as PaddleOCR measures it.

    Within the circle whose diameter is the edge this is the distance to the line, outside it the
    distance to the nearer corner. (The true distance would change over at the edge's end, not on the
    circle; the difference shows near the corners of long boxes.)
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
    height, width = shape
    closeness, mask = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    for polygon, skip in zip(polygons, ignored, strict=True):
        polygon = np.asarray(polygon, np.float32)
        distance = 0 if skip or not signed_area(polygon) else shrink_distance(polygon, ratio)
        grown = offset_polygon(polygon, distance) if distance > 0 else []
        if not grown:
            continue
        cv2.fillPoly(mask, [grown[0]], 1)
        (x0, y0), (x1, y1) = grown[0].min(0), grown[0].max(0)
        left, right = max(0, x0), min(width - 1, x1)
        top, bottom = max(0, y0), min(height - 1, y1)
        if left > right or top > bottom:
            continue
        ys, xs = np.mgrid[top : bottom + 1, left : right + 1].astype(np.float32)
        nearest = np.full(xs.shape, np.inf, np.float32)
        for start, end in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
            np.minimum(nearest, distance_to_edge(xs, ys, start, end), out=nearest)
        window = closeness[top : bottom + 1, left : right + 1]
        np.maximum(window, 1 - np.clip(nearest / distance, 0, 1), out=window)
    return closeness * np.float32(thresh_max - thresh_min) + np.float32(thresh_min), mask


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
