"""Pages that look like photographs: signs, receipts, dense print, and scenes without text.

A detector trained on text alone learns that every fine, regular structure is text. These pages also contain railings,
foliage, masonry and the frames of signs, which are not text.
"""

import pathlib

import cv2
import numpy as np

from .backgrounds import background, photograph_piece, plain
from .corpus import english_line, number
from .fonts import font_paths
from .ink import Style, ink_color, pick_style, set_text, tilt, wear
from .pages import Page, paragraphs, scattered
from .sheet import Sheet, shift


def draw_railing(rng: np.random.Generator, image: np.ndarray) -> None:
    """Parallel bars with one or two rails across them, in place: fences, blinds, grilles, columns.

    Args:
        rng: source of everything random.
        image: (H, W, 3) uint8 RGB.
    """
    height, width = image.shape[:2]
    step = rng.uniform(4, 40)
    thick = max(1, int(step * rng.uniform(0.12, 0.55)))
    color = tuple(float(v) for v in rng.uniform(0, 255, 3))
    top, bottom = np.sort(rng.uniform(-0.1, 1.1, 2)) * height
    left, right = np.sort(rng.uniform(-0.1, 1.1, 2)) * width
    lean = rng.normal(0, 0.1) * (bottom - top)
    upright = rng.random() < 0.7
    for at in np.arange(left if upright else top, right if upright else bottom, step):
        a, b = ((at, top), (at + lean, bottom)) if upright else ((left, at), (right, at + lean))
        cv2.line(image, tuple(int(v) for v in a), tuple(int(v) for v in b), color, thick, cv2.LINE_AA)
    for at in rng.uniform(top, bottom, int(rng.integers(0, 3))) if upright else ():
        cv2.line(image, (int(left), int(at)), (int(right), int(at)), color, thick + 1, cv2.LINE_AA)


def draw_foliage(rng: np.random.Generator, image: np.ndarray) -> None:
    """Hundreds of small leaves in shades of one color, in place.

    Args:
        rng: source of everything random.
        image: (H, W, 3) uint8 RGB.
    """
    height, width = image.shape[:2]
    center = rng.uniform(0, 1, 2) * (width, height)
    spread = rng.uniform(0.1, 0.4) * np.array([width, height])
    base = np.array([rng.uniform(20, 120), rng.uniform(60, 180), rng.uniform(10, 90)])
    length = rng.uniform(2, 12)
    for _ in range(int(rng.integers(150, 600))):
        x, y = rng.normal(center, spread)
        axes = (max(1, int(length * rng.uniform(0.4, 1.2))), max(1, int(length * rng.uniform(0.2, 0.5))))
        color = tuple(float(v) for v in (base * rng.uniform(0.4, 1.6)).clip(0, 255))
        cv2.ellipse(image, (int(x), int(y)), axes, rng.uniform(0, 180), 0, 360, color, -1, cv2.LINE_AA)


def draw_masonry(rng: np.random.Generator, image: np.ndarray) -> None:
    """Rows of bricks or tiles with joints between them, in place.

    Args:
        rng: source of everything random.
        image: (H, W, 3) uint8 RGB.
    """
    height, width = image.shape[:2]
    rows = rng.uniform(7, 40)
    aspect = rng.uniform(1, 3.5)
    base, joint = rng.uniform(60, 220, 3), tuple(float(v) for v in rng.uniform(40, 240, 3))
    top, bottom = np.sort(rng.uniform(0, 1, 2)) * height
    for row, y in enumerate(np.arange(top, bottom, rows)):
        offset = (row % 2) * rows * aspect / 2
        for x in np.arange(-offset, width, rows * aspect):
            low, high = (int(x), int(y)), (int(x + rows * aspect), int(y + rows))
            color = tuple(float(v) for v in (base + rng.uniform(-18, 18)).clip(0, 255))
            cv2.rectangle(image, low, high, color, -1)
            cv2.rectangle(image, low, high, joint, max(1, int(rows * 0.08)))


def draw_windows(rng: np.random.Generator, image: np.ndarray) -> None:
    """A grid of windows or cells with frames, in place.

    Args:
        rng: source of everything random.
        image: (H, W, 3) uint8 RGB.
    """
    height, width = image.shape[:2]
    cell = rng.uniform(8, 60, 2)
    gap = cell * rng.uniform(1.15, 2.2, 2)
    start = rng.uniform(0, 0.7, 2) * (width, height)
    count = rng.integers(2, 12, 2)
    fill, frame = (tuple(float(v) for v in rng.uniform(0, 255, 3)) for _ in range(2))
    for i in range(count[0]):
        for j in range(count[1]):
            low = start + gap * (i, j)
            a, b = tuple(int(v) for v in low), tuple(int(v) for v in low + cell)
            cv2.rectangle(image, a, b, fill, -1)
            cv2.rectangle(image, a, b, frame, max(1, int(cell.min() * 0.08)))
            if cell.min() > 14:
                middle = int(low[0] + cell[0] / 2)
                cv2.line(image, (middle, a[1]), (middle, b[1]), frame, 1)


