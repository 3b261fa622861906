"""A page with what was read on it."""

import functools

import cv2
import numpy as np
from matplotlib import font_manager
from PIL import Image as PILImage
from PIL import ImageDraw, ImageFont

from .figure import new_figure, show, show_picture

BOX_COLOUR = (213, 94, 0)


@functools.lru_cache(maxsize=64)
def _font(size: int):
    return ImageFont.truetype(font_manager.findfont("DejaVu Sans"), size)


def draw_boxes(image: np.ndarray, polygons, *, colour=BOX_COLOUR, number: bool = False) -> np.ndarray:
    """Outlines over a picture.

    Args:
        image: (H, W, 3) uint8 RGB, left as it is.
        polygons: each (N, 2).
        colour: RGB.
        number: write the index beside each.

    Returns: (H, W, 3) uint8 RGB.
    """
    out = image.copy()
    thickness = max(1, round(max(image.shape[:2]) / 500))
    for index, polygon in enumerate(polygons):
        points = np.round(polygon).astype(np.int32)
        cv2.polylines(out, [points], True, colour, thickness, cv2.LINE_AA)
        if number:
            place = (int(points[:, 0].min()), max(10, int(points[:, 1].min()) - 3))
            cv2.putText(out, str(index), place, cv2.FONT_HERSHEY_SIMPLEX, 0.4, colour, 1, cv2.LINE_AA)
    return out


def write_texts(size: tuple[int, int], lines) -> np.ndarray:
    """A white page with each text where its box stands.

    Args:
        size: (height, width) in pixels.
        lines: of `ocr.TextLine`.

    Returns: (H, W, 3) uint8 RGB.
    """
    height, width = size
    page = PILImage.new("RGB", (width, height), "white")
    pen = ImageDraw.Draw(page)
    for line in lines:
        (x0, y0), (x1, y1) = line.polygon.min(0), line.polygon.max(0)
        pixels = max(8, int(0.8 * (y1 - y0)))
        wide = _font(pixels).getlength(line.text)
        if wide > x1 - x0 > 0:
            pixels = max(7, int(pixels * (x1 - x0) / wide))
        pen.text((x0, (y0 + y1) / 2), line.text, (0, 0, 0), _font(pixels), anchor="lm")
        pen.polygon([tuple(p) for p in line.polygon], outline=(200, 200, 200))
    return np.asarray(page)


def draw_reading(image: np.ndarray, lines) -> np.ndarray:
    """The picture with boxes on the left, the texts at their places on the right; RGB."""
    scale = max(1, round(700 / max(image.shape[:2])))  # small pictures are enlarged, or nothing could be read
    image = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    lines = [line._replace(polygon=line.polygon * scale) for line in lines]
    boxes = draw_boxes(image, [line.polygon for line in lines])
    return np.hstack([boxes, write_texts(image.shape[:2], lines)])


def show_reading(image: np.ndarray, lines):
    """`draw_reading` as a notebook picture."""
    drawn = draw_reading(image, lines)
    figure, axis = new_figure(size=(12, 12 * drawn.shape[0] / drawn.shape[1]))
    show_picture(axis, drawn)
    texts = "; ".join(line.text for line in lines)
    return show(figure, f"Left: the picture with {len(lines)} boxes. Right: what was read: {texts}")


def show_crops(crops, captions, *, columns: int = 2, title: str = ""):
    """Rectified lines with a caption each.

    Args:
        crops: (H, W, 3) uint8 RGB.
        captions: a text each.
        columns: of the grid.
        title: above all.
    """
    rows = -(-len(crops) // columns)
    figure, axes = new_figure(rows, columns, size=(12, 0.75 * rows + 0.3))
    axes = np.atleast_1d(axes).ravel()
    for axis, crop, caption in zip(axes, crops, captions, strict=False):
        show_picture(axis, crop)
        axis.set_title(caption, fontsize=9, loc="left", fontweight="normal")
    for axis in axes[len(crops) :]:
        axis.axis("off")
    if title:
        figure.suptitle(title)
    return show(figure, f"{len(crops)} lines cut out and straightened: " + "; ".join(captions))
