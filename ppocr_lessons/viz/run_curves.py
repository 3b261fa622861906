"""The curves of a training run, from the scalars.csv in its folder."""

import pathlib

import numpy as np

from ..training.run_log import read_scalars
from .figure import MARKERS, new_figure, png

COUNTS = ("step", "samples", "lr", "loss")
SCORES = ("precision", "recall", "hmean", "acc", "norm_edit_dis")
"""Columns of scalars.csv; the others are parts of the loss."""

SMOOTHED_FROM = 100
"""Number of steps from which the loss is also drawn as a running mean."""


def running_mean(values, width: int) -> np.ndarray:
    """Mean of each value and those before it.

    Args:
        values: (N,) numbers.
        width: number of values in a mean; the first ones have fewer.

    Returns: (N,) float64.
    """
    values = np.asarray(values, np.float64)
    sums = np.concatenate([[0.0], np.cumsum(values)])
    ends = np.arange(1, len(values) + 1)
    starts = np.maximum(0, ends - width)
    return (sums[ends] - sums[starts]) / (ends - starts)


def curves_png(folder, *, dpi: int = 110) -> bytes:
    """Draw loss, learning rate and scores of a run over its steps.

    Args:
        folder: folder of a run.
        dpi: dots per inch.

    Returns: PNG file.

    Raises:
        ValueError: the folder has no scalars.csv with at least one step.
    """
    folder = pathlib.Path(folder)
    rows = read_scalars(folder / "scalars.csv", keep=False)
    if not rows:
        there = (
            "has no steps yet"
            if (folder / "scalars.csv").is_file()
            else "is missing; is this a run's folder?"
        )
        raise ValueError(f"{folder / 'scalars.csv'}: {there}")
    names = list(dict.fromkeys(name for row in rows for name in row))
    parts = [name for name in names if name not in COUNTS + SCORES]
    scores = [name for name in SCORES if name in names]
    heights = [3, 1, 2] if scores else [3, 1]
    figure, axes = new_figure(len(heights), 1, size=(10, 1.8 * sum(heights) / 2 + 1.5), height_ratios=heights)
    _draw_losses(axes[0], rows, parts)
    axes[1].plot(*_column(rows, "lr"))
    axes[1].set_ylabel("learning rate")
    for name, marker in zip(scores, MARKERS, strict=False):
        axes[-1].plot(*_column(rows, name), marker=marker, markersize=4, label=name)
    if scores:
        axes[-1].set_ylabel("score")
        axes[-1].legend(fontsize=9, ncols=len(scores))
    for axis in axes:
        axis.set_xlim(0, 1.02 * (rows[-1]["step"] + 1))
    axes[-1].set_xlabel("steps done")
    figure.suptitle(folder.resolve().name)
    return png(figure, dpi)


def _column(rows, name: str):
    """Steps and values of a column, where it has a value."""
    filled = [row for row in rows if name in row]
    return [row["step"] + 1 for row in filled], [row[name] for row in filled]


def _draw_losses(axis, rows, parts) -> None:
    is_long = len(rows) >= SMOOTHED_FROM
    width = max(1, len(rows) // 50)
    for name in ["loss", *(parts if len(parts) > 1 else [])]:
        steps, values = _column(rows, name)
        if is_long:
            (drawn,) = axis.plot(steps, running_mean(values, width), label=name)
            axis.plot(steps, values, color=drawn.get_color(), alpha=0.25, linewidth=0.7)
        else:
            axis.plot(steps, values, marker="o", markersize=3, label=name)
    axis.set_ylabel(f"loss (thick: mean of {width} steps)" if is_long and width > 1 else "loss")
    axis.legend(fontsize=9, ncols=2)
