"""How good a detector is: precision, recall and their harmonic mean (hmean) at IoU 0.5."""

from typing import NamedTuple

import numpy as np
from shapely.geometry import Polygon

IOU = 0.5


class DetScore(NamedTuple):
    """Scores over all pictures so far."""

    precision: float
    recall: float
    hmean: float


def _valid(polygon):
    shape = Polygon(np.asarray(polygon, np.float64))
    return shape if shape.is_valid and shape.is_simple and shape.area > 0 else None


def _iou(a, b) -> float:
    shared = a.intersection(b).area
    return shared / (a.area + b.area - shared)


class DetMetric:
    """Counts matches picture by picture; `score()` sums them up.

    The ICDAR 2015 protocol as PaddleOCR has it: polygons that cross themselves are dropped; a detection of
    which more than half lies on an ignored text does not count; matches are one to one, first come first
    served in the order of the label file, above an IoU of 0.5.

    PaddleOCR: DetMetric in ppocr/metrics/det_metric.py.
    """

    def __init__(self):
        self.matched = self.expected = self.detected = 0

    def add(self, detections, polygons, ignored) -> list[tuple[int, int]]:
        """Count one picture.

        Args:
            detections: polygons found, each (N, 2).
            polygons: polygons of the label, each (N, 2).
            ignored: bool a label polygon.

        Returns: matches as (label index, detection index).
        """
        truth = [(i, s, bool(ignored[i])) for i, p in enumerate(polygons) if (s := _valid(p)) is not None]
        found = [(i, s) for i, p in enumerate(detections) if (s := _valid(p)) is not None]
        dont_care = [shape for _, shape, skip in truth if skip]
        found = [
            (i, s) for i, s in found if not any(s.intersection(d).area / s.area > IOU for d in dont_care)
        ]
        truth = [(i, s) for i, s, skip in truth if not skip]
        matches, used = [], set()
        for label_index, label in truth:
            for found_index, shape in found:
                if found_index not in used and _iou(label, shape) > IOU:
                    used.add(found_index)
                    matches.append((label_index, found_index))
                    break
        self.matched += len(matches)
        self.expected += len(truth)
        self.detected += len(found)
        return matches

    def score(self) -> DetScore:
        """Precision, recall and hmean of everything added; 0 where nothing was."""
        precision = self.matched / self.detected if self.detected else 0.0
        recall = self.matched / self.expected if self.expected else 0.0
        both = precision + recall
        return DetScore(precision, recall, 2 * precision * recall / both if both else 0.0)
