"""Keep more rows and columns of features: the strides of the recognition backbone, strategy 14 (chapter 2.3.4).

The chapter makes two changes. First, the strides (2, 2) of image classification become (2, 1): the width, along which the
text runs, is halved only by the first convolution and by the last pooling. Second, the first of the four strides of the
height becomes 1.
"""

from itertools import pairwise

import numpy as np

from ..backbones.mobilenet_v3 import RecMobileNetV3
from .alphabet import BLANK, Alphabet
from .ctc_decode import collapse

BEFORE, AFTER = (2, 2, 2, 2), (1, 2, 2, 2)
"""The four strides of the height before and after the second change; `small_stride` in a configuration."""


def rec_backbone(
    strides=AFTER, scale: float = 0.5, *, model_name: str = "small", disable_se: bool = False
) -> RecMobileNetV3:
    """MobileNetV3 for text lines with the given strides.

    With either setting, an input of 32 rows gives features of shape (N, 288, 1, W / 4). With BEFORE, only one row
    remains before the last 2 x 2 pooling, which would produce half a row; Paddle rounds that up to one.

    Args:
        strides: strides of the height, four numbers of 1 or 2, such as BEFORE and AFTER.
        scale: width multiplier.
        model_name: "large" or "small".
        disable_se: build the network without squeeze-and-excitation gates.

    Returns: the backbone; it maps (N, 3, 32, W) to (N, C, 1, W / 4), W / 8 if "large" has a first stride of 2.

    Raises:
        ValueError: unknown model_name or scale, or not four strides of 1 or 2.
    Claim: 56.5 % -> 61.8 % accuracy; 11.84 -> 12.96 ms.
    PaddleOCR: small_stride of MobileNetV3 in ppocr/modeling/backbones/rec_mobilenet_v3.py.
    """
    return RecMobileNetV3(model_name, scale, strides=strides, disable_se=disable_se)


def feature_sizes(strides, height: int = 32, width: int = 320) -> list[tuple[int, int]]:
    """Rows and columns of the features after the first convolution, each strided stage, and the last pooling.

    Args:
        strides: strides of the four stages. A number is a stride of the height, as in this backbone. A pair is
            (height, width), so ((2, 2),) * 4 gives the sizes of an image classifier.
        height: height of the input in pixels.
        width: width of the input in pixels.

    Returns: six pairs (rows, columns).
    """
    sizes = [(-(-height // 2), -(-width // 2))]
    for stride in strides:
        down, across = stride if isinstance(stride, tuple | list) else (stride, 1)
        rows, columns = sizes[-1]
        sizes.append((-(-rows // down), -(-columns // across)))
    rows, columns = sizes[-1]
    return [*sizes, (max(1, rows // 2), max(1, columns // 2))]


def heights(strides, height: int = 32) -> list[int]:
    """Rows of the features after the first convolution, after each strided stage, and after the last pooling.

    Args:
        strides: strides of the height, four numbers of 1 or 2.
        height: height of the input in pixels.

    Returns: six heights in pixels.
    """
    return [rows for rows, _ in feature_sizes(strides, height)]


def steps_needed(text: str) -> int:
    """Smallest number of time steps with which CTC can represent a text.

    Every character needs a step of its own, and two equal characters in a row need a blank between them.

    Args:
        text: the label of a line.

    Returns: number of time steps. With fewer steps the CTC loss of the line is infinite.
    """
    return len(text) + sum(a == b for a, b in pairwise(text))


def coarser_steps(probs: np.ndarray, factor: int) -> np.ndarray:
    """Merge time steps into cells, as if the width had been halved more often, and keep one step of each cell.

    In each cell, the step with the lowest blank probability is kept, so a character is lost only if two of them share a
    cell.

    Args:
        probs: (T, K) probabilities of a line, with the blank as class 0.
        factor: number of time steps per cell.

    Returns: (ceil(T / factor), K); the last cell may have fewer steps than the others.

    Raises:
        ValueError: factor is less than 1.
    """
    if factor < 1:
        raise ValueError(f"factor is {factor}; at least one time step per cell is needed")
    starts = range(0, len(probs), factor)
    kept = [start + int(probs[start : start + factor, BLANK].argmin()) for start in starts]
    return probs[kept]


def character_room(probs: np.ndarray, alphabet: Alphabet) -> list[tuple[str, float]]:
    """Number of time steps that each character of a line has: half the distance between its two neighbors.

    The position of a character is the first time step at which it is the most probable class. The first and the last
    character of the line have only one neighbor and are left out.

    Args:
        probs: (T, K) probabilities of a line.
        alphabet: alphabet of K classes.

    Returns: each character between the first and the last one, with its room in time steps.
    """
    classes = probs.argmax(1)
    places = np.flatnonzero(collapse(classes))
    room = (places[2:] - places[:-2]) / 2
    return list(zip(alphabet.decode(classes[places[1:-1]]), room.tolist(), strict=True))
