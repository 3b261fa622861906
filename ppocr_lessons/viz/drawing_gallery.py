"""Pictures of each operation that draws synthetic photographs."""

import itertools

import cv2
import numpy as np

from ..datasets.synthetic import photo_pages
from ..datasets.synthetic.fonts import font_paths
from ..datasets.synthetic.ink import Style, blend, set_text, tilt, wear
from ..datasets.synthetic.photo_text import (
    bend_baseline,
    beside,
    fill_gradient,
    glow,
    lower_resolution,
    outline,
    plate,
    slant,
    thicken,
)
from ..datasets.synthetic.sheet import Sheet
from .figure import new_figure, show, show_picture

INK, PAPER = np.array([40.0, 60.0, 150.0]), np.array([226, 222, 205], np.uint8)
MARGIN = 14


def _style(size: int = 44) -> Style:
    """The first family of the course's fonts that is a sans serif of ordinary width."""
    return Style(font_paths()[0][0], size)


def _on_paper(ink, *, below=None, color=INK, matrix=None) -> np.ndarray:
    """Letters on a plain background, with something that is drawn below them."""
    height, width = ink.shape
    image = np.empty((height + 2 * MARGIN, width + 2 * MARGIN, 3), np.uint8)
    image[:] = PAPER
    place = np.array([[1, 0, MARGIN], [0, 1, MARGIN], [0, 0, 1]], np.float64)
    if below is not None:
        below(image, place)
    blend(image, ink, place if matrix is None else matrix(image) @ place, color, 1.0)
    return image


def line_operations(text: str, seed: int) -> dict[str, np.ndarray]:
    """A line drawn plainly, and with each single operation of `photo_text`.

    Args:
        text: of the line.
        seed: of everything random.

    Returns: (H, W, 3) uint8 RGB pictures by name of the operation.
    """
    ink = np.pad(set_text(text, _style()), 4)

    def rng():
        return np.random.default_rng(seed)

    def edged(image, place):
        blend(image, outline(ink, 3), place, (250, 250, 250), 1.0)

    def glowing(image, place):
        blend(image, glow(ink, 5.0), place, (255, 120, 0), 1.0)

    def gradient(image):
        height, width = image.shape[:2]
        painted = fill_gradient(np.random.default_rng(seed + 2), np.array([150.0, 80.0, 90.0]), height, width)
        covered = np.pad(ink, MARGIN)[..., None] / 255
        return (image * (1 - covered) + painted * covered).astype(np.uint8)

    def with_plate(image):
        plate(np.random.default_rng(seed + 1), image, np.array([20.0, 20.0, 20.0]))
        return image

    def with_neighbor(image):
        beside(rng(), image, _style(), INK, text[::-1], MARGIN)
        return image

    plain = _on_paper(ink)
    return {
        "plain": plain,
        "bend_baseline": _on_paper(bend_baseline(rng(), ink)),
        "slant": _on_paper(slant(np.random.default_rng(seed + 1), ink)),
        "thicken": _on_paper(thicken(rng(), ink)),
        "outline": _on_paper(ink, below=edged),
        "glow": _on_paper(ink, below=glowing),
        "fill_gradient": gradient(_on_paper(0 * ink)),
        "plate": with_plate(plain.copy()),
        "beside": with_neighbor(plain.copy()),
        "lower_resolution": lower_resolution(rng(), plain),
        "tilt": _on_paper(ink, matrix=lambda image: tilt(rng(), image.shape[1], image.shape[0], 2.0, 0.3)),
        "wear": wear(rng(), plain, 1.6),
    }


def show_line_operations(text: str = "Open daily 9-17", seed: int = 3):
    """Twelve pictures of one line, one for each operation.

    Args:
        text: of the line.
        seed: of everything random.
    """
    drawn = line_operations(text, seed)
    figure, axes = new_figure(4, 3, size=(12, 4.6))
    for axis, (name, picture) in zip(axes.ravel(), drawn.items(), strict=True):
        show_picture(axis, picture, name)
    return show(figure, f"The line {text!r} drawn in twelve ways: " + ", ".join(drawn))


def scenes(seed: int, side: int = 320) -> dict[str, np.ndarray]:
    """Pictures by `photo_pages`: five structures that are not text, a sign and a receipt.

    Args:
        seed: of everything random.
        side: of each picture in pixels.

    Returns: (side, side, 3) uint8 RGB pictures by name of the operation, and last a finished page. In the pictures of one
        operation the boxes of texts are outlined.
    """
    pictures = {}
    for number, draw in enumerate(photo_pages.NOT_TEXT):
        image = np.full((side, side, 3), (200, 205, 210), np.uint8)
        draw(np.random.default_rng([seed, number]), image)
        pictures[draw.__name__] = image
    for number, draw in enumerate((photo_pages.draw_sign, photo_pages.draw_receipt)):
        sheet = Sheet(np.full((side, side, 3), (120, 135, 110), np.uint8), np.eye(3))
        attempt = 0
        while not sheet.texts:
            draw(np.random.default_rng([seed, number, attempt]), sheet, "course")
            attempt += 1
        for polygon in sheet.polygons:
            cv2.polylines(sheet.image, [np.int32(polygon)], True, (213, 94, 0), 1, cv2.LINE_8)
        pictures[draw.__name__] = sheet.image
    pages = (photo_pages.photo_page_at(seed, index, size=(side, side)) for index in itertools.count())
    pictures["render_photo_page"] = next(page.image for page in pages if 3 <= len(page.texts) <= 8)
    return pictures


def show_scenes(seed: int = 15):
    """Eight pictures: what a detector must not take for text, and what it must find.

    Args:
        seed: of everything random.
    """
    drawn = scenes(seed)
    figure, axes = new_figure(2, 4, size=(12, 6.4))
    for axis, (name, picture) in zip(axes.ravel(), drawn.items(), strict=True):
        show_picture(axis, picture, name)
    return show(
        figure,
        "Eight synthetic pictures: "
        + ", ".join(drawn)
        + ". The texts of sign and receipt have orange outlines.",
    )
