"""Collect the samples of an evaluation that a network gets most wrong."""

import heapq
import itertools
from typing import NamedTuple

import numpy as np
from rapidfuzz.distance import Levenshtein

from ..config.configuration import Config, Context
from ..datasets.loader import Dataset
from ..datasets.pictures import read_picture
from ..det.metric import DetMetric
from ..rec.metric import RecMetric


class Case(NamedTuple):
    """A sample with errors.

    Fields:
        name: of the image file.
        place: label file and line.
        image: (H, W, 3) uint8 RGB, as it is in the file.
        expected: text or direction according to the label; empty for a detector.
        answer: text or direction that was read; empty for a detector.
        outlines: polygons of a detector by OUTLINES, each (P, 2) in pixels; None for the other tasks.
        note: what is wrong, in a few words.
    """

    name: str
    place: str
    image: np.ndarray
    expected: str
    answer: str
    outlines: dict[str, list] | None
    note: str


OUTLINES = ("does not count", "found text", "found box", "missed text", "false box")
"""Kinds of outlines on a page, in the order in which they are drawn."""


def outlines(labels, ignored, boxes) -> dict[str, list]:
    """Classify the label polygons and the found boxes of a page as the metric does.

    Args:
        labels: label polygons, each (P, 2) in pixels.
        ignored: True for each label polygon that does not count.
        boxes: polygons that were found.

    Returns: the polygons by OUTLINES.
    """
    pairs = DetMetric().add(boxes, labels, ignored)
    matched_labels, matched_boxes = ({pair[side] for pair in pairs} for side in (0, 1))
    found: dict[str, list] = {kind: [] for kind in OUTLINES}
    for index, polygon in enumerate(labels):
        kind = "found text" if index in matched_labels else "missed text"
        found["does not count" if ignored[index] else kind].append(polygon)
    for index, box in enumerate(boxes):
        kind = "found box" if index in matched_boxes else "false box"
        alone = DetMetric()
        alone.add([box], labels, ignored)
        found[kind if alone.detected else "does not count"].append(box)
    return found


class WorstCases:
    """Callback of an evaluation that keeps the samples with the most errors.

    Of a detector, these are the pages with the most missed texts and false boxes; of a recognizer, the lines with the
    largest edit distance in relation to their length; of a classifier, the lines with the most confident wrong answer.

    Args:
        config: configuration that is evaluated.
        dataset: its evaluation dataset.
        shared: see `config.configuration.context`.
        count: highest number of samples to keep.
    """

    def __init__(self, config: Config, dataset: Dataset, shared: Context, count: int):
        self.config, self.dataset, self.shared, self.count = config, dataset, shared, count
        self.wrong = 0
        self._kept: list = []
        self._order = itertools.count()

    def __call__(self, index: int, expected, answer) -> None:
        """Look at a sample; see `config.evaluation.evaluate`.

        Args:
            index: of the sample in the dataset.
            expected: its label.
            answer: output of the network.
        """
        look = {"det": self._page, "rec": self._line, "cls": self._direction}[self.config.task]
        found = look(expected, answer)
        if found is None:
            return
        badness, *rest = found
        self.wrong += 1
        # The number in the middle breaks ties, because the elements after it may not be comparable.
        heapq.heappush(self._kept, (badness, -next(self._order), index, *rest))
        if len(self._kept) > self.count:
            heapq.heappop(self._kept)

    def _page(self, page, polygons):
        metric = DetMetric()
        metric.add(polygons, page.polygons, page.ignored)
        missed, false = metric.expected - metric.matched, metric.detected - metric.matched
        note = f"{missed} of {metric.expected} texts missed, {false} of {metric.detected} boxes false"
        return (
            (missed + false, "", "", (page.polygons, page.ignored, polygons), note)
            if missed + false
            else None
        )

    def _line(self, text, reading):
        metric = RecMetric(
            ignore_space=self.config.metric.ignore_space, is_filter=self.config.metric.is_filter
        )
        text = text.lower() if self.shared.alphabet.lower else text
        if metric.add(reading.text, text):
            return None
        edits = Levenshtein.distance(reading.text, text)
        return (
            metric.distance, text, reading.text, None,
            f"edit distance {edits}, characters in the label: {len(text)}, read with score {reading.score:.2f}",
        )  # fmt: skip

    def _direction(self, label, logits):
        probs = np.exp(logits - logits.max())
        probs /= probs.sum()
        best, label = int(probs.argmax()), int(label)
        names = self.shared.labels
        if best == label:
            return None
        return float(probs[best]), names[label], names[best], None, f"read with probability {probs[best]:.2f}"

    def cases(self) -> list[Case]:
        """The samples, the worst one first, with their images."""
        found = []
        for _, _, index, expected, answer, shapes, note in sorted(self._kept, reverse=True):
            sample = self.dataset.open(index)
            file, line = self.dataset.source.place(index)
            image = read_picture(sample.picture)
            drawn = outlines(*shapes) if shapes else None
            found.append(Case(sample.name, f"{file}:{line}", image, expected, answer, drawn, note))
        return found
