"""Figures of chapter 1: the pipeline, what each step produces, the published systems and the shipped nets."""

import numpy as np
from matplotlib.patches import FancyBboxPatch, Polygon

from .figure import BLUE, GREEN, HATCHES, ORANGE, RED, new_figure, show, show_picture

PUBLISHED = (
    # system, MB, F-score, CPU ms, T4 ms
    ("PP-OCR mobile", 8.1, 0.503, 356, 116),
    ("PP-OCR server", 155.1, 0.570, 1056, 200),
    ("PP-OCRv2", 11.6, 0.576, 330, 111),
)
"""Published numbers, none of them measured here: chapter 1.2, PaddleOCR's benchmark page and its PP-OCRv3 page."""


def show_pipeline():
    """The four steps of the system as a diagram, each with its net and its result."""
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


def outline(axis, polygons, *, color=RED, dashed: bool = False, number: bool = False) -> None:
    """Draw polygons over a picture.

    Args:
        axis: shows the picture; its unit is a pixel of the picture.
        polygons: each (N, 2), in pixels.
        color: of the lines.
        dashed: broken lines instead of solid ones.
        number: write the index of each polygon to the left of it, outside of it.
    """
    for index, polygon in enumerate(np.asarray(p) for p in polygons):
        axis.add_patch(Polygon(polygon, fill=False, ec=color, lw=1.4, ls="--" if dashed else "-"))
        if number:
            left, middle = polygon[:, 0].min(), polygon[polygon[:, 0].argsort()[:2], 1].mean()
            axis.annotate(
                str(index), (left, middle), (-4, 0), textcoords="offset points", ha="right", va="center",
                color="black", fontsize=9, fontweight="bold",
            )  # fmt: skip


def show_maps(stages, *, thresh: float = 0.3):
    """Picture, probability map, thresholded map, boxes.

    Args:
        stages: of `ocr.OCR.stages`.
        thresh: probability above which a pixel counts as text.
    """
    prob, boxes = stages.detection.prob, stages.detection.polygons
    width = stages.image.shape[1]
    figure, axes = new_figure(2, 2, size=(12, 6.2))
    show_picture(axes[0, 0], stages.image, "1 the picture")
    show_picture(axes[0, 1], prob, "2 probability of text cores", cmap="magma", vmin=0, vmax=1)
    show_picture(axes[1, 0], prob > thresh, f"3 pixels above {thresh}", cmap="gray")
    show_picture(axes[1, 1], stages.image, f"4 regions expanded: {len(boxes)} boxes in reading order")
    outline(axes[1, 1], boxes, number=True)
    for axis, size in zip(axes.flat, (width, prob.shape[1], prob.shape[1], width), strict=True):
        axis.set_xlim(
            -0.06 * size, size
        )  # a margin for the numbers; the same in all panels, so that they align
    return show(
        figure, "Four panels: the picture, its probability map, the map cut at the threshold, the boxes"
    )


def show_found(image: np.ndarray, polygons, found, *, title: str = ""):
    """Labeled polygons and detected ones, side by side.

    Args:
        image: (H, W, 3) uint8 RGB.
        polygons: of the label, each (N, 2) in pixels.
        found: of the detector, each (N, 2) in pixels.
        title: above both.
    """
    figure, axes = new_figure(1, 2, size=(12, 6 * image.shape[0] / image.shape[1] + 0.5))
    show_picture(axes[0], image, f"label: {len(polygons)} texts (dashed)")
    outline(axes[0], polygons, color=BLUE, dashed=True)
    show_picture(axes[1], image, f"detected: {len(found)} boxes")
    outline(axes[1], found)
    figure.suptitle(title)
    return show(
        figure, f"A page with {len(polygons)} labeled texts, and the {len(found)} boxes detected on it"
    )


def show_directions(directions, turned):
    """Probability of "upright" of each crop, as it is and rotated by 180 degrees.

    Args:
        directions: `deploy.line_direction.Direction` of each crop.
        turned: the same of the crops upside down.
    """
    upright = [d.score if d.angle_deg == 0 else 1 - d.score for d in directions]
    flipped = [d.score if d.angle_deg == 0 else 1 - d.score for d in turned]
    figure, axis = new_figure(size=(12, 2.8))
    x = np.arange(len(upright))
    axis.vlines(x, flipped, upright, color="#999999", lw=1, zorder=1)
    axis.plot(x, upright, "o", ms=10, color=BLUE, label="as it is")
    axis.plot(x, flipped, "s", ms=10, mfc="white", mew=2, color=ORANGE, label="rotated by 180 degrees")
    axis.axhline(0.1, color=RED, ls="--", lw=1, label="below 0.1: the system turns the line", zorder=0)
    axis.set(xticks=x, xlabel="line", ylabel="P(upright)", ylim=(-0.12, 1.12), yticks=(0, 0.5, 1))
    figure.legend(loc="outside upper center", fontsize=9, ncols=3)
    return show(
        figure, "Probability of upright for every line: high for the line as it is, low when it is rotated"
    )


def show_published():
    """The mobile and the server system of PP-OCR and PP-OCRv2: size, time and score as published."""
    names = [row[0] for row in PUBLISHED]
    figure, axes = new_figure(1, 3, size=(12, 3))
    panels = (("size, MB", 1, "{:.1f}"), ("CPU time per picture, ms", 3, "{:.0f}"), ("F-score", 2, "{:.3f}"))
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
    """Size and latency of nets measured on this machine.

    Args:
        rows: (name, size in MB, latency in milliseconds) of each net.
    """
    names, sizes, times = zip(*rows, strict=True)
    figure, axes = new_figure(1, 2, size=(12, 0.5 * len(rows) + 1.2))
    panels = ((sizes, "saved file, MB", BLUE, ".2f"), (times, "latency, ms", GREEN, ".1f"))
    for axis, (values, title, color, form) in zip(axes, panels, strict=True):
        axis.barh(names, values, color=color)
        for y, value in enumerate(values):
            axis.text(value, y, f" {value:{form}}", va="center", fontsize=9)
        axis.set(title=title, xlim=(0, 1.25 * max(values)))
        axis.invert_yaxis()
    axes[1].set_yticklabels([])
    words = ", ".join(f"{n} {s:.2f} MB" for n, s in zip(names, sizes, strict=True))
    return show(figure, f"Size and latency measured here: {words}")


def show_false_boxes(image: np.ndarray, found: dict):
    """A picture without text, and the boxes of several detectors on it.

    Args:
        image: (H, W, 3) uint8 RGB.
        found: polygons, each (N, 2) in pixels, by name of the detector.
    """
    figure, axes = new_figure(
        1, len(found), size=(12, 12 / len(found) * image.shape[0] / image.shape[1] + 0.4)
    )
    for axis, (name, polygons) in zip(np.atleast_1d(axes), found.items(), strict=True):
        show_picture(axis, image, f"{name}: {len(polygons)} {'box' if len(polygons) == 1 else 'boxes'}")
        outline(axis, polygons)
    words = ", ".join(f"{name} {len(polygons)}" for name, polygons in found.items())
    return show(figure, f"A picture without text. Boxes that were found on it: {words}")
