"""Figures of RecAug (chapter 2.3.2): frequency and effect of each operation, and accuracy after training."""

from collections.abc import Mapping

import cv2
import numpy as np

from ..augment.bda import RecAug
from .figure import BLUE, GREEN, HATCHES, MARKERS, ORANGE, RED, new_figure, show, show_picture

COLORS = (BLUE, ORANGE, GREEN, RED)

HEIGHT = 32
"""Height in pixels to which the recognizer's input is resized."""


def _grouped_bars(
    axis, table: Mapping[str, Mapping[str, float]], *, counts: Mapping[str, int] | None = None
) -> str:
    """One group of bars per column of a table and one bar per row, with the value above each bar.

    Args:
        axis: of the figure.
        table: values in 0..1 by name of the column, by name of the row.
        counts: number of samples behind the shares of each column, for their standard errors; None for no error bars.

    Returns: the table as a sentence.
    """
    wide = 0.8 / len(table)
    for number, ((row, found), color, hatch) in enumerate(zip(table.items(), COLORS, HATCHES, strict=False)):
        places = np.arange(len(found)) + (number - (len(table) - 1) / 2) * wide
        values = np.array(list(found.values()))
        errors = np.zeros_like(values)
        if counts is not None:
            errors = (values * (1 - values) / np.array([counts[name] for name in found])) ** 0.5
        axis.bar(places, values, wide, color=color, hatch=hatch, edgecolor="white", label=row)
        if counts is not None:
            axis.errorbar(places, values, errors, fmt="none", color="0.2", lw=1)
        for x, value, error in zip(places, values, errors, strict=True):
            if value:
                axis.text(x, value + error + 0.015, f"{value:.2f}", ha="center", fontsize=7)
    columns = next(iter(table.values()))
    axis.set_xticks(range(len(columns)), [name.removesuffix("_prob") for name in columns])
    axis.figure.legend(loc="outside lower center", ncols=len(table), fontsize=9)
    return "; ".join(
        f"{row}: " + ", ".join(f"{name} {value:.2f}" for name, value in found.items())
        for row, found in table.items()
    )


def draw_shares(augmentation: RecAug, image: np.ndarray, count: int, seed: int) -> dict[str, float]:
    """How often each operation of RecAug is drawn.

    Args:
        augmentation: with any probabilities.
        image: the line, (H, W, 3) uint8 RGB; only its size matters.
        count: number of draws.
        seed: of the draws.

    Returns: shares of the draws in 0..1: "1 bend", "2 bends" and "3 bends" (operations of TIA in one draw), then the
        operations of BDA by the names of their probabilities.
    """
    drawn = [augmentation.sample(np.random.default_rng([seed, number]), image) for number in range(count)]
    found = {
        f"{bends} bend{'s' * (bends > 1)}": np.mean([len(d.bends) == bends for d in drawn])
        for bends in (1, 2, 3)
    }
    fields = {
        "crop_prob": "crop", "reverse_prob": "reverse", "noise_prob": "noise_seed", "jitter_prob": "jitter",
        "blur_prob": "blur", "hsv_aug_prob": "brightness",
    }  # fmt: skip
    for name, field in fields.items():
        # A jitter of 0 steps was drawn, too, although it changes nothing.
        values = [getattr(d.bda, field) for d in drawn]
        found[name] = np.mean([value is not None and value is not False for value in values])
    return {name: float(share) for name, share in found.items()}


def show_shares(shares: Mapping[str, Mapping[str, float]]):
    """Draw how often each operation was drawn, with one bar per setting.

    Args:
        shares: of `draw_shares`, by name of the setting.

    Returns: an IPython.display.Image.
    """
    figure, axis = new_figure(size=(12, 3.2))
    told = _grouped_bars(axis, shares)
    axis.set_ylabel("share of the draws")
    return show(figure, f"Shares of the draws in which each operation was applied. {told}.")


