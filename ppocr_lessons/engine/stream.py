"""Endless synthetic batches, each a function of (seed, step) alone."""

import cv2
import numpy as np
import paddle

from ..cls.direction import ClsBatch
from ..datasets.corpus import english_line
from ..datasets.resize import fit_line, normalise_page
from ..datasets.synth import Page, render_line, render_page
from ..det.db_loss import DetBatch
from ..det.targets import make_targets, signed_area
from ..rec.ctc import RecBatch

REC_SHAPES = ((128, 48, 13), (320, 20, 32), (640, 10, 66))
"""Input width, lines a batch, and characters a line at most. The cost of a step is about the same."""


def _rng(*place):
    return np.random.default_rng(list(place))


def encode_labels(texts, alphabet):
    """Classes of several texts as one padded array and their lengths; see RecBatch."""
    encoded = [alphabet.encode(text) for text in texts]
    labels = np.zeros((len(texts), max(map(len, encoded))), np.int32)
    for row, classes in zip(labels, encoded, strict=True):
        row[: len(classes)] = classes
    return paddle.to_tensor(labels), paddle.to_tensor(np.array([len(c) for c in encoded], np.int64))


def rec_batch(seed: int, step: int, alphabet, *, words_until: int = 0) -> RecBatch:
    """Lines of one of REC_SHAPES; until step `words_until` only short ones.

    A recogniser first learns to answer "blank" everywhere, and short words bring it out of that sooner.
    """
    rng = _rng(seed, step)
    shape = 0 if step < words_until else rng.choice(len(REC_SHAPES), p=(0.4, 0.4, 0.2))
    width, lines, longest = REC_SHAPES[shape]
    shortest = 1 if shape == 0 else REC_SHAPES[shape - 1][2] // 2
    images, texts = [], []
    for sample in range(lines):
        rng = _rng(seed, step, sample)
        line = render_line(rng, english_line(rng, int(rng.integers(shortest, longest + 1))))
        images.append(fit_line(line.image, 32, width))
        texts.append(line.text)
    return RecBatch(paddle.to_tensor(np.stack(images)), *encode_labels(texts, alphabet))


def cls_batch(seed: int, step: int, *, size: int = 64) -> ClsBatch:
    """Lines of up to 30 characters, half of them upside down, at 48 x 192."""
    images, labels = [], []
    for sample in range(size):
        rng = _rng(seed, step, sample)
        line = render_line(rng, english_line(rng, int(rng.integers(2, 31))))
        turned = bool(rng.integers(2))
        images.append(fit_line(line.image[::-1, ::-1] if turned else line.image, 48, 192))
        labels.append(int(turned))
    return ClsBatch(paddle.to_tensor(np.stack(images)), paddle.to_tensor(np.array(labels, np.int64)))


def crop_page(rng: np.random.Generator, page: Page, side: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A random square of a page: image, polygons cut at its edges, and which of them to ignore.

    A text of which less than half is left in the square is ignored: nobody could say where it ends.
    """
    height, width = page.image.shape[:2]
    top, left = rng.integers(height - side + 1), rng.integers(width - side + 1)
    moved = page.polygons - np.array([left, top], np.float32)
    cut = moved.clip(0, side - 1)
    kept = [i for i in range(len(cut)) if np.ptp(cut[i], axis=0).min() > 0]
    share = np.array([abs(signed_area(cut[i])) / abs(signed_area(moved[i])) for i in kept])
    return page.image[top : top + side, left : left + side], cut[kept], share < 0.5


def det_batch(seed: int, step: int, *, size: int = 8, side: int = 320) -> DetBatch:
    """Squares of pages: whole small pages, cuts of larger ones, and shrunk ones with fine print."""
    images, targets = [], []
    for sample in range(size):
        rng = _rng(seed, step, sample)
        kind = rng.random()
        drawn = side if kind < 0.4 else 2 * side if kind < 0.75 else int(rng.uniform(1.1, 1.5) * side)
        page = render_page(rng, (drawn, drawn))
        if kind >= 0.75:
            small = cv2.resize(page.image, (side, side), interpolation=cv2.INTER_AREA)
            page = Page(small, page.polygons * np.float32(side / drawn), page.texts)
        image, polygons, ignored = crop_page(rng, page, side)
        images.append(normalise_page(image))
        targets.append(make_targets(polygons, ignored, (side, side))[:4])
    maps = [paddle.to_tensor(np.stack(maps)) for maps in zip(*targets, strict=True)]
    return DetBatch(paddle.to_tensor(np.stack(images)), *maps)
