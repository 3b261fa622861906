"""Quadrangles shrunk to the same whole pixels as the clipping library, compiled with numba.

Each edge moves inward and its ends are rounded to whole pixels; the intersections of neighboring edges are rounded too.
For a convex quadrangle that keeps all four edges, this closed form equals the result of the library's sweep. Where an
edge almost vanishes, or a corner is far from a right angle, the result depends on the order in which the sweep meets
the crossings. The library handles such quadrangles; see kernels/offset.py.
"""

import math

import numpy as np

from .compiled import loop
from .grow import round_half_away

SHORTEST = 4.0
"""Shortest length in pixels of a moved edge; the library handles quadrangles with shorter edges."""

LEAST_TURN = 1.0
"""Smallest product of the sine of a corner's turn and the distance in pixels. The library treats flatter corners
differently."""

SQUAREST = 0.96
"""Smallest sine of a corner's angle; it allows deviations of 16 degrees from a right angle. Of 54,350 random
quadrangles in this range, none differed from the library's result; of 10,892 outside it, which clipping at the border
of an image can produce, 214 differed."""


@loop
def _meet(one, other):
    """Intersection of the lines through two edges (x0, y0, x1, y1), rounded as in the library's bottom-to-top sweep."""
    x1, y1, x1_top, y1_top = one if one[1] >= one[3] else (one[2], one[3], one[0], one[1])
    x2, y2, x2_top, y2_top = other if other[1] >= other[3] else (other[2], other[3], other[0], other[1])
    if y1 == y1_top:
        slope = (other[2] - other[0]) / (other[3] - other[1])
        return (x2 + round_half_away(slope * (y1 - y2)) if y1 != y2_top else x2_top), y1
    if y2 == y2_top:
        slope = (one[2] - one[0]) / (one[3] - one[1])
        return (x1 + round_half_away(slope * (y2 - y1)) if y2 != y1_top else x1_top), y2
    slope1, slope2 = (one[2] - one[0]) / (one[3] - one[1]), (other[2] - other[0]) / (other[3] - other[1])
    if slope1 == 0:
        return x1, round_half_away(x1 / slope2 + (y2 - x2 / slope2))
    if slope2 == 0:
        return x2, round_half_away(x2 / slope1 + (y1 - x1 / slope1))
    foot1, foot2 = x1 - y1 * slope1, x2 - y2 * slope2
    y = (foot2 - foot1) / (slope1 - slope2)
    x = slope1 * y + foot1 if abs(slope1) < abs(slope2) else slope2 * y + foot2
    return round_half_away(x), round_half_away(y)


@loop
def _shrink_one(quad, distance, core, edges, moved):
    """Shrink one quadrangle; True if the core equals the result of the library. `edges` and `moved` are work arrays."""
    for corner in range(4):
        after = (corner + 1) % 4
        x0, y0, x1, y1 = quad[corner, 0], quad[corner, 1], quad[after, 0], quad[after, 1]
        dx, dy = float(x1 - x0), float(y1 - y0)
        length = math.sqrt(dx * dx + dy * dy)
        if length == 0:
            return False
        across, down = -distance * (dy / length), -distance * (-dx / length)
        edges[corner, 0], edges[corner, 1], edges[corner, 2] = dx, dy, length
        moved[corner, 0], moved[corner, 1] = round_half_away(x0 + across), round_half_away(y0 + down)
        moved[corner, 2], moved[corner, 3] = round_half_away(x1 + across), round_half_away(y1 + down)
    for corner in range(4):
        (x0, y0, before), (x1, y1, length) = edges[corner - 1], edges[corner]
        sine = (x0 * y1 - y0 * x1) / (before * length)
        if sine < SQUAREST or sine * distance <= LEAST_TURN:
            return False
        one, other = moved[corner - 1], moved[corner]
        core[corner, 0], core[corner, 1] = _meet(
            (one[0], one[1], one[2], one[3]), (other[0], other[1], other[2], other[3])
        )
    for corner in range(4):
        dx, dy, length = edges[corner]
        after = (corner + 1) % 4
        left = (core[after, 0] - core[corner, 0]) * dx + (core[after, 1] - core[corner, 1]) * dy
        if left / length <= SHORTEST:
            return False
    return True


@loop
def shrink_convex(quads, distances, cores, counts):
    """Move the outlines of nearly rectangular quadrangles inward.

    Args:
        quads: (N, 4, 2) int64 in pixels, clockwise on the screen.
        distances: (N,) in pixels, positive.
        cores: (N, 4, 2) int32 in pixels, written in place.
        counts: (N,) int64, written in place: 4 if the core equals the result of the library, otherwise 0.
    """
    edges, moved = np.empty((4, 3)), np.empty((4, 4))
    for index in range(len(quads)):
        equal = _shrink_one(quads[index], distances[index], cores[index], edges, moved)
        counts[index] = 4 if equal else 0
