"""Lessons on text detection that are defined in other packages and re-exported by `det`."""

from ..augment import copy_paste
from ..augment.copy_paste import CopyPaste
from ..backbones import mobilenet_v3, resnet_vd
from ..backbones.mobilenet_v3 import det_mobilenet_v3
from ..datasets.batches import DetBatch
from ..deploy.stages import Detection, Detector, detect
from ..distill import cml, dml
from ..distill.cml import CML
from ..prune import fpgm
from ..training import cosine_warmup

__all__ = [
    "CML",
    "CopyPaste",
    "DetBatch",
    "Detection",
    "Detector",
    "cml",
    "copy_paste",
    "cosine_warmup",
    "det_mobilenet_v3",
    "detect",
    "dml",
    "fpgm",
    "mobilenet_v3",
    "resnet_vd",
]
