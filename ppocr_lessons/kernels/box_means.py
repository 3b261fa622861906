"""Means of a map inside many quadrangles, compiled with numba; the plain form is `box_means` in det/postprocess.py.

Two numbers per row describe which pixels OpenCV fills in a convex quadrangle (kernels/convex.py), so no mask is drawn.
The sum is computed in the same order and precision as in cv2.mean, so the means are equal bit for bit. Quadrangles that
are not convex or extend beyond the map go to the plain form.
"""

import math

import numpy as np

from .compiled import loop
from .convex import find_rows


def box_means_compiled(plain, prob, corners) -> np.ndarray:
    """Compiled form of `box_means`.

    Args:
        plain: the same with OpenCV, for quadrangles that `find_rows` rejects and maps other than float32.
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
def _box_means(prob, corners, means):
    """Write the mean of each quadrangle, or NaN for those that OpenCV has to handle."""
    height, width = prob.shape
    first, last = np.empty(height, np.int64), np.empty(height, np.int64)
    points = np.empty((4, 2), np.int64)
    for index in range(len(corners)):
        for corner in range(4):
            # OpenCV truncates. Rounding down differs only for negative coordinates, which `find_rows` rejects anyway.
            points[corner, 0] = math.floor(corners[index, corner, 0])
            points[corner, 1] = math.floor(corners[index, corner, 1])
        top, bottom = find_rows(points, height, width, first, last)
        total, count = 0.0, 0
        for y in range(top, bottom + 1):
            count += last[y] + 1 - first[y]
            for x in range(first[y], last[y] + 1):
                total += float(prob[y, x])
        means[index] = total * (1 / count) if count else math.nan
