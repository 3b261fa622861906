"""PP-OCR Lessons: PP-OCR and PP-OCRv2, strategy by strategy, with the full models.

    from ppocr_lessons import det, cls, rec, ocr
    from ppocr_lessons import load_paddleocr_weights

Importing this package costs nothing: each part comes in, and Paddle with it, when it is first used.
"""

import importlib

from .runtime import quiet_paddle

__version__ = "0.1.0"

_PARTS = (
    "augment",
    "backbones",
    "bench",
    "cls",
    "config",
    "datasets",
    "deploy",
    "det",
    "distill",
    "engine",
    "losses",
    "ocr",
    "prune",
    "rec",
    "strategies",
    "viz",
)


_FUNCTIONS = {"load_paddleocr_weights": "engine.pretrained", "pretrained": "engine.pretrained"}


quiet_paddle()


def __getattr__(name):
    if name in _PARTS:
        return importlib.import_module(f"{__name__}.{name}")
    if name in _FUNCTIONS:
        return getattr(importlib.import_module(f"{__name__}.{_FUNCTIONS[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return [*_PARTS, *_FUNCTIONS, "__version__"]
