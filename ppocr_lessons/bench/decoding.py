"""Greedy decoding, beam search and beam search with a character model on the same probabilities of labeled lines."""

import pathlib
import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import cv2
import numpy as np

from ..datasets.labels import LabelFile
from ..datasets.pictures import read_picture
from ..datasets.synthetic.corpus import english_words
from ..rec.metric import character_error_rate


class Outcome(NamedTuple):
    """Results of a decoder on labeled lines.

    Fields:
        acc: share of lines that were read exactly.
        cer: mean character error rate.
        fixed: lines that are right here and wrong with the decoder that it is compared with.
        broken: lines that are wrong here and right with the other decoder.
        different: lines that the two decoders read differently.
    """

    acc: float
    cer: float
    fixed: int
    broken: int
    different: int


def labeled_lines(folder) -> tuple[list[np.ndarray], list[str]]:
    """Read a recognition dataset.

    Args:
        folder: contains label.txt and the images that it names.

    Returns: (H, W, 3) uint8 RGB crops, and their texts.

    Raises:
        PictureError, LabelError: an image or the label file cannot be read.
    """
    folder = pathlib.Path(folder)
    labels = LabelFile(folder / "label.txt")
    pairs = [labels[i] for i in range(len(labels))]
    return [read_picture(folder / name) for name, _ in pairs], [text for _, text in pairs]


def blurred(crop: np.ndarray, sigma: float) -> np.ndarray:
    """A line at the height of the recognizer, out of focus.

    Args:
        crop: (H, W, 3) uint8 RGB.
        sigma: of the Gaussian blur in pixels, at a height of 32 pixels; 0 for none.

    Returns: (32, W', 3) uint8 RGB; for sigma 0 the crop itself.
    """
    if sigma == 0:
        return crop
    small = cv2.resize(crop, (max(1, round(32 * crop.shape[1] / crop.shape[0])), 32))
    return cv2.GaussianBlur(small, (0, 0), sigma)


def other_words(texts: Iterable[str]) -> list[str]:
    """The word list of the package without the words that occur in texts, for a character model that has not seen them.

    Args:
        texts: lines that are going to be scored; case does not matter.

    Returns: the remaining words.
    """
    seen = set(re.findall("[a-z]+", " ".join(texts).lower()))
    return [word for word in english_words() if word.lower() not in seen]


def compare(readings: Sequence[str], baseline: Sequence[str], texts: Sequence[str]) -> Outcome:
    """Score the readings of a decoder, alone and against those of another one.

    Args:
        readings: N texts.
        baseline: N texts that another decoder read.
        texts: N labels.

    Returns: the scores.
    """
    rows = list(zip(readings, baseline, texts, strict=True))
    return Outcome(
        acc=float(np.mean([reading == text for reading, _, text in rows])),
        cer=float(np.mean([character_error_rate(reading, text) for reading, _, text in rows])),
        fixed=sum(reading == text != before for reading, before, text in rows),
        broken=sum(before == text != reading for reading, before, text in rows),
        different=sum(reading != before for reading, before, _ in rows),
    )
