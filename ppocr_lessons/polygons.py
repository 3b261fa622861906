"""Geometry of polygons: area, perimeter, bounds, offset, order of corners, clipping.

Polygons are float32 arrays (N, P, 2) of pixels, x before y, with y pointing down. The functions return new arrays.
Lists of polygons with different numbers of points become one array with `same_length`.
"""

import numpy as np
import pyclipper

from .kernels.lazily import accelerated_from

FEWEST_POINTS = 4
"""Minimum number of points of each polygon after `same_length`."""


def same_length(polygons) -> np.ndarray:
    """Bring polygons to the same number of points by repeating the last point of the shorter ones.

    A repeated point changes neither the area nor the outline.

    Args:
        polygons: array (N, P, 2), or N arrays (P_i, 2), in pixels.

    Returns: (N, P, 2) float32 in pixels, where P is the largest number of points, and at least 4.
    Source: expand_points_num of DetLabelEncode in ppocr/data/imaug/label_ops.py.
    """
    if isinstance(polygons, np.ndarray) and polygons.ndim == 3 and polygons.shape[1] >= FEWEST_POINTS:
        return polygons.astype(np.float32, copy=False)
    most = max([FEWEST_POINTS, *map(len, polygons)])
    rows = [np.concatenate([p, np.repeat(p[-1:], most - len(p), 0)]) for p in map(np.asarray, polygons)]
    return np.array(rows, np.float32).reshape(-1, most, 2)


def _following(polygons):
    """The points and their successors, in float64; the first point follows the last."""
    polygons = np.asarray(polygons, np.float64)
    return polygons, np.concatenate([polygons[..., 1:, :], polygons[..., :1, :]], -2)


def signed_area(polygons) -> np.ndarray:
    """Area by the shoelace formula: sum of (x_i y_{i+1} - x_{i+1} y_i) / 2.

    Args:
        polygons: (..., P, 2) in pixels.

    Returns: (...) float64 in square pixels, positive where the points run clockwise on the screen.
    """
    here, after = _following(polygons)
    return (here[..., 0] * after[..., 1] - after[..., 0] * here[..., 1]).sum(-1) / 2


def perimeter(polygons) -> np.ndarray:
    """Length of the closed outline.

    Args:
        polygons: (..., P, 2) in pixels.

    Returns: (...) float64 in pixels.
    """
    here, after = _following(polygons)
    edges = after - here
    return np.hypot(edges[..., 0], edges[..., 1]).sum(-1)


def bounds(polygons) -> tuple[np.ndarray, np.ndarray]:
    """Smallest and largest x and y of each polygon.

    Args:
        polygons: (N, P, 2) in pixels.

    Returns: two arrays (N, 2) of the input's dtype, in pixels: top left and bottom right corner.
    """
    # Points first: NumPy reduces long rows several times faster than groups of four numbers.
    points = np.asarray(polygons).swapaxes(0, 1).copy()
    return points.min(0), points.max(0)


def clip_polygons(polygons, size: tuple[int, int]) -> np.ndarray:
    """Move points outside a rectangle to the nearest point on its edge.

    Args:
        polygons: (..., P, 2) in pixels.
        size: (height, width): the largest y and the largest x that are allowed. The smallest is 0.

    Returns: (..., P, 2) float32 in pixels.
    """
    # Limits of another dtype would turn the result into float64.
    return np.asarray(polygons, np.float32).clip(0, np.array(size[::-1], np.float32))


def clockwise(polygons: np.ndarray) -> np.ndarray:
    """Reverse the polygons whose points run counterclockwise on the screen.

    Args:
        polygons: (N, P, 2) in pixels.

    Returns: (N, P, 2) of the input's dtype, in pixels.
    """
    reverse = signed_area(polygons) < 0
    return np.where(reverse[:, None, None], polygons[:, ::-1], polygons) if reverse.any() else polygons.copy()


def order_corners(corners) -> np.ndarray:
    """Bring four corners into the order top left, top right, bottom right, bottom left.

    Args:
        corners: (..., 4, 2) in pixels, in any order.

    Returns: (..., 4, 2) float32 in pixels.
    Source: get_mini_boxes of DBPostProcess in ppocr/postprocess/db_postprocess.py.
    """
    corners = _sorted_by(np.asarray(corners, np.float32), 0)
    left, right = _sorted_by(corners[..., :2, :], 1), _sorted_by(corners[..., 2:, :], 1)
    return np.stack([left[..., 0, :], right[..., 0, :], right[..., 1, :], left[..., 1, :]], axis=-2)


def _sorted_by(points, axis):
    order = np.argsort(points[..., axis], axis=-1, kind="stable")
    return np.take_along_axis(points, order[..., None], axis=-2)


def rectangle_corners(centers, sides, angles_deg) -> np.ndarray:
    """Corners of rotated rectangles, as cv2.boxPoints computes them, for many rectangles at once.

    Args:
        centers: (N, 2) in pixels.
        sides: (N, 2), width and height in pixels before the rotation.
        angles_deg: (N,) in degrees, clockwise on the screen.

    Returns: (N, 4, 2) float64 in pixels: bottom left, top left, top right, bottom right before the rotation.
    """
    angles = np.deg2rad(angles_deg)
    across = np.stack([np.cos(angles), np.sin(angles)], -1) * sides[:, :1] / 2
    down = np.stack([-np.sin(angles), np.cos(angles)], -1) * sides[:, 1:] / 2
    return np.stack(
        [centers - across + down, centers - across - down, centers + across - down, centers + across + down],
        1,
    )


def offset_polygon(polygon, distance: float) -> list[np.ndarray]:
    """Move the outline of a polygon outward (distance > 0) or inward (distance < 0), with round corners.

    The clipping library works with integers, so coordinates are truncated to whole pixels.

    Args:
        polygon: (P, 2) in pixels.
        distance: in pixels.

    Returns: the outlines that result, each (M, 2) int32 in pixels. There are none if the polygon was shrunk to nothing,
        and several if shrinking broke it apart.
    Source: pyclipper.PyclipperOffset with JT_ROUND, as in PaddleOCR.
    """
    clipper = pyclipper.PyclipperOffset()
    points = np.asarray(polygon).astype(np.int64).tolist()
    try:
        clipper.AddPath(points, pyclipper.JT_ROUND, pyclipper.ET_CLOSEDPOLYGON)
    except pyclipper.ClipperException:  # fewer than three distinct points remain after truncation
        return []
    return [np.array(path, np.int32) for path in clipper.Execute(distance)]


@accelerated_from("offset", "offset_quads")
def offset_polygons(polygons, distances) -> list[list[np.ndarray]]:
    """`offset_polygon` for many polygons.

    Args:
        polygons: (N, P, 2) in pixels.
        distances: (N,) in pixels.

    Returns: for each polygon the outlines that result, each (M, 2) int32 in pixels. The compiled version may start an
        outline at a different point.
    """
    return [offset_polygon(*pair) for pair in zip(polygons, distances, strict=True)]
