"""TIA, text image augmentation: bend a line of text as if it were rubber (chapter 2.3.2).

Control points along the upper and the lower edge are moved at random, and the image is warped with them: near control
points have more influence on a pixel than distant ones (moving least squares).

PaddleOCR: ppocr/data/imaug/text_image_aug.
Paper: Luo et al. 2020, arXiv 2003.06606.
"""

import functools
import math
from typing import NamedTuple

import cv2
import numpy as np

from ..kernels.lazily import accelerated_from

GRID = 100
"""The warp is computed at grid nodes this many pixels apart and interpolated between them."""

MIN_SIDE = 20
"""Lines whose height or width is below this number of pixels are not bent, as in PaddleOCR."""


class ControlPoints(NamedTuple):
    """Control points of one warp.

    Fields:
        source: (K, 2) float64, positions (x, y) in the original line, in pixels.
        target: (K, 2) float64, positions in the bent line.
    """

    source: np.ndarray
    target: np.ndarray


def _corners(height, width) -> list[list[float]]:
    return [[0, 0], [width, 0], [width, height], [0, height]]


def _jitter(rng, limit):
    """A random integer in 0..limit - 1; 0 if the limit is below 1."""
    return int(rng.integers(max(1, int(limit))))


def distort(rng: np.random.Generator, height: int, width: int, segments: float = 4) -> ControlPoints:
    """Draw a distortion: corners move inward, points between them move independently in all directions.

    Args:
        rng: source of all random numbers.
        height: of the line in pixels.
        width: of the line in pixels.
        segments: number of parts that the width is divided into; the fewer parts, the larger the moves.

    Returns: 4 + 2 (segments - 1) control points.
    PaddleOCR: tia_distort in ppocr/data/imaug/text_image_aug/augment.py.
    """
    cut = width // segments
    limit = cut // 3
    source, target = _corners(height, width), []
    for x, y in source:
        dx, dy = _jitter(rng, limit), _jitter(rng, limit)
        target.append([x - dx if x else dx, y - dy if y else dy])
    for index in range(1, math.ceil(segments)):
        for y in (0, height):
            source.append([cut * index, y])
            moves = (_jitter(rng, limit) - limit / 2, _jitter(rng, limit) - limit / 2)
            target.append([cut * index + moves[0], y + moves[1]])
    return ControlPoints(np.array(source, float), np.array(target, float))


def stretch(rng: np.random.Generator, height: int, width: int, segments: float = 4) -> ControlPoints:
    """Draw a stretch: corners stay, pairs of points between them move sideways together.

    Letters between two pairs become wider or narrower.

    Args:
        rng: source of all random numbers.
        height: of the line in pixels.
        width: of the line in pixels.
        segments: number of parts that the width is divided into.

    Returns: 4 + 2 (segments - 1) control points.
    PaddleOCR: tia_stretch in ppocr/data/imaug/text_image_aug/augment.py.
    """
    cut = width // segments
    limit = cut * 4 // 5
    source, target = _corners(height, width), _corners(height, width)
    for index in range(1, math.ceil(segments)):
        move = _jitter(rng, limit) - limit / 2
        source += [[cut * index, 0], [cut * index, height]]
        target += [[cut * index + move, 0], [cut * index + move, height]]
    return ControlPoints(np.array(source, float), np.array(target, float))


def perspective(rng: np.random.Generator, height: int, width: int) -> ControlPoints:
    """Draw a change of perspective: each corner moves up or down, by less than half of the height.

    Args:
        rng: source of all random numbers.
        height: of the line in pixels.
        width: of the line in pixels.

    Returns: 4 control points.
    PaddleOCR: tia_perspective in ppocr/data/imaug/text_image_aug/augment.py.
    """
    source, limit = _corners(height, width), height // 2
    target = [[x, y - _jitter(rng, limit) if y else _jitter(rng, limit)] for x, y in source]
    return ControlPoints(np.array(source, float), np.array(target, float))


