"""Scores of a detector: precision, recall and their harmonic mean (hmean) at an IoU of 0.5."""

from typing import NamedTuple

import numpy as np
from shapely.geometry import Polygon

IOU = 0.5
"""Intersection over union above which a detection matches a label."""


class DetScore(NamedTuple):
    """Scores over all images so far, each in 0..1.

    Fields:
        precision: fraction of the detections that match a label.
        recall: fraction of the labels that are matched by a detection.
        hmean: harmonic mean of both.
    """

    precision: float
    recall: float
    hmean: float


def _valid(polygon):
    shape = Polygon(np.asarray(polygon, np.float64))
    return shape if shape.is_valid and shape.is_simple and shape.area > 0 else None


def _iou(a, b) -> float:
    shared = a.intersection(b).area
    return shared / (a.area + b.area - shared)


class PageMatches(NamedTuple):
    """Matches of one image. Labels and detections that are in no list do not count.

    Fields:
        pairs: matches as (label index, detection index).
        labels: indices of the labels that count.
        detections: indices of the detections that count.
    """

    pairs: list[tuple[int, int]]
    labels: list[int]
    detections: list[int]


def match_page(detections, polygons, ignored) -> PageMatches:
    """Match the detections of one image with its labels; see DetMetric for the rules.

    Args:
        detections: detected polygons, each (P, 2) in pixels.
        polygons: N label polygons, each (P, 2) in pixels.
        ignored: (N,) bool, True for label polygons that do not count.

    Returns: the matches.
    """
    truth = [(i, s, bool(ignored[i])) for i, p in enumerate(polygons) if (s := _valid(p)) is not None]
    found = [(i, s) for i, p in enumerate(detections) if (s := _valid(p)) is not None]
    dont_care = [shape for _, shape, skip in truth if skip]
    found = [(i, s) for i, s in found if not any(s.intersection(d).area / s.area > IOU for d in dont_care)]
    truth = [(i, s) for i, s, skip in truth if not skip]
    pairs, used = [], set()
    for label_index, label in truth:
        for found_index, shape in found:
            if found_index not in used and _iou(label, shape) > IOU:
                used.add(found_index)
                pairs.append((label_index, found_index))
                break
    return PageMatches(pairs, [i for i, _ in truth], [i for i, _ in found])


class DetMetric:
    """Count matches image by image, and compute the scores of all images.

    This is the ICDAR 2015 protocol as implemented in PaddleOCR. Polygons that intersect themselves are dropped. A
    detection does not count if more than half of it overlaps an ignored text. Each label, in the order of the label
    file, is matched with the first unused detection whose IoU is above 0.5.

    PaddleOCR: DetMetric in ppocr/metrics/det_metric.py.
    """

    def __init__(self):
        self.matched = self.expected = self.detected = 0

    def add(self, detections, polygons, ignored) -> list[tuple[int, int]]:
        """Count one image.

        Args:
            detections: detected polygons, each (P, 2) in pixels.
            polygons: N label polygons, each (P, 2) in pixels.
            ignored: (N,) bool, True for label polygons that do not count.

        Returns: matches as (label index, detection index).
        """
        page = match_page(detections, polygons, ignored)
        self.matched += len(page.pairs)
        self.expected += len(page.labels)
        self.detected += len(page.detections)
        return page.pairs

    def score(self) -> DetScore:
        """Scores of all images added so far.

        Returns: DetScore; a score whose denominator is 0 is 0.
        """
        precision = self.matched / self.detected if self.detected else 0.0
        recall = self.matched / self.expected if self.expected else 0.0
        both = precision + recall
        return DetScore(precision, recall, 2 * precision * recall / both if both else 0.0)
