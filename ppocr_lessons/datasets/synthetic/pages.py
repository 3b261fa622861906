"""Synthetic images of text from a seed: words, lines, whole pages.

Each image is a function of a random generator, so a stream of images needs no storage: `line_at(seed, index)` always
gives the same image. The fonts are installed with the package (see fonts.py), so they are the same on every machine.
"""

from typing import NamedTuple

import cv2
import numpy as np

from .backgrounds import background
from .corpus import chinese_line, english_line
from .ink import blend, ink_color, pick_style, set_text, tilt, wear
from .sheet import Sheet, shift


class Line(NamedTuple):
    """A line of text, cropped from an image.

    Fields:
        image: (H, W, 3) uint8 RGB.
        text: transcription.
    """

    image: np.ndarray
    text: str


class Page(NamedTuple):
    """A page of texts.

    Fields:
        image: (H, W, 3) uint8 RGB.
        polygons: (N, 4, 2) float32 in pixels, clockwise from the top left corner of the text.
        texts: N transcriptions.
    """

    image: np.ndarray
    polygons: np.ndarray
    texts: list[str]


def render_line(
    rng: np.random.Generator, text: str, language: str = "en", *, clean: bool = False, fonts: str = "course"
) -> Line:
    """Render a text as a detector would crop it from a photograph: slightly tilted, with uneven margins.

    Args:
        rng: source of all random numbers.
        text: to be rendered.
        language: see `font_paths`.
        clean: black on white, straight and without camera effects, for the start of a training.
        fonts: see `font_paths`.
    """
    style = pick_style(rng, int(rng.integers(18, 52)), language, fonts)
    ink = set_text(text, style)
    height, width = ink.shape
    # Flat texts ("---", "...") get the height of a line, as they would have among other texts.
    line_height = max(height, int(0.5 * style.size))
    top, bottom, left, right = (rng.uniform(0.02, 0.38, 4) * line_height).astype(int)
    top += (line_height - height) // 2
    bottom += (line_height - height) // 2
    if clean:
        gray = 255 - np.pad(ink, ((top, bottom), (left, right)))
        return Line(np.repeat(gray[..., None], 3, axis=2), text)
    image = background(rng, height + top + bottom, width + left + right)
    place = np.array([[1, 0, left], [0, 1, top], [0, 0, 1]], np.float64)
    slope_deg = np.degrees(np.arctan2(0.18 * line_height, image.shape[1]))  # keeps a long line inside
    matrix = tilt(rng, image.shape[1], image.shape[0], rng.uniform(-slope_deg, slope_deg), 0.06) @ place
    color = ink_color(rng, image)
    if rng.random() < 0.05:  # shadow
        offset = np.array([[1, 0, rng.uniform(1, 3)], [0, 1, rng.uniform(1, 3)], [0, 0, 1]])
        blend(image, ink, offset @ matrix, 255 - color, 0.5)
    if rng.random() < 0.06:  # underline
        y = int(image.shape[0] - rng.uniform(0.02, 0.15) * line_height) - 1
        cv2.line(image, (0, y), (image.shape[1], y), tuple(map(float, color)), int(rng.integers(1, 3)))
    blend(image, ink, matrix, color, rng.uniform(0.75, 1.0))
    return Line(wear(rng, image), text)


def line_at(
    seed: int, index: int, *, characters: int = 25, language: str = "en", fonts: str = "course"
) -> Line:
    """Render line number `index` of the endless stream of a seed.

    Args:
        seed: of the stream.
        index: of the image, from 0.
        characters: greatest length of the text.
        language: see `font_paths`.
        fonts: see `font_paths`.
    """
    rng = np.random.default_rng([seed, index])
    write = chinese_line if language == "zh" else english_line
    return render_line(rng, write(rng, int(rng.integers(1, characters + 1))), language, fonts=fonts)


def word_at(seed: int, index: int, *, fonts: str = "course") -> Line:
    """Render word number `index` of the endless stream of a seed: one English token of up to 14 characters.

    Args:
        seed: of the stream.
        index: of the image, from 0.
        fonts: see `font_paths`.
    """
    rng = np.random.default_rng([seed, index])
    return render_line(rng, english_line(rng, 14).split(" ")[0], fonts=fonts)


def _write(rng, language, characters):
    count = max(1, int(characters))
    return chinese_line(rng, count) if language == "zh" else english_line(rng, count)


