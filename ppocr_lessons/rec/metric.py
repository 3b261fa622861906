"""How good a recognizer is: exact matches, and how many edits the others are away."""

import string
from typing import NamedTuple

from rapidfuzz.distance import Levenshtein

EPS = 1e-5
ALPHANUMERIC = frozenset(string.digits + string.ascii_letters)


class RecScore(NamedTuple):
    """Scores over all lines so far: share of exact matches, and 1 - mean normalized edit distance."""

    acc: float
    norm_edit_dis: float


class RecMetric:
    """Compares texts; case counts, spaces do not.

    Args:
        ignore_space: compare without spaces.
        is_filter: compare digits and Latin letters alone, without their case.

    PaddleOCR: RecMetric in ppocr/metrics/rec_metric.py.
    """

    def __init__(self, *, ignore_space: bool = True, is_filter: bool = False):
        self.ignore_space, self.is_filter = ignore_space, is_filter
        self.correct = self.count = 0
        self.distance = 0.0

    def _compared(self, text: str) -> str:
        text = text.replace(" ", "") if self.ignore_space else text
        return "".join(c for c in text if c in ALPHANUMERIC).lower() if self.is_filter else text

    def add(self, predicted: str, expected: str) -> bool:
        """Count one line; whether it was right.

        Args:
            predicted: text that was read.
            expected: text that is there.
        """
        predicted, expected = self._compared(predicted), self._compared(expected)
        self.distance += Levenshtein.normalized_distance(predicted, expected)
        self.count += 1
        self.correct += predicted == expected
        return predicted == expected

    def score(self) -> RecScore:
        """Scores of everything added."""
        total = self.count + EPS
        return RecScore(self.correct / total, 1 - self.distance / total)


def character_error_rate(predicted: str, expected: str) -> float:
    """Edits needed to turn the prediction into the truth, by the length of the truth.

    Args:
        predicted: text that was read.
        expected: text that is there.
    """
    return Levenshtein.distance(predicted, expected) / max(1, len(expected))
