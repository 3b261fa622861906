"""Endless batches of synthetic photographs, each a function of (seed, step) alone."""

import numpy as np
import paddle

from ..batches import DetBatch, RecBatch
from ..resize import fit_line
from ..seeding import rng_for
from .corpus import code_line, english_line
from .pages import render_page
from .photo_pages import render_photo_page
from .photo_text import render_photo_line
from .streams import crop_batch, encode_labels, shrink_page

LINE_SHAPES = ((96, 40, 8), (160, 28, 14), (320, 16, 32), (640, 8, 66))
"""Input width in pixels, lines in a batch, and the largest number of characters in a line."""

LINE_SHARES = (0.25, 0.25, 0.35, 0.15)
"""Probability of each of LINE_SHAPES for a batch."""

CODE, CAPITALS, TITLES = 0.06, 0.25, 0.12
"""Shares of lines of source code, of lines in capitals, as on signs, and of lines whose words are capitalized."""

MARGIN = 0.12
"""Edge around the ink in the detector's labels, in heights of the text."""

PHOTOGRAPHED = 0.65
"""Share of the detector's pages that are drawn as photographs."""


def photo_text(rng: np.random.Generator, characters: int) -> str:
    """Draw the text of a photographed line.

    Args:
        rng: source of everything random.
        characters: greatest length of the line.
    """
    kind = rng.random()
    if kind < CODE:
        return code_line(rng, characters)
    text = english_line(rng, characters)
    if kind < CODE + CAPITALS:
        return text.upper()
    return text.title() if kind < CODE + CAPITALS + TITLES else text


def photo_rec_batch(seed: int, step: int, alphabet, *, fonts: str = "course") -> RecBatch:
    """Lines that look like photographs, all with the same one of LINE_SHAPES.

    Args:
        seed: of the run.
        step: counted from 0.
        alphabet: maps characters to classes.
        fonts: see `fonts.font_paths`.

    Returns: images (N, 3, 32, W) in -1..1 with their labels.
    """
    shape = rng_for(seed, step).choice(len(LINE_SHAPES), p=LINE_SHARES)
    width, lines, longest = LINE_SHAPES[shape]
    shortest = 1 if shape == 0 else LINE_SHAPES[shape - 1][2] // 2
    images, texts = [], []
    for sample in range(lines):
        rng = rng_for(seed, step, sample)
        text = photo_text(rng, int(rng.integers(shortest, longest + 1)))
        line = render_photo_line(rng, text, fonts=fonts)
        images.append(fit_line(line.image, 32, width))
        texts.append(line.text)
    return RecBatch(paddle.to_tensor(np.stack(images)), *encode_labels(texts, alphabet))


def pad_quads(quads: np.ndarray, share: float) -> np.ndarray:
    """Enlarge quadrangles on all sides.

    Synthetic labels enclose the ink tightly. People who label photographs leave some space around it.

    Args:
        quads: (N, 4, 2) pixels, clockwise from the top left corner of the text.
        share: width of the added edge as a fraction of the height of the text.

    Returns: (N, 4, 2) float32.
    """
    right = (quads[:, 1] - quads[:, 0] + quads[:, 2] - quads[:, 3]) / 2
    down = (quads[:, 3] - quads[:, 0] + quads[:, 2] - quads[:, 1]) / 2
    edge = share * np.linalg.norm(down, axis=1, keepdims=True)
    right, down = (
        edge * v / np.maximum(np.linalg.norm(v, axis=1, keepdims=True), 1e-6) for v in (right, down)
    )
    moves = np.stack([-right - down, right - down, right + down, down - right], axis=1)
    return (quads + moves).astype(np.float32)


def photo_det_batch(
    seed: int, step: int, *, size: int = 8, side: int = 320, fonts: str = "course"
) -> DetBatch:
    """Squares of pages with signs, receipts, print, and scenes without text, at several scales.

    Args:
        seed: of the run.
        step: counted from 0.
        size: squares in the batch.
        side: of each square in pixels, a multiple of 32.
        fonts: see `fonts.font_paths`.

    Returns: images (N, 3, side, side), normalized, with their four target maps.
    """
    pages = []
    for sample in range(size):
        rng = rng_for(seed, step, sample)
        kind = rng.random()
        drawn = side if kind < 0.3 else int(1.5 * side) if kind < 0.6 else 2 * side
        draw = render_photo_page if rng.random() < PHOTOGRAPHED else render_page
        page = draw(rng, (drawn, drawn), fonts=fonts)
        page = page._replace(polygons=pad_quads(page.polygons, MARGIN))
        pages.append((rng, shrink_page(page, int(side * rng.uniform(1.0, 1.5))) if kind >= 0.75 else page))
    return crop_batch(pages, side)
