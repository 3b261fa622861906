"""Inputs of the assignment on reading pages and measuring a system."""

from typing import NamedTuple

import numpy as np
import paddle
import paddle.nn.functional as F

from ..datasets.resize import fit_line, normalize_page
from ..datasets.synthetic.pages import Page, page_at
from ..deploy.rectify import crop_line, reading_order
from ..polygons import rectangle_corners
from ..rec.ctc_decode import greedy_decode
from ..zoo.pretrained import detector_postprocess, pretrained, pretrained_alphabet

BOXES, TEXTS, PAGES = range(3)
"""Numbers of the random streams of a seed, one for each purpose."""

PAGE_SIDE = 480
"""Side in pixels of the pages that the system reads."""

LINE_WIDTH = 480
"""Width in pixels that lines are padded to; longer ones are squeezed."""


class Case(NamedTuple):
    """Labels of a page and what a detector found on it.

    Fields:
        labels: (N, 4, 2) float64 in pixels.
        ignored: (N,) bool, True for labels that do not count.
        found: (M, 4, 2) float64 in pixels.
    """

    labels: np.ndarray
    ignored: np.ndarray
    found: np.ndarray


class FoundLine(NamedTuple):
    """A line that the system read: polygon (4, 2) float32 in pixels, and text."""

    polygon: np.ndarray
    text: str


class ReadPage(NamedTuple):
    """A page and the lines that the system read.

    Fields:
        page: image, polygons (N, 4, 2) in pixels, and N texts.
        lines: what the system read, in reading order.
    """

    page: Page
    lines: list[FoundLine]


def draw_case(seed: int, index: int) -> Case:
    """Draw a page with labels and detections: good ones, shifted ones, halves, duplicates and false alarms.

    Args:
        seed: of the assignment.
        index: number of the page.

    Returns: ten labels, of which two are ignored, and detections in random order.
    """
    rng = np.random.default_rng([seed, BOXES, index])
    rows, columns = np.divmod(np.arange(10), 2)
    centers = np.stack([columns * 200 + 100.0, rows * 60 + 40.0], 1)
    sides = np.stack([rng.uniform(80, 160, 10), rng.uniform(15, 30, 10)], 1)
    angles = rng.uniform(-5, 5, 10)
    labels = rectangle_corners(centers, sides, angles)
    ignored = np.arange(10) >= 8
    # Shares of the height that a detection is shifted by: clearly above or below an IoU of 0.5.
    shifts = np.stack([np.zeros(10), sides[:, 1] * rng.choice([0.0, 0.1, 0.2, 0.6], 10)], 1)
    found = rectangle_corners(centers + shifts, sides, angles)
    duplicates = found[rng.random(10) < 0.3] + 1.0
    false_alarms = rectangle_corners(rng.uniform((50, 450), (350, 750), (2, 2)), sides[:2], angles[:2])
    found = np.concatenate([found[rng.random(10) < 0.85], duplicates, false_alarms])
    return Case(labels, ignored, rng.permutation(found))


def draw_texts(seed: int, count: int = 12) -> list[tuple[str, str]]:
    """Draw labels, and readings with random mistakes.

    Args:
        seed: of the assignment.
        count: number of pairs.

    Returns: pairs of a reading and its label; the label is never empty.
    """
    rng = np.random.default_rng([seed, TEXTS])
    letters, pairs = list("abcdehilmnorstu0158"), []
    for _ in range(count):
        label = rng.choice(letters, int(rng.integers(3, 12))).tolist()
        reading = list(label)
        for _ in range(int(rng.integers(0, 5))):
            place, kind = int(rng.integers(len(reading) + 1)), rng.random()
            if kind < 0.4:
                reading.insert(place, str(rng.choice(letters)))
            elif reading:
                reading[min(place, len(reading) - 1)] = "" if kind < 0.7 else str(rng.choice(letters))
                reading = [letter for letter in reading if letter]
        pairs.append(("".join(reading), "".join(label)))
    return pairs


def read_pages(seed: int, count: int) -> list[ReadPage]:
    """Render pages and read them with the shipped networks `pages`, without the direction classifier.

    Args:
        seed: of the assignment.
        count: number of pages.

    Returns: the pages with the lines that were read, in reading order.
    """
    pages = [page_at(1000 * seed + PAGES, index, size=(PAGE_SIDE, PAGE_SIDE)) for index in range(count)]
    detector, recognizer = pretrained("det", "pages"), pretrained("rec", "pages")
    with paddle.no_grad():
        return [ReadPage(page, _read(page.image, detector, recognizer)) for page in pages]


def _read(image: np.ndarray, detector, recognizer) -> list[FoundLine]:
    prob = detector(paddle.to_tensor(normalize_page(image)[None]))[0].prob.numpy()[0, 0]
    polygons = detector_postprocess()(prob, image.shape[:2]).polygons
    polygons = [polygons[index] for index in reading_order(polygons)]
    if not polygons:
        return []
    batch = np.stack([fit_line(crop_line(image, polygon), 32, LINE_WIDTH) for polygon in polygons])
    probs = F.softmax(recognizer(paddle.to_tensor(batch))[0], axis=-1).numpy()
    readings = greedy_decode(probs, pretrained_alphabet("pages"))
    return [FoundLine(polygon, reading.text) for polygon, reading in zip(polygons, readings, strict=True)]
