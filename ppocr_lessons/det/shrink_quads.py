"""Shrink many quadrangles at once, to the same whole pixels as the clipping library.

Every edge moves inwards, its ends rounded; neighbouring edges then meet in a point, rounded too. For a convex
quadrangle that keeps all of its edges this closed form is what the library's sweep comes to. Where an edge shrinks to
almost nothing the order of its crossings decides, and the answer says that it is not sure.
"""

import numpy as np

SHORTEST = 4.0
"""Pixels: a moved edge shorter than this leaves the shape to the library."""

LEAST_TURN = 1.0
"""Of sine times distance: corners flatter than this are not corners to the library."""


AFTER, BEFORE = [1, 2, 3, 0], [3, 0, 1, 2]
"""Corners that follow and precede the four of a quadrangle."""


def _round(values):
    return np.trunc(values + np.copysign(0.5, values))


def shrink_quads(quads: np.ndarray, distances: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Move all outlines inwards.

    Args:
        quads: (N, 4, 2) whole numbers, clockwise on the screen.
        distances: (N,) pixels, positive.

    Returns: (N, 4, 2) int32, and (N,) bool: the result is sure to be the library's.
    """
    start = quads.astype(np.float64)
    edge = start[:, AFTER] - start  # of corner j to corner j + 1
    length = np.linalg.norm(edge, axis=2, keepdims=True)
    with np.errstate(all="ignore"):  # degenerate ones are sorted out at the end
        normal = np.stack([edge[..., 1], -edge[..., 0]], -1) / length
        move = -distances[:, None, None] * normal
        begin, end = _round(start + move), _round(start[:, AFTER] + move)
        corners = _meet(begin[:, BEFORE], end[:, BEFORE], begin, end)
        before = normal[:, BEFORE]
        sine = before[..., 0] * normal[..., 1] - before[..., 1] * normal[..., 0]
        left = ((corners[:, AFTER] - corners) * edge).sum(-1) / length[..., 0]
    sure = (sine * distances[:, None] > LEAST_TURN).all(1) & (left > SHORTEST).all(1)
    return np.where(sure[:, None, None], corners, 0).astype(np.int32), sure


def _meet(begin1, end1, begin2, end2):
    """Where the lines of two edges cross, rounded as the library's sweep does it, from the lower end upwards."""
    bottom1, bottom2 = (
        np.where((b[..., 1] >= e[..., 1])[..., None], b, e) for b, e in ((begin1, end1), (begin2, end2))
    )
    top1, top2 = begin1 + end1 - bottom1, begin2 + end2 - bottom2
    flat1, flat2 = begin1[..., 1] == end1[..., 1], begin2[..., 1] == end2[..., 1]
    upright1, upright2 = begin1[..., 0] == end1[..., 0], begin2[..., 0] == end2[..., 0]
    slope1, slope2 = (
        (e[..., 0] - b[..., 0]) / (e[..., 1] - b[..., 1]) for b, e in ((begin1, end1), (begin2, end2))
    )
    foot1, foot2 = bottom1[..., 0] - bottom1[..., 1] * slope1, bottom2[..., 0] - bottom2[..., 1] * slope2
    y = (foot2 - foot1) / (slope1 - slope2)
    x = np.where(np.abs(slope1) < np.abs(slope2), slope1 * y + foot1, slope2 * y + foot2)
    y = np.where(upright1, bottom1[..., 0] / slope2 + (bottom2[..., 1] - bottom2[..., 0] / slope2), y)
    y = np.where(
        upright2 & ~upright1, bottom2[..., 0] / slope1 + (bottom1[..., 1] - bottom1[..., 0] / slope1), y
    )
    x = np.where(upright1, bottom1[..., 0], np.where(upright2, bottom2[..., 0], x))
    along1 = np.where(
        flat2 & (bottom2[..., 1] != top1[..., 1]),
        bottom1[..., 0] + _round(slope1 * (bottom2[..., 1] - bottom1[..., 1])),
        top1[..., 0],
    )
    along2 = np.where(
        flat1 & (bottom1[..., 1] != top2[..., 1]),
        bottom2[..., 0] + _round(slope2 * (bottom1[..., 1] - bottom2[..., 1])),
        top2[..., 0],
    )
    x = np.where(flat1, along2, np.where(flat2, along1, _round(x)))
    y = np.where(flat1, bottom1[..., 1], np.where(flat2, bottom2[..., 1], _round(y)))
    return np.stack([x, y], -1)
