"""Figures of the features of a line of text: their grid on the picture, and the number of time steps per character."""

import cv2
import numpy as np

from ..datasets.resize import line_width
from ..rec.alphabet import Alphabet
from ..rec.ctc_decode import collapse, greedy_decode
from ..rec.feature_stride import coarser_steps
from .figure import BLACK, BLUE, RED, new_figure, show, show_picture

HEIGHT, STEP = 32, 4
"""Height of a line and width of a time step of the recognizer, in pixels."""


def at_height(crop: np.ndarray) -> np.ndarray:
    """Resize a line to the height of the recognizer's input.

    Args:
        crop: (H, W, 3) uint8 RGB.

    Returns: (32, width, 3) uint8 RGB; see `datasets.resize.line_width`.
    """
    return cv2.resize(crop, (line_width(crop, HEIGHT), HEIGHT))


def show_grids(crop: np.ndarray, grids: dict[str, dict[str, tuple[int, int]]], *, width: int = 320):
    """Draw the cells of feature maps on the left part of a line, one column of pictures for each backbone.

    Args:
        crop: the line, (H, W, 3) uint8 RGB.
        grids: (rows, columns) of the feature map by name of the layer, by name of the backbone. All backbones have
            layers of the same names; a layer that a backbone lacks is None.
        width: width in pixels of the input to which the numbers of columns belong.

    Returns: an IPython.display.Image.
    """
    line = at_height(crop)[:, : 3 * HEIGHT]
    layers = list(next(iter(grids.values())))
    figure, axes = new_figure(len(layers), len(grids), size=(12, 1.55 * len(layers)))
    axes = np.asarray(axes).reshape(len(layers), len(grids))
    for column, (backbone, sizes) in zip(axes.T, grids.items(), strict=True):
        for axis, (layer, size) in zip(column, sizes.items(), strict=True):
            if size is None:
                axis.set_axis_off()
                axis.text(0.5, 0.5, "no such layer", ha="center", va="center", transform=axis.transAxes)
                continue
            rows, columns = size
            show_picture(axis, line, f"{layer}: {rows} x {columns}")
            axis.images[0].set_extent((0, line.shape[1], HEIGHT, 0))
            axis.title.set_fontsize(9)
            _lines(axis.axvline, width / columns, line.shape[1])
            _lines(axis.axhline, HEIGHT / rows, HEIGHT)
        column[0].set_title(f"{backbone}\n{column[0].get_title()}", fontsize=10)
    told = "; ".join(
        f"{backbone}: " + ", ".join(f"{layer} {s[0]} x {s[1]}" for layer, s in sizes.items() if s is not None)
        for backbone, sizes in grids.items()
    )
    return show(figure, f"Cells of the feature maps on a line of text, rows by columns. {told}.")


def _lines(draw, spacing: float, length: float) -> None:
    """Lines between the cells, and at both ends."""
    for place in np.arange(0, length + 1e-6, spacing):
        draw(place, color="white", lw=1.6, alpha=0.6)
        draw(place, color=RED, lw=0.8)


def show_coarser_cells(crop: np.ndarray, probs: np.ndarray, alphabet: Alphabet, factors=(1, 2, 4, 8)):
    """The cells of coarser and coarser time steps on a line, each with the character that is read in it.

    Args:
        crop: the line, (H, W, 3) uint8 RGB.
        probs: (T, K) probabilities of the line, possibly with padding on its right.
        alphabet: alphabet of K classes.
        factors: time steps per cell, one picture each.

    Returns: an IPython.display.Image.
    """
    line = at_height(crop)
    # Each picture has about 1.1 inches for its height of 46 pixels: the line and a margin for the characters.
    inches = float(np.clip(1.1 * line.shape[1] / 46 + 0.5, 4, 12))
    figure, axes = new_figure(len(factors), size=(inches, 1.45 * len(factors)))
    told = []
    for axis, factor in zip(np.atleast_1d(axes), factors, strict=True):
        cells, pixels = coarser_steps(probs, factor), factor * STEP
        classes = cells.argmax(1)
        text = greedy_decode(cells[None], alphabet)[0].text
        show_picture(axis, line, f'{pixels} pixels per step: "{text}"')
        axis.images[0].set_extent((0, line.shape[1], HEIGHT, 0))
        _lines(axis.axvline, pixels, line.shape[1])
        for cell in np.flatnonzero(collapse(classes)):
            character = alphabet.decode([classes[cell]]).replace(" ", "␣")
            place = min((cell + 0.5) * pixels, line.shape[1])
            axis.text(place, HEIGHT + 3, character, ha="center", va="top", fontsize=10, color=BLUE)
        axis.set_ylim(HEIGHT + 14, 0)
        told.append(f"{pixels} pixels {text!r}")
    return show(
        figure, "A line with the cells of its time steps, and what is read in them: " + ", ".join(told)
    )


def show_room(room: dict[str, list[float]], *, fewest: int = 20):
    """The number of time steps of each character: mean, and the range from the 10th to the 90th percentile.

    Args:
        room: time steps of every occurrence by character; see `rec.feature_stride.character_room`.
        fewest: characters with fewer occurrences are left out.

    Returns: an IPython.display.Image.

    Raises:
        ValueError: no character has enough occurrences.
    """
    shown = {c: np.asarray(steps) for c, steps in room.items() if len(steps) >= fewest}
    if not shown:
        raise ValueError(f"no character occurs {fewest} times")
    ordered = sorted(shown, key=lambda c: shown[c].mean())
    figure, axis = new_figure(size=(12, 3.8))
    for place, character in enumerate(ordered):
        low, high = np.percentile(shown[character], (10, 90))
        axis.plot([place, place], [low, high], "-", color=BLUE, lw=2, alpha=0.6)
        axis.plot(place, shown[character].mean(), "o", color=BLUE)
    for steps, style in ((1, ":"), (2, "--"), (4, "-.")):
        axis.axhline(steps, color=BLACK, ls=style, lw=1)
        width = axis.text(len(ordered) - 0.3, steps, f"{steps * STEP} px", va="center", fontsize=9)
        width.set_bbox({"fc": "white", "ec": "none", "pad": 1})
    axis.set_xticks(range(len(ordered)), [c.replace(" ", "␣") for c in ordered])
    axis.set(ylabel=f"time steps of {STEP} pixels", ylim=(0, None), xlim=(-0.6, len(ordered) + 0.6))
    axis.set_title("dot: mean room of a character; bar: 10th to 90th percentile; lines: width of one cell")
    told = ", ".join(f"{c!r} {shown[c].mean():.1f}" for c in ordered)
    return show(figure, f"Mean room of each character in time steps, narrowest first: {told}.")
