"""Greedy CTC decoding: from class probabilities at every time step to a text and its score (chapter 2.3)."""

from typing import NamedTuple

import numpy as np

from .alphabet import BLANK, Alphabet


class Reading(NamedTuple):
    """A text and its score, the mean probability of its characters; 0 for an empty text."""

    text: str
    score: float


def collapse(classes) -> np.ndarray:
    """Select the time steps that produce a character: the first step of each run of a class other than the blank.

    Args:
        classes: (T,) most probable class of each time step.

    Returns: (T,) bool.
    """
    classes = np.asarray(classes)
    first = np.ones(len(classes), bool)
    first[1:] = classes[1:] != classes[:-1]
    return first & (classes != BLANK)


def check_classes(probs, alphabet: Alphabet) -> np.ndarray:
    """Check that probabilities have one class for the blank and one for each character of an alphabet.

    Args:
        probs: (N, T, K) probabilities.
        alphabet: characters of the network's classes.

    Returns: the probabilities as an array.

    Raises:
        ValueError: probs has another shape, or K differs from the number of classes of the alphabet.
    """
    probs, characters = np.asarray(probs), alphabet.classes - 1
    if probs.ndim != 3 or probs.shape[2] != alphabet.classes:
        raise ValueError(
            f"probs has shape {probs.shape}; (N, T, {alphabet.classes}) is needed for a dictionary of {characters} "
            "characters and the blank: is it the dictionary that the network was trained with?"
        )
    return probs


def greedy_decode(probs, alphabet: Alphabet) -> list[Reading]:
    """Take the most probable class of each time step, merge runs of the same class, drop blanks.

    Args:
        probs: (N, T, K) probabilities, softmax over K.
        alphabet: alphabet of K classes.

    Returns: N texts with their scores.

    Raises:
        ValueError: K differs from the number of classes of the alphabet.
    PaddleOCR: CTCLabelDecode in ppocr/postprocess/rec_postprocess.py. At the time of the chapter the score of an empty
        text was nan there; today it is 0.
    """
    probs = check_classes(probs, alphabet)
    readings = []
    for steps in probs:
        classes = steps.argmax(1)
        keep = collapse(classes)
        score = float(steps.max(1)[keep].mean()) if keep.any() else 0.0
        readings.append(Reading(alphabet.decode(classes[keep]), score))
    return readings
