"""A slider through the epochs of one page, which shows the random augmentation of each."""

import ipywidgets

from .training import show_targets


def epoch_slider(dataset, page: int, *, last: int = 20) -> ipywidgets.VBox:
    """A slider for the epoch; the figure shows the crop of the page in that epoch, and its targets.

    Args:
        dataset: a dataset whose pipeline contains MakeShrinkMap.
        page: index of the page, from 0.
        last: highest epoch of the slider.

    Returns: a widget.
    Source: chapter 2.1.6.
    """
    slider = ipywidgets.IntSlider(value=0, min=0, max=last, description="epoch")
    picture = ipywidgets.Image(format="png", layout={"width": "max-content", "max_width": "100%"})

    def redraw(change=None):
        drawn = next(s for name, s in dataset.steps(page, slider.value) if name == "MakeShrinkMap")
        picture.value = show_targets(drawn).data

    slider.observe(redraw, "value")
    redraw()
    return ipywidgets.VBox([slider, picture])
