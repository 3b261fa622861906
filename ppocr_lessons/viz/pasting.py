"""Figures of CopyPaste: the page's own texts in solid outlines, pasted ones in dashed outlines with a triangle."""

import ipywidgets
import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke

from ..augment.copy_paste import CopyPaste, LabeledPage
from .figure import BLUE, RED, new_figure, png, show, show_picture

# Red and blue as in the chapter; line style and marker differ as well. The white rim keeps both visible on any page.
_OWN = {"color": RED, "linestyle": "-", "linewidth": 1.1}
_PASTED = {"color": BLUE, "linestyle": (0, (3, 1.5)), "linewidth": 1.2}
_RIM = [withStroke(linewidth=2.2, foreground="white")]


def _draw(axis, page: LabeledPage, own: int, title: str) -> None:
    """The page with the outlines of its texts; the first `own` of them are the page's own."""
    show_picture(axis, page.image, title)
    for index, polygon in enumerate(page.polygons):
        style = _OWN if index < own else _PASTED
        # Outside of the text, so that the outline covers no letters.
        outer = polygon + 3 * np.sign(polygon - polygon.mean(0))
        outline = np.concatenate([outer, outer[:1]]).T
        axis.plot(*outline, color="white", linewidth=2.2)
        axis.plot(*outline, **style)
        if index >= own:
            axis.plot(*outer[0], marker="^", markersize=4.5, color=BLUE, path_effects=_RIM)
    height, width = page.image.shape[:2]
    axis.set_xlim(-0.5, width - 0.5)
    axis.set_ylim(height - 0.5, -0.5)


def _legend(figure) -> None:
    kinds = [("own text", _OWN, None), ("pasted text", _PASTED, "^")]
    handles = [Line2D([], [], marker=marker, label=label, **style) for label, style, marker in kinds]
    figure.legend(handles=handles, loc="outside lower center", ncols=2)


def show_paste(page: LabeledPage, donor: LabeledPage, pasted: LabeledPage):
    """Page, donor and result.

    Args:
        page: before the pasting.
        donor: page that texts were taken from.
        pasted: the page after the pasting; its own texts come first.

    Returns: an IPython.display.Image.
    Source: chapter 3.1.2, demonstration of CopyPaste.
    """
    own = len(page.polygons)
    figure, axes = new_figure(1, 3, size=(12, 4.6))
    _draw(axes[0], page, own, f"page: {own} texts")
    _draw(axes[1], donor, len(donor.polygons), f"donor: {len(donor.polygons)} texts")
    _draw(axes[2], pasted, own, f"result: {len(pasted.polygons) - own} texts pasted")
    _legend(figure)
    return show(
        figure,
        f"A page with {own} texts, a donor, and the page with {len(pasted.polygons) - own} texts pasted.",
    )


def show_pages(pages: dict[str, tuple[LabeledPage, int]]):
    """Several results of pasting side by side.

    Args:
        pages: pairs by title: a page, and how many of its texts are its own.

    Returns: an IPython.display.Image.
    """
    figure, axes = new_figure(1, len(pages), size=(12, 4.6))
    for axis, (title, (page, own)) in zip(np.atleast_1d(axes), pages.items(), strict=True):
        _draw(axis, page, own, title)
    _legend(figure)
    return show(
        figure, "Pages with their own texts in solid and pasted ones in dashed outlines: " + ", ".join(pages)
    )


def paste_slider(page: LabeledPage, donor: LabeledPage, operation: CopyPaste) -> ipywidgets.VBox:
    """A slider over seeds; each seed pastes other texts at other places.

    Args:
        page: that receives the texts.
        donor: page that the texts are taken from.
        operation: draws and applies.

    Returns: a box of the slider and the picture, which is shown at its natural size.
    """
    slider = ipywidgets.IntSlider(value=0, min=0, max=50, description="seed")
    picture = ipywidgets.Image(format="png", layout={"width": "max-content", "max_width": "100%"})

    def redraw(change=None):
        result = operation(np.random.default_rng(slider.value), page, donor)
        figure, axis = new_figure(size=(5, 5))
        more = len(result.polygons) - len(page.polygons)
        _draw(axis, result, len(page.polygons), f"{more} texts pasted")
        _legend(figure)
        picture.value = png(figure)

    slider.observe(redraw, "value")
    redraw()
    return ipywidgets.VBox([slider, picture])