def draw_scribbles(rng: np.random.Generator, image: np.ndarray) -> None:
    """Strokes of a pen that spell nothing: branches, cables, cracks, in place.

    Args:
        rng: source of everything random.
        image: (H, W, 3) uint8 RGB.
    """
    height, width = image.shape[:2]
    color = tuple(float(v) for v in rng.uniform(0, 255, 3))
    for _ in range(int(rng.integers(1, 8))):
        walk = rng.uniform(0, 1, 2) * (width, height) + rng.normal(
            0, rng.uniform(3, 25), (int(rng.integers(4, 40)), 2)
        ).cumsum(0)
        cv2.polylines(image, [walk.astype(np.int32)], False, color, int(rng.integers(1, 5)), cv2.LINE_AA)


NOT_TEXT = (draw_railing, draw_foliage, draw_masonry, draw_windows, draw_scribbles)
"""Structures that a detector mistakes for text."""


def draw_sign(rng: np.random.Generator, sheet: Sheet, fonts: str) -> None:
    """A plate with a border and one to four centered lines, seen at an angle, in place.

    Args:
        rng: source of everything random.
        sheet: the page; the polygons and texts of the sign are added to it.
        fonts: see `fonts.font_paths`.
    """
    height, width = sheet.image.shape[:2]
    size = np.exp(rng.uniform(np.log(13), np.log(max(18, 0.14 * height))))
    style = pick_style(rng, int(size), "en", fonts)
    texts = [english_line(rng, int(rng.integers(3, 16))) for _ in range(int(rng.integers(1, 5)))]
    if rng.random() < 0.4:
        texts = [text.upper() for text in texts]
    inks = [set_text(text, style) for text in texts]
    leading = rng.uniform(1.25, 1.9) * size
    pad = rng.uniform(0.4, 1.3, 2) * size
    plate = np.array([max(ink.shape[1] for ink in inks), leading * len(inks)]) + 2 * pad
    if (plate > (width, height)).any():
        return
    matrix = shift(*(rng.uniform(0, 1, 2) * ((width, height) - plate))) @ tilt(
        rng, *plate.tolist(), rng.normal(0, 6), 0.12
    )
    corners = np.array([[[0, 0], [plate[0], 0], plate, [0, plate[1]]]], np.float32)
    quad = cv2.perspectiveTransform(corners, matrix)[0].astype(np.int32)
    if not sheet.free(quad):
        return
    ground = rng.uniform(0, 255, 3)
    cv2.fillPoly(sheet.image, [quad], tuple(map(float, ground)), cv2.LINE_AA)
    color = ink_color(rng, np.full((2, 2, 3), ground, np.uint8))
    for _ in range(int(rng.integers(0, 3))):
        inset = rng.uniform(0.02, 0.25) * pad.min()
        frame = corners + inset * np.array([[[1, 1], [-1, 1], [-1, -1], [1, -1]]], np.float32)
        outline = cv2.perspectiveTransform(frame, matrix)[0].astype(np.int32)
        cv2.polylines(
            sheet.image, [outline], True, tuple(map(float, color)), int(rng.integers(1, 5)), cv2.LINE_AA
        )
    for row, (text, ink) in enumerate(zip(texts, inks, strict=True)):
        left = (plate[0] - ink.shape[1]) / 2
        top = pad[1] + row * leading + (leading - ink.shape[0]) / 2
        sheet.place_on(matrix, text, ink, shift(left, top), color, rng.uniform(0.8, 1))
    cv2.fillPoly(sheet.taken, [quad], 1)  # no later sign may cover this one


def till_style(rng: np.random.Generator, size: int, fonts: str) -> Style:
    """A style of receipts and tickets: a monospaced font, often with wide tracking.

    Args:
        rng: source of everything random.
        size: of the font in pixels.
        fonts: see `fonts.font_paths`.
    """
    style = pick_style(rng, size, "en", fonts)
    if rng.random() < 0.7:
        fixed = [
            p for family in font_paths("en", fonts) for p in family if "mono" in pathlib.Path(p).name.lower()
        ]
        style = style._replace(font=fixed[rng.integers(len(fixed))])
    return style._replace(tracking=rng.uniform(0, 0.25) * size if rng.random() < 0.5 else style.tracking)


