"""How good a recogniser is: exact matches, and how many edits the others are away."""

from typing import NamedTuple

from rapidfuzz.distance import Levenshtein

EPS = 1e-5


class RecScore(NamedTuple):
    """Scores over all lines so far: share of exact matches, and 1 - mean normalised edit distance."""

    acc: float
    norm_edit_dis: float


class RecMetric:
    """Compares texts with their spaces removed; case counts.

    PaddleOCR: RecMetric in ppocr/metrics/rec_metric.py.
    """

    def __init__(self):
        self.correct = self.count = 0
        self.distance = 0.0

    def add(self, predicted: str, expected: str) -> bool:
        """Count one line; whether it was right."""
        predicted, expected = predicted.replace(" ", ""), expected.replace(" ", "")
        self.distance += Levenshtein.normalized_distance(predicted, expected)
        self.count += 1
        self.correct += predicted == expected
        return predicted == expected

    def score(self) -> RecScore:
        """Scores of everything added."""
        total = self.count + EPS
        return RecScore(self.correct / total, 1 - self.distance / total)


def character_error_rate(predicted: str, expected: str) -> float:
    """Edits needed to turn the prediction into the truth, by the length of the truth."""
    return Levenshtein.distance(predicted, expected) / max(1, len(expected))
