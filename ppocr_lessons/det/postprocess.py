"""From the probability map to boxes: threshold, outline, score, grow back (chapter 2.1)."""

from typing import NamedTuple

import cv2
import numpy as np

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
        corners: (4, 2) in any order.

    Returns: (4, 2) float32.
    """
    corners = np.asarray(corners, np.float32)
    corners = corners[np.argsort(corners[:, 0], kind="stable")]
    left, right = corners[:2], corners[2:]
    left, right = left[np.argsort(left[:, 1], kind="stable")], right[np.argsort(right[:, 1], kind="stable")]
    return np.stack([left[0], right[0], right[1], left[1]])


def mean_inside(prob: np.ndarray, polygon: np.ndarray) -> float:
    """Mean of the map inside a polygon; pixels outside the picture do not count.

    Args:
        prob: (H, W).
        polygon: (N, 2), cut to whole pixels.
    """
    height, width = prob.shape
    low = np.floor(polygon.min(0)).astype(int).clip(0, (width - 1, height - 1))
    high = np.ceil(polygon.max(0)).astype(int).clip(0, (width - 1, height - 1)) + 1
    mask = np.zeros((high[1] - low[1], high[0] - low[0]), np.uint8)
    cv2.fillPoly(mask, [(polygon - low).astype(np.int32)], 1)
    return cv2.mean(prob[low[1] : high[1], low[0] : high[0]], mask)[0]


def unclip_distance(polygon, ratio: float) -> float:
    """How far the outline moves out: D' = A ratio / L."""
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
        """Text pixels, (H, W) uint8 of 0 and 1."""
        text = (prob > self.thresh).astype(np.uint8)
        return cv2.dilate(text, np.ones((2, 2), np.uint8)) if self.use_dilation else text

    def __call__(self, prob: np.ndarray, original_size: tuple[int, int]) -> Boxes:
        """Find boxes.

        Args:
            prob: (H, W) float32.
            original_size: (height, width) of the picture before it was resized for the net.
        """
        contours, _ = cv2.findContours(self.binarize(prob), cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
        find = self._quad if self.box_type == "quad" else self._polygon
        found = [find(prob, contour) for contour in contours[: self.max_candidates]]
        found = [box for box in found if box is not None]
        scale = np.array(original_size[::-1], np.float32) / prob.shape[::-1]
        polygons = [np.round(p * scale).clip(0, original_size[::-1]).astype(np.float32) for p, _ in found]
        scores = np.array([score for _, score in found], np.float32)
        if self.box_type == "quad":
            return Boxes(np.array(polygons, np.float32).reshape(-1, 4, 2), scores)
        return Boxes(polygons, scores)

    def _quad(self, prob, contour):
        centre, sides, angle = cv2.minAreaRect(contour)
        if min(sides) < MIN_SIDE:
            return None
        corners = order_corners(cv2.boxPoints((centre, sides, angle)))
        inside = contour.reshape(-1, 2) if self.score_mode == "slow" else corners
        score = mean_inside(prob, inside)
        if score < self.box_thresh:
            return None
        # Growing a rectangle by D and taking the smallest rectangle around it adds 2 D to both sides.
        grown = tuple(side + 2 * unclip_distance(corners, self.unclip_ratio) for side in sides)
        if min(grown) < MIN_SIDE + 2:
            return None
        return order_corners(cv2.boxPoints((centre, grown, angle))), score

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
