"""The direction classifier (chapter 2.2): `dir(cls)` is the list of lessons."""

from ppocr_lessons.runtime import late_names, require_paddle

require_paddle()

from ..augment import bda, rand_augment  # noqa: E402
from ..augment.bda import BDA  # noqa: E402
from ..augment.rand_augment import RandAugment  # noqa: E402
from ..backbones import mobilenet_v3  # noqa: E402
from ..backbones.mobilenet_v3 import cls_mobilenet_v3  # noqa: E402
from . import direction, input_resolution  # noqa: E402
from .direction import ClsBatch, DirectionClassifier, PlainCrossEntropy, direction_mobile  # noqa: E402
from .input_resolution import cls_resize  # noqa: E402

__all__ = [
    "BDA",
    "Classifier",
    "ClsBatch",
    "Direction",
    "DirectionClassifier",
    "PlainCrossEntropy",
    "RandAugment",
    "bda",
    "classify",
    "cls_mobilenet_v3",
    "cls_resize",
    "direction",
    "direction_mobile",
    "input_resolution",
    "mobilenet_v3",
    "rand_augment",
]

_LATE = dict.fromkeys(("classify", "Classifier", "Direction"), "deploy.stages")
__getattr__, __dir__ = late_names(__name__, _LATE, __all__)
