"""The three stages of the system, each usable alone: detect, classify, recognize (chapter 1.1)."""

import functools
import math
from typing import NamedTuple

import cv2
import numpy as np

from ..cls.direction import DIRECTIONS
from ..cls.input_resolution import cls_resize
from ..datasets.pictures import read_picture
from ..datasets.resize import fit_line, line_width, normalize_page, page_size
from ..det.postprocess import DBPostProcess
from ..rec.alphabet import Alphabet
from ..rec.ctc_decode import Reading, greedy_decode
from ..zoo.pretrained import detector_postprocess, english, pretrained
from .predictor import Predictor

BATCH = 6
WIDTH_STEP = 32
"""Widths of recognition batches are rounded up to multiples of it, so that few shapes are compiled."""

MAX_PIECES = 8
"""Pieces of a long line that the classifier looks at, at most."""

MAX_WIDTH = 3200
"""Pixels at a height of 32, some 250 letters; a longer line is squeezed, or it would fill the memory."""


class Detection(NamedTuple):
    """What the detector saw.

    Fields:
        polygons: (N, 4, 2) float32 pixels of the picture, or a list of (M, 2) with polygon output.
        scores: (N,) mean probability inside.
        prob: (h, w) float32 probability map at the size the net worked at.
    """

    polygons: np.ndarray | list
    scores: np.ndarray
    prob: np.ndarray


class Direction(NamedTuple):
    """Direction of a line: `angle_deg`, 0 or 180, and its probability."""

    angle_deg: int
    score: float


class Detector:
    """Finds lines of text.

    Args:
        net: a DBNet or the folder of its export; the shipped one if None.
        limit_side_len, limit_type: size the net works at, see `datasets.resize.page_size`.
        upscale_below: pictures whose long side is less are enlarged to it first: the shipped net was not
            trained on letters of a few pixels.
        postprocess: thresholds; those that suit the shipped detector if None.
        threads: CPU threads, or None.
    """

    def __init__(
        self,
        net=None,
        *,
        limit_side_len: int = 960,
        limit_type: str = "max",
        upscale_below: int = 640,
        postprocess: DBPostProcess | None = None,
        threads: int | None = None,
    ):
        self.predict = Predictor(net or pretrained("det"), threads=threads)
        self.limit_side_len, self.limit_type, self.upscale_below = limit_side_len, limit_type, upscale_below
        self.postprocess = postprocess or detector_postprocess()

    def work_size(self, height: int, width: int) -> tuple[int, int]:
        """Size a picture is brought to for the net.

        Args:
            height: of the picture, in pixels.
            width: of the picture, in pixels.
        """
        enlarge = max(1.0, self.upscale_below / max(height, width))
        return page_size(
            round(height * enlarge),
            round(width * enlarge),
            limit_side_len=self.limit_side_len,
            limit_type=self.limit_type,
        )

    def __call__(self, picture) -> Detection:
        """Find lines in a picture; see `read_picture` for what may be given."""
        image = read_picture(picture)
        height, width = self.work_size(*image.shape[:2])
        resized = cv2.resize(image, (width, height))
        prob = self.predict(normalize_page(resized)[None])[0, 0]
        boxes = self.postprocess(prob, image.shape[:2])
        return Detection(boxes.polygons, boxes.scores, prob)


def _check_crops(crops) -> list[np.ndarray]:
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


