"""The bands of the threshold map, compiled with numba; the plain form is `draw_bands` in det/targets.py."""

import numpy as np

from .compiled import fast_math_loop, loop

FAR = np.float32(1e30)
"""Squared distance in pixels, larger than any that occurs. Infinity would break reordered arithmetic."""

STRIDE = 8
"""Pixels per vector instruction. The number of pixels is rounded up to a multiple of it, because the remaining pixels
would be processed one by one. Larger multiples are slower, because the bands are narrow."""


def draw_bands_compiled(plain, values, polygons, widths, windows, low: float, high: float) -> None:
    """Compiled form of `draw_bands`.

    Args:
        plain: the same in NumPy, not needed here.
        values: (H, W) float32 map, changed in place.
        polygons: (N, P, 2) in pixels.
        widths: (N,) in pixels.
        windows: (N, 4) pixels left, top, right, bottom, inclusive.
        low: value at the inner and outer edge of a band.
        high: value on the outline.
    """
    _draw_bands(
        values,
        np.ascontiguousarray(polygons, np.float32),
        np.asarray(widths, np.float32),
        np.asarray(windows, np.int64),
        np.float32(low),
        np.float32(high),
    )


@loop
def _whole_strides(length):
    return (length + STRIDE - 1) // STRIDE * STRIDE


@fast_math_loop
def _draw_bands(values, polygons, widths, windows, low, high):
    """Draw row by row and edge by edge. The inner loop has no branches and covers only the pixels near an edge, within
    the width of its band."""
    nearest = np.empty(values.shape[1] + 2 * STRIDE, np.float32)
    one, rise = np.float32(1), high - low
    for index in range(len(widths)):
        left, top, right, bottom = windows[index]
        points = polygons[index]
        reach = widths[index] + one
        for y in range(top, bottom + 1):
            near = nearest[: _whole_strides(right + 1 - left)]
            near[:] = FAR
            for corner in range(len(points)):
                other = corner + 1 if corner + 1 < len(points) else 0
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
            scale = one / widths[index]
            for x in range(len(near)):
                near[x] = (one - min(one, np.sqrt(near[x]) * scale)) * rise + low
            for x in range(len(row)):
                row[x] = max(row[x], near[x])
