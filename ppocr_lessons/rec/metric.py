"""Metrics of a recognizer: accuracy of whole lines, and edit distance."""

import string
from typing import NamedTuple

from rapidfuzz.distance import Levenshtein

EPS = 1e-5
ALPHANUMERIC = frozenset(string.digits + string.ascii_letters)


class RecScore(NamedTuple):
    """Scores over all lines: `acc`, fraction of exact matches; `norm_edit_dis`, 1 - mean normalized edit distance."""

    acc: float
    norm_edit_dis: float


class RecMetric:
    """Compare recognized texts with labels.

    Args:
        ignore_space: remove spaces before the comparison.
        is_filter: compare only digits and Latin letters, regardless of case.

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
        """Add one line.

        Args:
            predicted: recognized text.
            expected: label.

        Returns: whether the text was recognized correctly.
        """
        predicted, expected = self._compared(predicted), self._compared(expected)
        self.distance += Levenshtein.normalized_distance(predicted, expected)
        self.count += 1
        self.correct += predicted == expected
        return predicted == expected

    def score(self) -> RecScore:
        """Scores of all lines that were added."""
        total = self.count + EPS
        return RecScore(self.correct / total, 1 - self.distance / total)


def character_error_rate(predicted: str, expected: str) -> float:
    """Number of edits between recognized text and label, divided by the length of the label.

    Args:
        predicted: recognized text.
        expected: label.

    Returns: the rate; it can be larger than 1.
    """
    return Levenshtein.distance(predicted, expected) / max(1, len(expected))
