"""Pictures of differentiable binarization: the step, its gradient, the maps, the losses, the boxes."""

import ipywidgets
import numpy as np

from ..deploy.draw import draw_boxes
from ..det.postprocess import DBPostProcess
from .figure import BLUE, GREEN, MARKERS, RED, new_figure, png, show, show_picture


def _soft(x, k):
    return 1 / (1 + np.exp(-np.clip(k * x, -500, 500)))


def _step_figure(ks):
    x = np.linspace(-0.3, 0.3, 601)
    figure, axes = new_figure(1, 2, size=(11, 3.4))
    axes[0].plot(x, x > 0, color="0.5", ls="--", label="hard step")
    axes[1].plot(x, 0 * x, color="0.5", ls="--", label="hard step: 0 everywhere")
    for k, color, marker in zip(ks, (RED, BLUE, GREEN), MARKERS, strict=False):
        soft = _soft(x, k)
        axes[0].plot(x, soft, color=color, marker=marker, markevery=75, label=f"k = {k:g}")
        axes[1].plot(x, k * soft * (1 - soft), color=color, marker=marker, markevery=75, label=f"k = {k:g}")
    for axis, title in zip(axes, ("binary map B", "gradient of B with respect to P"), strict=True):
        axis.set_title(title)
        axis.set_xlabel("P - T")
        axis.legend()
    return figure


def show_step(ks=(5, 50, 200)):
    """The soft step for several k, the hard one, and their gradients.

    Args:
        ks: up to three.
    """
    return show(
        _step_figure(ks),
        f"Left: soft steps for k = {list(ks)} beside the hard step. Right: their gradients, bells of height k / 4.",
    )


def k_slider(prob: np.ndarray, thresh: np.ndarray) -> ipywidgets.VBox:
    """Binary map of a real probability and threshold map, for the k of a slider.

    Args:
        prob, thresh: (H, W) in 0..1.
    """
    slider = ipywidgets.IntSlider(value=50, min=1, max=200, step=7, description="k")
    picture = ipywidgets.Image(format="png")

    def redraw(change=None):
        figure, axes = new_figure(1, 2, size=(9, 4))
        binary, k = _soft(prob - thresh, slider.value), slider.value
        show_picture(axes[0], binary, f"B for k = {k}", cmap="gray", vmin=0, vmax=1)
        show_picture(
            axes[1],
            k * binary * (1 - binary),
            "gradient: where B can still learn",
            cmap="magma",
            vmin=0,
            vmax=0.5,
        )
        picture.value = png(figure)

    slider.observe(redraw, "value")
    redraw()
    return ipywidgets.VBox([slider, picture])


def show_maps(image, maps: dict[str, np.ndarray]):
    """A page and its maps.

    Args:
        image: (H, W, 3).
        maps: (H, W) in 0..1 by title.
    """
    figure, axes = new_figure(1, 1 + len(maps), size=(3.2 * (1 + len(maps)), 3.5))
    show_picture(axes[0], image, "page")
    for axis, (title, values) in zip(axes[1:], maps.items(), strict=True):
        show_picture(axis, values, title, cmap="magma", vmin=0, vmax=1)
    return show(figure, "A page beside its maps: " + ", ".join(maps))


def show_pyramid(image, levels: dict[str, np.ndarray]):
    """Maps of many channels as their mean magnitude, each at its own scale.

    Args:
        image: (H, W, 3).
        levels: (C, H, W) by title.
    """
    figure, axes = new_figure(1, 1 + len(levels), size=(2.6 * (1 + len(levels)), 3))
    show_picture(axes[0], image, "page")
    for axis, (title, values) in zip(axes[1:], levels.items(), strict=True):
        strength = np.abs(values).mean(0)
        show_picture(axis, strength, f"{title}\n{' x '.join(map(str, values.shape))}", cmap="magma")
    return show(figure, "A page, and where its feature maps are strong: " + ", ".join(levels))


def show_losses(maps: dict[str, np.ndarray]):
    """Losses of every pixel.

    Args:
        maps: (H, W), not negative, by title.
    """
    figure, axes = new_figure(1, len(maps), size=(3.4 * len(maps), 3.3))
    for axis, (title, values) in zip(np.atleast_1d(axes), maps.items(), strict=True):
        show_picture(
            axis, values, title, cmap="magma", vmin=0, vmax=max(1e-6, float(np.quantile(values, 0.995)))
        )
    return show(figure, "Loss of every pixel, bright where it is large: " + ", ".join(maps))  # fmt: skip


def _boxes_figure(image, prob, postprocess):
    boxes = postprocess(prob, image.shape[:2])
    figure, axes = new_figure(1, 2, size=(9, 4.3))
    show_picture(axes[0], prob > postprocess.thresh, f"P > {postprocess.thresh:g}", cmap="gray")
    show_picture(axes[1], draw_boxes(image, boxes.polygons), f"{len(boxes.scores)} boxes")
    return figure, len(boxes.scores)


def show_boxes(image, prob, postprocess: DBPostProcess):
    """The cut map and the boxes that come of it.

    Args:
        image: (H, W, 3) uint8.
        prob: (H, W).
        postprocess: with its thresholds.
    """
    figure, count = _boxes_figure(image, prob, postprocess)
    return show(figure, f"Left: the probability map cut at the threshold. Right: {count} boxes on the page.")


def postprocess_sliders(image, prob) -> ipywidgets.VBox:
    """Boxes of a real probability map, for thresholds and a growth that are sliders.

    Args:
        image: (H, W, 3) uint8.
        prob: (H, W).
    """
    given = {"min": 0.05, "max": 0.95, "step": 0.05, "continuous_update": False}
    sliders = {
        "thresh": ipywidgets.FloatSlider(value=0.3, description="thresh", **given),
        "box_thresh": ipywidgets.FloatSlider(value=0.6, description="box_thresh", **given),
        "unclip_ratio": ipywidgets.FloatSlider(
            value=1.5, min=0.1, max=4, step=0.1, description="unclip", continuous_update=False
        ),
    }
    picture = ipywidgets.Image(format="png")

    def redraw(change=None):
        postprocess = DBPostProcess(**{name: slider.value for name, slider in sliders.items()})
        picture.value = png(_boxes_figure(image, prob, postprocess)[0])

    for slider in sliders.values():
        slider.observe(redraw, "value")
    redraw()
    return ipywidgets.VBox([*sliders.values(), picture])
