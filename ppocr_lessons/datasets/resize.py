"""From images to the input of the nets: the only place where RGB pixels become normalized BGR planes."""

import math

import cv2
import numpy as np

IMAGENET_MEAN = np.array([0.485, 0.456, 0.406], np.float32)
IMAGENET_STD = np.array([0.229, 0.224, 0.225], np.float32)
"""ImageNet's statistics in the order R, G, B. PaddleOCR applies them to BGR images in this order, and so do we."""

LINE_VALUES = (np.arange(256, dtype=np.float32) / 255 - 0.5) / 0.5
"""Input of the classifier and recognizer for each byte of a picture: -1 for black, 1 for white."""

LIMIT_TYPES = ("max", "min", "resize_long")


def line_width(image: np.ndarray, height: int) -> int:
    """Width of a line that is resized to a height with its aspect ratio kept.

    Args:
        image: the line, (H, W, 3).
        height: in pixels, after resizing.

    Returns: width in pixels, rounded up, at least 1.

    Raises:
        ValueError: the line has no pixels.
    """
    if 0 in image.shape[:2]:
        raise ValueError(f"the line is empty: {image.shape[0]} x {image.shape[1]} pixels")
    return max(1, math.ceil(height * image.shape[1] / image.shape[0]))


def fit_line(image: np.ndarray, height: int = 32, width: int = 320) -> np.ndarray:
    """Resize a line to a height with its aspect ratio kept, and pad it on the right.

    A line that would be wider than `width` is squeezed to it.

    Args:
        image: (H, W, 3) uint8 RGB.
        height: of the result in pixels.
        width: of the result in pixels.

    Returns: (3, height, width) float32 BGR in -1..1; the padding is 0, which is a medium gray.

    Raises:
        ValueError: the line has no pixels.
    PaddleOCR: resize_norm_img in ppocr/data/imaug/rec_img_aug.py.
    """
    inner = min(width, line_width(image, height))
    red, green, blue = cv2.split(cv2.resize(image, (inner, height)))
    out = np.zeros((3, height, width), np.float32)
    for plane, channel in zip(out, (blue, green, red), strict=True):
        plane[:, :inner] = cv2.LUT(channel, LINE_VALUES)
    return out


def normalize_page(image: np.ndarray) -> np.ndarray:
    """Normalize a page with ImageNet's statistics.

    Args:
        image: (H, W, 3) uint8 RGB.

    Returns: (3, H, W) float32 BGR.
    PaddleOCR: NormalizeImage and ToCHWImage in ppocr/data/imaug/operators.py.
    """
    scaled = (image[..., ::-1].astype(np.float32) / 255 - IMAGENET_MEAN) / IMAGENET_STD
    return np.ascontiguousarray(scaled.transpose(2, 0, 1))


def page_size(height: int, width: int, *, limit_side_len: int, limit_type: str) -> tuple[int, int]:
    """Size of the detector's input, whose sides have to be multiples of 32.

    Args:
        height: of the page in pixels.
        width: of the page in pixels.
        limit_side_len: limit of one side in pixels.
        limit_type: "max": the long side is at most `limit_side_len` (inference); "min": the short side is at least
            `limit_side_len` (evaluation during training); "resize_long": the long side is `limit_side_len`.

    Returns: (height, width) in pixels, with the aspect ratio kept up to rounding.

    Raises:
        ValueError: unknown limit_type.
    PaddleOCR: DetResizeForTest in ppocr/data/imaug/operators.py.
    """
    if limit_type not in LIMIT_TYPES:
        raise ValueError(f"limit_type is {limit_type!r}; known are {list(LIMIT_TYPES)}")
    if limit_type == "max":
        ratio = min(1.0, limit_side_len / max(height, width))
    elif limit_type == "min":
        ratio = max(1.0, limit_side_len / min(height, width))
    else:
        ratio = limit_side_len / max(height, width)
    return tuple(max(32, round(int(side * ratio) / 32) * 32) for side in (height, width))
