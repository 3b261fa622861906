"""Backgrounds of text: paper, a plain color, or part of a photograph that scikit-image ships."""

import functools
import importlib.resources

import cv2
import numpy as np

# Photographs without text that are part of scikit-image's wheel, so that nothing is downloaded.
_PHOTOGRAPHS = (
    "astronaut.png", "brick.png", "camera.png", "chelsea.png", "coffee.png", "coins.png",
    "grass.png", "gravel.png", "hubble_deep_field.jpg", "moon.png", "motorcycle_left.png", "rocket.jpg",
)  # fmt: skip


@functools.cache
def _photograph(name: str) -> np.ndarray:
    path = importlib.resources.files("skimage.data").joinpath(name)
    picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
    return cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)


def photograph_piece(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Crop a random part of a random photograph and resize it.

    Args:
        rng: source of all random numbers.
        height: of the result in pixels.
        width: of the result in pixels.
    """
    picture = _photograph(_PHOTOGRAPHS[rng.integers(len(_PHOTOGRAPHS))])
    full_h, full_w = picture.shape[:2]
    share = rng.uniform(0.3, 1.0)
    cut_h, cut_w = max(8, int(full_h * share)), max(8, int(full_w * share))
    top, left = rng.integers(full_h - cut_h + 1), rng.integers(full_w - cut_w + 1)
    piece = picture[top : top + cut_h, left : left + cut_w]
    return cv2.resize(
        piece, (width, height), interpolation=cv2.INTER_AREA if cut_w > width else cv2.INTER_LINEAR
    )


def soft_field(rng: np.random.Generator, height: int, width: int, cells: int = 4) -> np.ndarray:
    """Make a smooth random field, for uneven light and folds of paper.

    Args:
        rng: source of all random numbers.
        height: of the result in pixels.
        width: of the result in pixels.
        cells: the field is interpolated from cells x cells random values; fewer cells make it smoother.

    Returns: (height, width) float32 in -1..1.
    """
    coarse = rng.uniform(-1, 1, (cells, cells)).astype(np.float32)
    return cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC).clip(-1, 1)


def plain(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Make a background of one color with slight variations; half of them are nearly white, like paper.

    Args:
        rng: source of all random numbers.
        height: of the result in pixels.
        width: of the result in pixels.
    """
    if rng.random() < 0.5:
        color = rng.uniform(170, 255) + rng.uniform(-15, 15, 3)
    else:
        color = rng.uniform(0, 255, 3)
    field = soft_field(rng, height, width)[..., None] * rng.uniform(0, 18)
    return (color + field).clip(0, 255).astype(np.uint8)


def background(rng: np.random.Generator, height: int, width: int, photograph: float = 0.35) -> np.ndarray:
    """Make a background: paper, a plain color or a photograph.

    Args:
        rng: source of all random numbers.
        height: of the result in pixels.
        width: of the result in pixels.
        photograph: probability of a photograph.

    Returns: (height, width, 3) uint8 RGB.
    """
    if rng.random() >= photograph:
        return plain(rng, height, width)
    piece = photograph_piece(rng, height, width).astype(np.float32)
    # On photographs at full contrast, even a person could not read half of the texts.
    contrast = rng.uniform(0.2, 0.8)
    return (128 + (piece - 128) * contrast + rng.uniform(-60, 60)).clip(0, 255).astype(np.uint8)
