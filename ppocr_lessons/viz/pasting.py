"""Pictures of CopyPaste: texts of the page in red, pasted ones in blue, as in the chapter."""

import ipywidgets
import numpy as np

from ..augment.copy_paste import CopyPaste, LabeledPage
from ..deploy.draw import draw_boxes
from .figure import new_figure, png, show, show_picture

OWN, PASTED = (213, 94, 0), (0, 114, 178)


def _drawn(page: LabeledPage, own: int) -> np.ndarray:
    """The page with its outlines, its own first."""
    image, polygons = page.image, page.polygons
    for part, color in ((polygons[:own], OWN), (polygons[own:], PASTED)):
        for grow in (0, 1, 2):  # pixels: outlines of one pixel vanish in a small figure
            image = draw_boxes(image, [_grown(polygon, grow) for polygon in part], color=color)
    return image


def _grown(polygon, by):
    """Corners pushed away from the middle."""
    return polygon + by * np.sign(polygon - polygon.mean(0))


def show_paste(page: LabeledPage, donor: LabeledPage, pasted: LabeledPage):
    """Page, donor and result.

    Args:
        page, donor: before.
        pasted: the page after; its own texts come first.
    """
    own = len(page.polygons)
    figure, axes = new_figure(1, 3, size=(12, 4.3))
    show_picture(axes[0], _drawn(page, own), f"page: {own} texts (red)")
    show_picture(axes[1], _drawn(donor, 0), f"donor: {len(donor.polygons)} texts")
    show_picture(axes[2], _drawn(pasted, own), f"pasted: {len(pasted.polygons) - own} more (blue)")
    return show(
        figure,
        f"A page with {own} texts, a donor, and the page with {len(pasted.polygons) - own} texts pasted.",
    )


def show_pages(pages: dict[str, tuple[LabeledPage, int]]):
    """Several results beside one another.

    Args:
        pages: by title: a page and how many of its texts are its own.
    """
    figure, axes = new_figure(1, len(pages), size=(12, 4.3))
    for axis, (title, (page, own)) in zip(np.atleast_1d(axes), pages.items(), strict=True):
        show_picture(axis, _drawn(page, own), title)
    return show(figure, "Pages with texts of their own in red and pasted ones in blue: " + ", ".join(pages))


def paste_slider(page: LabeledPage, donor: LabeledPage, operation: CopyPaste) -> ipywidgets.VBox:
    """Another draw for every seed.

    Args:
        page, donor: what is pasted onto what.
        operation: draws and applies.
    """
    slider = ipywidgets.IntSlider(value=0, min=0, max=50, description="seed")
    picture = ipywidgets.Image(format="png")

    def redraw(change=None):
        result = operation(np.random.default_rng(slider.value), page, donor)
        figure, axis = new_figure(size=(5, 5))
        more = len(result.polygons) - len(page.polygons)
        show_picture(axis, _drawn(result, len(page.polygons)), f"{more} texts pasted")
        picture.value = png(figure)

    slider.observe(redraw, "value")
    redraw()
    return ipywidgets.VBox([slider, picture])
