"""Reading order of boxes, and perspective correction of crops (chapter 1.1)."""

import cv2
import numpy as np

from ..polygons import order_corners

ROW_TOLERANCE = 10
"""Boxes belong to the same row if the y coordinates of their top left corners differ by less than this, in pixels."""

ON_END_RATIO = 1.5
"""A crop whose height is at least this multiple of its width is rotated by 90 degrees."""


def reading_order(polygons) -> list[int]:
    """Reading order of boxes: from top to bottom, and from left to right within a row.

    Args:
        polygons: (N, M, 2) in pixels, each with the top left point first.

    Returns: N indices.
    PaddleOCR: sorted_boxes in tools/infer/predict_system.py.
    """
    first = [np.asarray(polygon)[0] for polygon in polygons]
    order = sorted(range(len(first)), key=lambda i: (first[i][1], first[i][0]))
    for end in range(1, len(order)):
        for i in range(end, 0, -1):
            above, here = first[order[i - 1]], first[order[i]]
            if here[1] - above[1] >= ROW_TOLERANCE or here[0] >= above[0]:
                break
            order[i - 1], order[i] = order[i], order[i - 1]
    return order


def as_quad(polygon) -> np.ndarray:
    """Corners of a box, or of the minimum-area rectangle around a polygon with more points.

    Args:
        polygon: (P, 2) in pixels, P at least 3.

    Returns: (4, 2) in pixels.
    """
    polygon = np.asarray(polygon, np.float32)
    return polygon if len(polygon) == 4 else order_corners(cv2.boxPoints(cv2.minAreaRect(polygon)))


def turn_back(crop: np.ndarray, angle_deg: int) -> np.ndarray:
    """Rotate a crop clockwise, which makes a line upright that is rotated counterclockwise by the same angle.

    Args:
        crop: (H, W, 3) uint8.
        angle_deg: 0, 90, 180 or 270.

    Returns: (H, W, 3) uint8, or (W, H, 3) for 90 and 270 degrees; the crop itself for 0.

    Raises:
        ValueError: another angle.
    """
    if angle_deg not in (0, 90, 180, 270):
        raise ValueError(f"angle_deg is {angle_deg}; 0, 90, 180 or 270 is needed")
    return np.ascontiguousarray(np.rot90(crop, -(angle_deg // 90))) if angle_deg else crop


def crop_line(image: np.ndarray, polygon) -> np.ndarray:
    """Crop a box with perspective correction; a vertical crop is rotated by 90 degrees.

    Args:
        image: (H, W, 3) uint8.
        polygon: (4, 2) in pixels, clockwise from the top left corner, or (M, 2).

    Returns: (h, w, 3) uint8; before the rotation, w and h are the longer of each pair of opposite sides of the box.
    PaddleOCR: get_rotate_crop_image in tools/infer/utility.py.
    """
    quad = as_quad(polygon)
    width = max(1, round(max(np.linalg.norm(quad[0] - quad[1]), np.linalg.norm(quad[3] - quad[2]))))
    height = max(1, round(max(np.linalg.norm(quad[0] - quad[3]), np.linalg.norm(quad[1] - quad[2]))))
    target = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    matrix = cv2.getPerspectiveTransform(quad, target)
    crop = cv2.warpPerspective(
        image, matrix, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    return np.rot90(crop).copy() if height >= ON_END_RATIO * width else crop
