"""The three stages of the system, which can also be used separately: detect, classify, recognize (chapter 1.1)."""

import functools
import itertools
from typing import NamedTuple

import cv2
import numpy as np

from ..datasets.pictures import read_picture
from ..datasets.resize import fit_line, line_width, normalize_page, page_size
from ..det.postprocess import DBPostProcess
from ..rec.alphabet import Alphabet
from ..rec.ctc_decode import Reading, greedy_decode
from ..zoo.pretrained import BEST, detector_postprocess, pretrained_alphabet
from .line_direction import Classifier, Direction, check_crops
from .predictor import Predictor
from .prepared import Prepared

BATCH = 6
"""Number of lines per batch of the recognizer. Lines of similar width are read together."""

WIDTH_STEP = 32
"""Widths of recognition batches are rounded up to multiples of this, in pixels, so that few shapes are compiled."""

MAX_WIDTH = 3200
"""Maximum width in pixels at a height of 32, about 250 letters. Longer lines are squeezed to limit memory."""


class Detection(NamedTuple):
    """Result of the detector.

    Fields:
        polygons: (N, 4, 2) float32 in pixels of the image, or a list of (M, 2) with polygon output.
        scores: (N,) mean probability inside each polygon.
        prob: (h, w) float32 probability map, at the input size of the network.
    """

    polygons: np.ndarray | list
    scores: np.ndarray
    prob: np.ndarray


class Detector:
    """Find lines of text in images.

    Args:
        net: DBNet or folder of its export; the pretrained network of `weights` if None.
        limit_side_len, limit_type: size of the network's input; see `datasets.resize.page_size`.
        upscale_below: images whose longer side is shorter than this, in pixels, are first enlarged to it, because the
            shipped network was not trained on letters of a few pixels.
        postprocess: postprocessing; that of the shipped detector if None.
        weights: one of `zoo.pretrained.WEIGHTS`; unused if `net` is given.
        threads: number of CPU threads; all cores if None.
        engine: program that runs the network, one of `engines.ENGINES`.

    Raises:
        ImportError: weights or engine are not installed; says how to install them.
    """

    def __init__(
        self,
        net=None,
        *,
        limit_side_len: int = 960,
        limit_type: str = "max",
        upscale_below: int = 640,
        postprocess: DBPostProcess | None = None,
        weights: str = BEST,
        threads: int | None = None,
        engine: str = "paddle",
    ):
        self.predict = Predictor(net or Prepared("det", weights), threads=threads, engine=engine)
        self.limit_side_len, self.limit_type, self.upscale_below = limit_side_len, limit_type, upscale_below
        self.postprocess = postprocess or detector_postprocess()

    def work_size(self, height: int, width: int) -> tuple[int, int]:
        """Size to which an image is resized for the network: (height, width) in pixels.

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
        """Find the lines in an image; `read_picture` lists the types that are accepted."""
        image = read_picture(picture)
        height, width = self.work_size(*image.shape[:2])
        resized = cv2.resize(image, (width, height))
        prob = self.predict(normalize_page(resized)[None])[0, 0]
        boxes = self.postprocess(prob, image.shape[:2])
        return Detection(boxes.polygons, boxes.scores, prob)


class Recognizer:
    """Read lines of text.

    Args:
        net: CRNN or folder of its export; the pretrained network of `weights` if None.
        alphabet: characters of its classes; required if `net` is given.
        weights: one of `zoo.pretrained.WEIGHTS`; "official" reads Chinese and English, the others English. Unused if
            `net` is given.
        threads: number of CPU threads; all cores if None.
        engine: program that runs the network, one of `engines.ENGINES`.

    Raises:
        ImportError: weights or engine are not installed; says how to install them.
        ValueError: only one of net and alphabet is given.
    """

    def __init__(
        self,
        net=None,
        alphabet: Alphabet | None = None,
        *,
        weights: str = BEST,
        threads: int | None = None,
        engine: str = "paddle",
    ):
        if (net is None) != (alphabet is None):
            raise ValueError("net and alphabet belong together: give both or neither")
        self.predict = Predictor(net or Prepared("rec", weights), threads=threads, engine=engine)
        self.alphabet = alphabet or pretrained_alphabet(weights)

    def probabilities(self, crops) -> list[np.ndarray]:
        """Probabilities of all classes at each time step.

        Args:
            crops: list of (H, W, 3) uint8 RGB arrays of any sizes.

        Returns: a (T, K) array for each crop; T depends on the widest crop of its batch.
        """
        crops = check_crops(crops)
        found = dict(itertools.chain.from_iterable(self._batches(crops)))
        return [found[i] for i in range(len(crops))]

    def _batches(self, crops):
        """Yield a list of (index of the crop, probabilities) for each batch of crops of similar width."""
        order = sorted(range(len(crops)), key=lambda i: line_width(crops[i], 32))
        for start in range(0, len(order), BATCH):
            part = order[start : start + BATCH]
            widest = min(MAX_WIDTH, line_width(crops[part[-1]], 32))
            width = max(2, -(-widest // WIDTH_STEP)) * WIDTH_STEP
            batch = np.stack([fit_line(crops[i], 32, width) for i in part])
            yield list(zip(part, self.predict(batch), strict=True))

    def __call__(self, crops) -> list[Reading]:
        """Read the texts of crops.

        Args:
            crops: list of (H, W, 3) uint8 RGB arrays, upright lines.

        Returns: text and score of each crop.

        Raises:
            TypeError, ValueError: a crop is not such an array; names the first.
        """
        crops, readings = check_crops(crops), {}
        for batch in self._batches(
            crops
        ):  # with thousands of classes, the probabilities of a whole page are large
            for index, probs in batch:
                readings[index] = greedy_decode(probs[None], self.alphabet)[0]
        return [readings[i] for i in range(len(crops))]


_detector = functools.cache(lambda weights: Detector(weights=weights))
_classifier = functools.cache(lambda weights: Classifier(weights=weights))
_recognizer = functools.cache(lambda weights: Recognizer(weights=weights))


def detect(picture, *, weights: str = BEST) -> Detection:
    """Find the lines in an image with a pretrained detector.

    Args:
        picture: path, bytes of an image file, (H, W, 3) uint8 RGB array or PIL image.
        weights: one of `zoo.pretrained.WEIGHTS`.

    Returns: polygons, scores and probability map.

    Raises:
        PictureError: the image cannot be read.
    """
    return _detector(weights)(picture)


def classify(crops, *, weights: str = BEST) -> list[Direction]:
    """Classify the directions of crops with a pretrained classifier.

    Args:
        crops: list of (H, W, 3) uint8 RGB arrays.
        weights: one of `zoo.pretrained.WEIGHTS`.

    Returns: a direction for each crop.

    Raises:
        TypeError, ValueError: a crop is not such an array.
    """
    return _classifier(weights)(crops)


def recognize(crops, *, weights: str = BEST) -> list[Reading]:
    """Read the texts of crops with a pretrained recognizer.

    Args:
        crops: list of (H, W, 3) uint8 RGB arrays, upright lines.
        weights: one of `zoo.pretrained.WEIGHTS`.

    Returns: text and score of each crop.

    Raises:
        TypeError, ValueError: a crop is not such an array.
    """
    return _recognizer(weights)(crops)
