"""Pages of the small labeled datasets under data/.

Pages that are rendered from a seed depend on the versions of Pillow and OpenCV, even in the positions of texts. Notebooks
compare results with stored outputs, so they use pages that were rendered once and committed.
"""

import pathlib

import cv2
import numpy as np

from .labels import LabelFile, parse_page
from .pictures import read_picture
from .synthetic.pages import Line, Page


def shipped_page(folder, index: int, *, side: int | None = None) -> Page:
    """Read one page of a detection dataset, with its label.

    Args:
        folder: contains label.txt and the images that it names, as `ppocr-lessons synth det` writes them.
        index: number of the page, from 0.
        side: length in pixels to which the longer side of the page is resized; None keeps the size.

    Returns: image (H, W, 3) uint8 RGB, polygons (N, 4, 2) float32 pixels, N texts.

    Raises:
        IndexError: the dataset has fewer pages; the message says how many.
        PictureError, ValueError: the image or its label cannot be read.
    """
    folder = pathlib.Path(folder)
    labels = LabelFile(folder / "label.txt")
    if not 0 <= index < len(labels):
        raise IndexError(f"{folder}: has no page {index}; known are pages 0 to {len(labels) - 1}")
    picture, label = labels[index]
    image, texts = read_picture(folder / picture), parse_page(label)
    polygons = np.array([text.points for text in texts], np.float32).reshape(-1, 4, 2)
    if side is not None:
        scale = side / max(image.shape[:2])
        height, width = (round(scale * length) for length in image.shape[:2])
        smaller = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        image = cv2.resize(image, (width, height), interpolation=smaller)
        polygons = polygons * np.float32(scale)
    return Page(image, polygons, [text.text for text in texts])


def shipped_lines(folder) -> list[Line]:
    """Read all lines of a recognition dataset.

    Args:
        folder: contains label.txt and the images that it names, as `ppocr-lessons synth rec` writes them.

    Returns: image (H, W, 3) uint8 RGB and text of each line, in the order of the label file.

    Raises:
        PictureError, ValueError: an image or its label cannot be read.
    """
    folder = pathlib.Path(folder)
    labels = LabelFile(folder / "label.txt")
    return [Line(read_picture(folder / name), text) for name, text in (labels[i] for i in range(len(labels)))]
