"""Collect the samples of an evaluation that a network gets most wrong."""

import heapq
import itertools
from typing import NamedTuple

import numpy as np
from rapidfuzz.distance import Levenshtein

from ..config.configuration import Config, Context
from ..datasets.loader import Dataset
from ..datasets.pictures import read_picture
from ..det.metric import PageMatches, match_page
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


def outlines(labels, boxes, matches: PageMatches) -> dict[str, list]:
    """Classify the label polygons and the found boxes of a page as the metric does.

    Args:
        labels: label polygons, each (P, 2) in pixels.
        boxes: polygons that were found.
        matches: result of `match_page` for these polygons.

    Returns: the polygons by OUTLINES.
    """
    found: dict[str, list] = {kind: [] for kind in OUTLINES}
    sides = (
        (labels, matches.labels, {label for label, _ in matches.pairs}, ("found text", "missed text")),
        (boxes, matches.detections, {box for _, box in matches.pairs}, ("found box", "false box")),
    )
    for polygons, counted, matched, (right, wrong) in sides:
        for index, polygon in enumerate(polygons):
            kind = right if index in matched else wrong
            found[kind if index in counted else "does not count"].append(polygon)
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
        matches = match_page(polygons, page.polygons, page.ignored)
        missed = len(matches.labels) - len(matches.pairs)
        false = len(matches.detections) - len(matches.pairs)
        if not missed + false:
            return None
        note = f"{missed} of {len(matches.labels)} texts missed, {false} of {len(matches.detections)} boxes false"
        return missed + false, "", "", (page.polygons, polygons, matches), note

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
