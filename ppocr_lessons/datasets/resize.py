"""From pictures to what the nets take: the one place where RGB becomes normalized BGR planes."""

import math

import cv2
import numpy as np

IMAGENET_MEAN = np.array([0.485, 0.456, 0.406], np.float32)
IMAGENET_STD = np.array([0.229, 0.224, 0.225], np.float32)
"""ImageNet's RGB statistics. PaddleOCR applies them to BGR pictures in this order, and so do we."""


def line_width(image: np.ndarray, height: int) -> int:
    """Width of a line brought to a height, rounded up.

    Args:
        image: the line, (H, W, 3).
        height: in pixels that it is brought to.
    """
    return max(1, math.ceil(height * image.shape[1] / image.shape[0]))


def fit_line(image: np.ndarray, height: int = 32, width: int = 320) -> np.ndarray:
    """Bring a line to a height with its proportions kept, squeeze it if too long, pad with zeros.

    Args:
        image: (H, W, 3) uint8 RGB.
        height, width: of the result.

    Returns: (3, height, width) float32 BGR in -1..1; the padding on the right is 0, a mid gray.
    PaddleOCR: resize_norm_img in ppocr/data/imaug/rec_img_aug.py.
    """
    inner = min(width, line_width(image, height))
    resized = cv2.resize(image, (inner, height)).astype(np.float32)
    out = np.zeros((3, height, width), np.float32)
    out[:, :, :inner] = (resized[..., ::-1].transpose(2, 0, 1) / 255 - 0.5) / 0.5  # (H, W, 3) -> (3, H, W)
    return out


def normalize_page(image: np.ndarray) -> np.ndarray:
    """Scale to ImageNet statistics, on BGR.

    Args:
        image: (H, W, 3) uint8 RGB.

    Returns: (3, H, W) float32 BGR.
    """
    scaled = (image[..., ::-1].astype(np.float32) / 255 - IMAGENET_MEAN) / IMAGENET_STD
    return np.ascontiguousarray(scaled.transpose(2, 0, 1))


def page_size(height: int, width: int, *, limit: int, rule: str) -> tuple[int, int]:
    """Size that the detector works at: both sides multiples of 32.

    Args:
        height, width: of the picture.
        limit: pixels.
        rule: "max", the long side is at most `limit` (inference); "min", the short side is at least
            `limit` (evaluation in training); "resize_long", the long side is `limit`.

    Raises:
        ValueError: unknown rule.
    PaddleOCR: DetResizeForTest in ppocr/data/imaug/operators.py.
    """
    if rule == "max":
        ratio = min(1.0, limit / max(height, width))
    elif rule == "min":
        ratio = max(1.0, limit / min(height, width))
    elif rule == "resize_long":
        ratio = limit / max(height, width)
    else:
        raise ValueError(f"rule is {rule!r}; known are ['max', 'min', 'resize_long']")
    return tuple(max(32, round(int(side * ratio) / 32) * 32) for side in (height, width))
