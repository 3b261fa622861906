"""Figures of a training run: the net, the data pipeline, the schedule, the curves, the maps before and after."""

import copy

import numpy as np
from matplotlib.patches import FancyBboxPatch

from ..deploy.draw import draw_boxes
from .figure import BLACK, BLUE, GREEN, ORANGE, OVER_LINES, RED, SKY, new_figure, show, show_picture

SHOWN = ("DetLabelEncode", "CopyPaste", "IaaAugment", "EastRandomCropData")
MAPS = {
    "shrink_map": "shrink map:\ntarget of P and B",
    "shrink_mask": "shrink mask:\nblack is ignored",
    "threshold_map": "threshold map:\ntarget of T",
    "threshold_mask": "threshold mask:\nwhite is scored",
}


WEIGHTS = {"P": "5 × Dice", "B": "1 × Dice", "T": "10 × L1"}


def show_net(shapes: dict[str, tuple[int, int, int]], counts: dict[str, int]):
    """The detector as boxes: the shape of each map, the parameters of each part, and the loss of each output.

    Args:
        shapes: (channels, height, width) of "C2" to "C5", "fused" and "P"; T and B have the shape of P.
        counts: parameters of "backbone", "neck" and "head".

    Returns: an IPython.display.Image.
    """
    figure, axis = new_figure(size=(11, 3.8))
    axis.set_axis_off()
    axis.set_xlim(0, 13.2)
    axis.set_ylim(-0.1, 4.3)
    boxes = [(f"C{row + 2}", 0.2, 3 - row, BLUE) for row in range(4)]
    boxes += [("fused", 3.9, 1.5, ORANGE), ("P", 7.4, 3, GREEN), ("B", 7.4, 1.5, GREEN), ("T", 7.4, 0, GREEN)]
    for name, x, y, color in boxes:
        shape = shapes["P" if name in "PTB" else name]
        _box(axis, (x, y), 2.3, f"{name}: {' x '.join(map(str, shape))}", color)
        if name in WEIGHTS:
            _arrow(axis, (x + 2.4, y + 0.3), (11.3, 1.5 + (y + 0.3 - 1.5) * 0.25))
            axis.text(x + 2.75, y + (-0.1 if name == "T" else 0.42), WEIGHTS[name], fontsize=9)
    _box(axis, (11.4, 1.2), 1.5, "loss: sum of\nthe three", SKY, height=1.0)
    for row in range(4):
        if row:
            _arrow(axis, (1.35, 4 - row - 0.07), (1.35, 3 - row + 0.69))
        _arrow(axis, (2.6, 3.3 - row), (3.8, 1.95 - 0.1 * row))
    _arrow(axis, (6.3, 1.95), (7.3, 3.2))
    _arrow(axis, (6.3, 1.65), (7.3, 0.45))
    _arrow(axis, (8.55, 2.93), (8.55, 2.2))
    _arrow(axis, (8.55, 0.69), (8.55, 1.42))
    for x, name in ((1.35, "backbone"), (5.05, "neck"), (8.55, "head")):
        axis.text(x, 4.0, f"{name}: {counts[name]:,}", ha="center", fontsize=10, weight="bold")
    parts = ", ".join(f"{name} {count:,} parameters" for name, count in counts.items())
    losses = ", ".join(f"{name} {loss}" for name, loss in WEIGHTS.items())
    return show(
        figure,
        f"Detector as boxes: four backbone maps, one fused map, outputs P, T, B; {parts}; losses {losses}.",
    )


def _box(axis, corner, width, text, color, *, height=0.62):
    axis.add_patch(
        FancyBboxPatch(corner, width, height, boxstyle="round,pad=0.05", fc=color, ec=BLACK, alpha=0.35)
    )
    axis.text(corner[0] + width / 2, corner[1] + height / 2, text, ha="center", va="center", fontsize=9)


def _arrow(axis, start, end):
    axis.annotate("", end, start, arrowprops={"arrowstyle": "->", "color": BLACK})


def show_steps(steps):
    """A page after each transform that changes its picture or its labels.

    Args:
        steps: pairs of a transform's name and the Sample after it, as `Dataset.steps` yields them.

    Returns: an IPython.display.Image.
    """
    pictures = []
    for name, sample in steps:
        if name in SHOWN:
            # `pixels` applies the pending transforms. This is done on a copy, so that the sample itself is
            # still resampled only once, by the crop.
            seen = copy.copy(sample)
            drawn = draw_boxes(
                seen.pixels(), [p for p, skip in zip(seen.polygons, seen.ignored, strict=True) if not skip]
            )
            pictures.append((f"{name}\n{drawn.shape[1]} x {drawn.shape[0]}", drawn))
    figure, axes = new_figure(1, len(pictures), size=(10, 3.2))
    for axis, (title, picture) in zip(np.atleast_1d(axes), pictures, strict=True):
        show_picture(axis, picture, title)
    return show(figure, "A page after each transform: " + ", ".join(t.split("\n")[0] for t, _ in pictures))


