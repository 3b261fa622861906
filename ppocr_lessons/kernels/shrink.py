"""Quadrangles shrunk to the same whole pixels as the clipping library, compiled for the CPU with numba.

Every edge moves inwards, its ends rounded; neighboring edges then meet in a point, rounded too. For a convex
quadrangle that keeps all of its edges this closed form is what the library's sweep comes to. Where an edge shrinks to
almost nothing, or a corner is far from a right angle, the order of its crossings decides, and such quadrangles are left
to the library, as all are without numba; see targets.py.
"""

import math

import numpy as np

from .compiled import njit
from .grow import whole

SHORTEST = 4.0
"""Pixels: a moved edge shorter than this leaves the shape to the library."""

LEAST_TURN = 1.0
"""Of sine times distance: corners flatter than this are not corners to the library."""

SQUAREST = 0.96
"""Sine of a corner's angle, 16 degrees from a right one. Of 54,350 random cores that keep to it none differed from the
library's by a pixel; of 10,892 more crooked ones, as clipping at a picture's edge makes them, 214 did."""


def _meet(one, other):
    """Where the lines of two edges (x0, y0, x1, y1) cross, rounded as the library's sweep does it, from below upwards."""
    x1, y1, x1_top, y1_top = one if one[1] >= one[3] else (one[2], one[3], one[0], one[1])
    x2, y2, x2_top, y2_top = other if other[1] >= other[3] else (other[2], other[3], other[0], other[1])
    if y1 == y1_top:
        slope = (other[2] - other[0]) / (other[3] - other[1])
        return (x2 + whole(slope * (y1 - y2)) if y1 != y2_top else x2_top), y1
    if y2 == y2_top:
        slope = (one[2] - one[0]) / (one[3] - one[1])
        return (x1 + whole(slope * (y2 - y1)) if y2 != y1_top else x1_top), y2
    slope1, slope2 = (one[2] - one[0]) / (one[3] - one[1]), (other[2] - other[0]) / (other[3] - other[1])
    if slope1 == 0:
        return x1, whole(x1 / slope2 + (y2 - x2 / slope2))
    if slope2 == 0:
        return x2, whole(x2 / slope1 + (y1 - x1 / slope1))
    foot1, foot2 = x1 - y1 * slope1, x2 - y2 * slope2
    y = (foot2 - foot1) / (slope1 - slope2)
    x = slope1 * y + foot1 if abs(slope1) < abs(slope2) else slope2 * y + foot2
    return whole(x), whole(y)


def _shrink(quads, distances, cores, sure):
    """Move all outlines inwards.

    Args:
        quads: (N, 4, 2) int64, clockwise on the screen.
        distances: (N,) pixels, positive.
        cores: (N, 4, 2) int32, changed in place.
        sure: (N,) bool, changed in place: the core is the library's.
    """
    edges, moved = np.empty((4, 3)), np.empty((4, 4))
    for index in range(len(quads)):
        quad, distance, core = quads[index], distances[index], cores[index]
        sure[index] = True
        for corner in range(4):
            after = (corner + 1) % 4
            x0, y0, x1, y1 = quad[corner, 0], quad[corner, 1], quad[after, 0], quad[after, 1]
            dx, dy = float(x1 - x0), float(y1 - y0)
            length = math.sqrt(dx * dx + dy * dy)
            if length == 0:
                sure[index] = False
                break
            across, down = -distance * (dy / length), -distance * (-dx / length)
            edges[corner, 0], edges[corner, 1], edges[corner, 2] = dx, dy, length
            moved[corner, 0], moved[corner, 1] = whole(x0 + across), whole(y0 + down)
            moved[corner, 2], moved[corner, 3] = whole(x1 + across), whole(y1 + down)
        for corner in range(4):
            if not sure[index]:
                break
            (x0, y0, before), (x1, y1, length) = edges[corner - 1], edges[corner]
            sine = (x0 * y1 - y0 * x1) / (before * length)
            if sine < SQUAREST or sine * distance <= LEAST_TURN:
                sure[index] = False
                break
            one, other = moved[corner - 1], moved[corner]
            core[corner, 0], core[corner, 1] = _meet(
                (one[0], one[1], one[2], one[3]), (other[0], other[1], other[2], other[3])
            )
        for corner in range(4):
            if not sure[index]:
                break
            dx, dy, length = edges[corner]
            after = (corner + 1) % 4
            left = (core[after, 0] - core[corner, 0]) * dx + (core[after, 1] - core[corner, 1]) * dy
            sure[index] = left / length > SHORTEST


if njit:
    _meet = njit(cache=True)(_meet)
shrink_convex = njit(cache=True)(_shrink) if njit else None
"""Compiled form of `_shrink`; None without numba."""
