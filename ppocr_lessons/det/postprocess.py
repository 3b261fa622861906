"""From the probability map to boxes (chapter 2.1): binarize, trace outlines, score, grow back.

The network finds the shrunk core of each text, so the post-processing grows each region by

    D' = A r / L        A area, L perimeter of the region, r unclip ratio
"""

import math
from typing import NamedTuple

import cv2
import numpy as np

from ..kernels.lazily import accelerated_from
from ..polygons import (
    bounds,
    clip_polygons,
    offset_polygon,
    order_corners,
    perimeter,
    rectangle_corners,
    signed_area,
)

MIN_SIDE = 3
"""Minimum length of a region's shorter side in pixels; two pixels more after growing. Smaller regions are noise."""


class Boxes(NamedTuple):
    """Detected texts.

    Fields:
        polygons: (N, 4, 2) float32 in pixels of the original image, clockwise from the top left corner; with
            box_type="poly" a list of N arrays (M, 2) float32.
        scores: (N,) float32, mean probability inside each polygon.
    """

    polygons: np.ndarray | list
    scores: np.ndarray


def unclip_distance(polygons, ratio: float) -> np.ndarray:
    """Distance by which an outline moves outward: D' = A r / L.

    Args:
        polygons: (..., P, 2) in pixels.
        ratio: unclip ratio r.

    Returns: (...) float64 in pixels, 0 for polygons without extent.
    Source: Liao et al. 2020, arXiv 1911.08947, "Optimization".
    """
    return np.abs(signed_area(polygons)) * ratio / np.maximum(perimeter(polygons), 1e-9)


def unclip(polygon, ratio: float) -> np.ndarray:
    """Grow a rectangle by the unclip distance on each side.

    PaddleOCR moves the outline with round corners, and then takes the smallest rectangle around the result. For a
    rectangle, the result is the rectangle whose sides move outward by D', so no clipping library is needed.

    Args:
        polygon: (..., 4, 2) corners of rectangles in pixels, in order around the outline.
        ratio: unclip ratio r.

    Returns: (..., 4, 2) float64 corners in pixels, in the same order.
    Source: unclip of DBPostProcess in ppocr/postprocess/db_postprocess.py.
    """
    polygon = np.asarray(polygon, np.float64)
    distance = unclip_distance(polygon, ratio)[..., None, None]
    outward = _unit(polygon - np.roll(polygon, -1, -2)) + _unit(polygon - np.roll(polygon, 1, -2))
    return polygon + distance * outward


def _unit(vectors):
    return vectors / np.maximum(np.hypot(vectors[..., :1], vectors[..., 1:]), 1e-9)


def unclip_outline(outline, ratio: float) -> list[np.ndarray]:
    """Grow a polygon with any number of points by the unclip distance, with round corners.

    Args:
        outline: (P, 2) in pixels.
        ratio: unclip ratio r.

    Returns: the resulting outlines, each (M, 2) int32 in pixels; usually one.
    Source: unclip of DBPostProcess in ppocr/postprocess/db_postprocess.py.
    """
    return offset_polygon(outline, float(unclip_distance(outline, ratio)))


def mean_inside(prob: np.ndarray, polygon: np.ndarray) -> float:
    """Mean of the map inside a polygon; pixels outside the map do not count.

    Args:
        prob: (H, W) float32, probability map.
        polygon: (P, 2) in pixels; truncated to whole pixels.

    Returns: mean probability.
    Source: box_score_fast and box_score_slow of DBPostProcess in ppocr/postprocess/db_postprocess.py.
    """
    height, width = prob.shape
    left, top = (
        max(0, min(side - 1, math.floor(v))) for v, side in zip(polygon.min(0), (width, height), strict=True)
    )
    right, bottom = (
        max(0, min(side - 1, math.ceil(v))) + 1
        for v, side in zip(polygon.max(0), (width, height), strict=True)
    )
    mask = np.zeros((bottom - top, right - left), np.uint8)
    cv2.fillPoly(mask, [(polygon - (left, top)).astype(np.int32)], 1)
    return cv2.mean(prob[top:bottom, left:right], mask)[0]


