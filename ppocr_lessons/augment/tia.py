"""TIA, text image augmentation: bend a line like rubber (chapter 2.3.2).

Control points stand along the upper and lower edge. They are moved at random, and the picture follows: every
place is carried along by the points near it more than by those far away (moving least squares).

PaddleOCR: ppocr/data/imaug/text_image_aug.
Paper: Luo et al. 2020, arXiv 2003.06606.
"""

import functools
from typing import NamedTuple

import cv2
import numpy as np

GRID = 100
"""Pixels between places where the bend is computed; in between it is interpolated."""

MIN_SIDE = 20
"""Pixels: lines lower or narrower are left alone, as in PaddleOCR."""


class ControlPoints(NamedTuple):
    """A draw: where the points stood and where they went, (K, 2) float64 in pixels, x before y."""

    source: np.ndarray
    target: np.ndarray


def _corners(height, width) -> list[list[float]]:
    return [[0, 0], [width, 0], [width, height], [0, height]]


def _jitter(rng, limit):
    """An integer in 0..limit - 1, and 0 where there is no room."""
    return int(rng.integers(max(1, int(limit))))


def distort(rng: np.random.Generator, height: int, width: int, segments: float = 4) -> ControlPoints:
    """Corners move inwards, the points between them in all directions, each by itself.

    Args:
        rng: source of everything random.
        height, width: of the line.
        segments: parts that the width is cut into; fewer parts, larger moves.
    """
    cut = width // segments
    limit = cut // 3
    source, target = _corners(height, width), []
    for x, y in source:
        dx, dy = _jitter(rng, limit), _jitter(rng, limit)
        target.append([x - dx if x else dx, y - dy if y else dy])
    for index in np.arange(1, segments):
        for y in (0, height):
            source.append([cut * index, y])
            moves = (_jitter(rng, limit) - limit / 2, _jitter(rng, limit) - limit / 2)
            target.append([cut * index + moves[0], y + moves[1]])
    return ControlPoints(np.array(source, float), np.array(target, float))


def stretch(rng: np.random.Generator, height: int, width: int, segments: float = 4) -> ControlPoints:
    """Corners stay; pairs of points between them move sideways together, so letters grow wider or narrower.

    Args:
        rng: source of everything random.
        height, width: of the line.
        segments: parts that the width is cut into.
    """
    cut = width // segments
    limit = cut * 4 // 5
    source, target = _corners(height, width), _corners(height, width)
    for index in np.arange(1, segments):
        move = _jitter(rng, limit) - limit / 2
        source += [[cut * index, 0], [cut * index, height]]
        target += [[cut * index + move, 0], [cut * index + move, height]]
    return ControlPoints(np.array(source, float), np.array(target, float))


def perspective(rng: np.random.Generator, height: int, width: int) -> ControlPoints:
    """Corners move up or down, by up to half of the height.

    Args:
        rng: source of everything random.
        height, width: of the line.
    """
    source, limit = _corners(height, width), height // 2
    target = [[x, y - _jitter(rng, limit) if y else _jitter(rng, limit)] for x, y in source]
    return ControlPoints(np.array(source, float), np.array(target, float))


def move_least_squares(places, points: ControlPoints) -> np.ndarray:
    """Where each place of the bent picture comes from: the similarity transform that fits the points best,
    each weighted by 1 / distance^2.

    Args:
        places: (G, 2), x before y.
        points: the draw; a place on a moved point comes from where the point stood.

    Returns: (G, 2).
    PaddleOCR: WarpMLS.calc_delta; where a place lies on the very last point it leaves that point out of
        account instead, which shows in about one perspective in 32.
    Paper: Schaefer et al. 2006, "Image deformation using moving least squares".
    """
    away = places[:, None] - points.target[None]  # (G, K, 2)
    squared = (away**2).sum(-1)
    hit = squared == 0
    weight = 1 / np.where(hit, 1, squared)
    total = weight.sum(1, keepdims=True)
    centre = weight @ points.target / total  # (G, 2)
    origin = weight @ points.source / total
    arm = points.target[None] - centre[:, None]  # (G, K, 2)
    reach = places - centre
    along = (arm * reach[:, None]).sum(-1)  # (G, K)
    across = arm[..., 0] * reach[:, None, 1] - arm[..., 1] * reach[:, None, 0]
    size = (weight * (arm**2).sum(-1)).sum(1)
    x, y = points.source.T
    moved = np.stack(
        [(weight * (along * x - across * y)).sum(1), (weight * (across * x + along * y)).sum(1)], 1
    )
    result = moved / size[:, None] + origin
    rows, which = np.nonzero(hit)
    result[rows] = points.source[which]
    return result


@functools.lru_cache(maxsize=256)
def _nodes(size):
    """Places of the grid on one axis, and the (size, nodes) weights that interpolate between them."""
    starts = np.arange(0, size, GRID)
    nodes = np.append(starts, size - 1) if starts[-1] != size - 1 else starts
    weights = np.zeros((size, len(nodes)), np.float32)
    for index, start in enumerate(starts):
        cells = min(GRID, size - start)  # the last cell is counted one wider than its nodes lie apart
        share = np.arange(cells) / cells
        weights[start : start + cells, index] = 1 - share
        weights[start : start + cells, min(index + 1, len(nodes) - 1)] += share
    return nodes, weights


def source_map(shape: tuple[int, int], points: ControlPoints) -> tuple[np.ndarray, np.ndarray]:
    """For every pixel of the bent picture the x and the y it comes from.

    Args:
        shape: (height, width).
        points: the draw.

    Returns: two (height, width) float32 arrays, inside the picture.
    """
    height, width = shape
    (ys, rows), (xs, columns) = _nodes(height), _nodes(width)
    places = np.stack(np.meshgrid(xs, ys), -1).reshape(-1, 2).astype(float)
    shift = (move_least_squares(places, points) - places).reshape(len(ys), len(xs), 2).astype(np.float32)
    x = np.arange(width, dtype=np.float32) + rows @ shift[..., 0] @ columns.T
    y = np.arange(height, dtype=np.float32)[:, None] + rows @ shift[..., 1] @ columns.T
    return x.clip(0, width - 1), y.clip(0, height - 1)


def warp(image: np.ndarray, points: ControlPoints) -> np.ndarray:
    """Bend a picture.

    Args:
        image: (H, W, C) or (H, W) uint8.
        points: the draw; the same picture comes back if no point moved.

    Returns: a new array of the same shape.
    Claim: +0.9 points on a strong baseline (chapter 2.3.2).
    """
    x, y = source_map(image.shape[:2], points)
    return cv2.remap(image, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
