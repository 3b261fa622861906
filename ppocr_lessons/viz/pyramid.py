"""Figures of the feature pyramid: how strongly each level responds, and how its levels are added up."""

import numpy as np

from .figure import new_figure, show, show_picture


def _strength(feats: np.ndarray) -> np.ndarray:
    """Mean magnitude over the channels: (C, H, W) -> (H, W)."""
    return np.abs(feats).mean(0)


def _size(feats: np.ndarray) -> str:
    return " x ".join(map(str, feats.shape))


def show_pyramid(image: np.ndarray, levels: dict[str, np.ndarray]):
    """Show feature maps of many channels as their mean magnitude, each at its own scale.

    Args:
        image: the page, (H, W, 3) uint8.
        levels: feature maps (C, H, W) by title.

    Returns: an IPython.display.Image.
    """
    figure, axes = new_figure(1, 1 + len(levels), size=(2.4 * (1 + len(levels)), 3.0))
    show_picture(axes[0], image, f"page\n{image.shape[0]} x {image.shape[1]}")
    for axis, (title, values) in zip(axes[1:], levels.items(), strict=True):
        show_picture(axis, _strength(values), f"{title}\n{_size(values)}", cmap="magma")
    return show(figure, "A page, and where its feature maps are strong: " + ", ".join(levels))


def show_top_down(
    levels: dict[int, tuple[np.ndarray, np.ndarray, np.ndarray | None, np.ndarray, np.ndarray]],
):
    """Draw the top-down path of a feature pyramid with real feature maps, coarsest level on top (chapter 2.1, Fig. 4).

    Each row reads from left to right: the map of the backbone, the same map after its 1x1 convolution, the sum of the
    level above enlarged twice, the merged map, and the output of its 3x3 convolution. All pictures show the
    mean magnitude over the channels, each at its own scale.

    Args:
        levels: C, lateral, enlarged M of the level above (None on the coarsest level), M and P, each (C, H, W), by
            number of the level.

    Returns: an IPython.display.Image.
    """
    numbers = sorted(levels, reverse=True)
    figure, axes = new_figure(len(numbers), 5, size=(11.5, 2.45 * len(numbers)))
    for row, level in zip(np.atleast_2d(axes), numbers, strict=True):
        titles = (
            f"C{level}: {_size(levels[level][0])}",
            f"lateral: 1x1 conv of C{level}",
            f"+ M{level + 1}, enlarged twice",
            f"= M{level}: {_size(levels[level][3])}",
            f"P{level}: 3x3 conv of M{level}",
        )
        for axis, title, values in zip(row, titles, levels[level], strict=True):
            if values is None:
                axis.set_axis_off()
                axis.text(0.5, 0.5, "nothing above", ha="center", va="center", transform=axis.transAxes)
            else:
                show_picture(axis, _strength(values), title, cmap="magma")
                axis.title.set_fontsize(9)
    return show(
        figure,
        "Top-down path of the pyramid, a row a level from the coarsest: "
        + ", ".join(f"M{n}" for n in numbers),
    )
