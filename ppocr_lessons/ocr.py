"""The OCR system: from an image to lines of text (chapter 1.1).

image -> detect -> order and rectify -> classify direction -> recognize -> lines
"""

import functools
from typing import NamedTuple

import numpy as np

from .datasets.pictures import read_picture
from .deploy.line_direction import Classifier, Direction
from .deploy.rectify import crop_line, reading_order, turn_back
from .deploy.stages import Detection, Detector, Recognizer
from .rec.ctc_decode import Reading
from .zoo.pretrained import BEST

CLS_THRESH = 0.9
DROP_SCORE = 0.5


class TextLine(NamedTuple):
    """A line of text that was read.

    Fields:
        polygon: (4, 2) float32, corners in pixels of the image, clockwise from the top left corner of the text.
        text: recognized text.
        score: mean probability of the characters, 0 to 1.
        direction: angle in degrees by which the line was rotated counterclockwise: 0, or 180 if it was upside down; also
            90 and 270 with a classifier of four directions.
    """

    polygon: np.ndarray
    text: str
    score: float
    direction: int


class Stages(NamedTuple):
    """Intermediate results from an image to its lines, all in reading order.

    Fields:
        image: (H, W, 3) uint8 RGB.
        detection: polygons, scores and probability map.
        crops: rectified lines, each (H, W, 3) uint8 RGB.
        directions: direction and score of each crop.
        upright: the crops, rotated back where the classifier was confident.
        readings: text and score of each crop, including those that are dropped.
        lines: the lines with text and a sufficient score.
    """

    image: np.ndarray
    detection: Detection
    crops: list[np.ndarray]
    directions: list[Direction]
    upright: list[np.ndarray]
    readings: list[Reading]
    lines: list[TextLine]


class OCR:
    """Detector, direction classifier and recognizer in sequence.

    Args:
        detector: finds the lines; the one of `weights` if None.
        classifier: finds lines that are upside down; the one of `weights` if None.
        recognizer: reads the lines; the one of `weights` if None.
        weights: "english" (the default, which reads real English pictures best), "course" for the networks that this
            project trained from scratch, "official" for those of PP-OCRv2, which read Chinese; see
            `zoo.pretrained.WEIGHTS`.
        cls_thresh: minimum probability of a direction other than 0 for a line to be rotated.
        drop_score: lines with a lower score are left out.

    Raises:
        ValueError: unknown weights.
        ImportError: the package with the official weights is not installed; the message says how to install it.
    PaddleOCR: TextSystem in tools/infer/predict_system.py.
    """

    def __init__(
        self,
        detector: Detector | None = None,
        classifier: Classifier | None = None,
        recognizer: Recognizer | None = None,
        *,
        weights: str = BEST,
        cls_thresh: float = CLS_THRESH,
        drop_score: float = DROP_SCORE,
    ):
        self.detector = detector or Detector(weights=weights)
        self.classifier = classifier or Classifier(weights=weights)
        self.recognizer = recognizer or Recognizer(weights=weights)
        self.cls_thresh, self.drop_score = cls_thresh, drop_score

    def stages(self, picture) -> Stages:
        """Read an image and return the results of every stage.

        Args:
            picture: path, bytes of an image file, (H, W, 3) uint8 RGB array or PIL image.

        Returns: see `Stages`.

        Raises:
            PictureError: the image cannot be read; names it and the reason.
        """
        image = read_picture(picture)
        found = self.detector(image)
        order = reading_order(found.polygons)
        polygons = [found.polygons[i] for i in order]
        crops = [crop_line(image, polygon) for polygon in polygons]
        directions = self.classifier(crops)
        turned = [d.angle_deg if d.score >= self.cls_thresh else 0 for d in directions]
        upright = [turn_back(c, angle) for c, angle in zip(crops, turned, strict=True)]
        readings = self.recognizer(upright)
        lines = [
            TextLine(np.asarray(polygon), reading.text, reading.score, turn)
            for polygon, reading, turn in zip(polygons, readings, turned, strict=True)
            if reading.text and reading.score >= self.drop_score
        ]
        detection = Detection(polygons, found.scores[order], found.prob)
        return Stages(image, detection, crops, directions, upright, readings, lines)

    def read(self, picture) -> list[TextLine]:
        """Read the text in an image.

        Args:
            picture: path, bytes of an image file, (H, W, 3) uint8 RGB array or PIL image.

        Returns: lines of text in reading order.

        Raises:
            PictureError: the image cannot be read; names it and the reason.
        """
        return self.stages(picture).lines


@functools.cache
def system(weights: str = BEST) -> OCR:
    """The system with a set of weights. It is built at the first call.

    Args:
        weights: one of `zoo.pretrained.WEIGHTS`.

    Returns: the same object at every call.
    """
    return OCR(weights=weights)


def read(picture, *, weights: str = BEST) -> list[TextLine]:
    """Read the text in an image with pretrained networks.

    Args:
        picture: path, bytes of an image file, (H, W, 3) uint8 RGB array or PIL image.
        weights: one of `zoo.pretrained.WEIGHTS`.

    Returns: lines of text in reading order.

    Raises:
        PictureError: the image cannot be read; names it and the reason.
        ImportError: see `OCR`.
    """
    return system(weights).read(picture)
