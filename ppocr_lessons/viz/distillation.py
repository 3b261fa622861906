"""Pictures of collaborative learning: who teaches whom, the dilated map, the losses."""

import numpy as np
from matplotlib.patches import FancyBboxPatch

from .figure import (
    BLACK,
    BLUE,
    GREEN,
    MARKERS,
    ORANGE,
    RED,
    new_figure,
    show,
    show_picture,
)


def show_roles():
    """Teacher, two students and the labels, with the three losses between them."""
    figure, axis = new_figure(size=(9, 3.2))
    axis.set_axis_off()
    axis.set_xlim(0, 9)
    axis.set_ylim(0, 3.4)
    places = {
        "teacher (frozen)": (3.5, 2.6, ORANGE),
        "student": (0.4, 1.2, BLUE),
        "student 2": (6.6, 1.2, BLUE),
        "labels": (3.5, 0.1, GREEN),
    }
    for name, (x, y, color) in places.items():
        axis.add_patch(
            FancyBboxPatch((x, y), 1.9, 0.6, boxstyle="round,pad=0.05", fc=color, ec=BLACK, alpha=0.35)
        )
        axis.text(x + 0.95, y + 0.3, name, ha="center", va="center")
    for start, end, style in (
        ((3.45, 2.8), (1.9, 1.9), "->"),
        ((5.45, 2.8), (7.0, 1.9), "->"),
        ((2.4, 1.5), (6.5, 1.5), "<->"),
        ((3.45, 0.4), (1.9, 1.1), "->"),
        ((5.45, 0.4), (7.0, 1.1), "->"),
    ):
        axis.annotate("", end, start, arrowprops={"arrowstyle": style, "color": RED})
    for text, place in (
        ("dilated map", (2.0, 2.5)), ("dilated map", (6.9, 2.5)), ("each other's map (DML)", (4.45, 1.68)),
        ("DB loss", (2.1, 0.5)), ("DB loss", (6.9, 0.5)),
    ):  # fmt: skip
        axis.text(*place, text, ha="center", fontsize=9, style="italic")
    return show(
        figure,
        "A frozen teacher above, two students beside each other, labels below, and the losses between them.",
    )


def show_dilation(image, prob, dilated):
    """What the teacher sees, and what is made of it for the students.

    Args:
        image: (H, W, 3).
        prob: the teacher's map (H, W).
        dilated: of 0 and 1 (H, W).
    """
    cut = prob > 0.3
    figure, axes = new_figure(1, 4, size=(12, 3.3))
    show_picture(axes[0], image, "page")
    show_picture(axes[1], prob, "teacher's P", cmap="magma", vmin=0, vmax=1)
    show_picture(axes[2], cut, "above 0.3", cmap="gray", vmin=0, vmax=1)
    show_picture(
        axes[3],
        dilated - 0.5 * cut,
        f"dilated: {int(dilated.sum() - cut.sum())} pixels more",
        cmap="gray",
        vmin=0,
        vmax=1,
    )
    return show(
        figure,
        "A page, the teacher's probability map, the map cut at 0.3, and the pixels that dilation adds, in white.",
    )


def show_parts(histories: dict[str, list[dict[str, float]]], names: tuple[str, ...]):
    """Parts of the loss by step, a panel a run.

    Args:
        histories: rows of the trainer by title.
        names: how the parts begin; those that begin alike are added up.
    """
    figure, axes = new_figure(1, len(histories), size=(12, 3.2))
    for axis, (title, history) in zip(np.atleast_1d(axes), histories.items(), strict=True):
        for name, marker, color in zip(names, MARKERS, (BLUE, RED, GREEN, ORANGE), strict=False):
            values = [sum(v for key, v in row.items() if key.startswith(name)) for row in history]
            if any(values):
                axis.plot(values, marker=marker, markersize=4, color=color, label=name.rstrip("_"))
        axis.set_title(title)
        axis.set_xlabel("step")
        axis.set_ylim(bottom=0)
        axis.legend()
    return show(figure, "Parts of the loss by step for " + ", ".join(histories))
