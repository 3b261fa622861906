"""Convex polygons on a grid of pixels as OpenCV draws them, compiled with numba.

OpenCV fills a polygon by drawing its outline with Bresenham's algorithm and then filling the pixels between the lines.
In a convex polygon, these are all pixels of a row from the first to the last pixel of the outline, so two numbers per
row describe it. OpenCV handles polygons that are not convex or extend beyond the image.
"""

import numpy as np

from .compiled import loop


@loop
def is_convex(points) -> bool:
    """Whether an outline makes one full turn in one direction. Points on a straight edge are allowed.

    Args:
        points: (P, 2) int64 in pixels.

    Returns: False for outlines that bend inward, cross themselves or turn back on themselves.
    """
    count = len(points)
    left = right = False
    turns, direction = 0, 0  # changes between steps to the right and to the left
    x_before = y_before = 0
    here = 0
    for index in range(2 * count):  # the first round only finds the direction of the last edge
        after = here + 1 if here + 1 < count else 0
        x, y = points[after, 0] - points[here, 0], points[after, 1] - points[here, 1]
        here = after
        if x == 0 and y == 0:
            continue
        if index >= count:
            cross = x_before * y - y_before * x
            left, right = left or cross < 0, right or cross > 0
            if cross == 0 and x_before * x + y_before * y < 0:
                return False
            turns += direction * x < 0
        if x != 0:
            direction = 1 if x > 0 else -1
        x_before, y_before = x, y
    return turns <= 2 and not (left and right)


@loop
def _draw_line(x, y, x_end, y_end, first, last):
    """Extend `first` and `last` of each row to the pixels of a line, the same pixels as in cv2.line."""
    if x_end < x:
        x, y, x_end, y_end = x_end, y_end, x, y
    across, down, step = x_end - x, y_end - y, 1
    if down < 0:
        down, step = -down, -1
    longer, shorter = max(across, down), min(across, down)
    error = longer - 2 * shorter
    for _ in range(longer + 1):
        first[y], last[y] = min(first[y], x), max(last[y], x)
        aside = error < 0
        error -= 2 * shorter
        if aside:
            error += 2 * longer
        if across >= down or aside:
            x += 1
        if across < down or aside:
            y += step


@loop
def find_rows(points, height, width, first, last) -> tuple[int, int]:
    """Find the pixels of a convex polygon.

    Args:
        points: (P, 2) int64 in pixels.
        height: of the image in pixels.
        width: of the image in pixels.
        first: (height,) int64, written in place: column of the first pixel of each row that the polygon has.
        last: (height,) int64, written in place: column of the last one.

    Returns: first and last row; 0 and -1 for polygons that OpenCV has to handle.
    """
    top, bottom, inside = height, -1, True
    for index in range(len(points)):
        x, y = points[index]
        inside = inside and 0 <= x < width and 0 <= y < height
        top, bottom = min(top, y), max(bottom, y)
    if not (inside and len(points) and is_convex(points)):
        return 0, -1
    first[top : bottom + 1], last[top : bottom + 1] = width, -1
    for index in range(len(points)):
        before = index - 1 if index > 0 else len(points) - 1
        _draw_line(points[before, 0], points[before, 1], points[index, 0], points[index, 1], first, last)
    return top, bottom


def fill_polygons_compiled(plain, image, polygons, value) -> None:
    """Compiled form of `fill_polygons`.

    Args:
        plain: the same with OpenCV, for polygons that `find_rows` rejects and images other than contiguous float32.
        image: (H, W) float32, changed in place.
        polygons: N arrays (P_i, 2) int32 in pixels.
        value: of the pixels inside.
    """
    if not len(polygons):
        return
    if image.dtype != np.float32 or not image.flags.c_contiguous:
        plain(image, polygons, value)
        return
    ends = np.cumsum([len(polygon) for polygon in polygons])
    filled = np.zeros(len(polygons), np.bool_)
    _fill(image, np.concatenate(polygons).astype(np.int64), ends, np.float32(value), filled)
    if not filled.all():
        plain(image, [polygons[index] for index in np.nonzero(~filled)[0].tolist()], value)


@loop
def _fill(image, points, ends, value, filled):
    height, width = image.shape
    first, last = np.empty(height, np.int64), np.empty(height, np.int64)
    start = 0
    for index in range(len(ends)):
        top, bottom = find_rows(points[start : ends[index]], height, width, first, last)
        start = ends[index]
        filled[index] = bottom >= top
        for y in range(top, bottom + 1):
            image[y, first[y] : last[y] + 1] = value
