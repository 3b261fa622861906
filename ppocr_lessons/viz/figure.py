"""Figures in one style, as PNG with a description."""

import io

import matplotlib
from matplotlib.figure import Figure
from PIL import Image as PILImage

# The palette of Okabe and Ito, which readers with any common kind of color blindness can tell apart.
BLUE, ORANGE, GREEN, RED, PURPLE, SKY, YELLOW, BLACK = (
    "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#F0E442", "#000000",
)  # fmt: skip
MARKERS = "osD^vPX*"
HATCHES = ("", "//", "..", "xx", "\\\\", "oo")
OVER_LINES = {"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 0.5}
"""Background of a text, so that a line behind it does not cross it out."""

STYLE = {
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.25,
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.axisbelow": True,
    "font.size": 10,
    "axes.prop_cycle": matplotlib.cycler(color=[BLUE, RED, GREEN, ORANGE, PURPLE, SKY]),
}


def new_figure(rows: int = 1, columns: int = 1, *, size=(10, 4), width_ratios=None, height_ratios=None):
    """A figure that does not touch pyplot's global state.

    Args:
        rows, columns: of the grid.
        size: (width, height) in inches.
        width_ratios, height_ratios: of the columns and rows of the grid.

    Returns: the figure, and its axes; an array of axes if there are several.
    """
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=size, layout="constrained")
        return figure, figure.subplots(rows, columns, width_ratios=width_ratios, height_ratios=height_ratios)


def png(figure: Figure, dpi: int = 80) -> bytes:
    """A figure as PNG bytes. 256 colors keep the file at about a third of the size and are hardly visible.

    Args:
        figure: of `new_figure`.
        dpi: dots per inch.
    """
    full, small = io.BytesIO(), io.BytesIO()
    with matplotlib.rc_context(STYLE):
        figure.savefig(full, format="png", dpi=dpi, pil_kwargs={"compress_level": 0})  # only to be read below
    PILImage.open(full).convert("RGB").quantize(256, dither=PILImage.Dither.NONE).save(
        small, "PNG", optimize=True
    )
    return small.getvalue()


def show(figure: Figure, alt: str, dpi: int = 80):
    """A figure for a notebook.

    Args:
        figure: of `new_figure`.
        alt: description of the figure for readers who cannot see it.
        dpi: dots per inch.

    Returns: an IPython.display.Image.
    """
    from IPython.display import (
        Image,
    )  # IPython comes with the extra `lab`; the rest of this file does not need it

    return Image(png(figure, dpi), format="png", alt=alt)


def show_picture(axis, image, title: str = "", *, cmap=None, vmin=None, vmax=None) -> None:
    """An array as a picture, without ticks.

    Args:
        axis: of `new_figure`.
        image: (H, W, 3) or (H, W).
        title: above the picture.
        cmap, vmin, vmax: color map and range of values of an (H, W) array.
    """
    axis.imshow(image, cmap=cmap, vmin=vmin, vmax=vmax)
    axis.set_title(title)
    axis.set_xticks([])
    axis.set_yticks([])
    axis.grid(False)
    for spine in axis.spines.values():
        spine.set_visible(False)
