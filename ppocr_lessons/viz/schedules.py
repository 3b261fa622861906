"""Figures of learning-rate schedules at work: the same training with and without a warm-up."""

import numpy as np

from .figure import BLUE, GREEN, ORANGE, OVER_LINES, RED, new_figure, show

LINES = ("-", "--", "-.", ":")


def smoothed(values, window: int) -> np.ndarray:
    """Mean of each value and of those before it, `window` values at most.

    Args:
        values: numbers in order.
        window: length of the mean, 1 or more.

    Returns: (len(values),); the first entries are means of fewer values.
    Source: chapter 2.1.4.
    """
    values = np.asarray(values, float)
    return np.array([values[max(0, i + 1 - window) : i + 1].mean() for i in range(len(values))])


def show_starts(
    runs: dict[str, dict[int, list[dict[str, float]]]], *, lost: float | None = None, window: int = 5
):
    """Losses of several training plans over several seeds, and the learning rates of the plans.

    Args:
        runs: rows of the trainer, by seed, by name of the plan.
        lost: loss of a net whose P and B find nothing, drawn as a horizontal line; None for no line.
        window: steps over which the losses are averaged.

    Returns: an IPython.display.Image.
    Source: chapter 2.1.4.
    """
    figure, axes = new_figure(1, 2, size=(11, 4), width_ratios=(2, 1))
    for (name, seeds), line, color in zip(runs.items(), LINES, (RED, BLUE, GREEN, ORANGE), strict=False):
        for number, rows in enumerate(seeds.values()):
            losses = smoothed([row["loss"] for row in rows], window)
            axes[0].plot(
                losses, line, color=color, lw=1.4, label=None if number else f"{name}, a line per seed"
            )
        axes[1].plot([row["lr"] for row in next(iter(seeds.values()))], line, color=color)
    if lost is not None:
        axes[0].axhline(lost, color="0.4", lw=0.8)
        axes[0].annotate(
            "P and B find nothing", (1, lost), xytext=(0, -3), textcoords="offset points", ha="right", va="top",
            xycoords=("axes fraction", "data"), color="0.3", fontsize=9, bbox=OVER_LINES,
        )  # fmt: skip
    axes[0].set_title(f"training loss, mean of the last {window} steps")
    axes[1].set_title("learning rate")
    for axis in axes:
        axis.set_xlabel("step")
    figure.legend(
        *axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=len(runs), fontsize=9
    )
    ends = {
        name: np.mean([[row["loss"] for row in rows][-window:] for rows in seeds.values()])
        for name, seeds in runs.items()
    }
    told = ", ".join(f"{name} {loss:.2f}" for name, loss in ends.items())
    return show(
        figure, f"Training losses and learning rates by step; means of the last {window} losses: {told}."
    )
