"""Figures of chapter 1: the pipeline, its maps, the published systems, and our own nets beside them."""

import numpy as np
from matplotlib.patches import FancyBboxPatch

from ..deploy.draw import draw_boxes
from .figure import BLUE, GREEN, HATCHES, ORANGE, RED, new_figure, show, show_picture

PUBLISHED = (
    # system, MB, F-score or hmean, CPU ms, T4 ms: chapter 1.2; PaddleOCR's benchmark page and the
    # PP-OCRv3 introduction
    ("PP-OCR mobile", 8.1, 0.503, 356, 116),
    ("PP-OCR server", 155.1, 0.570, 1056, 200),
    ("PP-OCRv2", 11.6, 0.576, 330, 111),
)
"""What the papers and PaddleOCR's documents say. None of it was measured here."""


def show_pipeline():
    """The four steps of the system as a diagram, each with its net and size."""
    steps = (
        ("picture", "any size", ""),
        ("1 detect", "DBNet", "quadrangles"),
        ("2 rectify", "geometry", "upright crops"),
        ("3 direction", "MobileNetV3 small", "0 or 180 degrees"),
        ("4 recognize", "CRNN + CTC", "texts"),
    )
    figure, axis = new_figure(size=(12, 1.9))
    axis.set(xlim=(0, len(steps) * 2.4), ylim=(0, 2))
    axis.axis("off")
    for index, (name, net, out) in enumerate(steps):
        x = index * 2.4 + 0.2
        box = FancyBboxPatch((x, 0.45), 1.6, 1.2, boxstyle="round,pad=0.06", fc="#eef4f9", ec=BLUE, lw=1.5)
        axis.add_patch(box)
        axis.text(x + 0.8, 1.25, name, ha="center", va="center", fontweight="bold")
        axis.text(x + 0.8, 0.8, net, ha="center", va="center", fontsize=9)
        axis.text(x + 0.8, 0.12, out, ha="center", va="center", fontsize=9, style="italic")
        if index:
            axis.annotate("", (x - 0.08, 1.05), (x - 0.72, 1.05), arrowprops={"arrowstyle": "-|>", "lw": 1.6})
    return show(
        figure, "Pipeline: picture, detection by DBNet, rectification, direction, recognition by CRNN"
    )


def show_maps(stages, *, thresh: float = 0.3):
    """Picture, probability map, binarized map, boxes.

    Args:
        stages: of `ocr.OCR.stages`.
        thresh: of the binarization.
    """
    prob = stages.detection.prob
    figure, axes = new_figure(2, 2, size=(12, 6.2))
    show_picture(axes[0, 0], stages.image, "1 the picture")
    show_picture(
        axes[0, 1], prob, "2 probability that a pixel is the core of a text", cmap="magma", vmin=0, vmax=1
    )
    show_picture(axes[1, 0], prob > thresh, f"3 above {thresh}: one region a line", cmap="gray")
    boxes = draw_boxes(stages.image, stages.detection.polygons, number=True)
    show_picture(axes[1, 1], boxes, f"4 grown back: {len(stages.detection.polygons)} boxes in reading order")
    return show(
        figure, "Four panels: the photograph, its probability map, the map cut at the threshold, the boxes"
    )


def show_directions(directions, turned):
    """Probability of "upright" for each crop as it is and turned by 180 degrees.

    Args:
        directions: of the crops.
        turned: of the same crops upside down.
    """
    upright = [d.score if d.angle_deg == 0 else 1 - d.score for d in directions]
    flipped = [d.score if d.angle_deg == 0 else 1 - d.score for d in turned]
    figure, axis = new_figure(size=(12, 3))
    x = np.arange(len(upright))
    axis.bar(x - 0.2, upright, 0.38, color=BLUE, label="as it is")
    axis.bar(
        x + 0.2, flipped, 0.38, color=ORANGE, hatch="//", edgecolor="white", label="turned by 180 degrees"
    )
    axis.axhline(0.1, color=RED, ls="--", lw=1, label="below: the line is turned")
    axis.set(xticks=x, xlabel="line", ylabel="P(upright)", ylim=(0, 1.05))
    figure.legend(loc="outside upper center", fontsize=9, ncols=3)  # bars fill the whole width
    return show(figure, "Bars: probability of upright for every line, high as it is and low when turned")


def show_published():
    """First and second edition, mobile and server: size, time and score as published."""
    names = [row[0] for row in PUBLISHED]
    figure, axes = new_figure(1, 3, size=(12, 3))
    panels = (("size, MB", 1, "{:.1f}"), ("CPU time a picture, ms", 3, "{:.0f}"), ("F-score", 2, "{:.3f}"))
    for axis, (title, column, form) in zip(axes, panels, strict=True):
        values = [row[column] for row in PUBLISHED]
        bars = axis.barh(names, values, color=[BLUE, RED, GREEN], edgecolor="white")
        for bar, hatch, value in zip(bars, HATCHES, values, strict=False):
            bar.set_hatch(hatch)
            axis.text(value, bar.get_y() + 0.4, " " + form.format(value), va="center", fontsize=9)
        axis.set(title=title, xlim=(0, 1.25 * max(values)))
        axis.invert_yaxis()
        if column != 1:
            axis.set_yticklabels([])
    words = ", ".join(f"{n}: {mb} MB, {ms} ms, {f}" for n, mb, f, ms, _ in PUBLISHED)
    return show(figure, f"Published figures. {words}")


def show_ours(rows):
    """Size and latency of nets measured here.

    Args:
        rows: name, saved MB, milliseconds.
    """
    names, sizes, times = zip(*rows, strict=True)
    figure, axes = new_figure(1, 2, size=(12, 0.5 * len(rows) + 1.2))
    for axis, values, title, color in zip(
        axes, (sizes, times), ("saved, MB", "one run, ms"), (BLUE, GREEN), strict=True
    ):
        axis.barh(names, values, color=color)
        for y, value in enumerate(values):
            axis.text(
                value,
                y,
                f" {value:.2f}" if title.endswith("MB") else f" {value:.1f}",
                va="center",
                fontsize=9,
            )
        axis.set(title=title, xlim=(0, 1.25 * max(values)))
        axis.invert_yaxis()
    axes[1].set_yticklabels([])
    return show(
        figure,
        "Size and latency measured here: "
        + ", ".join(f"{n} {s:.2f} MB" for n, s in zip(names, sizes, strict=True)),
    )
