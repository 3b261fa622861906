"""The threshold map's distances, compiled for the CPU with numba.

Without numba the same is done in NumPy, edge by edge; see targets.py.
"""

import numpy as np

try:
    from numba import njit
except ImportError:
    njit = None


FAR = np.float32(1e30)
"""Square pixels: more than any distance. Not infinity, which fast arithmetic may take for impossible."""


def _outline(values, points, first, bands, windows, low, high):
    """Raise `values` (H, W) to `high` on the outlines, falling to `low` at the width of each band.

    Row by row and edge by edge, so that the inner loop runs over neighbouring pixels without a branch.

    Args:
        values: (H, W) float32, changed in place.
        points: corners of all polygons, (M, 2) float32.
        first: (N + 1,) where each polygon's corners begin.
        bands: (N,) float32 width of each band.
        windows: (N, 4) left, top, right, bottom, the last two included.
        low, high: float32.
    """
    nearest = np.empty(values.shape[1], np.float32)
    one, rise = np.float32(1), high - low
    for polygon in range(len(bands)):
        left, top, right, bottom = windows[polygon]
        begin, stop = first[polygon], first[polygon + 1]
        for y in range(top, bottom + 1):
            near = nearest[: right + 1 - left]
            near[:] = FAR
            for corner in range(begin, stop):
                other = corner + 1 if corner + 1 < stop else begin
                x0, x1 = points[corner, 0] - left, points[other, 0] - left
                dy0, dy1 = y - points[corner, 1], y - points[other, 1]
                dx, dy = x1 - x0, points[other, 1] - points[corner, 1]
                length = dx * dx + dy * dy
                share = one / length if length > 0 else one
                limit = length if length > 0 else np.float32(-1)
                for x in range(len(near)):
                    from0, from1 = np.float32(x) - x0, np.float32(x) - x1
                    start = from0 * from0 + dy0 * dy0
                    end = from1 * from1 + dy1 * dy1
                    cross = dx * dy0 - dy * from0
                    squared = cross * cross * share if start + end <= limit else min(start, end)
                    near[x] = min(near[x], squared)
            row = values[y, left : right + 1]
            scale = one / bands[polygon]
            for x in range(len(near)):
                value = (one - min(one, np.sqrt(near[x]) * scale)) * rise + low
                row[x] = max(row[x], value)


raise_outlines = njit(cache=True, fastmath=True)(_outline) if njit else None
"""Compiled form of `_outline`; None without numba."""
