"""Figures of the trainings of neck and head: schedules, norms of the weights, and accuracy over the steps (chapter 2.3.3)."""

from collections.abc import Mapping

from .figure import BLACK, BLUE, GREEN, MARKERS, ORANGE, PURPLE, RED, new_figure, show
from .schedules import smoothed

COLORS = (BLACK, BLUE, GREEN, RED, ORANGE, PURPLE)
LINES = ("-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1)))


def _by_step(axis, runs: Mapping[str, dict], value) -> None:
    """One line per run through a value of its rows."""
    for (name, run), color, line, marker in zip(runs.items(), COLORS, LINES, MARKERS, strict=False):
        steps = [row["step"] for row in run["rows"]]
        values = [value(row) for row in run["rows"]]
        axis.plot(steps, values, color=color, ls=line, marker=marker, ms=3, lw=1.4, label=name)
    axis.set_xlabel("step")


def _legend(figure, axis) -> None:
    figure.legend(*axis.get_legend_handles_labels(), loc="outside lower center", ncols=3, fontsize=9)


def _accuracies(runs: Mapping[str, dict]) -> str:
    return "; ".join(
        f"{name}: " + ", ".join(f"{row['acc']:.2f}" for row in run["rows"]) for name, run in runs.items()
    )


def show_schedules(runs: Mapping[str, dict], *, window: int = 10):
    """Draw learning rate, training loss and accuracy of several trainings.

    Args:
        runs: results of `bench.head_training.train_head` by name.
        window: number of steps over which the loss is averaged.

    Returns: an IPython.display.Image.
    """
    figure, (rates, losses, scores) = new_figure(1, 3, size=(13, 3.6))
    for (name, run), color, line in zip(runs.items(), COLORS, LINES, strict=False):
        rates.plot(run["rates"], color=color, ls=line, label=name)
        losses.plot(smoothed(run["losses"], window), color=color, ls=line)
    losses.set_yscale("log")
    _by_step(scores, runs, lambda row: row["acc"])
    rates.set(title="learning rate", xlabel="step")
    losses.set(title=f"training loss, mean of {window} steps", xlabel="step")
    scores.set(title="held-back words read exactly")
    _legend(figure, rates)
    return show(
        figure,
        f"Learning rate, loss and accuracy over the steps. Accuracy from the start on: {_accuracies(runs)}.",
    )


def show_norms(runs: Mapping[str, dict]):
    """Draw how the norms of the weights of each part change, relative to the start, and the accuracy.

    Args:
        runs: results of `bench.head_training.train_head` by name.

    Returns: an IPython.display.Image.
    """
    parts = list(next(iter(runs.values()))["rows"][0]["norms"])
    figure, axes = new_figure(1, len(parts) + 1, size=(14, 3.8))
    lowest = 1.0
    for axis, part in zip(axes, parts, strict=False):
        starts = {name: run["rows"][0]["norms"][part] for name, run in runs.items()}
        start = next(iter(starts.values()))
        _by_step(axis, runs, lambda row, part=part, start=start: row["norms"][part] / start)
        axis.set_title(f"{part}: norm / {start:.1f}")
        lowest = min(lowest, axis.get_ylim()[0])
    for axis in axes[:-1]:
        axis.set_ylim(lowest, 1.05)
    _by_step(axes[-1], runs, lambda row: row["acc"])
    axes[-1].set_title("held-back words read exactly")
    _legend(figure, axes[0])
    ends = "; ".join(
        f"{name}: "
        + ", ".join(
            f"{part} {run['rows'][-1]['norms'][part] / run['rows'][0]['norms'][part]:.2f}" for part in parts
        )
        for name, run in runs.items()
    )
    return show(
        figure,
        f"Norms of the weights over the steps, divided by those at the start, and the accuracy. Last norms: {ends}. "
        f"Accuracy: {_accuracies(runs)}.",
    )
