"""Text detection (chapters 2.1 and 3.1): `dir(det)` is the list of lessons."""

from ppocr_lessons.runtime import late_names, require_paddle

require_paddle()

from ..augment import copy_paste  # noqa: E402
from ..augment.copy_paste import CopyPaste  # noqa: E402
from ..backbones import mobilenet_v3, resnet_vd  # noqa: E402
from ..backbones.mobilenet_v3 import det_mobilenet_v3  # noqa: E402
from ..engine import cosine_warmup  # noqa: E402
from ..prune import fpgm  # noqa: E402
from . import db_head, db_loss, dbfpn, dbnet, metric, postprocess, se_removal, targets  # noqa: E402
from .db_head import DBHead, DBMaps, db_step  # noqa: E402
from .db_loss import DBLoss, DetBatch, PlainDB  # noqa: E402
from .dbfpn import DBFPN  # noqa: E402
from .dbnet import DBNet, db_mobile, db_server  # noqa: E402
from .metric import DetMetric  # noqa: E402
from .postprocess import DBPostProcess  # noqa: E402
from .targets import make_targets  # noqa: E402

__all__ = [
    "CML",
    "DBFPN",
    "CopyPaste",
    "DBHead",
    "DBLoss",
    "DBMaps",
    "DBNet",
    "DBPostProcess",
    "DetBatch",
    "DetMetric",
    "Detection",
    "Detector",
    "PlainDB",
    "cml",
    "copy_paste",
    "cosine_warmup",
    "db_head",
    "db_loss",
    "db_mobile",
    "db_server",
    "db_step",
    "dbfpn",
    "dbnet",
    "det_mobilenet_v3",
    "detect",
    "dml",
    "fpgm",
    "make_targets",
    "metric",
    "mobilenet_v3",
    "postprocess",
    "resnet_vd",
    "se_removal",
    "targets",
]

_LATE = {
    "detect": "deploy.stages",
    "Detector": "deploy.stages",
    "Detection": "deploy.stages",
    "CML": "distill.cml",
    "cml": "distill.cml",
    "dml": "distill.dml",
}
__getattr__, __dir__ = late_names(__name__, _LATE, __all__)