class Classifier:
    """Tells upright lines from those upside down.

    Args:
        net: a DirectionClassifier; the shipped one if None.
        max_aspect: longer lines are judged by pieces of this aspect ratio, whose evidence adds up. The
            net sees 4:1, and of fifty letters squeezed into that nothing is left. PaddleOCR squeezes all
            the same: math.inf.
        threads: CPU threads, or None.
    """

    def __init__(self, net=None, *, max_aspect: float = 6, threads: int | None = None):
        self.predict = Predictor(net or pretrained("cls"), threads=threads)
        self.max_aspect = max_aspect

    def __call__(self, crops) -> list[Direction]:
        """Directions of crops.

        Args:
            crops: (H, W, 3) uint8 RGB arrays.

        Raises:
            TypeError, ValueError: not such arrays; names the first.
        """
        pieces = [self._pieces(crop) for crop in _check_crops(crops)]
        flat = [cls_resize(piece) for group in pieces for piece in group]
        answers = [self.predict(np.stack(flat[i : i + BATCH])) for i in range(0, len(flat), BATCH)]
        answers, directions = iter(np.concatenate(answers) if answers else ()), []
        for group in pieces:
            # Pieces that agree make the line surer than each of them: their evidence adds up.
            evidence = np.sum([np.log(next(answers) + 1e-6) for _ in group], axis=0)
            probs = np.exp(evidence - evidence.max())
            probs /= probs.sum()
            best = int(probs.argmax())
            directions.append(Direction(int(DIRECTIONS[best]), float(probs[best])))
        return directions

    def _pieces(self, crop):
        count = min(MAX_PIECES, max(1, math.ceil(crop.shape[1] / (crop.shape[0] * self.max_aspect))))
        return np.array_split(crop, count, axis=1)


class Recognizer:
    """Reads lines.

    Args:
        net: a CRNN or the folder of its export; the shipped English one if None.
        alphabet: of its classes; needed with a net of your own.
        threads: CPU threads, or None.

    Raises:
        ValueError: a net without its alphabet.
    """

    def __init__(self, net=None, alphabet: Alphabet | None = None, *, threads: int | None = None):
        if (net is None) != (alphabet is None):
            raise ValueError("net and alphabet belong together: give both or neither")
        self.predict = Predictor(net or pretrained("rec"), threads=threads)
        self.alphabet = alphabet or english()

    def probabilities(self, crops) -> list[np.ndarray]:
        """Probabilities by time step, one (T, K) array a crop, as wide as its batch.

        Args:
            crops: lines as (H, W, 3) uint8 RGB, of any sizes.
        """
        crops, out = _check_crops(crops), {}
        order = sorted(range(len(crops)), key=lambda i: line_width(crops[i], 32))
        for start in range(0, len(order), BATCH):
            part = order[start : start + BATCH]
            widest = min(MAX_WIDTH, line_width(crops[part[-1]], 32))
            width = max(2, -(-widest // WIDTH_STEP)) * WIDTH_STEP
            batch = np.stack([fit_line(crops[i], 32, width) for i in part])
            out.update(zip(part, self.predict(batch), strict=True))
        return [out[i] for i in range(len(crops))]

    def __call__(self, crops) -> list[Reading]:
        """Texts of crops, with scores.

        Args:
            crops: (H, W, 3) uint8 RGB arrays, upright lines.

        Raises:
            TypeError, ValueError: not such arrays; names the first.
        """
        return [greedy_decode(probs[None], self.alphabet)[0] for probs in self.probabilities(crops)]


detector = functools.cache(Detector)
classifier = functools.cache(Classifier)
recognizer = functools.cache(Recognizer)


def detect(picture) -> Detection:
    """Find the lines of a picture with the shipped detector.

    Args:
        picture: path, bytes, array or PIL image.

    Raises:
        PictureError: it cannot be read.
    """
    return detector()(picture)


def classify(crops) -> list[Direction]:
    """Directions of RGB crops with the shipped classifier.

    Args:
        crops: (H, W, 3) uint8 RGB arrays.

    Raises:
        TypeError, ValueError: not such arrays.
    """
    return classifier()(crops)


def recognize(crops) -> list[Reading]:
    """Texts of RGB crops with the shipped recognizer.

    Args:
        crops: (H, W, 3) uint8 RGB arrays.

    Raises:
        TypeError, ValueError: not such arrays.
    """
    return recognizer()(crops)
