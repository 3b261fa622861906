"""Figures of collaborative learning: teachers and students, response maps of CML, dilation, losses of each step."""

import numpy as np
from matplotlib.patches import ConnectionPatch, FancyBboxPatch

from .figure import BLACK, BLUE, GREEN, MARKERS, ORANGE, RED, new_figure, show, show_picture

_TEACHER, _LABELS = ("teacher\n(frozen)", 1.0, 2.5, ORANGE), ("labels", 1.0, 0.1, GREEN)
_ONE, _FIRST, _SECOND = (
    ("student", 1.0, 1.3, BLUE),
    ("student", 0.0, 1.3, BLUE),
    ("student 2", 2.0, 1.3, BLUE),
)
_LEARNING = ("teacher\n(learns)", 2.0, 1.3, BLUE)
_CTC = (
    ((1.2, 0.8), (0.7, 1.25), "->", "CTC loss", (0.0, 0.85)),
    ((1.8, 0.8), (2.3, 1.25), "->", "CTC loss", (2.2, 0.85)),
)
# Of each method: boxes, and arrows as (from, to, style, text, place of the text).
_CML = {
    "standard distillation": (
        (_TEACHER, _ONE, _LABELS),
        (
            ((1.5, 2.45), (1.5, 2.0), "->", "teacher's map", (1.62, 2.2)),
            ((1.5, 0.75), (1.5, 1.25), "->", "DB loss", (1.62, 0.95)),
        ),
    ),
    "DML": (
        (_FIRST, _SECOND, _LABELS),
        (
            ((1.05, 1.6), (1.95, 1.6), "<->", "each\nother's\nmap", (1.5, 1.75)),
            ((1.2, 0.8), (0.7, 1.25), "->", "DB loss", (0.0, 0.85)),
            ((1.8, 0.8), (2.3, 1.25), "->", "DB loss", (2.2, 0.85)),
        ),
    ),
    "CML": (
        (_TEACHER, _FIRST, _SECOND, _LABELS),
        (
            ((1.05, 1.6), (1.95, 1.6), "<->", "each\nother's\nmap", (1.5, 1.75)),
            ((1.2, 0.8), (0.7, 1.25), "->", "DB loss", (0.0, 0.85)),
            ((1.8, 0.8), (2.3, 1.25), "->", "DB loss", (2.2, 0.85)),
            ((0.95, 2.6), (0.5, 2.0), "->", "dilated\nmap", (0.05, 2.35)),
            ((2.05, 2.6), (2.5, 2.0), "->", "dilated\nmap", (2.4, 2.35)),
        ),
    ),
}
_UDML = {
    "standard distillation": (
        (_TEACHER, _ONE, _LABELS),
        (
            ((1.5, 2.45), (1.5, 2.0), "->", "teacher's answers", (1.62, 2.2)),
            ((1.5, 0.75), (1.5, 1.25), "->", "CTC loss", (1.62, 0.95)),
        ),
    ),
    "DML": (
        (_FIRST, _LEARNING, _LABELS),
        (((1.05, 1.6), (1.95, 1.6), "<->", "each\nother's\nanswers", (1.5, 1.7)), *_CTC),
    ),
    "U-DML": (
        (_FIRST, _LEARNING, _LABELS),
        (
            ((1.05, 1.75), (1.95, 1.75), "<->", "each\nother's\nanswers", (1.5, 1.85)),
            ((1.05, 1.5), (1.95, 1.5), "<->", "features", (1.5, 1.17)),
            *_CTC,
        ),
    ),
}
_METHODS = {
    "CML": (
        _CML,
        "Standard distillation: one student learns from the labels and a frozen teacher's map. DML: two students learn "
        "from the labels and from each other's map. CML: two students learn from the labels, each other's map and a "
        "frozen teacher's dilated map.",
    ),
    "U-DML": (
        _UDML,
        "Standard distillation: one student learns from the labels and a frozen teacher's answers. DML: student and "
        "teacher learn from the labels and from each other's answers. U-DML: they also learn from each other's features.",
    ),
}


