"""Inputs of the assignment on DBNet's targets, loss and post-processing."""

from typing import NamedTuple

import cv2
import numpy as np
import paddle

from ..datasets.resize import normalize_page
from ..datasets.synthetic.pages import Page, page_at
from ..det.targets import make_shrink_map
from ..polygons import rectangle_corners
from ..zoo.pretrained import pretrained

POLYGONS, DRAWING, LOSSES, OUTPUT, PAGES, HELD_BACK = range(6)
"""Numbers of the random streams of a seed, one for each purpose."""

PAGE_SIDE = 320
"""Side in pixels of the pages that the detector sees."""


class Drawing(NamedTuple):
    """Labels of a page that is drawn from a seed.

    Fields:
        polygons: (N, 4, 2) float32 in pixels, clockwise, all inside the page.
        ignored: (N,) bool, True for labels that do not count.
    """

    polygons: np.ndarray
    ignored: np.ndarray


class LossInputs(NamedTuple):
    """Inputs of the DB loss; all maps are (N, H, W) float32.

    Fields:
        prob: predicted probability map, 0..1.
        thresh: predicted threshold map, 0..1.
        binary: predicted binary map, 0..1.
        shrink_map: label of the probability map, 0 or 1.
        shrink_mask: 0 on pixels that do not count.
        threshold_map: label of the threshold map.
        threshold_mask: 1 in the bands where the threshold map counts.
    """

    prob: np.ndarray
    thresh: np.ndarray
    binary: np.ndarray
    shrink_map: np.ndarray
    shrink_mask: np.ndarray
    threshold_map: np.ndarray
    threshold_mask: np.ndarray


class DetectedPage(NamedTuple):
    """A page with the output of the shipped detector.

    Fields:
        page: image, polygons and texts.
        prob: (H, W) float32 probability map of the same size as the page.
    """

    page: Page
    prob: np.ndarray


def draw_polygons(seed: int, count: int = 12) -> np.ndarray:
    """Draw quadrangles of many sizes and angles.

    Args:
        seed: of the assignment.
        count: number of quadrangles.

    Returns: (count, 4, 2) float32 in pixels, clockwise.
    """
    rng = np.random.default_rng([seed, POLYGONS])
    sides = np.stack([rng.uniform(30, 160, count), rng.uniform(8, 40, count)], 1)
    corners = rectangle_corners(rng.uniform(100, 300, (count, 2)), sides, rng.uniform(-30, 30, count))
    return (corners + rng.uniform(-3, 3, corners.shape)).astype(np.float32)


def draw_labels(seed: int, side: int, *, stream: int = DRAWING) -> Drawing:
    """Draw the labels of a page: eight texts in rows, one that is too small, and one that is ignored.

    Args:
        seed: of the assignment.
        side: height and width of the page in pixels.
        stream: number of the random stream.

    Returns: the labels.
    """
    rng = np.random.default_rng([seed, stream])
    rows, columns = np.divmod(np.arange(10), 2)
    centers = np.stack([(columns + 0.5) * side / 2, (rows + 0.5) * side / 5], 1) + rng.uniform(-3, 3, (10, 2))
    sides = np.stack([rng.uniform(0.22, 0.38, 10), rng.uniform(0.07, 0.11, 10)], 1) * side
    small, skipped = rng.permutation(10)[:2]
    sides[small] = (0.12 * side, 5)
    angles = rng.uniform(-6, 6, 10)
    angles[small] = 0
    ignored = np.zeros(10, bool)
    ignored[skipped] = True
    return Drawing(rectangle_corners(centers, sides, angles).astype(np.float32), ignored)


def draw_loss_inputs(seed: int, side: int = 24) -> LossInputs:
    """Draw predictions and labels for the loss.

    Args:
        seed: of the assignment.
        side: height and width of the maps in pixels.

    Returns: a batch of two.
    """
    rng = np.random.default_rng([seed, LOSSES])
    shape = (2, side, side)
    prob, thresh, binary = rng.uniform(0, 1, (3, *shape)).astype(np.float32)
    text, counted, band = (rng.random((3, *shape)) < np.array([0.3, 0.85, 0.4])[:, None, None, None]).astype(
        np.float32
    )
    labels = rng.uniform(0.3, 0.7, shape).astype(np.float32)
    return LossInputs(prob, thresh, binary, text, counted, labels, band)


def draw_probabilities(seed: int, side: int, ratio: float) -> np.ndarray:
    """Draw a probability map as a trained detector would give it: blurred cores of texts, and weak false alarms.

    Args:
        seed: of the assignment.
        side: height and width in pixels.
        ratio: shrink ratio of the cores.

    Returns: (side, side) float32 in 0..1.
    """
    labels = draw_labels(seed, side, stream=OUTPUT)
    cores, _, ignored = make_shrink_map(labels.polygons, labels.ignored, (side, side), ratio=ratio)
    weak = np.zeros((side, side), np.float32)
    cv2.fillPoly(weak, list(labels.polygons[ignored].astype(np.int32)), 1)
    return cv2.GaussianBlur(0.95 * cores + 0.45 * weak, (5, 5), 0)


def detected_pages(seed: int, count: int, *, stream: int = PAGES) -> list[DetectedPage]:
    """Render pages and run the shipped detector `pages` on them.

    Args:
        seed: of the assignment.
        count: number of pages.
        stream: number of the random stream; the pages that settings are scored on come from another one.

    Returns: the pages with the probability maps.
    """
    net, found = pretrained("det", "pages"), []
    for index in range(count):
        page = page_at(1000 * seed + stream, index, size=(PAGE_SIDE, PAGE_SIDE))
        with paddle.no_grad():
            maps, _ = net(paddle.to_tensor(normalize_page(page.image)[None]))
        found.append(DetectedPage(page, maps.prob.numpy()[0, 0]))
    return found
