"""Endless streams of synthetic batches; each batch is a function of (seed, step) alone."""

from collections.abc import Iterable

import cv2
import numpy as np
import paddle

from ...datasets.batches import ClsBatch, DetBatch, RecBatch
from ...det.targets import make_targets
from ...polygons import signed_area
from ..resize import fit_line, normalize_page
from ..seeding import rng_for
from .corpus import english_line
from .pages import Page, render_line, render_page

REC_SHAPES = ((32, 128, 1), (64, 96, 4), (128, 48, 13), (320, 20, 32), (640, 10, 66))
"""Input width in pixels, lines per batch, and greatest number of characters per line. All have about the same cost per
step."""

REC_CURRICULUM = (
    (0.03, (1, 0, 0, 0, 0)),
    (0.08, (0.3, 0.7, 0, 0, 0)),
    (0.22, (0, 0.3, 0.7, 0, 0)),
    (1.0, (0, 0.1, 0.3, 0.4, 0.2)),
)
"""(end, probabilities): up to this fraction of the run, the shapes of REC_SHAPES are drawn with these probabilities."""

CLEAN_UNTIL = 0.25
"""Fraction of the run after which no more lines are rendered clean, that is, black on white without camera effects."""


def encode_labels(texts, alphabet):
    """Encode texts as the labels of a RecBatch.

    Args:
        texts: N texts.
        alphabet: a rec.alphabet.Alphabet.

    Returns: labels (N, L) int32, padded with the blank, and lengths (N,) int64.
    """
    encoded = [alphabet.encode(text) for text in texts]
    labels = np.zeros((len(texts), max(map(len, encoded))), np.int32)
    for row, classes in zip(labels, encoded, strict=True):
        row[: len(classes)] = classes
    return paddle.to_tensor(labels), paddle.to_tensor(np.array([len(c) for c in encoded], np.int64))


def rec_batch(seed: int, step: int, steps: int, alphabet) -> RecBatch:
    """Render a batch of lines in one of REC_SHAPES, drawn as REC_CURRICULUM says.

    A recognizer first learns to predict the blank everywhere. Clean texts of a few characters have few possible
    alignments, so with them it leaves this state much sooner than with long texts.

    Args:
        seed: of the run.
        step: counted from 0.
        steps: of the whole run.
        alphabet: for the labels, a rec.alphabet.Alphabet.

    Returns: a batch whose images are 32 pixels high.
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
    """Compute the fraction of clean lines, which falls linearly from 1 to 0 at CLEAN_UNTIL.

    Args:
        step: counted from 0.
        steps: of the whole run.

    Returns: fraction in 0..1.
    """
    return max(0.0, 1 - step / (CLEAN_UNTIL * steps))


def cls_batch(seed: int, step: int, steps: int = 0, *, size: int = 64) -> ClsBatch:
    """Render a batch of lines for the direction classifier; half of them are rotated by 180 degrees.

    The greatest length of a line is drawn from 6 to 30 characters, because short texts can be ambiguous: "88" and "SOS"
    look the same in both directions.

    Args:
        seed: of the run.
        step: counted from 0.
        steps: of the whole run, which determines the fraction of clean lines; with 0 none are clean.
        size: number of lines.

    Returns: a batch of images of 48 x 192 pixels; label 1 stands for 180 degrees.
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
    """Crop a random square from a page.

    A text is ignored if less than half of its area is in the square, because its end is not visible.

    Args:
        rng: source of all random numbers.
        page: at least as large as the square.
        side: of the square in pixels.

    Returns: image (side, side, 3) uint8 RGB, polygons (N, 4, 2) float32 clipped to the square, ignored (N,) bool.
    """
    height, width = page.image.shape[:2]
    top, left = rng.integers(height - side + 1), rng.integers(width - side + 1)
    moved = page.polygons - np.array([left, top], np.float32)
    cut = moved.clip(0, side - 1)
    kept = [i for i in range(len(cut)) if np.ptp(cut[i], axis=0).min() > 0]
    share = np.array([abs(signed_area(cut[i])) / abs(signed_area(moved[i])) for i in kept])
    return page.image[top : top + side, left : left + side], cut[kept], share < 0.5


def shrink_page(page: Page, side: int) -> Page:
    """Downscale a square page, so that its text becomes small.

    Args:
        page: square.
        side: of the result in pixels.
    """
    factor = np.float32(side / len(page.image))
    image = cv2.resize(page.image, (side, side), interpolation=cv2.INTER_AREA)
    return Page(image, page.polygons * factor, page.texts)


def crop_batch(pages: Iterable[tuple[np.random.Generator, Page]], side: int) -> DetBatch:
    """Crop a random square from each page and compute its target maps.

    Args:
        pages: generator and page of each sample; see `crop_page`.
        side: of the squares in pixels, a multiple of 32.

    Returns: a batch with the target maps of DBNet.
    """
    images, targets = [], []
    for rng, page in pages:
        image, polygons, ignored = crop_page(rng, page, side)
        images.append(normalize_page(image))
        targets.append(make_targets(polygons, ignored, (side, side))[:4])
    maps = [paddle.to_tensor(np.stack(maps)) for maps in zip(*targets, strict=True)]
    return DetBatch(paddle.to_tensor(np.stack(images)), *maps)


def det_batch(seed: int, step: int, *, size: int = 8, side: int = 320) -> DetBatch:
    """Render a batch of pages for the detector: small pages, crops of larger ones, and downscaled ones with small text.

    Args:
        seed: of the run.
        step: counted from 0.
        size: number of images in the batch.
        side: of each image in pixels, a multiple of 32.

    Returns: a batch with the target maps of DBNet.
    """
    pages = []
    for sample in range(size):
        rng = rng_for(seed, step, sample)
        kind = rng.random()
        drawn = side if kind < 0.4 else 2 * side if kind < 0.75 else int(rng.uniform(1.1, 1.5) * side)
        page = render_page(rng, (drawn, drawn))
        pages.append((rng, shrink_page(page, side) if kind >= 0.75 else page))
    return crop_batch(pages, side)
