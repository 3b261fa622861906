"""Short words for the recognition ablations: lines on which a whole recognizer can be trained in a few minutes.

A recognizer of 6,625 characters needs days. Words of three to six lower-case letters, black on white, show the same effects
of a strategy after a thousand steps. The words that are scored occur in no training line.
"""

from functools import cache
from typing import NamedTuple

import cv2
import numpy as np
import paddle
import paddle.nn.functional as F

from ..datasets.resize import fit_line
from ..datasets.seeding import rng_for
from ..datasets.synthetic.corpus import english_words
from ..datasets.synthetic.pages import render_line
from ..deploy.rectify import crop_line
from ..rec.alphabet import Alphabet
from ..rec.ctc_decode import greedy_decode
from ..rec.metric import character_error_rate
from .read import read_pages

LETTERS = "abcdefghijklmnopqrstuvwxyz"
WIDTH = 64
"""Width of the input in pixels: 16 time steps."""

TRAINING, HELD_BACK = 1500, 400
"""Number of rendered lines for training and for scoring."""

TRAINING_SEED, HELD_BACK_SEED = 1, 900_001


class Words(NamedTuple):
    """Lines of one word: `images`, (H, W, 3) uint8 RGB each, and `texts`."""

    images: list[np.ndarray]
    texts: list[str]


def alphabet() -> Alphabet:
    """The characters of the ablations: 26 letters and the blank."""
    return Alphabet(LETTERS)


@cache
def vocabulary() -> tuple[list[str], list[str]]:
    """Words for training and words for scoring; every eighth word is held back."""
    words = [word for word in english_words() if 3 <= len(word) <= 6 and set(word) <= set(LETTERS)]
    return [word for i, word in enumerate(words) if i % 8], words[::8]


def rendered(held_back: bool, *, clean: bool = True, count: int | None = None) -> Words:
    """Render the lines of a set; the same on every machine.

    Args:
        held_back: the lines for scoring instead of those for training.
        clean: black on white and straight; otherwise with tilt, background and camera effects.
        count: number of lines; None for HELD_BACK or TRAINING.
    """
    words = vocabulary()[held_back]
    seed, usual = (HELD_BACK_SEED, HELD_BACK) if held_back else (TRAINING_SEED, TRAINING)
    count = usual if count is None else count
    found = Words([], [])
    for index in range(count):
        rng = rng_for(seed, index)
        line = render_line(rng, words[rng.integers(len(words))], clean=clean)
        found.images.append(line.image)
        found.texts.append(line.text)
    return found


def split_words(line: np.ndarray, count: int) -> list[np.ndarray]:
    """Cut a line of text at its widest gaps.

    Args:
        line: (H, W, 3) uint8 RGB, dark text on a light ground.
        count: number of words.

    Returns: images of the words from left to right; fewer if the line has fewer gaps.
    """
    gray = cv2.cvtColor(line, cv2.COLOR_RGB2GRAY)
    ink = gray < cv2.blur(gray, (2 * line.shape[0] + 1,) * 2).astype(float) - 20
    filled = np.flatnonzero(ink.any(0))
    gaps = sorted(np.argsort(np.diff(filled))[len(filled) - count :]) if count > 1 else []
    starts = [filled[0], *(filled[gap + 1] for gap in gaps)]
    ends = [*(filled[gap] for gap in gaps), filled[-1]]
    return [line[:, max(0, a - 2) : b + 3] for a, b in zip(starts, ends, strict=True)]


def photographed(labels) -> Words:
    """Words of labeled photographs that consist of two to eight lower-case letters, cut out of their lines.

    Args:
        labels: label file in PaddleOCR's detection format, such as data/real_en/label.txt.
    """
    found = Words([], [])
    for page in read_pages(labels):
        for polygon, text in zip(page.polygons, page.texts, strict=True):
            pieces = split_words(crop_line(page.image, polygon), len(text.split()))
            for piece, word in zip(pieces, text.split(), strict=True):
                whole = piece.shape[1] >= 0.2 * piece.shape[0] * len(word)  # narrower: cut at the wrong gap
                if whole and 2 <= len(word) <= 8 and set(word) <= set(LETTERS):
                    found.images.append(piece)
                    found.texts.append(word)
    return found


@paddle.no_grad()
def readings_of(net, images: list[np.ndarray]) -> list[str]:
    """Read words that are resized to the width of the training.

    Args:
        net: a recognizer in evaluation mode.
        images: (H, W, 3) uint8 RGB each.

    Returns: a text for each image.
    """
    readings: list[str] = []
    for start in range(0, len(images), 50):
        batch = np.stack([fit_line(image, 32, WIDTH) for image in images[start : start + 50]])
        probs = F.softmax(net(paddle.to_tensor(batch))[0], axis=-1).numpy()
        readings += [reading.text for reading in greedy_decode(probs, alphabet())]
    return readings


def score_words(net, words: Words) -> dict[str, float]:
    """Share of words that are read exactly, and mean character error rate.

    Args:
        net: a recognizer in evaluation mode.
        words: lines to read.

    Returns: {"acc", "cer"}.
    """
    pairs = list(zip(readings_of(net, words.images), words.texts, strict=True))
    return {
        "acc": float(np.mean([a == b for a, b in pairs])),
        "cer": float(np.mean([character_error_rate(a, b) for a, b in pairs])),
    }
