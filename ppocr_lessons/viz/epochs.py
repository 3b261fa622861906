"""A slider through the draws of one page."""

import ipywidgets

from .training import show_targets


def epoch_slider(dataset, page: int, *, last: int = 20) -> ipywidgets.VBox:
    """The crop and the targets of a page, in the epoch that the slider stands at.

    Args:
        dataset: with MakeShrinkMap in its pipeline.
        page: index of the page.
        last: highest epoch.
    """
    slider = ipywidgets.IntSlider(value=0, min=0, max=last, description="epoch")
    picture = ipywidgets.Image(format="png", layout={"width": "max-content", "max_width": "100%"})

    def redraw(change=None):
        drawn = next(s for name, s in dataset.steps(page, slider.value) if name == "MakeShrinkMap")
        picture.value = show_targets(drawn).data

    slider.observe(redraw, "value")
    redraw()
    return ipywidgets.VBox([slider, picture])
