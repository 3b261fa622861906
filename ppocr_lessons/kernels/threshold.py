"""The threshold map's distances, compiled for the CPU with numba.

Without numba the same is done in NumPy, edge by edge; see targets.py.
"""

import numpy as np

from .compiled import njit

FAR = np.float32(1e30)
"""Square pixels: more than any distance. Not infinity, which fast arithmetic may take for impossible."""


STRIDE = 32
"""Pixels that one turn of a compiled loop takes. What is left over goes one by one, so loops are rounded up."""


def _whole_strides(length):
    return (length + STRIDE - 1) // STRIDE * STRIDE


def _outline(values, points, first, bands, windows, low, high):
    """Raise `values` (H, W) to `high` on the outlines, falling to `low` at the width of each band.

    Row by row and edge by edge, so that the inner loop runs over neighboring pixels without a branch, and only as far
    from each edge as its band is wide.

    Args:
        values: (H, W) float32, changed in place.
        points: corners of all polygons, (M, 2) float32.
        first: (N + 1,) where each polygon's corners begin.
        bands: (N,) float32 width of each band.
        windows: (N, 4) left, top, right, bottom, the last two included.
        low, high: float32.
    """
    nearest = np.empty(values.shape[1] + 2 * STRIDE, np.float32)
    one, rise = np.float32(1), high - low
    for polygon in range(len(bands)):
        left, top, right, bottom = windows[polygon]
        begin, stop = first[polygon], first[polygon + 1]
        reach = bands[polygon] + one
        for y in range(top, bottom + 1):
            near = nearest[: _whole_strides(right + 1 - left)]
            near[:] = FAR
            for corner in range(begin, stop):
                other = corner + 1 if corner + 1 < stop else begin
                x0, x1 = points[corner, 0] - left, points[other, 0] - left
                dy0, dy1 = y - points[corner, 1], y - points[other, 1]
                if min(dy0, dy1) > reach or max(dy0, dy1) < -reach:
                    continue
                dx, dy = x1 - x0, points[other, 1] - points[corner, 1]
                length = dx * dx + dy * dy
                share = one / length if length > 0 else one
                limit = length if length > 0 else np.float32(-1)
                skipped = max(0, int(min(x0, x1) - reach))
                wide = max(0, min(len(near), int(max(x0, x1) + reach) + 1) - skipped)
                part = nearest[skipped : skipped + _whole_strides(wide)]
                for x in range(len(part)):
                    from0, from1 = np.float32(x + skipped) - x0, np.float32(x + skipped) - x1
                    start = from0 * from0 + dy0 * dy0
                    end = from1 * from1 + dy1 * dy1
                    cross = dx * dy0 - dy * from0
                    squared = cross * cross * share if start + end <= limit else min(start, end)
                    part[x] = min(part[x], squared)
            row = values[y, left : right + 1]
            scale = one / bands[polygon]
            for x in range(len(near)):
                near[x] = (one - min(one, np.sqrt(near[x]) * scale)) * rise + low
            for x in range(len(row)):
                row[x] = max(row[x], near[x])


if njit:
    _whole_strides = njit(cache=True)(_whole_strides)
raise_outlines = njit(cache=True, fastmath=True)(_outline) if njit else None
"""Compiled form of `_outline`; None without numba."""
