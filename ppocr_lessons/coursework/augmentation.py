"""Inputs of the assignment on TIA's control points and the placement of CopyPaste."""

from typing import NamedTuple

import numpy as np

from ..polygons import rectangle_corners

DISTORT, STRETCH, WARP, TURN, PLACES = range(5)
"""Numbers of the random streams of a seed, one for each purpose."""


class Warp(NamedTuple):
    """Control points of a warp, and positions whose sources are asked for; all in pixels.

    Fields:
        source: (K, 2) float64, control points in the original line.
        target: (K, 2) float64, the same points in the bent line.
        places: (20, 2) float64, positions in the bent line; the first one is a target point.
    """

    source: np.ndarray
    target: np.ndarray
    places: np.ndarray


class Turn(NamedTuple):
    """Texts of a donor page, and where they are pasted.

    Fields:
        quads: (N, 4, 2) float64, corners on the donor page in pixels, clockwise from the top left corner of the text.
        centers: (N, 2) float64, centers on the page that receives them.
        angles_deg: (N,) int, counterclockwise on the screen.
    """

    quads: np.ndarray
    centers: np.ndarray
    angles_deg: np.ndarray


class Placement(NamedTuple):
    """Candidate places for texts, in whole pixels.

    Fields:
        candidates: (N, T, 2) int32, top left corners to try for each text, in this order.
        sizes: (N, 2) int32, width and height of each text.
        occupied: (M, 4) int32, left, top, right, bottom of the boxes that are on the page already.
    """

    candidates: np.ndarray
    sizes: np.ndarray
    occupied: np.ndarray


def draw_distortion(seed: int, segments: int) -> np.ndarray:
    """Draw the random shares of a distortion.

    Args:
        seed: of the assignment.
        segments: number of parts that the width is divided into.

    Returns: (4 + 2 (segments - 1), 2) float64 in [0, 1), for x and y of each control point.
    """
    return np.random.default_rng([seed, DISTORT]).random((4 + 2 * (segments - 1), 2))


def draw_stretch(seed: int, segments: int) -> np.ndarray:
    """Draw the random shares of a stretch.

    Args:
        seed: of the assignment.
        segments: number of parts that the width is divided into.

    Returns: (segments - 1,) float64 in [0, 1), one for each pair of control points.
    """
    return np.random.default_rng([seed, STRETCH]).random(segments - 1)


def draw_warp(seed: int, height: int, width: int) -> Warp:
    """Draw control points and positions.

    Args:
        seed: of the assignment.
        height: of the line in pixels.
        width: of the line in pixels.

    Returns: eight control points and 20 positions.
    """
    rng = np.random.default_rng([seed, WARP])
    source = np.array([[x, y] for x in np.linspace(0, width, 4) for y in (0, height)], float)
    target = source + rng.uniform(-height / 4, height / 4, source.shape)
    places = rng.uniform(0, 1, (20, 2)) * (width, height)
    places[0] = target[int(rng.integers(len(target)))]
    return Warp(source, target, places)


def draw_turns(seed: int, count: int = 6) -> Turn:
    """Draw texts of a donor page with centers and angles. Their quadrangles are not exact rectangles.

    Args:
        seed: of the assignment.
        count: number of texts.

    Returns: the texts.
    """
    rng = np.random.default_rng([seed, TURN])
    sides = np.stack([rng.uniform(60, 180, count), rng.uniform(15, 40, count)], 1)
    quads = rectangle_corners(rng.uniform(150, 450, (count, 2)), sides, rng.uniform(-10, 10, count))
    quads = quads + rng.uniform(-2, 2, quads.shape)
    return Turn(quads, rng.uniform(200, 400, (count, 2)), rng.integers(1, 360, count))


def draw_placement(seed: int, texts: int = 12, tries: int = 10, side: int = 400) -> Placement:
    """Draw places for texts on a page that is partly occupied.

    Args:
        seed: of the assignment.
        texts: number of texts.
        tries: number of places for each.
        side: width and height of the page in pixels.

    Returns: candidates, sizes and occupied boxes.
    """
    rng = np.random.default_rng([seed, PLACES])
    corners = rng.integers(0, side - 100, (8, 2))
    occupied = np.concatenate([corners, corners + rng.integers((60, 20), (120, 60), (8, 2))], 1)
    sizes = rng.integers((60, 40), (160, 120), (texts, 2))
    candidates = np.floor(rng.random((texts, tries, 2)) * (side - sizes[:, None] + 1))
    return Placement(candidates.astype(np.int32), sizes.astype(np.int32), occupied.astype(np.int32))