def show_methods(name: str = "CML"):
    """Standard distillation, DML and a third method side by side: the nets, the labels, and the losses between them.

    Args:
        name: the third method, "CML" for detectors or "U-DML" for recognizers.

    Returns: an IPython.display.Image.

    Raises:
        ValueError: another name.
    Source: chapters 3.1.1 and 3.2.2, comparison of the distillation methods.
    """
    if name not in _METHODS:
        raise ValueError(f"name is {name!r}; known are {list(_METHODS)}")
    methods, alt = _METHODS[name]
    figure, axes = new_figure(1, len(methods), size=(12, 3.6))
    for axis, (title, (boxes, arrows)) in zip(axes, methods.items(), strict=True):
        axis.set_axis_off()
        axis.set_xlim(-0.15, 3.15)
        axis.set_ylim(0, 3.25)
        axis.set_title(title)
        for name, x, y, color in boxes:
            axis.add_patch(
                FancyBboxPatch((x, y), 1, 0.6, boxstyle="round,pad=0.04", fc=color, ec=BLACK, alpha=0.35)
            )
            axis.text(x + 0.5, y + 0.3, name, ha="center", va="center")
        for start, end, style, text, place in arrows:
            axis.annotate("", end, start, arrowprops={"arrowstyle": style, "color": RED})
            beside = "center" if place[0] == 1.5 else "left"
            axis.text(*place, text, ha=beside, va="bottom", fontsize=9, style="italic")
    return show(figure, alt)


def show_cml(image, maps: dict[str, np.ndarray], losses: dict[str, float]):
    """The structure of CML drawn with the response maps of real nets and the losses that connect them.

    Args:
        image: (H, W, 3) uint8 page.
        maps: (H, W) maps in 0..1: "labels" (the shrink map), "Student", "Student2", "Teacher", and "dilated", the
            teacher's map after threshold and dilation.
        losses: value of each loss on this page: "db_Student", "db_Student2", "dila_Student_Teacher",
            "dila_Student2_Teacher" and "dml_Student_Student2".

    Returns: an IPython.display.Image.
    Source: chapter 3.1.1, structure of CML.
    """
    figure, axes = new_figure(3, 4, size=(11, 7.6))
    for axis in axes.flat:
        axis.set_axis_off()
    show_picture(axes[0, 3], image, "page, the input of all nets")
    places = {
        "labels": (1, 0, "labels (shrink map)"),
        "Student": (0, 1, "P of the student"),
        "Student2": (2, 1, "P of student 2"),
        "dilated": (1, 2, "cut at 0.3, dilated"),
        "Teacher": (1, 3, "P of the teacher (frozen)"),
    }
    for name, (row, column, title) in places.items():
        axes[row, column].set_axis_on()
        show_picture(axes[row, column], maps[name], title, cmap="gray", vmin=0, vmax=1)
    right, left, top, bottom = (1.02, 0.5), (-0.02, 0.5), (0.5, 1.13), (0.5, -0.03)
    _connect(figure, axes[1, 0], top, axes[0, 1], left, f"$L_{{gt}}$ = {losses['db_Student']:.2f}", "right")
    _connect(
        figure, axes[1, 0], bottom, axes[2, 1], left, f"$L_{{gt}}$ = {losses['db_Student2']:.2f}", "right"
    )
    distilled = [
        f"$L_{{distill}}$ = {losses[f'dila_{name}_Teacher']:.2f}" for name in ("Student", "Student2")
    ]
    _connect(figure, axes[1, 2], top, axes[0, 1], right, distilled[0], "left")
    _connect(figure, axes[1, 2], bottom, axes[2, 1], right, distilled[1], "left")
    mutual = f"$L_{{dml}}$ = {losses['dml_Student_Student2']:.3f}"
    _connect(figure, axes[0, 1], bottom, axes[2, 1], top, mutual, "center", style="<->")
    _connect(figure, axes[1, 3], left, axes[1, 2], right, "", "center")
    told = ", ".join(f"{name} {value:.3f}" for name, value in losses.items())
    return show(
        figure,
        "Structure of CML with real maps: the labels and the teacher's dilated map each connect to both students, and "
        f"the students to each other. Losses: {told}.",
    )


def _connect(figure, first, start, second, end, text, side, *, style="->"):
    """Draw an arrow between two axes, with text beside its middle. Its ends are in fractions of each axes."""
    arrow = ConnectionPatch(
        start, end, first.transAxes, second.transAxes, arrowstyle=style, color=RED, lw=1.5, zorder=9
    )
    figure.add_artist(arrow)
    figure.draw_without_rendering()  # lays out the axes, so that the middle of the arrow is known
    ends = np.array([first.transAxes.transform(start), second.transAxes.transform(end)])
    middle = figure.transFigure.inverted().transform(ends.mean(0))
    shift = {"left": 0.015, "right": -0.015, "center": 0}[side]
    box = {"fc": "white", "ec": "none", "pad": 1.5}
    figure.text(middle[0] + shift, middle[1], text, ha=side, va="center", bbox=box, zorder=10)


