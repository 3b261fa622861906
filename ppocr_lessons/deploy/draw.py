"""Drawings of the boxes and texts that were read, for files and notebooks."""

import functools
import pathlib

import cv2
import numpy as np
from PIL import Image as PILImage
from PIL import ImageDraw, ImageFont

BOX_COLOR = (213, 94, 0)

LARGEST = 6000
"""Longest side of a drawing in pixels."""


@functools.lru_cache(maxsize=64)
def _font(size: int):
    from matplotlib import get_data_path  # imported here because it takes half a second

    return ImageFont.truetype(str(pathlib.Path(get_data_path()) / "fonts/ttf/DejaVuSans.ttf"), size)


def draw_boxes(
    image: np.ndarray, polygons, *, color=BOX_COLOR, number: bool = False, bold: bool = False
) -> np.ndarray:
    """Draw the outlines of polygons on an image.

    Args:
        image: (H, W, 3) uint8 RGB; not changed.
        polygons: each (N, 2) in pixels.
        color: RGB.
        number: write the index of each polygon beside it.
        bold: draw lines of twice the usual width.

    Returns: (H, W, 3) uint8 RGB.
    """
    out = image.copy()
    thickness = max(1, round(max(image.shape[:2]) / 500)) * (2 if bold else 1)
    for index, polygon in enumerate(polygons):
        points = np.round(polygon).astype(np.int32)
        cv2.polylines(out, [points], True, color, thickness, cv2.LINE_AA)
        if number:
            place = (int(points[:, 0].min()), max(10, int(points[:, 1].min()) - 3))
            cv2.putText(out, str(index), place, cv2.FONT_HERSHEY_SIMPLEX, 0.4, color, 1, cv2.LINE_AA)
    return out


def write_texts(size: tuple[int, int], lines) -> np.ndarray:
    """Write each text at the position of its box on a white page.

    Args:
        size: (height, width) in pixels.
        lines: list of `ocr.TextLine`.

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
    """Draw an image with its boxes on the left and the texts at their positions on the right.

    Args:
        image: (H, W, 3) uint8 RGB; not changed.
        lines: list of `ocr.TextLine`.

    Returns: (H', 2 W', 3) uint8 RGB; small images are enlarged, and those larger than LARGEST are reduced.
    """
    longest = max(image.shape[:2])
    # Small images are enlarged to be legible. Drawings of very large ones would need gigabytes of memory.
    scale = LARGEST / longest if longest > LARGEST else max(1, round(700 / longest))
    size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    image = cv2.resize(image, size, interpolation=cv2.INTER_CUBIC if scale >= 1 else cv2.INTER_AREA)
    lines = [line._replace(polygon=line.polygon * scale) for line in lines]
    boxes = draw_boxes(image, [line.polygon for line in lines])
    return np.hstack([boxes, write_texts(image.shape[:2], lines)])
