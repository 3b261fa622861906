"""Quadrangles grown with the round corners of the clipping library, compiled for the CPU with numba.

Every edge moves outwards, and around each corner runs an arc of short chords, all in whole pixels. A convex
quadrangle has nothing to clean up afterwards but points that say nothing, so these outlines are the library's own.
Without numba the library does it; see targets.py.
"""

import math

import numpy as np

from .compiled import njit

ARC_TOLERANCE = 0.25
"""Pixels that a chord may stay inside of its arc; the library's own value."""

LEAST_TURN = 1.0
"""Of sine times distance: the library rounds no corner that is flatter, so such quadrangles are left to it."""


def most_points(distances: np.ndarray) -> int:
    """Points that an outline may have, grown by the largest of some distances.

    Args:
        distances: (N,) in pixels.
    """
    farthest = max(1.0, float(distances.max(initial=0)))
    return 12 + math.ceil(math.pi / math.acos(1 - ARC_TOLERANCE / farthest))


def whole(value):
    """The nearest whole number, halves away from zero, as the clipping library rounds.

    Args:
        value: coordinate in pixels.
    """
    return math.trunc(value + math.copysign(0.5, value))


def _grow(quads, distances, outlines, counts):
    """Grow quadrangles.

    Args:
        quads: (N, 4, 2) int64.
        distances: (N,) pixels.
        outlines: (N, most_points, 2) int32, changed in place.
        counts: (N,) int64, changed in place: points of each outline, 0 for what is not convex or hardly turns.
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
        for corner in range(4):  # outwards from the edge that leaves a corner
            dx, dy = xs[(corner + 1) % 4] - xs[corner], ys[(corner + 1) % 4] - ys[corner]
            length = math.sqrt(dx * dx + dy * dy)
            across[corner], down[corner] = dy / length, -dx / length
        tolerance = ARC_TOLERANCE * min(1.0, distance)
        # Chords of a full turn: as many as the tolerance asks for, and none shorter than two pixels.
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
                outline[count, 0] = whole(xs[corner] + x * distance)
                outline[count, 1] = whole(ys[corner] + y * distance)
                if count == 0 or _step(outline, count - 1, count) != (0, 0):
                    count += 1
                x, y = x * cosine - y * sine, x * sine + y * cosine
        if _step(outline, count - 1, 0) == (0, 0):
            count -= 1
        counts[index] = _bends(outline, count) if sure else 0


def _step(outline, start, end):
    return outline[end, 0] - outline[start, 0], outline[end, 1] - outline[start, 1]


def _bends(outline, count):
    """Keep the points where an outline bends, in place; how many they are."""
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


if njit:
    whole, _step, _bends = njit(cache=True)(whole), njit(cache=True)(_step), njit(cache=True)(_bends)
grow_convex = njit(cache=True)(_grow) if njit else None
"""Compiled form of `_grow`; None without numba."""
