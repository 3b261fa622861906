"""A page with the text that was read on it, and the lines cut out of a page."""

import numpy as np

from ..deploy.draw import draw_reading
from .figure import new_figure, show, show_picture


def show_reading(image: np.ndarray, lines):
    """The picture with its boxes, and beside it the texts at the same positions.

    Args:
        image: (H, W, 3) uint8 RGB.
        lines: list of `ocr.TextLine`.
    """
    drawn = draw_reading(image, lines)
    figure, axis = new_figure(size=(12, 12 * drawn.shape[0] / drawn.shape[1]))
    show_picture(axis, drawn)
    texts = "; ".join(line.text for line in lines)
    return show(figure, f"Left: the picture with {len(lines)} boxes. Right: what was read: {texts}")


def show_crops(crops, captions, *, columns: int = 2, title: str = ""):
    """Rectified lines, each with a caption.

    Args:
        crops: list of (H, W, 3) uint8 RGB.
        captions: one text for each crop.
        columns: of the grid.
        title: of the whole figure.
    """
    rows = -(-len(crops) // columns)
    figure, axes = new_figure(rows, columns, size=(12, 0.75 * rows + 0.3))
    axes = np.atleast_1d(axes).ravel()
    for axis, crop, caption in zip(axes, crops, captions, strict=False):
        show_picture(axis, crop)
        axis.set_title(caption, fontsize=9, loc="left", fontweight="normal")
    for axis in axes[len(crops) :]:
        axis.axis("off")
    if title:
        figure.suptitle(title)
    return show(figure, f"{len(crops)} lines cut out and straightened: " + "; ".join(captions))
