"""Offsetting of many quadrangles at once, compiled with numba.

Quadrangles for which kernels/grow.py and kernels/shrink.py equal the clipping library are offset there. The remaining
polygons go to the plain functions, `offset_polygons` in polygons.py and `fill_grown` in det/targets.py.
"""

import cv2
import numpy as np

from .compiled import loop
from .convex import find_rows
from .grow import grow_convex, most_points
from .shrink import shrink_convex


def offset_quads(plain, polygons, distances) -> list[list[np.ndarray]]:
    """Compiled form of `offset_polygons`.

    Args:
        plain: function that offsets polygons of any kind.
        polygons: (N, P, 2) in pixels; those with P = 4 can be compiled.
        distances: (N,) in pixels, all positive or all negative for the compiled form.

    Returns: for each polygon the list of resulting outlines, each (M, 2) int32 in pixels.
    """
    polygons, distances = np.asarray(polygons), np.asarray(distances, np.float64)
    if polygons.shape[1:] != (4, 2) or not len(polygons) or distances.min() < 0 < distances.max():
        return plain(polygons, distances)
    points = polygons.astype(np.int64)  # truncated, as in the library
    if distances.min() >= 0:
        outlines = np.empty((len(points), most_points(distances), 2), np.int32)
        counts = np.empty(len(points), np.int64)
        grow_convex(points, distances, outlines, counts)
    else:
        outlines = np.empty((len(points), 4, 2), np.int32)
        counts = np.empty(len(points), np.int64)
        shrink_convex(points, -distances, outlines, counts)
    results = [[outline[:count]] for outline, count in zip(outlines, counts.tolist(), strict=True)]
    rest = np.nonzero(counts == 0)[0]
    if len(rest):
        for index, result in zip(rest.tolist(), plain(polygons[rest], distances[rest]), strict=True):
            results[index] = result
    return results


def fill_grown_compiled(plain, mask, polygons, distances) -> np.ndarray:
    """Compiled form of `fill_grown`.

    Args:
        plain: the same with the clipping library and OpenCV, for polygons that the kernels do not support.
        mask: (H, W) float32, set to 1 inside the grown polygons.
        polygons: (N, P, 2) in pixels; those with P = 4 can be compiled.
        distances: (N,) in pixels, positive.

    Returns: (N, 4) int64, pixels left, top, right, bottom.
    """
    if polygons.shape[1:] != (4, 2) or mask.dtype != np.float32 or not mask.flags.c_contiguous:
        return plain(mask, polygons, distances)
    points, distances = polygons.astype(np.int64), np.asarray(distances, np.float64)
    outlines = np.empty((len(points), most_points(distances), 2), np.int32)
    counts, windows = np.empty(len(points), np.int64), np.empty((len(points), 4), np.int64)
    grow_convex(points, distances, outlines, counts)
    filled = _fill_outlines(mask, outlines, counts, windows)
    for index in np.nonzero(~filled & (counts > 0))[0].tolist():
        cv2.fillPoly(mask, [outlines[index, : counts[index]]], 1)
    rest = np.nonzero(counts == 0)[0]
    if len(rest):
        windows[rest] = plain(mask, polygons[rest], distances[rest])
    return windows


@loop
def _fill_outlines(mask, outlines, counts, windows):
    """Fill the outlines that lie inside the mask and return which; write the windows of all outlines with points."""
    height, width = mask.shape
    first, last = np.empty(height, np.int64), np.empty(height, np.int64)
    filled = np.zeros(len(counts), np.bool_)
    for index in range(len(counts)):
        if not counts[index]:
            continue
        points = outlines[index, : counts[index]].astype(np.int64)
        top, bottom = find_rows(points, height, width, first, last)
        filled[index] = bottom >= top
        for y in range(top, bottom + 1):
            mask[y, first[y] : last[y] + 1] = 1
        xs, ys = points[:, 0], points[:, 1]
        windows[index, 0], windows[index, 1] = min(max(xs.min(), 0), width), min(max(ys.min(), 0), height)
        windows[index, 2] = min(max(xs.max(), -1), width - 1)
        windows[index, 3] = min(max(ys.max(), -1), height - 1)
    return filled