def move_least_squares(places, points: ControlPoints) -> np.ndarray:
    """Find the source position of each position in the bent line.

    For each position p, the similarity transform that maps the target points to the source points with the least
    squared error is applied to p; each control point has the weight 1 / distance(p, point)^2.

    Args:
        places: (G, 2), positions (x, y) in the bent line, in pixels.
        points: control points; a position on a target point has that point's source position as its source.

    Returns: (G, 2), positions (x, y) in the original line.
    PaddleOCR: WarpMLS.calc_delta in ppocr/data/imaug/text_image_aug/warp_mls.py. At a position that lies exactly on the
        last control point, PaddleOCR ignores that point instead, which is visible in about one perspective in 32.
    Paper: Schaefer et al. 2006, "Image deformation using moving least squares".
    """
    away = places[:, None] - points.target[None]  # (G, K, 2)
    squared = (away**2).sum(-1)
    hit = squared == 0
    weight = 1 / np.where(hit, 1, squared)
    total = weight.sum(1, keepdims=True)
    center = weight @ points.target / total  # (G, 2)
    origin = weight @ points.source / total
    arm = points.target[None] - center[:, None]  # (G, K, 2)
    reach = places - center
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
def _nodes(size, grid):
    """Nodes of the grid on one axis, and the (size, nodes) weights that interpolate between them."""
    starts = np.arange(0, size, grid)
    nodes = np.append(starts, size - 1) if starts[-1] != size - 1 else starts
    weights = np.zeros((size, len(nodes)), np.float32)
    for index, start in enumerate(starts):
        cells = min(grid, size - start)  # the last cell is one pixel wider than the distance of its nodes
        share = np.arange(cells) / cells
        weights[start : start + cells, index] = 1 - share
        weights[start : start + cells, min(index + 1, len(nodes) - 1)] += share
    return nodes, weights


@accelerated_from("bend", "grid_map_compiled")
def grid_map(height: int, width: int, points: ControlPoints, grid: int) -> tuple[np.ndarray, np.ndarray]:
    """Compute the source positions at the nodes of a grid, and interpolate between them.

    Args:
        height: of the line in pixels, at least 1.
        width: of the line in pixels, at least 1.
        points: control points.
        grid: distance of the nodes in pixels.

    Returns: x and y, two (height, width) float32 arrays, clipped to the image.
    """
    (ys, rows), (xs, columns) = _nodes(height, grid), _nodes(width, grid)
    places = np.stack(np.meshgrid(xs, ys), -1).reshape(-1, 2).astype(float)
    shift = (move_least_squares(places, points) - places).reshape(len(ys), len(xs), 2).astype(np.float32)
    x = np.arange(width, dtype=np.float32) + rows @ shift[..., 0] @ columns.T
    y = np.arange(height, dtype=np.float32)[:, None] + rows @ shift[..., 1] @ columns.T
    return x.clip(0, width - 1), y.clip(0, height - 1)


def source_map(shape: tuple[int, int], points: ControlPoints) -> tuple[np.ndarray, np.ndarray]:
    """Compute the source position of every pixel of the bent line, as `cv2.remap` takes it.

    Args:
        shape: (height, width) in pixels.
        points: control points.

    Returns: x and y, two (height, width) float32 arrays, clipped to the image.

    Raises:
        ValueError: the line has no pixels.
    """
    height, width = shape
    if not (height and width):
        raise ValueError(f"the line is empty: {height} x {width} pixels")
    return grid_map(height, width, points, GRID)


def warp(image: np.ndarray, points: ControlPoints) -> np.ndarray:
    """Bend a line of text.

    Args:
        image: (H, W, C) or (H, W) uint8.
        points: control points from `distort`, `stretch` or `perspective`.

    Returns: a new array of the same shape; its pixels are unchanged if no point moves.

    Raises:
        ValueError: the line has no pixels.
    Claim: +0.9 points on a strong baseline (chapter 2.3.2).
    """
    x, y = source_map(image.shape[:2], points)
    return cv2.remap(image, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
