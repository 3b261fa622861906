"""From the probability map to boxes: threshold, outline, score, grow back (chapter 2.1)."""

import math
from typing import NamedTuple

import cv2
import numpy as np

from ..augment.geometry import bounds
from .targets import offset_polygon, perimeter, signed_area

MIN_SIDE = 3
"""Pixels: a region whose shorter side is less is noise; after growing it must have two more."""


class Boxes(NamedTuple):
    """Polygons in pixels of the original picture, with scores.

    Fields:
        polygons: (N, 4, 2) float32, from the top left corner clockwise; with polygon output a list of
            (M, 2) float32.
        scores: (N,) float32, mean probability inside.
    """

    polygons: np.ndarray | list
    scores: np.ndarray


def order_corners(corners) -> np.ndarray:
    """Four corners from the top left one clockwise.

    Args:
        corners: (..., 4, 2) in any order.

    Returns: (..., 4, 2) float32.
    """
    corners = np.asarray(corners, np.float32)
    corners = _sorted_by(corners, 0)
    left, right = _sorted_by(corners[..., :2, :], 1), _sorted_by(corners[..., 2:, :], 1)
    return np.stack([left[..., 0, :], right[..., 0, :], right[..., 1, :], left[..., 1, :]], axis=-2)


def _sorted_by(points, axis):
    order = np.argsort(points[..., axis], axis=-1, kind="stable")
    return np.take_along_axis(points, order[..., None], axis=-2)


def rectangle_corners(centers, sides, angles_deg) -> np.ndarray:
    """Corners of turned rectangles, as cv2.boxPoints gives them, for many at once.

    Args:
        centers: (N, 2).
        sides: (N, 2), width and height before the turn.
        angles_deg: (N,).

    Returns: (N, 4, 2) float64, opposite corners two apart.
    """
    angles = np.deg2rad(angles_deg)
    across = np.stack([np.cos(angles), np.sin(angles)], -1) * sides[:, :1] / 2
    down = np.stack([-np.sin(angles), np.cos(angles)], -1) * sides[:, 1:] / 2
    return np.stack(
        [centers - across + down, centers - across - down, centers + across - down, centers + across + down],
        1,
    )


def mean_inside(prob: np.ndarray, polygon: np.ndarray) -> float:
    """Mean of the map inside a polygon; pixels outside the picture do not count.

    Args:
        prob: (H, W).
        polygon: (N, 2), cut to whole pixels.
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


def unclip_distance(polygon, ratio: float) -> float:
    """How far the outline moves out: D' = A ratio / L.

    Args:
        polygon: (N, 2) in pixels.
        ratio: the unclip ratio.
    """
    length = perimeter(polygon)
    return abs(signed_area(polygon)) * ratio / length if length else 0.0


class DBPostProcess:
    """Boxes of a probability map.

    Args:
        thresh: a pixel is text above it.
        box_thresh: a box is kept if its score reaches it.
        unclip_ratio: how far boxes grow back, see `unclip_distance`.
        max_candidates: regions looked at, at most.
        score_mode: "fast" averages inside the box, "slow" inside the region's own outline.
        use_dilation: thicken the text pixels by one before outlines are drawn.
        box_type: "quad" or "poly".

    Raises:
        ValueError: a threshold outside 0..1, an unknown score_mode or box_type, unclip_ratio not positive.
    PaddleOCR: DBPostProcess in ppocr/postprocess/db_postprocess.py, whose class defaults are 0.7 and 2.0;
        its configurations and its command line set 0.6 and 1.5, as here.
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
        """Text pixels, (H, W) uint8 of 0 and 1.

        Args:
            prob: probability map, (H, W) float32.
        """
        text = (prob > self.thresh).view(np.uint8)
        return cv2.dilate(text, np.ones((2, 2), np.uint8)) if self.use_dilation else text

    def __call__(self, prob: np.ndarray, original_size: tuple[int, int]) -> Boxes:
        """Find boxes.

        Args:
            prob: (H, W) float32.
            original_size: (height, width) of the picture before it was resized for the net.
        """
        contours, _ = cv2.findContours(self.binarize(prob), cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
        contours = contours[: self.max_candidates]
        scale = np.array(original_size[::-1], np.float32) / prob.shape[::-1]
        if self.box_type == "quad":
            polygons, scores = self._quads(prob, contours)
            polygons = np.round(polygons * scale).clip(0, original_size[::-1]).astype(np.float32)
            return Boxes(polygons, scores)
        found = [box for contour in contours if (box := self._polygon(prob, contour)) is not None]
        polygons = [np.round(p * scale).clip(0, original_size[::-1]).astype(np.float32) for p, _ in found]
        return Boxes(polygons, np.array([score for _, score in found], np.float32))

    def _quads(self, prob, contours):
        """All rectangles at once; only the fit and the score go contour by contour."""
        numbers = []  # a flat list becomes an array in half the time of one of tuples
        for center, side, angle in map(cv2.minAreaRect, contours):
            numbers += (*center, *side, angle)
        rects = np.array(numbers, np.float64).reshape(-1, 5)
        large = np.nonzero(rects[:, 2:4].min(1) >= MIN_SIDE)[0]
        centers, sides, angles = rects[large, :2], rects[large, 2:4], rects[large, 4]
        corners = rectangle_corners(centers, sides, angles).astype(np.float32)
        if self.score_mode == "slow":
            scores = [mean_inside(prob, contours[i].reshape(-1, 2)) for i in large]
        else:
            scores = _box_means(prob, corners)
        scores = np.array(scores, np.float32)
        # Growing a rectangle by D = A ratio / L and taking the smallest rectangle around it adds 2 D to both sides.
        grown = sides + (sides.prod(1) * self.unclip_ratio / sides.sum(1))[:, None]
        keep = (scores >= self.box_thresh) & (grown.min(1) >= MIN_SIDE + 2)
        return order_corners(rectangle_corners(centers[keep], grown[keep], angles[keep])), scores[keep]

    def _polygon(self, prob, contour):
        outline = cv2.approxPolyDP(contour, 0.002 * cv2.arcLength(contour, True), True).reshape(-1, 2)
        if len(outline) < 4:
            return None
        score = mean_inside(prob, outline)
        if score < self.box_thresh:
            return None
        grown = offset_polygon(outline, unclip_distance(outline, self.unclip_ratio))
        if len(grown) != 1 or min(cv2.minAreaRect(grown[0])[1]) < MIN_SIDE + 2:
            return None
        return grown[0].astype(np.float32), score


def _box_means(prob, corners):
    """mean_inside of many quadrangles (N, 4, 2)."""
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
