"""Quadrangles grown with round corners to the same whole pixels as the clipping library, compiled with numba.

Each edge moves outward, and each corner becomes an arc of short chords; all points are rounded to whole pixels. The
grown outline of a convex quadrangle never crosses itself, so the only cleanup is to drop points at which it does not
bend, and the result equals that of the library. The library handles other quadrangles; see kernels/offset.py.
"""

import math

import numpy as np

from .compiled import loop

ARC_TOLERANCE = 0.25
"""Largest distance between a chord and its arc in pixels, the default of the library."""

LEAST_TURN = 1.0
"""Smallest product of the sine of a corner's turn and the distance in pixels. The library does not round flatter corners,
so it handles quadrangles that have one."""


def most_points(distances: np.ndarray) -> int:
    """Upper bound of the number of points in an outline grown by any of the given distances.

    Args:
        distances: (N,) in pixels.

    Returns: number of points, to allocate `outlines` for `grow_convex`.
    """
    farthest = max(1.0, float(distances.max(initial=0)))
    return 12 + math.ceil(math.pi / math.acos(1 - ARC_TOLERANCE / farthest))


@loop
def round_half_away(value):
    """Round to the nearest integer, halves away from zero, as the clipping library does.

    Args:
        value: coordinate in pixels.

    Returns: integer in pixels.
    """
    return math.trunc(value + math.copysign(0.5, value))


@loop
def _step(outline, start, end):
    return outline[end, 0] - outline[start, 0], outline[end, 1] - outline[start, 1]


@loop
def _bends(outline, count):
    """Move the points at which an outline bends to the front of the array, in place, and return their number."""
    kept = 0
    x_first, y_first = outline[0]
    x0, y0 = _step(outline, count - 1, 0)
    for number in range(count):
        x, y = outline[number]
        x_next, y_next = x_first, y_first
        if number + 1 < count:
            x_next, y_next = outline[number + 1]
        x1, y1 = x_next - x, y_next - y
        if x0 * y1 != y0 * x1:
            outline[kept, 0], outline[kept, 1] = x, y
            kept += 1
        x0, y0 = x1, y1
    return kept


@loop
def grow_convex(quads, distances, outlines, counts):
    """Move the outlines of convex quadrangles outward.

    Args:
        quads: (N, 4, 2) int64 in pixels.
        distances: (N,) in pixels.
        outlines: (N, most_points(distances), 2) int32 in pixels, written in place.
        counts: (N,) int64, written in place: number of points of each outline, or 0 if the quadrangle is not convex or
            has a corner that is too flat.
    """
    xs, ys, across, down = np.empty(4), np.empty(4), np.empty(4), np.empty(4)
    for index in range(len(quads)):
        distance, outline = distances[index], outlines[index]
        counts[index] = 0
        turning = 0
        for corner in range(4):
            before, after = (corner + 3) % 4, (corner + 1) % 4
            x, y = quads[index, corner, 0], quads[index, corner, 1]
            cross = (x - quads[index, before, 0]) * (quads[index, after, 1] - y)
            cross -= (y - quads[index, before, 1]) * (quads[index, after, 0] - x)
            turning += 1 if cross > 0 else -1 if cross < 0 else 0
        if abs(turning) < 4 or distance <= 0:
            continue
        for corner in range(4):  # clockwise on the screen
            source = corner if turning > 0 else 3 - corner
            xs[corner], ys[corner] = quads[index, source, 0], quads[index, source, 1]
        for corner in range(4):  # outward normal of the edge that starts at each corner
            dx, dy = xs[(corner + 1) % 4] - xs[corner], ys[(corner + 1) % 4] - ys[corner]
            length = math.sqrt(dx * dx + dy * dy)
            across[corner], down[corner] = dy / length, -dx / length
        tolerance = ARC_TOLERANCE * min(1.0, distance)
        # Chords of a full turn: as many as the tolerance requires, but none shorter than two pixels.
        chords = min(math.pi / math.acos(1 - tolerance / distance), math.pi * distance)
        cosine, sine = math.cos(2 * math.pi / chords), math.sin(2 * math.pi / chords)
        count, sure = 0, True
        for corner in range(4):
            x, y, x_end, y_end = across[corner - 1], down[corner - 1], across[corner], down[corner]
            bend = x * y_end - y * x_end
            sure = sure and bend * distance >= LEAST_TURN
            angle = math.atan2(min(bend, 1.0), x * x_end + y * y_end)
            steps = max(math.floor(chords / (2 * math.pi) * angle + 0.5), 1)
            for number in range(steps + 1):
                if number == steps:
                    x, y = x_end, y_end
                outline[count, 0] = round_half_away(xs[corner] + x * distance)
                outline[count, 1] = round_half_away(ys[corner] + y * distance)
                if count == 0 or _step(outline, count - 1, count) != (0, 0):
                    count += 1
                x, y = x * cosine - y * sine, x * sine + y * cosine
        if _step(outline, count - 1, 0) == (0, 0):
            count -= 1
        counts[index] = _bends(outline, count) if sure else 0
