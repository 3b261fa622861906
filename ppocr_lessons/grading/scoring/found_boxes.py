"""Scores the boxes that a student finds in a probability map, against those of the library's post-processing."""

import numpy as np
from shapely.geometry import Polygon

from ...det.postprocess import DBPostProcess
from .rules import RIGHT, Rule


def _overlap(a, b) -> float:
    a, b = Polygon(a).buffer(0), Polygon(b).buffer(0)
    union = a.union(b).area
    return a.intersection(b).area / union if union else 0.0


def matched_share(found: np.ndarray, right: np.ndarray, overlap: float = 0.85) -> float:
    """Harmonic mean of precision and recall of boxes.

    Args:
        found: (N, 4, 2) boxes that were handed in, in pixels.
        right: (M, 4, 2) boxes that are right.
        overlap: intersection over union from which two boxes count as the same.
    """
    free, count = list(range(len(found[:1000]))), 0
    for polygon in right:
        for index in free:
            if _overlap(found[index], polygon) >= overlap:
                free.remove(index)
                count += 1
                break
    return 2 * count / max(1, len(found) + len(right))


def boxes_rule(prob: np.ndarray) -> Rule:
    """The rule for the boxes of a probability map. Two common mistakes are recognized by the boxes that they give.

    Args:
        prob: (H, W) probability map that the boxes were found in.
    """
    right = DBPostProcess(thresh=0.3, box_thresh=0.6, unclip_ratio=1.5)(prob, prob.shape).polygons
    known = (
        (DBPostProcess(unclip_ratio=1e-6), "The boxes are not grown: they are as small as the cores.", 0.5),
        (DBPostProcess(box_thresh=0.0), "Boxes with a mean probability below 0.6 are still there.", 0.6),
    )

    def rule(answer):
        share = matched_share(answer, right)
        if share == 1:
            return 1.0, RIGHT
        for find, reason, partly in known:
            if matched_share(answer, find(prob, prob.shape).polygons) == 1:
                return partly, reason
        return (
            share,
            f"{len(answer)} boxes, {len(right)} are right; harmonic mean of the matches {share:.2f}.",
        )

    return rule
