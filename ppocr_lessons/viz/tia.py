"""Figures and sliders of TIA (chapter 2.3.2): control points on a line, and the warp between them."""

from collections.abc import Mapping

import ipywidgets
import numpy as np

from ..augment import tia
from ..augment.tia import ControlPoints
from .figure import BLUE, ORANGE, RED, new_figure, png, show, show_picture


def at_strength(points: ControlPoints, strength: float) -> ControlPoints:
    """Move control points by a multiple of their drawn moves.

    Args:
        points: drawn control points.
        strength: 0 leaves all points in place, 1 moves them as drawn, 2 twice as far.

    Returns: control points with the same sources.
    """
    return ControlPoints(points.source, points.source + strength * (points.target - points.source))


def points_along(height: int, width: int, segments: int) -> np.ndarray:
    """Positions of control points along the upper and the lower edge of a line.

    Args:
        height: of the line in pixels.
        width: of the line in pixels.
        segments: number of equal parts of the width, 1 or more.

    Returns: (2 (segments + 1), 2) float64, positions (x, y): the upper edge from left to right, then the lower edge.
    """
    x = np.linspace(0, width, segments + 1)
    return np.concatenate([np.stack([x, np.full_like(x, y)], 1) for y in (0, height)])


def _margins(axis, image: np.ndarray) -> None:
    """Leave room around a picture, because control points are on its edges and may move out of it."""
    height, width = image.shape[:2]
    axis.set_xlim(-0.08 * width, 1.08 * width)
    axis.set_ylim(1.35 * height, -0.35 * height)


def _draw_pair(above, below, image, points: ControlPoints, name: str) -> None:
    """The line with its points and their moves, and below it the bent line with the moved points."""
    show_picture(above, image, name)
    show_picture(below, tia.warp(image, points))
    above.plot(*points.source.T, "o", color=BLUE, ms=5)
    for start, end in zip(points.source, points.target, strict=True):
        if not np.array_equal(start, end):
            above.annotate("", end, start, arrowprops={"arrowstyle": "->", "color": RED, "lw": 1.5})
    below.plot(*points.target.T, "s", color=RED, ms=5)
    _margins(above, image)
    _margins(below, image)


def show_control_points(image: np.ndarray, bends: Mapping[str, ControlPoints]):
    """Draw the control points of several warps on the line, their moves as arrows, and the bent lines below.

    Args:
        image: the line, (H, W, 3) uint8 RGB.
        bends: control points by name of the warp.

    Returns: an IPython.display.Image.
    """
    figure, axes = new_figure(2, len(bends), size=(13, 2.9))
    for (above, below), (name, points) in zip(np.reshape(axes, (2, -1)).T, bends.items(), strict=True):
        _draw_pair(above, below, image, points, name)
    told = "; ".join(
        f"{name}: {len(points.source)} points, the largest move {_largest_move(points):.1f} pixels"
        for name, points in bends.items()
    )
    return show(figure, f"A line with control points and arrows, and the bent line below. {told}.")


def _largest_move(points: ControlPoints) -> float:
    return float(np.linalg.norm(points.target - points.source, axis=1).max())


def show_source_grid(image: np.ndarray, points: ControlPoints, spacing: int = 8):
    """Draw where a regular grid on the bent line comes from in the original, and how far each pixel moves.

    Args:
        image: the line, (H, W, 3) uint8 RGB.
        points: control points.
        spacing: distance of two grid lines in pixels.

    Returns: an IPython.display.Image.
    """
    height, width = image.shape[:2]
    figure, axes = new_figure(1, 3, size=(13, 2.1), width_ratios=(1, 1, 1.12))
    show_picture(axes[0], image, "the grid's source in the original line")
    show_picture(axes[1], tia.warp(image, points), "a regular grid on the bent line")
    xs, ys = np.arange(0, width + 1, spacing), np.arange(0, height + 1, spacing)
    fine_x, fine_y = np.linspace(0, width, 80), np.linspace(0, height, 40)
    lines = [np.stack([np.full(40, x), fine_y], 1) for x in xs]
    lines += [np.stack([fine_x, np.full(80, y)], 1) for y in ys]
    for line in lines:
        axes[0].plot(*tia.move_least_squares(line.astype(float), points).T, color=BLUE, lw=0.8)
        axes[1].plot(*line.T, color=BLUE, lw=0.8)
    axes[0].plot(*points.source.T, "o", color=RED, ms=5)
    axes[1].plot(*points.target.T, "s", color=RED, ms=5)
    _margins(axes[0], image)
    _margins(axes[1], image)
    x, y = tia.source_map((height, width), points)
    moved = np.hypot(x - np.arange(width), y - np.arange(height)[:, None])
    show_picture(axes[2], moved, "distance from the source (pixels)", cmap="viridis", vmin=0)
    figure.colorbar(axes[2].images[0], ax=axes[2], shrink=0.7)
    return show(
        figure,
        "Left: the original line with the curved source of a grid. Middle: the regular grid on the bent line. "
        f"Right: distance of each pixel from its source, up to {moved.max():.1f} pixels.",
    )


def point_sliders(image: np.ndarray, *, segments: int = 3) -> ipywidgets.VBox:
    """Drag the control points of a line: one slider selects a point, two move it; moved points stay where they are.

    Args:
        image: the line, (H, W, 3) uint8 RGB.
        segments: number of parts of the width between control points.

    Returns: the sliders above the picture.
    """
    height, width = image.shape[:2]
    source = points_along(height, width, segments)
    moves = np.zeros_like(source)
    moves[1] = (0, height // 3)
    reach = (width // segments // 2, height // 2)
    point = ipywidgets.IntSlider(value=1, min=0, max=len(source) - 1, description="point")
    right, down = (
        ipywidgets.IntSlider(value=int(value), min=-limit, max=limit, description=name)
        for name, limit, value in zip(("right", "down"), reach, moves[1], strict=True)
    )
    picture = ipywidgets.Image(format="png", layout={"width": "max-content", "max_width": "100%"})

    def redraw() -> None:
        figure, (above, below) = new_figure(1, 2, size=(11, 1.9))
        points = ControlPoints(source, source + moves)
        _draw_pair(above, below, image, points, "the line, its control points and their moves")
        below.set_title("the bent line")
        for number, place in enumerate(source):
            up = 1 if place[1] else -1
            above.annotate(
                str(number), place, (0, -9 * up), textcoords="offset points", fontsize=8, va="center", ha="center",
                color=ORANGE if number == point.value else BLUE,
            )  # fmt: skip
        picture.value = png(figure)

    def select(change) -> None:
        chosen = moves[point.value].copy()
        right.value, down.value = int(chosen[0]), int(chosen[1])
        redraw()

    def move(axis: int):
        def moved(change) -> None:
            moves[point.value, axis] = change.new
            redraw()

        return moved

    point.observe(select, "value")
    right.observe(move(0), "value")
    down.observe(move(1), "value")
    redraw()
    return ipywidgets.VBox([point, right, down, picture])
