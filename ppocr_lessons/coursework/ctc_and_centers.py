"""Inputs of the assignment on CTC decoding, the CTC loss and the centers of Enhanced CTC."""

from typing import NamedTuple

import numpy as np
import paddle

from ..datasets.resize import fit_line
from ..datasets.synthetic.pages import word_at
from ..rec.alphabet import BLANK, Alphabet
from ..zoo.pretrained import pretrained, pretrained_alphabet

READINGS, LABELS, WORDS = range(3)
"""Numbers of the random streams of a seed, one for each purpose."""

SMALL = Alphabet("0123456789abcdef", use_space=False)
"""Alphabet of the drawn probabilities: 16 characters and the blank."""

WORD_WIDTH = 160
"""Width in pixels of the words that the recognizer reads."""


class RecognizedWords(NamedTuple):
    """Words that the shipped recognizer has read.

    Fields:
        texts: N labels.
        logits: (N, T, K) float32, before the softmax.
        feats: (N, T, D) float32, features before the last layer.
        alphabet: characters of the K classes.
    """

    texts: list[str]
    logits: np.ndarray
    feats: np.ndarray
    alphabet: Alphabet


def draw_path(rng: np.random.Generator, length: int, *, repeats: int) -> list[int]:
    """Draw an alignment: runs of classes with blanks between them, among them repeated characters.

    Args:
        rng: source of all random numbers.
        length: number of characters.
        repeats: how many of them repeat the character before, with a blank between the two.

    Returns: one class per time step.
    """
    again = set(rng.permutation(np.arange(1, length))[:repeats].tolist())
    label, path = [], []
    for place in range(length):
        if place in again:
            label.append(label[-1])
        else:
            last = label[-1] if label else BLANK
            label.append(int(rng.choice([c for c in range(1, SMALL.classes) if c != last])))
        blanks = int(rng.integers(1 if place in again else 0, 3))
        path += [BLANK] * blanks + [label[-1]] * int(rng.integers(1, 4))
    return path + [BLANK] * int(rng.integers(0, 3))


def draw_probabilities(seed: int, lines: int = 8, steps: int = 36) -> np.ndarray:
    """Draw the class probabilities of lines, as a recognizer would give them.

    Args:
        seed: of the assignment.
        lines: number of lines.
        steps: number of time steps.

    Returns: (lines, steps, 17) float64; each time step adds up to 1.
    """
    rng = np.random.default_rng([seed, READINGS])
    paths = [draw_path(rng, int(rng.integers(5, 8)), repeats=2) for _ in range(lines)]
    padded = np.array([(path + [BLANK] * steps)[:steps] for path in paths])
    logits = rng.normal(0, 1, (lines, steps, SMALL.classes))
    np.put_along_axis(logits, padded[..., None], rng.uniform(2, 5, (lines, steps, 1)), 2)
    return np.exp(logits) / np.exp(logits).sum(2, keepdims=True)


def draw_labels(seed: int, lines: int = 4) -> list[str]:
    """Draw labels for the CTC loss. Each has a repeated character.

    Args:
        seed: of the assignment.
        lines: number of labels.

    Returns: texts of three to six characters of `SMALL`.
    """
    rng = np.random.default_rng([seed, LABELS])
    texts = []
    for _ in range(lines):
        text = "".join(rng.choice(list("0123456789abcdef"), int(rng.integers(2, 6))))
        place = int(rng.integers(len(text)))
        texts.append(text[:place] + text[place] + text[place:])
    return texts


def recognized_words(seed: int, count: int) -> RecognizedWords:
    """Render words and run the shipped recognizer `course` on them.

    Args:
        seed: of the assignment.
        count: number of words.

    Returns: labels, logits and features; T is 40 time steps.
    """
    words = [word_at(1000 * seed + WORDS, index) for index in range(count)]
    net, alphabet = pretrained("rec", "course"), pretrained_alphabet("course")
    images = np.stack([fit_line(word.image, 32, WORD_WIDTH) for word in words])
    with paddle.no_grad():
        logits, feats = net(paddle.to_tensor(images))
    return RecognizedWords([word.text for word in words], logits.numpy(), feats.head.numpy(), alphabet)
