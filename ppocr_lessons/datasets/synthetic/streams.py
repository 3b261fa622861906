"""Endless synthetic batches, each a function of (seed, step) alone."""

import cv2
import numpy as np
import paddle

from ...datasets.batches import ClsBatch, DetBatch, RecBatch
from ...det.targets import make_targets
from ...polygons import signed_area
from ..resize import fit_line, normalise_page
from ..seeding import rng_for
from .corpus import english_line
from .pages import Page, render_line, render_page

REC_SHAPES = ((32, 128, 1), (64, 96, 4), (128, 48, 13), (320, 20, 32), (640, 10, 66))
"""Input width, lines a batch, and characters a line at most. The cost of a step is about the same."""

REC_CURRICULUM = (
    (0.03, (1, 0, 0, 0, 0)),
    (0.08, (0.3, 0.7, 0, 0, 0)),
    (0.22, (0, 0.3, 0.7, 0, 0)),
    (1.0, (0, 0.1, 0.3, 0.4, 0.2)),
)
"""Until which part of the run, and how often each of REC_SHAPES comes up in it."""

CLEAN_UNTIL = 0.25
"""Part of the run by which clean black on white has given way to pictures as cameras make them."""


def encode_labels(texts, alphabet):
    """Classes of several texts as one padded array and their lengths; see RecBatch.

    Args:
        texts: list of N texts.
        alphabet: that gives their characters classes.
    """
    encoded = [alphabet.encode(text) for text in texts]
    labels = np.zeros((len(texts), max(map(len, encoded))), np.int32)
    for row, classes in zip(labels, encoded, strict=True):
        row[: len(classes)] = classes
    return paddle.to_tensor(labels), paddle.to_tensor(np.array([len(c) for c in encoded], np.int64))


def rec_batch(seed: int, step: int, steps: int, alphabet) -> RecBatch:
    """Lines of one of REC_SHAPES, chosen by REC_CURRICULUM.

    A recogniser first learns to answer "blank" everywhere. Clean texts of a few characters have few
    alignments to choose from, and bring it out of that much sooner than long ones.

    Args:
        seed: of the run.
        step, steps: how far it is.
        alphabet: for the labels.
    """
    odds = next(odds for until, odds in REC_CURRICULUM if step < until * steps or until == 1)
    shape = rng_for(seed, step).choice(len(REC_SHAPES), p=odds)
    width, lines, longest = REC_SHAPES[shape]
    shortest = 1 if shape < 2 else REC_SHAPES[shape - 1][2] // 2
    clean = clean_share(step, steps)
    images, texts = [], []
    for sample in range(lines):
        rng = rng_for(seed, step, sample)
        text = english_line(rng, int(rng.integers(shortest, longest + 1)))
        line = render_line(rng, text, clean=rng.random() < clean)
        images.append(fit_line(line.image, 32, width))
        texts.append(line.text)
    return RecBatch(paddle.to_tensor(np.stack(images)), *encode_labels(texts, alphabet))


def clean_share(step: int, steps: int) -> float:
    """How many of a step's lines are clean: all at first, none from CLEAN_UNTIL on.

    Args:
        step: counted from 0.
        steps: of the whole run.
    """
    return max(0.0, 1 - step / (CLEAN_UNTIL * steps))


def cls_batch(seed: int, step: int, steps: int = 0, *, size: int = 64) -> ClsBatch:
    """Lines of up to 6 to 30 characters, half of them upside down, at 48 x 192.

    Shorter ones say little: "88" and "SOS" read the same either way.

    Args:
        seed: of the run.
        step, steps: how far it is; steps 0 stands for pictures as cameras make them.
        size: lines.
    """
    images, labels = [], []
    clean = clean_share(step, steps) if steps else 0.0
    for sample in range(size):
        rng = rng_for(seed, step, sample)
        text = english_line(rng, int(rng.integers(6, 31)))
        line = render_line(rng, text, clean=rng.random() < clean)
        turned = bool(rng.integers(2))
        images.append(fit_line(line.image[::-1, ::-1] if turned else line.image, 48, 192))
        labels.append(int(turned))
    return ClsBatch(paddle.to_tensor(np.stack(images)), paddle.to_tensor(np.array(labels, np.int64)))


def crop_page(rng: np.random.Generator, page: Page, side: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A random square of a page: image, polygons cut at its edges, and which of them to ignore.

    A text of which less than half is left in the square is ignored: nobody could say where it ends.

    Args:
        rng: generator that everything random is drawn from.
        page: at least as large as the square.
        side: of the square in pixels.
    """
    height, width = page.image.shape[:2]
    top, left = rng.integers(height - side + 1), rng.integers(width - side + 1)
    moved = page.polygons - np.array([left, top], np.float32)
    cut = moved.clip(0, side - 1)
    kept = [i for i in range(len(cut)) if np.ptp(cut[i], axis=0).min() > 0]
    share = np.array([abs(signed_area(cut[i])) / abs(signed_area(moved[i])) for i in kept])
    return page.image[top : top + side, left : left + side], cut[kept], share < 0.5


def det_batch(seed: int, step: int, *, size: int = 8, side: int = 320) -> DetBatch:
    """Squares of pages: whole small pages, cuts of larger ones, and shrunk ones with fine print.

    Args:
        seed: of the run.
        step: how far it is.
        size: pictures in the batch.
        side: of each picture in pixels, a multiple of 32.
    """
    images, targets = [], []
    for sample in range(size):
        rng = rng_for(seed, step, sample)
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