def input_change(image: np.ndarray, result: np.ndarray) -> np.ndarray:
    """Change of the recognizer's input, which is a line resized to a height of 32 pixels.

    Args:
        image: the line before, (H, W, 3) uint8 RGB.
        result: the line afterwards, (H', W, 3) uint8 RGB.

    Returns: (32, W') uint8, largest difference of the three channels at each pixel.
    """
    width = max(1, round(HEIGHT * image.shape[1] / image.shape[0]))
    before, after = (cv2.resize(line, (width, HEIGHT)).astype(int) for line in (image, result))
    return np.abs(after - before).max(-1).astype(np.uint8)


def show_effects(image: np.ndarray, results: Mapping[str, np.ndarray], *, columns: int = 5):
    """Draw a line after several operations, and below each the change of the recognizer's input.

    Args:
        image: the line before, (H, W, 3) uint8 RGB.
        results: lines afterwards by name of the operation.
        columns: number of operations in a row.

    Returns: an IPython.display.Image.
    """
    rows = -(-len(results) // columns)
    figure, axes = new_figure(2 * rows, columns, size=(13, 1.75 * rows))
    changes = {name: input_change(image, result) for name, result in results.items()}
    for axis in axes.ravel():
        axis.axis("off")
    for number, (name, result) in enumerate(results.items()):
        row, column = divmod(number, columns)
        for axis in axes[2 * row : 2 * row + 2, column]:
            axis.axis("on")
        change = changes[name]
        show_picture(axes[2 * row, column], result, name)
        show_picture(
            axes[2 * row + 1, column], change, f"at most {change.max()}, mean {change.mean():.1f}",
            cmap="gray", vmin=0, vmax=max(1, int(change.max())),
        )  # fmt: skip
        axes[2 * row + 1, column].title.set(fontsize=8, fontweight="normal")
    told = "; ".join(f"{name} at most {c.max()}, mean {c.mean():.1f}" for name, c in changes.items())
    return show(
        figure,
        f"A line after each operation, and the change of the input in gray levels, brightest where it is largest: {told}.",
    )


def show_readings(accuracy: Mapping[str, list[float]], strengths: list[float], count: int):
    """Draw the accuracy of a recognizer against the strength of several warps.

    Args:
        accuracy: share of the words that are read exactly at each strength, by name of the warp.
        strengths: see `at_strength`.
        count: number of words.

    Returns: an IPython.display.Image.
    """
    figure, axis = new_figure(size=(8, 3.4))
    for (name, values), color, marker in zip(accuracy.items(), COLORS, MARKERS, strict=False):
        axis.plot(strengths, values, color=color, marker=marker, label=name)
    axis.set(
        xlabel="strength (1: as PaddleOCR draws the moves)",
        ylabel="words read exactly",
        title=f"{count} words, bent more and more",
        ylim=(0, 1),
    )
    axis.legend(fontsize=9)
    told = "; ".join(
        f"{name} " + ", ".join(f"{value:.2f}" for value in values) for name, values in accuracy.items()
    )
    return show(
        figure,
        f"Share of {count} words that are read exactly at the strengths {', '.join(map(str, strengths))}: {told}.",
    )


def show_scores(scores: Mapping[str, Mapping[str, float]], counts: Mapping[str, int]):
    """Draw the accuracy of several recognizers on several kinds of lines, with standard errors.

    Args:
        scores: share of the words that are read exactly by kind of lines, by name of the recognizer.
        counts: number of words of each kind.

    Returns: an IPython.display.Image.
    """
    figure, axis = new_figure(size=(10, 3.4))
    told = _grouped_bars(axis, scores, counts=counts)
    axis.set(ylabel="words read exactly", ylim=(0, 1.15), title="held-back words, with standard errors")
    words = ", ".join(f"{count} {kind}" for kind, count in counts.items())
    return show(figure, f"Share of words that are read exactly, of {words}. {told}.")
