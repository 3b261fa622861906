"""Figures of CTC decoding: the best class of each time step, the collapsed text, beam search with a character model."""

import numpy as np
from matplotlib.patches import Patch

from ..rec.alphabet import BLANK, Alphabet
from ..rec.ctc_decode import collapse, greedy_decode
from .figure import BLUE, GREEN, MARKERS, ORANGE, RED, new_figure, show, show_picture

COLORS = (BLUE, RED, GREEN)


def show_collapse(crop: np.ndarray, probs: np.ndarray, alphabet: Alphabet):
    """The line, the most probable class of each time step, and the text after collapsing.

    Args:
        crop: (H, W, 3) uint8 RGB.
        probs: (T, K), softmax over K, of the crop at a height of 32 pixels, with padding on the right.
        alphabet: of the K classes.
    """
    classes, best = probs.argmax(1), probs.max(1)
    keep = collapse(classes)
    text, score = greedy_decode(probs[None], alphabet)[0]
    covered = 32 * crop.shape[1] / crop.shape[0] / 4  # the steps after it see padding
    steps = np.arange(min(len(probs), max(1, round(covered))))
    count = len(steps)
    figure, (top, bottom) = new_figure(2, size=(12, 3.6), height_ratios=(1, 3))
    show_picture(top, crop, f'Read: "{text}" (score {score:.3f})')
    # The picture spans its time steps, so that each character is below its letter.
    top.images[0].set_extent((-0.5, covered - 0.5, 0, 1))
    top.set(aspect="auto", xlim=(-0.5, count - 0.5))
    for step in steps:
        if classes[step] == BLANK:
            bottom.bar(step, best[step], width=0.9, color="#d5d5d5")
        elif keep[step]:
            bottom.bar(step, best[step], width=0.9, color=BLUE)
            letter = alphabet.decode([classes[step]])
            bottom.text(step, 1.05, "␣" if letter == " " else letter, ha="center", fontsize=9)
        else:
            bottom.bar(step, best[step], width=0.9, color=ORANGE, hatch="///", edgecolor="black", lw=0)
    kinds = (
        Patch(color=BLUE, label="kept character"),
        Patch(fc=ORANGE, ec="black", hatch="///", lw=0, label="repeat, merged"),
        Patch(color="#d5d5d5", label="blank, dropped"),
    )
    figure.legend(handles=kinds, loc="outside lower center", ncols=3, fontsize=9)
    bottom.set(
        ylim=(0, 1.22), xlim=(-0.5, count - 0.5), yticks=(0, 0.5, 1),
        xlabel="time step (4 pixels each)", ylabel="probability",
    )  # fmt: skip
    return show(figure, f"Best class at each time step; merged and without blanks they read {text!r}")


def show_weights(accuracy: dict[str, list[float]], weights):
    """Accuracy of beam search against the weight of its character model, a line for each kind of lines.

    Args:
        accuracy: shares of exact lines, one for each weight, by name of the lines; the first belongs to greedy decoding.
        weights: of the model.

    Returns: an IPython.display.Image.
    """
    figure, axis = new_figure(size=(8, 3.8))
    for (name, (greedy, *values)), color, marker in zip(accuracy.items(), COLORS, MARKERS, strict=False):
        axis.plot(range(len(weights)), values, color=color, marker=marker, label=name)
        axis.axhline(greedy, color=color, ls=":", lw=1.2)
    axis.set_xticks(range(len(weights)), [f"{w:g}" for w in weights])
    axis.set_xlabel("weight of the character model")
    axis.set_ylabel("share of exact lines")
    axis.set_title("beam search; dotted: greedy decoding")
    axis.legend(fontsize=9)
    told = "; ".join(
        f"{name}: greedy {v[0]:.3f}, beam {' '.join(f'{x:.3f}' for x in v[1:])}"
        for name, v in accuracy.items()
    )
    return show(figure, f"Accuracy at the weights {', '.join(f'{w:g}' for w in weights)}. {told}")
