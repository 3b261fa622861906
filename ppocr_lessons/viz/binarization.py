"""Figures and sliders of differentiable binarization: the step, its gradient, the maps, the losses, the boxes."""

import ipywidgets
import numpy as np

from ..det.postprocess import DBPostProcess
from .figure import BLACK, BLUE, GREEN, MARKERS, RED, new_figure, png, show, show_picture


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
    """Plot the soft step for several k, the hard step, and their gradients.

    Args:
        ks: steepness of up to three soft steps.

    Returns: an IPython.display.Image.
    """
    return show(
        _step_figure(ks),
        f"Left: soft steps for k = {list(ks)} beside the hard step. Right: their gradients, bells of height k / 4.",
    )


def _picture() -> ipywidgets.Image:
    """Image widget that is never drawn larger than its pixels."""
    return ipywidgets.Image(format="png", layout={"width": "max-content", "max_width": "100%"})


def k_slider(prob: np.ndarray, thresh: np.ndarray) -> ipywidgets.VBox:
    """Show the binary map of a real probability and threshold map, with a slider for the steepness k.

    Args:
        prob: probability map, (H, W) in 0..1.
        thresh: threshold map, (H, W) in 0..1.

    Returns: the slider above the picture.
    """
    slider = ipywidgets.IntSlider(value=50, min=1, max=200, step=7, description="k")
    picture = _picture()

    def redraw(change=None):
        figure, axes = new_figure(1, 2, size=(9, 4.2))
        binary, k = _soft(prob - thresh, slider.value), slider.value
        show_picture(axes[0], binary, f"B for k = {k}", cmap="gray", vmin=0, vmax=1)
        gradient = k * binary * (1 - binary)
        show_picture(axes[1], gradient, "gradient of B: where it can learn", cmap="magma", vmin=0, vmax=0.5)
        picture.value = png(figure)

    slider.observe(redraw, "value")
    redraw()
    return ipywidgets.VBox([slider, picture])


def show_maps(
    image: np.ndarray, maps: dict[str, np.ndarray], limits: dict[str, tuple[float, float]] | None = None
):
    """Show a page beside its maps, each with a color bar.

    Args:
        image: the page, (H, W, 3) uint8.
        maps: (H, W) in 0..1 by title.
        limits: smallest and largest value of the color bar by title; (0, 1) for titles that are not named.

    Returns: an IPython.display.Image.
    """
    figure, axes = new_figure(1, 1 + len(maps), size=(2.9 * (1 + len(maps)), 3.8))
    show_picture(axes[0], image, "page")
    for axis, (title, values) in zip(axes[1:], maps.items(), strict=True):
        low, high = (limits or {}).get(title, (0, 1))
        show_picture(axis, values, title, cmap="magma", vmin=low, vmax=high)
        figure.colorbar(
            axis.images[0], ax=axis, location="bottom", shrink=0.8, ticks=np.linspace(low, high, 3)
        )
    for axis in axes:  # after the color bars, which anchor their maps at the bottom, below the page
        axis.set_anchor("N")
    return show(figure, "A page beside its maps: " + ", ".join(maps))


def show_profile(image: np.ndarray, maps: dict[str, np.ndarray], column: int, rows: tuple[int, int]):
    """Plot the maps along a part of one column of pixels, beside the page with that part marked.

    Args:
        image: the page, (H, W, 3) uint8.
        maps: up to three maps (H, W) in 0..1 by title.
        column: x of the cut in pixels, 0 <= column < W.
        rows: first y of the cut and the y after its last, in pixels.

    Returns: an IPython.display.Image.
    """
    figure, axes = new_figure(1, 2, size=(12, 3.8), width_ratios=(1, 2.4))
    show_picture(axes[0], image, f"the cut at x = {column}")
    axes[0].plot([column, column], rows, color=RED, lw=2.5)
    y = np.arange(*rows)
    for (title, values), color, style in zip(
        maps.items(), (BLUE, RED, BLACK), ("-", "--", ":"), strict=False
    ):
        axes[1].plot(y, values[slice(*rows), column], color=color, ls=style, lw=2, label=title)
    axes[1].set_xlabel("y in pixels, from the top of the page")
    axes[1].set_ylim(-0.03, 1.03)
    figure.legend(
        *axes[1].get_legend_handles_labels(), loc="outside lower right", ncols=len(maps), fontsize=9
    )
    told = f"at x = {column}, y = {rows[0]} to {rows[1]}"
    return show(figure, f"Left: the page with a vertical cut {told}. Right: along it, {', '.join(maps)}.")


