"""The OCR system: from an image to lines of text (chapter 1.1).

image -> detect -> order and rectify -> classify direction -> recognize -> lines
"""

import functools
import threading
from typing import NamedTuple

import numpy as np

from .datasets.pictures import read_picture
from .deploy.engines import check_engine
from .deploy.line_direction import Classifier, Direction
from .deploy.rectify import crop_line, reading_order, turn_back
from .deploy.stages import Detection, Detector, Recognizer
from .rec.ctc_decode import Reading
from .zoo.pretrained import BEST, source_file

CLS_THRESH = 0.9
DROP_SCORE = 0.5
SHORT = {"detector": "det", "classifier": "cls", "recognizer": "rec"}
"""Stages of the system by the names of their networks."""


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
        detector: finds the lines; built from `weights` if None.
        classifier: finds lines that are upside down; built from `weights` if None.
        recognizer: reads the lines; built from `weights` if None.
        weights: "english" (the default, which reads real English pictures best), "course" for the networks that this
            project trained from scratch, "official" for those of PP-OCRv2, which read Chinese; see
            `zoo.pretrained.WEIGHTS`.
        cls_thresh: minimum probability of a direction other than 0 for a line to be rotated.
        drop_score: lines with a lower score are left out.
        engine: program that runs the networks of `weights`, one of `deploy.engines.ENGINES`: "paddle", or "openvino" or
            "onnxruntime", which come with the extra `engines`.
        threads: number of CPU threads for the networks of `weights`; all cores if None.

    Raises:
        ValueError: unknown weights or engine.
        ImportError: the package with the official weights or the engine is not installed; the message says how to install
            it.
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
        engine: str = "paddle",
        threads: int | None = None,
    ):
        check_engine(engine)
        given = {"detector": detector, "classifier": classifier, "recognizer": recognizer}
        self._stages = {name: stage for name, stage in given.items() if stage is not None}
        for name in given.keys() - self._stages.keys():
            source_file(SHORT[name], weights)  # raises the error for missing weights
        self.weights, self.engine, self.threads = weights, engine, threads
        self.cls_thresh, self.drop_score = cls_thresh, drop_score
        # Stages are built one at a time: Paddle's engine sometimes crashes if it builds one while another runs.
        self._lock = threading.Lock()

    @property
    def detector(self) -> Detector:
        """The detector. Each stage that was not given is built when it is first used."""
        return self._stage("detector", Detector)

    @property
    def classifier(self) -> Classifier:
        """The direction classifier."""
        return self._stage("classifier", Classifier)

    @property
    def recognizer(self) -> Recognizer:
        """The recognizer."""
        return self._stage("recognizer", Recognizer)

    def _stage(self, name: str, kind):
        with self._lock:
            if name not in self._stages:
                self._stages[name] = kind(weights=self.weights, engine=self.engine, threads=self.threads)
            return self._stages[name]

    def _recognized(self, crops):
        """Directions of crops, the angles to turn them by, the upright crops, and their readings."""
        if not crops:  # a page without text must not build the other two networks
            return [], [], [], []
        directions = self.classifier(crops)
        turned = [d.angle_deg if d.score >= self.cls_thresh else 0 for d in directions]
        upright = [turn_back(c, angle) for c, angle in zip(crops, turned, strict=True)]
        return directions, turned, upright, self.recognizer(upright)

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
        directions, turned, upright, readings = self._recognized(crops)
        lines = [
            TextLine(np.asarray(polygon), reading.text, reading.score, turn)
            for polygon, reading, turn in zip(polygons, readings, turned, strict=True)
            if reading.text and reading.score >= self.drop_score
        ]
        detection = Detection(polygons, found.scores[order], found.prob)
        return Stages(image, detection, crops, directions, upright, readings, lines)

    def read_lines(self, pictures) -> list[TextLine]:
        """Read images of single lines, such as crops of a data set for recognition, without the detector.

        Args:
            pictures: list of images as for `read`; each is one line of text.

        Returns: one TextLine for each image, regardless of its score. The text is empty if nothing was read, and the
            polygon is the border of the image.

        Raises:
            PictureError: an image cannot be read; names it and the reason.
        """
        crops = [read_picture(picture) for picture in pictures]
        _, turned, _, readings = self._recognized(crops)
        found = []
        for crop, turn, reading in zip(crops, turned, readings, strict=True):
            height, width = crop.shape[:2]
            border = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
            found.append(TextLine(border, reading.text, reading.score, turn))
        return found

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
def _system(weights: str, engine: str) -> OCR:
    return OCR(weights=weights, engine=engine)


def system(weights: str = BEST, engine: str = "paddle") -> OCR:
    """The system with a set of weights, created at the first call.

    Args:
        weights: one of `zoo.pretrained.WEIGHTS`.
        engine: one of `deploy.engines.ENGINES`.

    Returns: the same object at every call.
    """
    return _system(weights, engine)


def read(picture, *, weights: str = BEST, engine: str = "paddle") -> list[TextLine]:
    """Read the text in an image with pretrained networks.

    Args:
        picture: path, bytes of an image file, (H, W, 3) uint8 RGB array or PIL image.
        weights: one of `zoo.pretrained.WEIGHTS`.
        engine: program that runs the networks: "paddle", "openvino" or "onnxruntime".

    Returns: lines of text in reading order.

    Raises:
        PictureError: the image cannot be read; names it and the reason.
        ValueError, ImportError: see `OCR`.
    """
    return system(weights, engine).read(picture)
