"""Rendering of text: render a text in a font, tilt it, blend it into an image, and simulate a camera."""

from typing import NamedTuple

import cv2
import numpy as np
from PIL import Image, ImageDraw

from .backgrounds import soft_field
from .fonts import load_font, pick_font


class Style(NamedTuple):
    """Typographic style of a text.

    Fields:
        font: path of the font file.
        size: of the font in pixels.
        tracking: extra space between characters in pixels.
        stroke: extra width of strokes in pixels.
        stretch: factor of the width.
    """

    font: str
    size: int
    tracking: float = 0.0
    stroke: int = 0
    stretch: float = 1.0


def pick_style(rng: np.random.Generator, size: int, language: str = "en", fonts: str = "course") -> Style:
    """Draw a font, and sometimes wide tracking, a heavier stroke or a stretch, as on receipts.

    Args:
        rng: source of all random numbers.
        size: in pixels.
        language: see `font_paths`.
        fonts: see `font_paths`.
    """
    tracking = rng.uniform(0.05, 0.5) * size if rng.random() < 0.15 else 0.0
    stroke = 1 if size > 24 and rng.random() < 0.08 else 0
    stretch = rng.uniform(0.75, 1.6) if rng.random() < 0.3 else 1.0
    return Style(pick_font(rng, language, fonts), size, tracking, stroke, stretch)


def set_text(text: str, style: Style) -> np.ndarray:
    """Render a text without a background.

    Args:
        text: one line.
        style: typographic style.

    Returns: coverage by ink, (h, w) uint8 in 0..255, cropped to the ink.
    """
    font = load_font(style.font, style.size)
    pad = style.size
    if style.tracking:
        widths = [font.getlength(c) + style.tracking for c in text]
    else:
        widths = [font.getlength(text)]
    canvas = Image.new("L", (int(sum(widths)) + 2 * pad, 3 * pad))
    draw = ImageDraw.Draw(canvas)
    if style.tracking:
        x = float(pad)
        for character, width in zip(text, widths, strict=True):
            draw.text((x, pad), character, 255, font, stroke_width=style.stroke)
            x += width
    else:
        draw.text((pad, pad), text, 255, font, stroke_width=style.stroke)
    box = canvas.getbbox()
    if box is None:
        return np.zeros((style.size, pad), np.uint8)
    ink = np.asarray(canvas.crop(box))
    if style.stretch != 1.0:
        width = max(1, round(ink.shape[1] * style.stretch))
        ink = cv2.resize(ink, (width, ink.shape[0]), interpolation=cv2.INTER_AREA)
    return ink


def ink_color(rng: np.random.Generator, patch: np.ndarray) -> np.ndarray:
    """Draw a color that is readable on a background.

    Args:
        rng: source of all random numbers.
        patch: background under the text, (h, w, 3) uint8 RGB.

    Returns: (3,) float64 RGB in 0..255.
    """
    ground = patch.reshape(-1, 3).mean(0)
    luminance = ground @ (0.299, 0.587, 0.114)
    contrast = rng.uniform(55, 200)
    target = luminance - contrast if luminance > rng.uniform(90, 165) else luminance + contrast
    tint = rng.uniform(-60, 60, 3) if rng.random() < 0.35 else rng.uniform(-8, 8, 3)
    return (target + tint).clip(0, 255)