def receipt_entry(rng: np.random.Generator, room: int) -> str:
    """An item of a receipt: words, a number, or a mark of one or two characters.

    Args:
        rng: source of everything random.
        room: maximum number of characters.
    """
    kind = rng.random()
    if kind < 0.2:
        return "".join(rng.choice(list("ABCDEFGHKLMNPQRSTUVWXYZ123456789"), int(rng.integers(1, 3))))
    if kind < 0.35:
        return number(rng)[:room]
    return english_line(rng, max(1, room))


def draw_receipt(rng: np.random.Generator, sheet: Sheet, fonts: str) -> None:
    """A strip of paper with items on the left and prices on the right, in place.

    Args:
        rng: source of everything random.
        sheet: the page.
        fonts: see `fonts.font_paths`.
    """
    height, width = sheet.image.shape[:2]
    paper = np.array([rng.uniform(0.45, 0.95) * width, rng.uniform(0.7, 1.1) * height])
    matrix = shift(*(rng.uniform(0, 1, 2) * ((width, height) - paper))) @ tilt(
        rng, *paper.tolist(), rng.normal(0, 4), 0.03
    )
    corners = np.array([[[0, 0], [paper[0], 0], paper, [0, paper[1]]]], np.float32)
    quad = cv2.perspectiveTransform(corners, matrix)[0].astype(np.int32)
    ground = rng.uniform(190, 255) + rng.uniform(-8, 8, 3)
    cv2.fillPoly(sheet.image, [quad], tuple(map(float, ground.clip(0, 255))), cv2.LINE_AA)
    size = int(np.exp(rng.uniform(np.log(10), np.log(max(14, 0.07 * height)))))
    style = till_style(rng, size, fonts)
    faded = rng.uniform(0.35, 0.9)
    color, left, y = rng.uniform(0, 90, 3), rng.uniform(0.03, 0.1) * paper[0], rng.uniform(0.3, 2) * size
    while y < paper[1] - 2 * size:
        room = int((paper[0] - 2 * left) / (0.62 * size * style.stretch + style.tracking))
        if rng.random() < 0.2 or room < 8:  # a centered line of the head
            entries = [(None, english_line(rng, max(1, min(room, int(rng.integers(4, 26))))))]
        else:
            entries = [
                (left, receipt_entry(rng, int(room * rng.uniform(0.2, 0.55)))),
                (-left, receipt_entry(rng, 2) if rng.random() < 0.2 else number(rng)[: max(1, room // 3)]),
            ]
        for at, text in entries:
            ink = set_text(text, style)
            x = (
                (paper[0] - ink.shape[1]) / 2
                if at is None
                else at
                if at > 0
                else paper[0] + at - ink.shape[1]
            )
            sheet.place_on(matrix, text, ink, shift(x, y), color, rng.uniform(faded, 1))
        y += size * rng.uniform(1.25, 1.7)


def render_photo_page(rng: np.random.Generator, size: tuple[int, int], *, fonts: str = "course") -> Page:
    """A page drawn like a photograph: a background, structures that are not text, and text of one kind or none.

    Args:
        rng: source of everything random.
        size: (height, width) in pixels.
        fonts: see `fonts.font_paths`.
    """
    height, width = size
    ground = rng.random()
    if ground < 0.4:
        image = photograph_piece(rng, height, width).copy()
    else:
        image = plain(rng, height, width) if ground < 0.6 else background(rng, height, width)
    for _ in range(int(rng.integers(0, 4))):
        NOT_TEXT[rng.integers(len(NOT_TEXT))](rng, image)
    sheet = Sheet(image, np.eye(3))
    kind = rng.random()
    if kind < 0.35:
        for _ in range(int(rng.integers(1, 5))):
            draw_sign(rng, sheet, fonts)
    elif kind < 0.55:
        draw_receipt(rng, sheet, fonts)
    elif kind < 0.75:
        sheet.matrix = tilt(rng, width, height, rng.normal(0, 3), 0.05)
        paragraphs(rng, sheet, "en", fonts)
    elif kind < 0.87:
        scattered(rng, sheet, "en", fonts)
    polygons = np.array(sheet.polygons, np.float32).reshape(-1, 4, 2)
    return Page(wear(rng, image, 0.9), polygons, sheet.texts)


def photo_page_at(
    seed: int, index: int, *, size: tuple[int, int] = (640, 640), fonts: str = "course"
) -> Page:
    """Draw photographed page number `index` of the endless stream of a seed.

    Args:
        seed: of the stream.
        index: of the page, from 0.
        size: (height, width) in pixels.
        fonts: see `fonts.font_paths`.
    """
    return render_photo_page(np.random.default_rng([seed, index]), size, fonts=fonts)