def show_losses(maps: dict[str, np.ndarray]):
    """Show losses of every pixel; the largest value of each color scale is written above it.

    Args:
        maps: (H, W), not negative, by title.

    Returns: an IPython.display.Image.
    """
    figure, axes = new_figure(1, len(maps), size=(3.2 * len(maps), 3.85))
    for axis, (title, values) in zip(np.atleast_1d(axes), maps.items(), strict=True):
        high = max(1e-6, float(np.quantile(values, 0.995)))
        show_picture(axis, values, f"{title}\nblack 0, white {high:.2g}", cmap="magma", vmin=0, vmax=high)
        axis.title.set_fontsize(10)
    return show(figure, "Loss of every pixel, bright where it is large: " + ", ".join(maps))


def show_sweep(panels: dict[str, dict[str, np.ndarray]], box_thresholds, *, marked: float):
    """Plot hmean against the score below which a box is dropped: a line per map, and a faint line per seed.

    Args:
        panels: hmean (seeds, thresholds) by name of the map, by title of the panel.
        box_thresholds: the thresholds, ascending.
        marked: the threshold that a vertical line marks.

    Returns: an IPython.display.Image.
    """
    figure, axes = new_figure(1, len(panels), size=(5.6 * len(panels), 3.9))
    told = []
    for axis, (title, lines) in zip(np.atleast_1d(axes), panels.items(), strict=True):
        for (name, runs), color, marker in zip(lines.items(), (BLUE, GREEN, RED), MARKERS, strict=False):
            mean = np.mean(runs, axis=0)
            axis.plot(box_thresholds, mean, color=color, marker=marker, lw=2, label=name)
            axis.plot(box_thresholds, np.transpose(runs), color=color, lw=0.8, alpha=0.5)
            told.append(f"{title}, {name}: " + " ".join(f"{value:.2f}" for value in mean))
        axis.axvline(marked, color="0.4", ls=":", lw=1.5)
        axis.set_title(title)
        axis.set_xlabel("box_thresh")
        axis.set_ylim(-0.03, 1)
    np.atleast_1d(axes)[0].set_ylabel("hmean on held-back pages")
    handles = np.atleast_1d(axes)[0].get_legend_handles_labels()
    figure.legend(*handles, loc="outside lower center", ncols=3, fontsize=9)
    return show(
        figure, f"hmean against box_thresh ({', '.join(map(str, box_thresholds))}). " + "; ".join(told)
    )


def _boxes_figure(image, prob, postprocess):
    boxes = postprocess(prob, image.shape[:2])
    figure, axes = new_figure(1, 2, size=(10, 5.4))
    show_picture(
        axes[0], prob > postprocess.thresh, f"P > {postprocess.thresh:g}", cmap="gray", vmin=0, vmax=1
    )
    show_picture(axes[1], image, f"{len(boxes.scores)} boxes")
    for polygon in boxes.polygons:
        closed = np.vstack([polygon, polygon[:1]])
        # Dark on light, so that the outline is visible on every background.
        axes[1].plot(*closed.T, color="white", lw=3.5)
        axes[1].plot(*closed.T, color=RED, lw=1.8)
    return figure, len(boxes.scores)


def show_boxes(image: np.ndarray, prob: np.ndarray, postprocess: DBPostProcess):
    """Show the thresholded probability map and the boxes that are found in it.

    Args:
        image: the page, (H, W, 3) uint8.
        prob: probability map, (H, W) in 0..1.
        postprocess: from the probability map to boxes.

    Returns: an IPython.display.Image.
    """
    figure, count = _boxes_figure(image, prob, postprocess)
    return show(figure, f"Left: the probability map cut at the threshold. Right: {count} boxes on the page.")


def postprocess_sliders(image: np.ndarray, prob: np.ndarray) -> ipywidgets.VBox:
    """Show the boxes of a real probability map, with sliders for the thresholds and the unclip ratio.

    Args:
        image: the page, (H, W, 3) uint8.
        prob: probability map, (H, W) in 0..1.

    Returns: the sliders above the picture.
    """
    given = {"min": 0.05, "max": 0.95, "step": 0.05, "continuous_update": False}
    sliders = {
        "thresh": ipywidgets.FloatSlider(value=0.3, description="thresh", **given),
        "box_thresh": ipywidgets.FloatSlider(value=0.6, description="box_thresh", **given),
        "unclip_ratio": ipywidgets.FloatSlider(
            value=1.5, min=0.1, max=4, step=0.1, description="unclip", continuous_update=False
        ),
    }
    picture = _picture()

    def redraw(change=None):
        postprocess = DBPostProcess(**{name: slider.value for name, slider in sliders.items()})
        picture.value = png(_boxes_figure(image, prob, postprocess)[0])

    for slider in sliders.values():
        slider.observe(redraw, "value")
    redraw()
    return ipywidgets.VBox([*sliders.values(), picture])
