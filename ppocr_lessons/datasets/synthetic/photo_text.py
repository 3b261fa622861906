"""Text as in photographs: bent, unevenly lit, outlined, close to other lines and to the edges of plates.

Each operation is a function of the ink or of the picture and a random generator. `render_photo_line` chooses the
operations at random. The shipped recognizer is trained on these lines; the lines under data/ are drawn by the
simpler `pages.render_line`.
"""

import cv2
import numpy as np

from .backgrounds import background, soft_field
from .fonts import capitals_only
from .ink import Style, blend, ink_color, pick_style, set_text, tilt, wear
from .pages import Line


def bend_baseline(rng: np.random.Generator, ink: np.ndarray, *, depth: float = 0.6) -> np.ndarray:
    """Set the text on an arc, up or down.

    Args:
        rng: source of everything random.
        ink: (h, w) uint8.
        depth: largest rise of the arc's middle over its ends, in heights of the text.

    Returns: (h + rise, w) uint8.
    """
    height, width = ink.shape
    rise = rng.uniform(0.1, depth) * height * min(1.0, width / (4 * height))
    x = np.linspace(-1, 1, width, dtype=np.float32)
    curve = rise * x**2 if rng.random() < 0.5 else rise * (1 - x**2)
    tall = height + int(np.ceil(rise))
    rows = np.arange(tall, dtype=np.float32)[:, None] - curve[None]
    columns = np.broadcast_to(np.arange(width, dtype=np.float32), rows.shape).copy()
    return cv2.remap(ink, columns, rows, cv2.INTER_LINEAR)


def slant(rng: np.random.Generator, ink: np.ndarray) -> np.ndarray:
    """Lean the letters by up to 20 degrees, as an oblique font does.

    Args:
        rng: source of everything random.
        ink: (h, w) uint8.
    """
    height, width = ink.shape
    lean = np.tan(np.radians(rng.uniform(-20, 20)))
    extra = int(np.ceil(abs(lean) * height))
    matrix = np.array([[1, lean, extra if lean < 0 else 0], [0, 1, 0]], np.float64)
    return cv2.warpAffine(ink, matrix, (width + extra, height))


def thicken(rng: np.random.Generator, ink: np.ndarray) -> np.ndarray:
    """Bleed the ink, as heavy print or a bad copy does.

    Args:
        rng: source of everything random.
        ink: (h, w) uint8.
    """
    size = 2 if ink.shape[0] < 40 or rng.random() < 0.6 else 3
    return cv2.dilate(ink, np.ones((size, size), np.uint8))


def outline(ink: np.ndarray, width: int) -> np.ndarray:
    """The edge around the letters, (h, w) uint8.

    Args:
        ink: (h, w) uint8 with at least `width` empty pixels around the letters.
        width: of the edge in pixels.
    """
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * width + 1, 2 * width + 1))
    return cv2.dilate(ink, kernel)


def glow(ink: np.ndarray, radius: float) -> np.ndarray:
    """Light around the letters, (h, w) uint8.

    Args:
        ink: (h, w) uint8.
        radius: of the blur in pixels.
    """
    return cv2.GaussianBlur(ink, (0, 0), radius)


def fill_gradient(rng: np.random.Generator, color: np.ndarray, height: int, width: int) -> np.ndarray:
    """A color that changes across the text, (height, width, 3) float32.

    Args:
        rng: source of everything random.
        color: (3,), the mean.
        height, width: in pixels.
    """
    change = rng.uniform(-45, 45, 3)
    ramp = np.linspace(-1, 1, height)[:, None] if rng.random() < 0.6 else np.linspace(-1, 1, width)[None]
    ramp = np.broadcast_to(ramp, (height, width))[..., None]
    return (np.asarray(color) + change * ramp).clip(0, 255).astype(np.float32)