def blend(image: np.ndarray, ink: np.ndarray, matrix: np.ndarray, color, opacity: float) -> np.ndarray:
    """Blend ink into an image through a perspective, in place.

    Args:
        image: (H, W, 3) uint8 RGB; it is changed.
        ink: (h, w) uint8, coverage from `set_text`.
        matrix: (3, 3), from ink to image coordinates.
        color: (3,) RGB in 0..255.
        opacity: of full ink, in 0..1.

    Returns: corners of the ink in the image, (4, 2) float32 in pixels, clockwise from the top left corner of the text.
    """
    height, width = ink.shape
    corners = np.array([[[0, 0], [width, 0], [width, height], [0, height]]], np.float32)
    quad = cv2.perspectiveTransform(corners, matrix)[0]
    low = np.maximum(np.floor(quad.min(0)).astype(int) - 1, 0)
    high = np.minimum(np.ceil(quad.max(0)).astype(int) + 2, image.shape[1::-1])
    if (high <= low).any():
        return quad
    shift = np.array([[1, 0, -low[0]], [0, 1, -low[1]], [0, 0, 1]], np.float64)
    alpha = cv2.warpPerspective(
        ink, shift @ matrix, tuple(int(v) for v in high - low), flags=cv2.INTER_LINEAR
    )
    alpha = alpha.astype(np.float32)[..., None] * (opacity / 255)
    window = image[low[1] : high[1], low[0] : high[0]]
    window[:] = window * (1 - alpha) + np.asarray(color, np.float32) * alpha
    return quad


def tilt(rng: np.random.Generator, width: int, height: int, angle_deg: float, depth: float) -> np.ndarray:
    """Draw a matrix that rotates about the center and adds a random perspective.

    Args:
        rng: source of all random numbers.
        width: of the image in pixels.
        height: of the image in pixels.
        angle_deg: angle of the rotation in degrees, counterclockwise on the screen.
        depth: greatest shift of a corner in x and y, as a fraction of the height.

    Returns: (3, 3) float64, from pixels to pixels.
    """
    turn = np.vstack([cv2.getRotationMatrix2D((width / 2, height / 2), angle_deg, 1.0), [0, 0, 1]])
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    moved = corners + rng.uniform(-depth, depth, (4, 2)).astype(np.float32) * height
    return cv2.getPerspectiveTransform(corners, moved) @ turn


def wear(rng: np.random.Generator, image: np.ndarray, strength: float = 1.0) -> np.ndarray:
    """Simulate a camera: uneven light, blur, lower resolution, noise, JPEG artifacts.

    Args:
        rng: source of all random numbers.
        image: (H, W, 3) uint8 RGB.
        strength: factor of the effects; 1 is for an ordinary photograph.

    Returns: a new array, (H, W, 3) uint8 RGB.
    """
    height, width = image.shape[:2]
    picture = image.astype(np.float32)
    if rng.random() < 0.5:
        picture *= 1 + soft_field(rng, height, width, 3)[..., None] * rng.uniform(0, 0.35) * strength
    if rng.random() < 0.35:
        share = rng.uniform(0.45, 0.95)
        small = cv2.resize(picture, None, fx=share, fy=share, interpolation=cv2.INTER_AREA)
        picture = cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)
    if rng.random() < 0.35:
        picture = cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.3, 1.1) * strength)
    elif rng.random() < 0.12:
        length = int(rng.integers(3, 6))
        kernel = np.zeros((length, length), np.float32)
        kernel[length // 2] = 1 / length
        turn = cv2.getRotationMatrix2D(((length - 1) / 2,) * 2, rng.uniform(0, 180), 1)
        kernel = cv2.warpAffine(kernel, turn, (length, length))
        picture = cv2.filter2D(picture, -1, kernel / max(kernel.sum(), 1e-3))
    if rng.random() < 0.4:
        picture += rng.normal(0, rng.uniform(1, 11) * strength, picture.shape).astype(np.float32)
    if rng.random() < 0.3:
        picture = (picture - 128) * rng.uniform(0.6, 1.2) + 128 + rng.uniform(-25, 25)
    picture = picture.clip(0, 255).astype(np.uint8)
    if rng.random() < 0.15:
        gray = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
        picture = cv2.cvtColor(gray, cv2.COLOR_GRAY2RGB)
    if rng.random() < 0.35:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(35, 95))]
        picture = cv2.imdecode(cv2.imencode(".jpg", picture, quality)[1], cv2.IMREAD_COLOR)
    return picture