class DBPostProcess:
    """Find the boxes in a probability map.

    Args:
        thresh: a pixel above this probability is text.
        box_thresh: a box is kept if its score is at least this.
        unclip_ratio: ratio for the distance by which boxes grow, see `unclip_distance`.
        max_candidates: maximum number of regions that are examined.
        score_mode: "fast" averages the map inside the rectangle, "slow" inside the outline of the region.
        use_dilation: thicken the text pixels by one pixel before outlines are traced.
        box_type: "quad" for rectangles or "poly" for outlines.

    Raises:
        ValueError: a threshold outside 0..1, unclip_ratio not positive, unknown score_mode or box_type.
    PaddleOCR: DBPostProcess in ppocr/postprocess/db_postprocess.py. Its class defaults are box_thresh 0.7 and
        unclip_ratio 2.0; its configurations and its command line set 0.6 and 1.5, as here.
    """

    def __init__(
        self,
        *,
        thresh: float = 0.3,
        box_thresh: float = 0.6,
        unclip_ratio: float = 1.5,
        max_candidates: int = 1000,
        score_mode: str = "fast",
        use_dilation: bool = False,
        box_type: str = "quad",
    ):
        for name, value in (("thresh", thresh), ("box_thresh", box_thresh)):
            if not 0 <= value <= 1:
                raise ValueError(f"{name} is {value}; a number in 0..1 is needed")
        if unclip_ratio <= 0:
            raise ValueError(f"unclip_ratio is {unclip_ratio}; a positive number is needed")
        if score_mode not in ("fast", "slow"):
            raise ValueError(f"score_mode is {score_mode!r}; known are ['fast', 'slow']")
        if box_type not in ("quad", "poly"):
            raise ValueError(f"box_type is {box_type!r}; known are ['quad', 'poly']")
        self.thresh, self.box_thresh, self.unclip_ratio = thresh, box_thresh, unclip_ratio
        self.max_candidates, self.score_mode = max_candidates, score_mode
        self.use_dilation, self.box_type = use_dilation, box_type

    def binarize(self, prob: np.ndarray) -> np.ndarray:
        """Mark the text pixels.

        Args:
            prob: (H, W) float32, probability map.

        Returns: (H, W) uint8, 1 on text and 0 elsewhere.
        """
        text = (prob > self.thresh).view(np.uint8)
        return cv2.dilate(text, np.ones((2, 2), np.uint8)) if self.use_dilation else text

    def __call__(self, prob: np.ndarray, original_size: tuple[int, int]) -> Boxes:
        """Find boxes.

        Args:
            prob: (H, W) float32, probability map.
            original_size: (height, width) in pixels of the image before it was resized for the network.

        Returns: Boxes in pixels of the original image.
        """
        contours, _ = cv2.findContours(self.binarize(prob), cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
        find = self._quads if self.box_type == "quad" else self._outlines
        polygons, scores = find(prob, contours[: self.max_candidates])
        scale = np.array(original_size[::-1], np.float32) / prob.shape[::-1]
        if isinstance(polygons, np.ndarray):
            return Boxes(_to_original(polygons, scale, original_size), scores)
        return Boxes([_to_original(polygon, scale, original_size) for polygon in polygons], scores)

    def _quads(self, prob, contours):
        """Rectangles around regions: (N, 4, 2) and scores (N,). All are processed at once, for speed."""
        centers, sides, angles_deg = _smallest_rectangles(contours)
        large = np.nonzero(sides.min(1) >= MIN_SIDE)[0]
        rectangles = rectangle_corners(centers[large], sides[large], angles_deg[large])
        if self.score_mode == "slow":
            scores = [mean_inside(prob, contours[index].reshape(-1, 2)) for index in large]
        else:
            scores = box_means(prob, rectangles.astype(np.float32))
        scores = np.array(scores, np.float32)
        grown = unclip(rectangles, self.unclip_ratio)
        width, height = sides[large].T
        # The unclip distance of a rectangle: A = w h and L = 2 (w + h).
        grown_sides = np.minimum(width, height) + width * height * self.unclip_ratio / (width + height)
        kept = (scores >= self.box_thresh) & (grown_sides >= MIN_SIDE + 2)
        return order_corners(grown[kept]), scores[kept]

    def _outlines(self, prob, contours):
        """Outlines of regions: list of N arrays (M, 2), and scores (N,)."""
        polygons, scores = [], []
        for contour in contours:
            tolerance = 0.002 * cv2.arcLength(contour, True)
            outline = cv2.approxPolyDP(contour, tolerance, True).reshape(-1, 2)
            if len(outline) < 4 or (score := mean_inside(prob, outline)) < self.box_thresh:
                continue
            grown = unclip_outline(outline, self.unclip_ratio)
            if len(grown) == 1 and min(cv2.minAreaRect(grown[0])[1]) >= MIN_SIDE + 2:
                polygons.append(grown[0])
                scores.append(score)
        return polygons, np.array(scores, np.float32)


def _to_original(polygons, scale, original_size):
    return clip_polygons(np.round(polygons * scale), original_size)


def _smallest_rectangles(contours):
    """Smallest rectangle around each contour: centers (N, 2), sides (N, 2) in pixels and angles (N,) in degrees."""
    numbers = []  # a flat list becomes an array in half the time of a list of tuples
    for center, sides, angle in map(cv2.minAreaRect, contours):
        numbers += (*center, *sides, angle)
    rectangles = np.array(numbers, np.float64).reshape(-1, 5)
    return rectangles[:, :2], rectangles[:, 2:4], rectangles[:, 4]


@accelerated_from("box_means", "box_means_compiled", only_if_loaded=True)
def box_means(prob: np.ndarray, corners: np.ndarray):
    """`mean_inside` for many quadrangles, whose bounds are computed at once.

    Args:
        prob: (H, W) float32, probability map.
        corners: (N, 4, 2) float32 in pixels; truncated to whole pixels.

    Returns: N mean probabilities.
    """
    height, width = prob.shape
    limits = (width - 1, height - 1)
    low, high = bounds(corners)
    low = np.floor(low).astype(int).clip(0, limits)
    high = np.ceil(high).astype(int).clip(0, limits) + 1
    inside = (corners - low[:, None]).astype(np.int32)
    means = []
    for left, top, right, bottom, polygon in zip(*low.T.tolist(), *high.T.tolist(), inside, strict=True):
        mask = np.zeros((bottom - top, right - left), np.uint8)
        cv2.fillPoly(mask, [polygon], 1)
        means.append(cv2.mean(prob[top:bottom, left:right], mask)[0])
    return means
