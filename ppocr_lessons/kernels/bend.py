"""The source positions of a bent line, compiled with numba; the plain form is `grid_map` in augment/tia.py.

NumPy needs sixty calls for a few grid nodes, and the calls take longer than the arithmetic. Sums of two products are
rounded like a fused multiply-add, because NumPy's matrix product rounds them that way.
"""

import numpy as np

from .compiled import loop


def grid_map_compiled(plain, height, width, points, grid) -> tuple[np.ndarray, np.ndarray]:
    """Compiled form of `grid_map`.

    Args:
        plain: the same in NumPy, not needed here.
        height: of the line in pixels, at least 1.
        width: of the line in pixels, at least 1.
        points: control points, `source` and `target` (K, 2) float64 in pixels.
        grid: distance of the nodes in pixels.

    Returns: x and y, two (height, width) float32 arrays, clipped to the image.
    """
    x, y = np.empty((2, height, width), np.float32)
    _grid_map(np.asarray(points.source, float), np.asarray(points.target, float), grid, x, y)
    return x, y


@loop
def _source_of(x, y, source, target):
    """Source of one position, by moving least squares; see `move_least_squares` in augment/tia.py."""
    total = center_x = center_y = origin_x = origin_y = 0.0
    for point in range(len(target)):
        dx, dy = x - target[point, 0], y - target[point, 1]
        squared = dx * dx + dy * dy
        if squared == 0:
            return source[point, 0], source[point, 1]
        weight = 1 / squared
        total += weight
        center_x += weight * target[point, 0]
        center_y += weight * target[point, 1]
        origin_x += weight * source[point, 0]
        origin_y += weight * source[point, 1]
    center_x, center_y = center_x / total, center_y / total
    reach_x, reach_y = x - center_x, y - center_y
    size = moved_x = moved_y = 0.0
    for point in range(len(target)):
        dx, dy = x - target[point, 0], y - target[point, 1]
        weight = 1 / (dx * dx + dy * dy)
        arm_x, arm_y = target[point, 0] - center_x, target[point, 1] - center_y
        along = arm_x * reach_x + arm_y * reach_y
        across = arm_x * reach_y - arm_y * reach_x
        size += weight * (arm_x * arm_x + arm_y * arm_y)
        moved_x += weight * (along * source[point, 0] - across * source[point, 1])
        moved_y += weight * (across * source[point, 0] + along * source[point, 1])
    return moved_x / size + origin_x / total, moved_y / size + origin_y / total


@loop
def _between(first, second, before, after):
    """before * first + after * second in float32, where the second product is not rounded before the sum."""
    return np.float32(np.float64(after) * np.float64(second) + np.float64(np.float32(before * first)))


@loop
def _fill(values, left, starts, places, before, after, first, second, most):
    """Fill the columns of a map from `left` on with their places plus the interpolated shifts, clipped to 0..most.

    The inner loop is vectorized because it uses conditional expressions instead of `min` and `max`, and reads the
    places from an array instead of computing them from the index.
    """
    zero = np.float32(0)
    for row in range(values.shape[0]):
        start, one, other = starts[row], first[row], second[row]
        line = values[row, left : left + len(before)]
        for index in range(len(line)):
            value = (start + places[index]) + _between(one, other, before[index], after[index])
            value = value if value > zero else zero
            line[index] = value if value < most else most


@loop
def _grid_map(source, target, grid, x, y):
    height, width = x.shape
    cells_down, cells_across = (height + grid - 1) // grid, (width + grid - 1) // grid
    shifts = np.empty((2, cells_down + 1, cells_across + 1), np.float32)
    for row in range(cells_down + 1):
        for column in range(cells_across + 1):
            at_x, at_y = min(column * grid, width - 1), min(row * grid, height - 1)
            from_x, from_y = _source_of(float(at_x), float(at_y), source, target)
            shifts[0, row, column], shifts[1, row, column] = from_x - at_x, from_y - at_y
    before, after = np.empty(width, np.float32), np.empty(width, np.float32)
    for column in range(width):
        start = column // grid * grid
        share = (column - start) / min(grid, width - start)
        before[column], after[column] = 1 - share, share
    ends = np.empty((2, cells_across + 1, height), np.float32)
    for row in range(height):
        cell = row // grid
        share = (row - cell * grid) / min(grid, height - cell * grid)
        above, below = np.float32(1 - share), np.float32(share)
        for axis in range(2):
            for column in range(cells_across + 1):
                ends[axis, column, row] = _between(
                    shifts[axis, cell, column], shifts[axis, cell + 1, column], above, below
                )
    down, across = np.arange(height).astype(np.float32), np.arange(width).astype(np.float32)
    nothing = np.zeros(max(height, width), np.float32)
    right, bottom = np.float32(width - 1), np.float32(height - 1)
    for cell in range(cells_across):
        part = slice(cell * grid, min(width, cell * grid + grid))
        one, other = before[part], after[part]
        _fill(x, cell * grid, nothing, across[part], one, other, ends[0, cell], ends[0, cell + 1], right)
        _fill(y, cell * grid, down, nothing[part], one, other, ends[1, cell], ends[1, cell + 1], bottom)