def plate(rng: np.random.Generator, image: np.ndarray, color: np.ndarray) -> None:
    """Draw the edge of a plate or a frame close to the border of the picture, in place.

    Args:
        rng: source of everything random.
        image: (H, W, 3) uint8.
        color: (3,) of the edge.
    """
    height, width = image.shape[:2]
    thick = int(rng.integers(1, max(2, height // 14) + 1))
    inset = rng.uniform(-0.02, 0.07, 4) * height
    sides = rng.random(4) < 0.6
    color = tuple(float(v) for v in color)
    ends = (
        ((0, inset[0]), (width, inset[0])),
        ((0, height - inset[1]), (width, height - inset[1])),
        ((inset[2], 0), (inset[2], height)),
        ((width - inset[3], 0), (width - inset[3], height)),
    )
    for drawn, (a, b) in zip(sides, ends, strict=True):
        if drawn:
            cv2.line(image, tuple(int(v) for v in a), tuple(int(v) for v in b), color, thick, cv2.LINE_AA)


def beside(rng: np.random.Generator, image: np.ndarray, style: Style, color, text: str, gap: int) -> None:
    """Draw part of the line above or below into the picture, in place, as in a crop of dense print.

    Args:
        rng: source of everything random.
        image: (H, W, 3) uint8.
        style: of the neighbor.
        color: (3,) of its ink.
        text: of the neighbor.
        gap: pixels between the border and the text that is to be read; the neighbor stays within them.
    """
    ink = set_text(text, style)
    reach = min(gap, max(1, int(rng.uniform(0.3, 1.0) * gap)))
    top = -ink.shape[0] + reach if rng.random() < 0.5 else image.shape[0] - reach
    left = rng.uniform(-0.3, 0.3) * image.shape[1]
    blend(image, ink, np.array([[1, 0, left], [0, 1, top], [0, 0, 1]], np.float64), color, 0.9)


def lower_resolution(rng: np.random.Generator, image: np.ndarray) -> np.ndarray:
    """Shrink to 9 to 20 rows and enlarge again, to simulate a crop of fine print.

    Args:
        rng: source of everything random.
        image: (H, W, 3) uint8.
    """
    height, width = image.shape[:2]
    rows = int(rng.integers(11, 24))
    if rows >= height:
        return image
    small = cv2.resize(image, (max(2, round(width * rows / height)), rows), interpolation=cv2.INTER_AREA)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)


def _paint(rng, image, ink, matrix, color, opacity):
    """Draw the letters with their effects: shadow, glow, outline, relief."""
    height = ink.shape[0]
    effect = rng.random()
    pad = max(2, height // 8)
    ink = np.pad(ink, pad)
    matrix = matrix @ np.array([[1, 0, -pad], [0, 1, -pad], [0, 0, 1]], np.float64)
    opposite = 255 - color if rng.random() < 0.5 else np.full(3, 0.0 if color.mean() > 128 else 255.0)
    if effect < 0.09:
        blend(image, outline(ink, int(rng.integers(1, max(2, pad // 2) + 1))), matrix, opposite, 0.9)
    elif effect < 0.2:
        shift = rng.uniform(-0.09, 0.09, 2) * height
        move = np.array([[1, 0, shift[0]], [0, 1, shift[1]], [0, 0, 1]], np.float64)
        blend(
            image,
            glow(ink, 0.3 + 0.03 * height * rng.random()),
            matrix @ move,
            opposite * 0.6,
            rng.uniform(0.3, 0.8),
        )
    elif effect < 0.25:
        blend(image, glow(ink, rng.uniform(0.05, 0.14) * height), matrix, opposite, rng.uniform(0.4, 0.9))
    elif effect < 0.3:
        for sign, shade in ((-1, 1.25), (1, 0.6)):  # relief: one edge lit, the opposite one dark
            move = np.array([[1, 0, sign], [0, 1, sign], [0, 0, 1]], np.float64)
            blend(image, ink, matrix @ move, (color * shade).clip(0, 255), 0.8)
    if rng.random() < 0.2:
        before = image.copy()
        blend(image, ink, matrix, color, opacity)
        painted = fill_gradient(rng, np.zeros(3), *image.shape[:2])
        changed = (image != before).any(-1, keepdims=True)
        image[:] = np.where(changed, (image + 0.6 * painted).clip(0, 255), image).astype(np.uint8)
    else:
        blend(image, ink, matrix, color, opacity)


def render_photo_line(rng: np.random.Generator, text: str, *, fonts: str = "course") -> Line:
    """One line as a detector cuts it out of a photograph.

    Args:
        rng: source of everything random.
        text: of the line; converted to capitals for a font without small letters.
        fonts: see `fonts.font_paths`.
    """
    style = pick_style(rng, int(rng.integers(18, 60)), "en", fonts)
    if rng.random() < 0.1:
        style = style._replace(tracking=-rng.uniform(0.0, 0.05) * style.size)
    if capitals_only(style.font):
        text = text.upper()
    ink = set_text(text, style)
    if rng.random() < 0.08:
        ink = slant(rng, ink)
    if rng.random() < 0.08:
        ink = thicken(rng, ink)
    if rng.random() < 0.14:
        ink = bend_baseline(rng, ink)
    height, width = ink.shape
    line_height = max(height, int(0.5 * style.size))
    top, bottom, left, right = (rng.uniform(0.02, 0.4, 4) * line_height).astype(int)
    top += (line_height - height) // 2
    bottom += (line_height - height) // 2
    image = background(rng, height + top + bottom, width + left + right)
    color = ink_color(rng, image)
    if rng.random() < 0.18:
        plate(rng, image, color if rng.random() < 0.5 else rng.uniform(0, 255, 3))
    gap = min(top, bottom)
    if gap >= 2 and rng.random() < 0.22:
        beside(rng, image, style, color, text[::-1], gap)
    place = np.array([[1, 0, left], [0, 1, top], [0, 0, 1]], np.float64)
    slope = np.degrees(np.arctan2(0.2 * line_height, image.shape[1]))
    depth = 0.2 if rng.random() < 0.2 else 0.06
    matrix = tilt(rng, image.shape[1], image.shape[0], rng.uniform(-slope, slope), depth) @ place
    if rng.random() < 0.06:
        y = int(image.shape[0] - rng.uniform(0.02, 0.15) * line_height) - 1
        cv2.line(image, (0, y), (image.shape[1], y), tuple(map(float, color)), int(rng.integers(1, 3)))
    _paint(rng, image, ink, matrix, color, rng.uniform(0.7, 1.0))
    if rng.random() < 0.12:  # light that falls off, as under a lamp
        field = soft_field(rng, *image.shape[:2], 2)[..., None]
        image = (image * (1 + 0.45 * field)).clip(0, 255).astype(np.uint8)
    if rng.random() < 0.2:
        image = lower_resolution(rng, image)
    return Line(wear(rng, image, 1.25 if rng.random() < 0.3 else 1.0), text)