def show_targets(sample):
    """The crop and the four maps that are drawn from its polygons.

    Args:
        sample: after MakeBorderMap and MakeShrinkMap, before NormalizeImage.

    Returns: an IPython.display.Image.
    """
    figure, axes = new_figure(1, 5, size=(11, 2.8))
    show_picture(axes[0], sample.pixels(), "crop")
    for axis, (name, title) in zip(axes[1:], MAPS.items(), strict=True):
        show_picture(axis, getattr(sample, name), title, cmap="gray", vmin=0, vmax=1)
        axis.spines[:].set(visible=True, color="0.6")  # a mask may be white up to its edges
    return show(figure, "A crop beside its shrink map, mask, threshold map and threshold mask.")


def show_schedule(schedules: dict[str, object], steps: int, *, zoom: int):
    """Learning rates over a run, and its first steps enlarged.

    Args:
        schedules: functions from step to learning rate, by name.
        steps: of the run.
        zoom: number of first steps that the second panel shows.

    Returns: an IPython.display.Image.
    """
    figure, axes = new_figure(1, 2, size=(10, 3.3), width_ratios=(2, 1))
    lines = ("-", "--", ":", "-.")
    for axis, last in zip(axes, (steps, zoom), strict=True):
        places = np.unique(np.linspace(0, last - 1, 400).astype(int))
        for (name, rate), line in zip(schedules.items(), lines, strict=False):
            axis.plot(places, [rate(int(step)) for step in places], line, label=name)
        axis.set_xlabel("step")
    axes[0].set_ylabel("learning rate")
    axes[0].set_title("the whole run")
    axes[1].set_title("the warm-up")
    figure.legend(
        *axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=len(schedules), fontsize=9
    )
    return show(
        figure, f"Learning rate over {steps} steps, and over the first {zoom}: " + ", ".join(schedules)
    )


def show_curve(history, names: dict[str, str], *, stopped: int | None = None, start: float | None = None):
    """The loss and its parts at each step, and below them hmean wherever the run was evaluated.

    Args:
        history: rows of the trainer; those after an evaluation hold its scores as well.
        names: keys of the loss and its parts, with the label of each.
        stopped: step at which the run was stopped and resumed.
        start: hmean before the first step.

    Returns: an IPython.display.Image.
    """
    figure, axes = new_figure(2, 1, size=(10, 4.8), height_ratios=(3, 2))
    steps = [row["step"] + 1 for row in history]
    for (name, label), marker in zip(names.items(), "osD^", strict=False):
        axes[0].plot(steps, [row[name] for row in history], marker=marker, markersize=4, label=label)
    scored = [(0, start)] if start is not None else []
    scored += [(row["step"] + 1, row["hmean"]) for row in history if "hmean" in row]
    axes[1].plot(*zip(*scored, strict=True), marker="o", color=BLACK)
    for step, value in scored:
        axes[1].annotate(
            f"{value:.2f}", (step, value), xytext=(5, 5), textcoords="offset points", bbox=OVER_LINES
        )
    for axis, label in zip(axes, ("loss", "hmean"), strict=True):
        axis.set_ylabel(label)
        axis.set_ylim(bottom=0)
        axis.set_xlim(-0.02 * steps[-1], 1.06 * steps[-1])  # room for the labels of both ends
        if stopped is not None:
            axis.axvline(stopped + 0.5, color=RED, linestyle="--")
    axes[1].set_ylim(0, 1.3 * max(value for _, value in scored) or 1)
    axes[1].set_xlabel("steps done")
    if stopped is not None:
        place = {"xycoords": ("data", "axes fraction"), "textcoords": "offset points", "va": "top"}
        axes[0].annotate("stopped and resumed", (stopped + 0.5, 0.97), xytext=(4, 0), color=RED, **place)
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=len(names))
    first, last = history[0]["loss"], history[-1]["loss"]
    told = ", ".join(f"{value:.3f} after {step}" for step, value in scored)
    return show(figure, f"Loss over {len(history)} steps, from {first:.2f} to {last:.2f}; hmean {told}.")


def show_before_after(images, before, after):
    """Probability maps of the same pages before and after a training run.

    Args:
        images: (H, W, 3) uint8 pages.
        before: (h, w) maps, one for each page, before the run.
        after: the same after the run.

    Returns: an IPython.display.Image.
    """
    figure, axes = new_figure(3, len(images), size=(2.4 * len(images) + 0.4, 7.2))
    for column, rows in enumerate(zip(images, before, after, strict=True)):
        show_picture(axes[0, column], rows[0])
        for row in (1, 2):
            show_picture(axes[row, column], rows[row], cmap="gray", vmin=0, vmax=1)
    for row, name in enumerate(("page", "before", "after")):
        axes[row, 0].set_ylabel(name, fontsize=11, weight="bold")
    return show(
        figure, "Pages above, their probability maps before the training in the middle and after it below."
    )
