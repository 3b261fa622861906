"""Centers for the center loss: the mean feature of each class over correctly read lines (chapter 3.2.3).

    c_k = mean of x_t over all time steps t with y_t = k,   y_t = most probable class of time step t, including the blank

The four steps of Enhanced CTC: train a recognizer with the CTC loss, keep the training lines that it reads correctly,
collect the features of all time steps by class, and average them. The averages are the centers toward which
`losses.center_loss` then pulls the features.
"""

from typing import NamedTuple

import numpy as np

from .alphabet import BLANK, Alphabet

NOT_COUNTED = -1
"""Class of the time steps of lines that were misread."""


class ClassSums(NamedTuple):
    """Sums of features by class, which can be added up over batches.

    Fields:
        sums: (K, D) float64, sum of the features of each class.
        counts: (K,) int64, number of time steps of each class.
    """

    sums: np.ndarray
    counts: np.ndarray

    def plus(self, other: "ClassSums") -> "ClassSums":
        """Add the sums of other lines.

        Args:
            other: sums for the same classes.

        Returns: the total of both.
        """
        return ClassSums(self.sums + other.sums, self.counts + other.counts)


def step_classes(logits, right) -> np.ndarray:
    """Class of each time step in the averages. All time steps of a correctly read line count, blanks included.

    Args:
        logits: (N, T, K) logits or probabilities.
        right: (N,) bool, whether the line was read correctly.

    Returns: (N, T) int64 classes; NOT_COUNTED in lines that were misread.
    """
    return np.where(np.asarray(right, bool)[:, None], np.asarray(logits).argmax(-1), NOT_COUNTED)


def class_sums(feats, steps, classes: int) -> ClassSums:
    """Add up the features of each class.

    Args:
        feats: (N, T, D) features.
        steps: (N, T) class of each time step; see `step_classes`.
        classes: number of classes, K.

    Returns: sums and counts.
    """
    feats, steps = np.asarray(feats), np.asarray(steps)
    counted = steps != NOT_COUNTED
    sums = np.zeros((classes, feats.shape[-1]))
    np.add.at(sums, steps[counted], feats[counted])
    return ClassSums(sums, np.bincount(steps[counted], minlength=classes))


def means(found: ClassSums) -> dict[int, np.ndarray]:
    """Divide the sums by the counts.

    Args:
        found: sums and counts of K classes.

    Returns: (D,) float64 centers by class, without the classes that do not occur.
    """
    return {int(k): found.sums[k] / found.counts[k] for k in np.flatnonzero(found.counts)}


def class_centers(feats, logits, right, classes: int) -> dict[int, np.ndarray]:
    """Mean feature of each class over all time steps of the lines that were read correctly.

    Args:
        feats: (N, T, D) features.
        logits: (N, T, K) logits or probabilities.
        right: (N,) bool, whether the line was read correctly.
        classes: number of classes, K.

    Returns: (D,) float64 centers by class, without the classes that do not occur.
    Source: chapter 3.2.3.
    PaddleOCR: tools/export_center.py, `update_center` in tools/program.py.
    """
    return means(class_sums(feats, step_classes(logits, right), classes))


def class_name(index: int, alphabet: Alphabet) -> str:
    """Name of a class for messages and figures.

    Args:
        index: class, 0 for the blank.
        alphabet: characters of the classes.

    Returns: the character, or "blank" or "space".
    """
    character = alphabet.decode([index]) if index != BLANK else ""
    return {"": "blank", " ": "space"}.get(character, character)


def classes_without_center(centers, alphabet: Alphabet) -> list[str]:
    """Names of the classes that have no center, because no correctly read line contains them.

    Args:
        centers: classes that have a center, such as the dictionary of `class_centers`.
        alphabet: characters of the classes.

    Returns: names in the order of the classes.
    """
    return [class_name(k, alphabet) for k in range(alphabet.classes) if k not in centers]
