"""The direction stage: which way up is each line? Two directions by default, four if the network has four classes."""

import math
import pathlib
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ..cls.input_resolution import LARGE, cls_resize
from ..cls.labels import DIRECTIONS
from ..zoo.pretrained import BEST
from .predictor import Predictor
from .prepared import Prepared

BATCH = 24
"""Maximum number of pieces per batch. A piece takes a third less time than in batches of 6."""

BATCH_STEP = 6
"""Larger batches are padded to a multiple of this number of pieces, because each new shape of the input is compiled,
which takes longer than running the network."""

ANGLES_DEG = ("0", "90", "180", "270")
"""Labels that a crop can be turned by: the line is rotated counterclockwise on the screen by this number of degrees."""

MAX_PIECES = 3
"""Maximum number of pieces of a long line that are classified: the first, the last and one in the middle."""

TALL_ASPECT = 2
"""With labels 90 or 270, crops whose height exceeds this multiple of their width are divided too: resized to the small
height of the network's input, a tall crop would be only a few pixels wide."""


class Direction(NamedTuple):
    """Direction of a line: `angle_deg`, 0 or 180, with four directions also 90 or 270; and `score`, its probability.

    The line is rotated counterclockwise on the screen by this angle, so rotating it clockwise makes it upright.
    """

    angle_deg: int
    score: float


def check_crops(crops) -> list[np.ndarray]:
    """Check that crops are a list of images.

    Args:
        crops: list of (H, W, 3) uint8 RGB arrays.

    Returns: the list.

    Raises:
        TypeError, ValueError: a crop is not such an array; names the first.
    """
    if isinstance(crops, np.ndarray) and crops.ndim == 3:
        raise TypeError("one array was given; a list of crops is needed, [crop] for a single one")
    crops = list(crops)
    for index, crop in enumerate(crops):
        if not isinstance(crop, np.ndarray) or crop.ndim != 3 or crop.shape[2] != 3 or crop.dtype != np.uint8:
            found = (
                f"{crop.dtype} array of shape {crop.shape}"
                if isinstance(crop, np.ndarray)
                else type(crop).__name__
            )
            raise TypeError(f"crop {index} is a {found}; an (H, W, 3) uint8 RGB array is needed")
        if 0 in crop.shape:
            raise ValueError(f"crop {index} has shape {crop.shape}: no pixels")
    return crops


def _classes(net) -> int | None:
    """Number of classes of a network; None for an export, a pretrained network, or a stand-in used by tests."""
    if net is None or isinstance(net, pathlib.Path):
        return None
    from ..cls.direction import DirectionClassifier

    return net.head.fc.weight.shape[1] if isinstance(net, DirectionClassifier) else None


class Classifier:
    """Classify lines as upright or upside down, or into other directions that a network was trained for.

    Args:
        net: DirectionClassifier or folder of its export; the pretrained network of `weights` if None.
        labels: directions of the classes in degrees, in the order of the network's outputs; see ANGLES_DEG.
        size: (height, width) of the network's input in pixels.
        max_aspect: lines with a larger aspect ratio are divided into pieces, and the log probabilities of MAX_PIECES of
            them are summed, because a long line is illegible when it is squeezed to the network's input of 4:1. math.inf
            squeezes all lines, as PaddleOCR does.
        weights: one of `zoo.pretrained.WEIGHTS`; unused if `net` is given.
        threads: number of CPU threads; all cores if None.
        engine: program that runs the network, one of `engines.ENGINES`.

    Raises:
        ImportError: weights or engine are not installed; says how to install them.
        ValueError: the labels are not two or more different entries of ANGLES_DEG, or not as many as the classes.
    """

    def __init__(
        self,
        net=None,
        *,
        labels: Sequence[str] = DIRECTIONS,
        size: tuple[int, int] = LARGE,
        max_aspect: float = 6,
        weights: str = BEST,
        threads: int | None = None,
        engine: str = "paddle",
    ):
        labels = [str(label) for label in labels]
        if not set(labels) <= set(ANGLES_DEG) or len(set(labels)) < max(2, len(labels)):
            raise ValueError(
                f"labels are {labels}; two or more different ones of {list(ANGLES_DEG)} are needed"
            )
        classes = _classes(net) or len(labels)
        if classes != len(labels):
            raise ValueError(
                f"the network has {classes} classes and there are {len(labels)} labels: {labels}"
            )
        self.predict = Predictor(net or Prepared("cls", weights), threads=threads, engine=engine)
        self.angles_deg, self.size = tuple(int(label) for label in labels), (size[0], size[1])
        self.max_aspect = max_aspect
        self.max_tall = TALL_ASPECT if {90, 270} & set(self.angles_deg) else math.inf

    def __call__(self, crops) -> list[Direction]:
        """Classify the directions of crops.

        Args:
            crops: list of (H, W, 3) uint8 RGB arrays.

        Returns: a direction for each crop.

        Raises:
            TypeError, ValueError: a crop is not such an array; names the first.
        """
        pieces = [self._pieces(crop) for crop in check_crops(crops)]
        flat = [cls_resize(piece, self.size) for group in pieces for piece in group]
        answers = [self._probabilities(flat[i : i + BATCH]) for i in range(0, len(flat), BATCH)]
        answers, directions = iter(np.concatenate(answers) if answers else ()), []
        for group in pieces:
            # The pieces are treated as independent: their log probabilities are summed.
            evidence = np.sum([np.log(next(answers) + 1e-6) for _ in group], axis=0)
            probs = np.exp(evidence - evidence.max())
            probs /= probs.sum()
            best = int(probs.argmax())
            directions.append(Direction(self.angles_deg[best], float(probs[best])))
        return directions

    def _probabilities(self, pieces):
        count = len(pieces)
        empty = -count % BATCH_STEP if count > BATCH_STEP else 0
        return self.predict(np.stack(pieces + [np.zeros_like(pieces[0])] * empty))[:count]

    def _pieces(self, crop):
        height, width = crop.shape[:2]
        wide, tall = (
            math.ceil(width / (height * self.max_aspect)),
            math.ceil(height / (width * self.max_tall)),
        )
        axis, count = (0, tall) if tall > wide else (1, wide)
        pieces = np.array_split(crop, max(1, count), axis=axis)
        if len(pieces) <= MAX_PIECES:
            return pieces
        return [pieces[i] for i in np.linspace(0, len(pieces) - 1, MAX_PIECES).round().astype(int)]