def paragraphs(rng, sheet, language, fonts):
    """Add blocks of lines; a block has one style and is set ragged or in columns as on a receipt.

    Args:
        rng: source of everything random.
        sheet: the page, changed in place.
        language, fonts: see `font_paths`.
    """
    height, width = sheet.image.shape[:2]
    y = rng.uniform(0.01, 0.15) * height
    while y < height * 0.97:
        size = int(np.exp(rng.uniform(np.log(11), np.log(max(16, 0.09 * height)))))
        style = pick_style(rng, size, language, fonts)
        color, opacity = ink_color(rng, sheet.image), rng.uniform(0.75, 1)
        left = rng.uniform(0.01, 0.3) * width
        columns = rng.random() < 0.4
        leading = rng.uniform(1.15, 1.9)
        for _ in range(int(rng.integers(1, 9))):
            x = left
            while x < width * 0.95:
                room = (width - x) / (
                    size * style.stretch * (1.0 if language == "zh" else 0.6) + style.tracking
                )
                characters = rng.uniform(1, 10) if columns else rng.uniform(0.3, 1.0) * room
                text = _write(rng, language, min(room, characters))
                ink = set_text(text, style)
                sheet.place(text, ink, shift(x, y + max(0, size - ink.shape[0]) / 2), color, opacity)
                if not columns:
                    break
                x += ink.shape[1] + rng.uniform(1.5, 8) * size
            y += leading * size
        y += rng.uniform(0, 3) * size


def scattered(rng, sheet, language, fonts):
    """Add single texts of various sizes and angles, as on signs and packages.

    Args:
        rng: source of everything random.
        sheet: the page, changed in place.
        language, fonts: see `font_paths`.
    """
    height, width = sheet.image.shape[:2]
    for _ in range(int(rng.integers(4, 28))):
        size = int(np.exp(rng.uniform(np.log(12), np.log(max(18, 0.2 * height)))))
        text = _write(rng, language, rng.uniform(1, 18))
        ink = set_text(text, pick_style(rng, size, language, fonts))
        x, y = rng.uniform(0, width), rng.uniform(0, height)
        angle_deg = rng.normal(0, 6) if rng.random() < 0.8 else rng.uniform(-60, 60)
        local = shift(x, y) @ tilt(rng, ink.shape[1], ink.shape[0], angle_deg, 0.05)
        low, high = np.floor([x, y]).astype(int), np.ceil([x + ink.shape[1], y + ink.shape[0]]).astype(int)
        patch = sheet.image[low[1] : high[1], low[0] : high[0]]
        if patch.size:
            sheet.place(text, ink, local, ink_color(rng, patch), rng.uniform(0.75, 1))


def _decorate(rng, image):
    """Draw lines, boxes and disks that are not text."""
    height, width = image.shape[:2]
    for _ in range(int(rng.integers(0, 7))):
        a = tuple(int(v) for v in rng.uniform(0, (width, height)))
        b = (int(rng.uniform(0, width)), a[1]) if rng.random() < 0.6 else (a[0], int(rng.uniform(0, height)))
        color = tuple(map(float, rng.uniform(0, 255, 3)))
        kind = rng.random()
        if kind < 0.6:
            cv2.line(image, a, b, color, int(rng.integers(1, 5)), cv2.LINE_AA)
        elif kind < 0.8:
            corner = tuple(int(v) for v in rng.uniform(0, (width, height)))
            cv2.rectangle(image, a, corner, color, -1 if rng.random() < 0.5 else 2)
        else:
            cv2.circle(image, a, int(rng.uniform(2, 0.1 * height)), color, -1, cv2.LINE_AA)


def render_page(
    rng: np.random.Generator, size: tuple[int, int], language: str = "en", *, fonts: str = "course"
) -> Page:
    """Render a page of paragraphs, of scattered texts, or of both.

    Args:
        rng: source of all random numbers.
        size: (height, width) in pixels.
        language: see `font_paths`.
        fonts: see `font_paths`.
    """
    height, width = size
    image = background(rng, height, width)
    _decorate(rng, image)
    document = rng.random() < 0.6
    angle_deg = rng.normal(0, 3) if rng.random() < 0.85 else rng.uniform(-25, 25)
    sheet = Sheet(image, tilt(rng, width, height, angle_deg, 0.05))
    if document:
        paragraphs(rng, sheet, language, fonts)
    if not document or rng.random() < 0.2:
        sheet.matrix = np.eye(3)
        scattered(rng, sheet, language, fonts)
    polygons = np.array(sheet.polygons, np.float32).reshape(-1, 4, 2)
    return Page(wear(rng, image, 0.8), polygons, sheet.texts)


def page_at(
    seed: int,
    index: int,
    *,
    size: tuple[int, int] = (640, 640),
    language: str = "en",
    fonts: str = "course",
) -> Page:
    """Render page number `index` of the endless stream of a seed.

    Args:
        seed: of the stream.
        index: of the image, from 0.
        size: (height, width) in pixels.
        language: see `font_paths`.
        fonts: see `font_paths`.
    """
    return render_page(np.random.default_rng([seed, index]), size, language, fonts=fonts)
