"""Steps 2 to 4 of Enhanced CTC: read lines with a trained recognizer and average the features by class (chapter 3.2.3)."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import paddle

from .alphabet import BLANK, Alphabet
from .class_centers import ClassSums, class_sums, classes_without_center, means, step_classes
from .ctc_decode import greedy_decode


class Collected(NamedTuple):
    """Centers of a recognizer, and the lines that they come from.

    Fields:
        centers: (D,) float64 center by class; without the classes that no correctly read line contains.
        counts: (K,) int64, number of time steps of each class.
        lines: number of lines.
        correct: number of lines that were read correctly.
    """

    centers: dict[int, np.ndarray]
    counts: np.ndarray
    lines: int
    correct: int

    def summary(self, alphabet: Alphabet) -> dict:
        """Numbers of the collection, for a log.

        Args:
            alphabet: characters of the classes.

        Returns: numbers of lines, correct lines, classes and centers, fraction of blanks among the counted time steps,
            and names of the classes without a center.
        """
        return {
            "lines": self.lines,
            "correct": self.correct,
            "classes": len(self.counts),
            "centers": len(self.centers),
            "blank_share": round(float(self.counts[BLANK] / max(1, self.counts.sum())), 4),
            "without_center": classes_without_center(self.centers, alphabet),
        }

    def table(self) -> np.ndarray:
        """The centers as an array, as `losses.center_loss.CenterLoss` takes them.

        Returns: (K, D) float32; rows of classes without a center are NaN.
        """
        width = len(next(iter(self.centers.values())))
        rows = np.full((len(self.counts), width), np.nan, np.float32)
        rows[list(self.centers)] = list(self.centers.values())
        return rows


@paddle.no_grad()
def collect(net, batches: Iterable, alphabet: Alphabet) -> Collected:
    """Read labeled lines and average the features of those that are read correctly, by class.

    Args:
        net: CRNN in evaluation mode.
        batches: of (images, texts): (N, 3, 32, W) float32 and N texts.
        alphabet: characters of the classes of the network.

    Returns: centers and counts; no centers if no line is read correctly.

    Raises:
        ValueError: there are no lines.
    PaddleOCR: `get_center` in tools/program.py, where the batch norms use the statistics of the batch.
    """
    total: ClassSums | None = None
    lines = correct = 0
    for images, texts in batches:
        logits, feats = net(paddle.to_tensor(images))
        logits = logits.astype("float32").numpy()
        # Logits are sufficient: the most probable class of each time step is the same as for probabilities.
        readings = greedy_decode(logits, alphabet)
        texts = [text.lower() if alphabet.lower else text for text in texts]
        right = np.array([reading.text == text for reading, text in zip(readings, texts, strict=True)])
        head = feats.head.astype("float32").numpy()
        sums = class_sums(head, step_classes(logits, right), alphabet.classes)
        total = sums if total is None else total.plus(sums)
        lines, correct = lines + len(right), correct + int(right.sum())
    if total is None:
        raise ValueError("there are no lines to collect features from")
    return Collected(means(total), total.counts, lines, correct)
