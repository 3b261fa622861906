"""How CTC reads: the best class of every time step, and what is left of it."""

import numpy as np

from ..rec.alphabet import BLANK, Alphabet
from ..rec.ctc_decode import collapse, greedy_decode
from .figure import BLUE, ORANGE, new_figure, show, show_picture


def show_collapse(crop: np.ndarray, probs: np.ndarray, alphabet: Alphabet):
    """The line, the best character of each time step, and the collapse to a text.

    Args:
        crop: (H, W, 3) uint8 RGB.
        probs: (T, K), softmax over K.
        alphabet: of K classes.
    """
    classes, best = probs.argmax(1), probs.max(1)
    keep = collapse(classes)
    text, score = greedy_decode(probs[None], alphabet)[0]
    figure, (top, bottom) = new_figure(2, size=(12, 3.6), height_ratios=(1, 2.2))
    covered = min(1.0, 32 * crop.shape[1] / crop.shape[0] / (4 * len(probs)))  # the rest is padding
    show_picture(top, crop, "the line, under it the probability of the best class at each of its steps")
    steps = np.arange(max(1, round(covered * len(probs))))
    bars = bottom.bar(steps, best[steps], width=0.9, color="#dddddd", edgecolor="#bbbbbb")
    for step in steps:
        if classes[step] != BLANK:
            bars[step].set_color(BLUE if keep[step] else ORANGE)
            bars[step].set_hatch("" if keep[step] else "//")
            letter = alphabet.decode([classes[step]])
            bottom.text(step, best[step] + 0.02, "␣" if letter == " " else letter, ha="center", fontsize=9)
    bottom.set(
        ylim=(0, 1.2), xlim=(-0.5, len(steps) - 0.5), xlabel="time step (4 pixels each)", ylabel="probability"
    )
    bottom.set_title(
        f'blue: kept, hatched: repeats, gray: blank. Read: "{text}", score {score:.3f}', fontsize=10
    )
    return show(figure, f"Best class at each time step; merged and without blanks they read {text!r}")
