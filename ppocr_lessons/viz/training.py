"""Pictures of a training: the net, the data on its way, the schedule, the curve, before and after."""

import copy

import numpy as np
from matplotlib.patches import FancyBboxPatch

from ..deploy.draw import draw_boxes
from .figure import BLACK, BLUE, GREEN, ORANGE, RED, SKY, new_figure, show, show_picture

SHOWN = ("DetLabelEncode", "CopyPaste", "IaaAugment", "EastRandomCropData")
MAPS = {
    "shrink_map": "shrink map: what P learns",
    "shrink_mask": "mask: black does not count",
    "threshold_map": "threshold map: what T learns",
    "threshold_mask": "band where T counts",
}


def show_net(shapes: dict[str, tuple[int, int, int]], counts: dict[str, int]):
    """The detector as boxes: each map with its channels and size, each part with its parameters.

    Args:
        shapes: of "C2" to "C5", "fused" and "P", as (channels, height, width).
        counts: parameters of "backbone", "neck" and "head".
    """
    figure, axis = new_figure(size=(10, 3.6))
    axis.set_axis_off()
    axis.set_xlim(0, 10)
    axis.set_ylim(-0.2, 4.1)

    def box(x, y, text, colour):
        axis.add_patch(
            FancyBboxPatch((x, y), 1.9, 0.62, boxstyle="round,pad=0.05", fc=colour, ec=BLACK, alpha=0.35)
        )
        axis.text(x + 0.95, y + 0.31, text, ha="center", va="center", fontsize=9)

    def arrow(start, end):
        axis.annotate("", end, start, arrowprops={"arrowstyle": "->", "color": BLACK})

    for row, name in enumerate(("C2", "C3", "C4", "C5")):
        box(0.3, 3 - row, f"{name}: {_shape(shapes[name])}", BLUE)
        if row:
            arrow((1.25, 4 - row - 0.05), (1.25, 3 - row + 0.68))
        arrow((2.3, 3.3 - row), (3.9, 1.85))
    box(4.0, 1.5, f"fused: {_shape(shapes['fused'])}", ORANGE)
    arrow((6.0, 1.8), (7.4, 2.85))
    arrow((6.0, 1.8), (7.4, 0.85))
    box(7.5, 2.5, f"P, T, B: {_shape(shapes['P'])}", GREEN)
    box(7.5, 0.5, "loss: 5 P + 10 T + B", SKY)
    for x, name in ((1.25, "backbone"), (4.95, "neck"), (8.45, "head")):
        axis.text(x, 3.85, f"{name}: {counts[name]:,}", ha="center", fontsize=10, weight="bold")
    parts = ", ".join(f"{name} {count:,} parameters" for name, count in counts.items())
    return show(
        figure, f"Detector drawn as boxes from four backbone maps over one fused map to P, T and B; {parts}."
    )


def _shape(shape):
    return " x ".join(map(str, shape))


def show_steps(steps):
    """A page after the transforms that change it.

    Args:
        steps: of `Dataset.steps`: pairs of a name and a Sample.
    """
    pictures = []
    for name, sample in steps:
        if name in SHOWN:
            # Asking for pixels does the moves that wait; on a copy, so that the crop can still do all in one.
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
    """The crop and the four maps that are made of its polygons.

    Args:
        sample: after MakeBorderMap and MakeShrinkMap, before NormalizeImage.
    """
    figure, axes = new_figure(1, 5, size=(10, 2.5))
    show_picture(axes[0], sample.pixels(), "crop")
    for axis, (name, title) in zip(axes[1:], MAPS.items(), strict=True):
        show_picture(axis, getattr(sample, name), title.replace(": ", ":\n"), cmap="gray", vmin=0, vmax=1)
    return show(figure, "A crop beside its shrink map, mask, threshold map and threshold mask.")


def show_schedule(schedules: dict[str, object], steps: int, *, zoom: int):
    """Learning rates over a run, and its beginning.

    Args:
        schedules: step -> rate, by name.
        steps: of the run.
        zoom: steps of the second picture.
    """
    figure, axes = new_figure(1, 2, size=(10, 3), width_ratios=(2, 1))
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


def show_curve(history, names: dict[str, str], *, stopped: int | None = None):
    """The loss and its parts, step by step.

    Args:
        history: rows of the trainer.
        names: of the parts, and what to call them.
        stopped: step at which the run was stopped and taken up again.
    """
    figure, axis = new_figure(size=(10, 3))
    steps = [row["step"] for row in history]
    for (name, label), marker in zip(names.items(), "osD^", strict=False):
        axis.plot(steps, [row[name] for row in history], marker=marker, markersize=4, label=label)
    if stopped is not None:
        axis.axvline(stopped - 0.5, color=RED, linestyle="--")
        axis.text(stopped - 0.4, axis.get_ylim()[1] * 0.95, "stopped and resumed", color=RED, va="top")
    axis.set_xlabel("step")
    axis.set_ylabel("loss")
    axis.set_ylim(bottom=0)
    axis.legend()
    first, last = history[0]["loss"], history[-1]["loss"]
    return show(figure, f"Loss over {len(history)} steps, from {first:.2f} to {last:.2f}.")


def show_before_after(images, before, after):
    """Probability maps of the same pages before and after a training.

    Args:
        images: (H, W, 3) uint8 each.
        before, after: (h, w) maps, one a page.
    """
    figure, axes = new_figure(3, len(images), size=(10, 7.4))
    for column, rows in enumerate(zip(images, before, after, strict=True)):
        show_picture(axes[0, column], rows[0])
        for row in (1, 2):
            show_picture(axes[row, column], rows[row], cmap="gray", vmin=0, vmax=1)
    for row, name in enumerate(("page", "before", "after")):
        axes[row, 0].set_ylabel(name, fontsize=11, weight="bold")
    return show(
        figure, "Pages above, their probability maps before the training in the middle and after it below."
    )