def show_dilation(image, prob, dilated):
    """The teacher's map, its text pixels, and the pixels that dilation adds for the students.

    Args:
        image: (H, W, 3) uint8 page.
        prob: the teacher's map (H, W).
        dilated: the map of 0 and 1 (H, W) that the students are compared with.

    Returns: an IPython.display.Image.
    """
    cut = prob > 0.3
    figure, axes = new_figure(1, 4, size=(12, 3.3))
    show_picture(axes[0], image, "page")
    show_picture(axes[1], prob, "teacher's P", cmap="magma", vmin=0, vmax=1)
    show_picture(axes[2], cut, "above 0.3", cmap="gray", vmin=0, vmax=1)
    added = int(dilated.sum() - cut.sum())
    show_picture(axes[3], dilated - 0.5 * cut, f"dilated: {added} pixels added", cmap="gray", vmin=0, vmax=1)
    return show(
        figure,
        "A page, the teacher's probability map, the map cut at 0.3, and the pixels that dilation adds, in white.",
    )


def show_parts(histories: dict[str, list[dict[str, float]]], names: tuple[str, ...]):
    """Parts of the loss at each step, one column for each run. DML, which is far smaller, has a separate row.

    Args:
        histories: rows of the trainer by title.
        names: beginnings of the parts' names; parts with the same beginning are added up.

    Returns: an IPython.display.Image.
    """
    figure, axes = new_figure(2, len(histories), size=(12, 4.8), height_ratios=(3, 2))
    axes = np.reshape(axes, (2, len(histories)))
    totals = {
        (title, name): [sum(v for key, v in row.items() if key.startswith(name)) for row in history]
        for title, history in histories.items()
        for name in names
    }
    for row, alone in enumerate((False, True)):
        shown = {key: values for key, values in totals.items() if (key[1] == "dml_") is alone and any(values)}
        highest = max((max(values) for values in shown.values()), default=1)
        for axis, title in zip(axes[row], histories, strict=True):
            for name, marker, color in zip(names, MARKERS, (BLUE, RED, GREEN, ORANGE), strict=False):
                if (title, name) in shown:
                    style = {"marker": marker, "markersize": 4, "color": color, "label": name.rstrip("_")}
                    axis.plot(shown[title, name], **style)
            axis.set_ylim(0, 1.1 * highest)
            if not axis.lines:
                axis.set_axis_off()
                continue
            axis.set_xlabel("step")
            axis.set_ylabel("loss")
            if not alone:
                axis.set_title(title)
    handles = {line.get_label(): line for axis in axes.flat for line in axis.lines}
    figure.legend(handles=list(handles.values()), loc="outside lower left", ncols=len(handles))
    return show(figure, "Parts of the loss at each step for " + ", ".join(histories))


def show_terms(histories: dict[str, list[dict[str, float]]], terms: dict[str, str]):
    """The terms of a combined loss at each step, with a separate panel for each term and a line for each run.

    Args:
        histories: rows of the trainer by title of the run.
        terms: title of the panel by the beginning of the parts' names; parts with the same beginning are averaged.

    Returns: an IPython.display.Image.
    """
    figure, axes = new_figure(1, len(terms), size=(12, 3.4))
    told, colors = [], (BLUE, RED, GREEN, ORANGE, BLACK)
    for axis, (start, title) in zip(np.atleast_1d(axes), terms.items(), strict=True):
        for (name, history), marker, color in zip(histories.items(), MARKERS, colors, strict=False):
            parts = [[v for key, v in row.items() if key.startswith(start)] for row in history]
            if all(parts):
                values = [float(np.mean(own)) for own in parts]
                axis.plot(values, marker=marker, markersize=4, color=color, label=name)
                told.append(f"{name}, {title}: {values[0]:.3g} to {values[-1]:.3g}")
        axis.set_title(title)
        axis.set_xlabel("step")
        axis.set_ylim(bottom=0)
    handles = {line.get_label(): line for axis in np.atleast_1d(axes) for line in axis.lines}
    figure.legend(handles=list(handles.values()), loc="outside lower left", ncols=len(handles))
    return show(figure, f"Loss terms at each step, first and last value. {'; '.join(told)}.")
