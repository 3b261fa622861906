"""Means of a map inside many quadrangles, compiled with numba; the plain form is `box_means` in det/postprocess.py.

OpenCV fills a polygon by drawing its outline with Bresenham's lines and then the pixels between them. In a convex
quadrangle that is, in each row, everything from the first to the last pixel of the outline. So the mask need not be drawn:
two numbers a row are enough. The sum runs in the same order and precision as in cv2.mean, so the means are the same to
the last bit. Quadrangles that are not convex or leave the map go to the plain form.
"""

import math

import numpy as np

from .compiled import loop


def box_means_compiled(plain, prob, corners) -> np.ndarray:
    """Compiled form of `box_means`.

    Args:
        plain: the same with OpenCV, for what the kernel leaves, and for maps other than float32.
        prob: (H, W) float32 map.
        corners: (N, 4, 2) float32 in pixels.

    Returns: (N,) float64.
    """
    if prob.dtype != np.float32:
        return plain(prob, corners)
    means = np.empty(len(corners))
    _box_means(np.ascontiguousarray(prob), np.ascontiguousarray(corners, np.float32), means)
    rest = np.nonzero(np.isnan(means))[0]
    if len(rest):
        means[rest] = plain(prob, corners[rest])
    return means


@loop
def _is_convex(points):
    """True if the corners turn in one direction only; those in line with their neighbors do not count."""
    left = right = False
    for corner in range(4):
        before, after = (corner + 3) % 4, (corner + 1) % 4
        cross = (points[corner, 0] - points[before, 0]) * (points[after, 1] - points[corner, 1])
        cross -= (points[corner, 1] - points[before, 1]) * (points[after, 0] - points[corner, 0])
        left = left or cross < 0
        right = right or cross > 0
    return not (left and right)


@loop
def _draw_line(x, y, x_end, y_end, first, last):
    """Extend `first` and `last` of each row to the pixels of a line, which are those of cv2.line."""
    if x_end < x:
        x, y, x_end, y_end = x_end, y_end, x, y
    across, down, step = x_end - x, y_end - y, 1
    if down < 0:
        down, step = -down, -1
    longer, shorter = max(across, down), min(across, down)
    error = longer - 2 * shorter
    for _ in range(longer + 1):
        first[y], last[y] = min(first[y], x), max(last[y], x)
        aside = error < 0
        error -= 2 * shorter
        if aside:
            error += 2 * longer
        if across >= down or aside:
            x += 1
        if across < down or aside:
            y += step


@loop
def _box_means(prob, corners, means):
    """Write the mean of each quadrangle, or NaN for those that are left to OpenCV."""
    height, width = prob.shape
    first, last = np.empty(height, np.int64), np.empty(height, np.int64)
    points = np.empty((4, 2), np.int64)
    for index in range(len(corners)):
        top, bottom, inside = height, -1, True
        for corner in range(4):
            x, y = corners[index, corner]
            inside = inside and 0 <= x < width and 0 <= y < height
            if inside:
                points[corner, 0], points[corner, 1] = int(x), int(y)
                top, bottom = min(top, points[corner, 1]), max(bottom, points[corner, 1])
        means[index] = math.nan
        if not (inside and _is_convex(points)):
            continue
        first[top : bottom + 1], last[top : bottom + 1] = width, -1
        for corner in range(4):
            after = (corner + 1) % 4
            _draw_line(points[corner, 0], points[corner, 1], points[after, 0], points[after, 1], first, last)
        total, count = 0.0, 0
        for y in range(top, bottom + 1):
            count += last[y] + 1 - first[y]
            for x in range(first[y], last[y] + 1):
                total += float(prob[y, x])
        means[index] = total * (1 / count)
