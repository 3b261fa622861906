"""The system: from a picture to lines of text (chapter 1.1).

picture -> detect -> order and rectify -> direction -> recognize -> lines
"""

import functools
from typing import NamedTuple

import numpy as np

from .datasets.pictures import read_picture
from .deploy.rectify import crop_line, reading_order, turn_over
from .deploy.stages import Classifier, Detection, Detector, Direction, Recognizer
from .rec.ctc_decode import Reading

CLS_THRESH = 0.9
DROP_SCORE = 0.5


class TextLine(NamedTuple):
    """A line that was read.

    Fields:
        polygon: (4, 2) float32 pixels of the picture, from the top left corner clockwise.
        text: what it says.
        score: mean probability of its characters.
        direction: 0, or 180 if it stood upside down.
    """

    polygon: np.ndarray
    text: str
    score: float
    direction: int


class Stages(NamedTuple):
    """Everything on the way from a picture to its lines, in reading order.

    Fields:
        image: (H, W, 3) uint8 RGB.
        detection: polygons, scores and probability map.
        crops: rectified lines as they were cut out.
        directions: of the crops.
        upright: the crops, turned where the classifier was sure.
        readings: text and score of each, the dropped ones too.
        lines: what is left.
    """

    image: np.ndarray
    detection: Detection
    crops: list[np.ndarray]
    directions: list[Direction]
    upright: list[np.ndarray]
    readings: list[Reading]
    lines: list[TextLine]


class OCR:
    """Detector, classifier and recognizer, one after the other.

    Args:
        detector, classifier, recognizer: the stages; with the shipped weights if None.
        cls_thresh: a line is turned if the classifier says 180 with at least this probability.
        drop_score: lines read with less are left out.

    PaddleOCR: TextSystem in tools/infer/predict_system.py.
    """

    def __init__(
        self,
        detector: Detector | None = None,
        classifier: Classifier | None = None,
        recognizer: Recognizer | None = None,
        *,
        cls_thresh: float = CLS_THRESH,
        drop_score: float = DROP_SCORE,
    ):
        self.detector = detector or Detector()
        self.classifier = classifier or Classifier()
        self.recognizer = recognizer or Recognizer()
        self.cls_thresh, self.drop_score = cls_thresh, drop_score

    def stages(self, picture) -> Stages:
        """Read a picture and keep what every stage made of it; see `Stages`.

        Args:
            picture: path, bytes, array or PIL image; see `read_picture`.
        """
        image = read_picture(picture)
        found = self.detector(image)
        order = reading_order(found.polygons)
        polygons = [found.polygons[i] for i in order]
        crops = [crop_line(image, polygon) for polygon in polygons]
        directions = self.classifier(crops)
        turned = [d.angle_deg == 180 and d.score >= self.cls_thresh for d in directions]
        upright = [turn_over(c) if t else c for c, t in zip(crops, turned, strict=True)]
        readings = self.recognizer(upright)
        lines = [
            TextLine(np.asarray(polygon), reading.text, reading.score, 180 if turn else 0)
            for polygon, reading, turn in zip(polygons, readings, turned, strict=True)
            if reading.text and reading.score >= self.drop_score
        ]
        detection = Detection(polygons, found.scores[order], found.prob)
        return Stages(image, detection, crops, directions, upright, readings, lines)

    def read(self, picture) -> list[TextLine]:
        """Lines of a picture in reading order.

        Args:
            picture: path, bytes of an image file, RGB array or PIL image.

        Raises:
            PictureError: it cannot be read; names it and says why.
        """
        return self.stages(picture).lines


@functools.cache
def default() -> OCR:
    """The system with the shipped weights, built once."""
    return OCR()


def read(picture) -> list[TextLine]:
    """Lines of a picture with the shipped weights, in reading order.

    Args:
        picture: path, bytes of an image file, RGB array or PIL image.

    Raises:
        PictureError: it cannot be read; names it and says why.
    """
    return default().read(picture)
