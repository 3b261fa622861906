"""Text recognition (chapters 2.3 and 3.2): `dir(rec)` is the list of lessons."""

from ppocr_lessons.runtime import late_names, require_paddle

require_paddle()

from ..augment import bda, tia  # noqa: E402
from ..augment.bda import BDA, RecAug  # noqa: E402
from ..backbones import mobilenet_v3, pp_lcnet, resnet_vd  # noqa: E402
from ..backbones.mobilenet_v3 import rec_mobilenet_v3  # noqa: E402
from ..backbones.pp_lcnet import PPLCNet  # noqa: E402
from ..engine import cosine_warmup, l2_decay  # noqa: E402
from ..losses import center_loss, enhanced_ctc  # noqa: E402
from ..losses.center_loss import CenterLoss  # noqa: E402
from ..losses.enhanced_ctc import EnhancedCTC  # noqa: E402
from . import crnn, ctc, feature_stride, light_head, metric  # noqa: E402
from .crnn import CRNN, crnn_lcnet, crnn_mobile, crnn_server  # noqa: E402
from .ctc import Alphabet, PlainCTC, Reading, RecBatch, greedy_decode  # noqa: E402
from .light_head import CTCHead, SequenceEncoder  # noqa: E402
from .metric import RecMetric, character_error_rate  # noqa: E402

__all__ = [
    "BDA",
    "CRNN",
    "UDML",
    "Alphabet",
    "CTCHead",
    "CenterLoss",
    "EnhancedCTC",
    "PPLCNet",
    "PlainCTC",
    "Reading",
    "RecAug",
    "RecBatch",
    "RecMetric",
    "Recognizer",
    "SequenceEncoder",
    "bda",
    "center_loss",
    "character_error_rate",
    "cosine_warmup",
    "crnn",
    "crnn_lcnet",
    "crnn_mobile",
    "crnn_server",
    "ctc",
    "enhanced_ctc",
    "feature_stride",
    "greedy_decode",
    "l2_decay",
    "light_head",
    "metric",
    "mobilenet_v3",
    "pp_lcnet",
    "rec_mobilenet_v3",
    "recognize",
    "resnet_vd",
    "tia",
    "udml",
]

_LATE = {
    "recognize": "deploy.stages",
    "Recognizer": "deploy.stages",
    "UDML": "distill.udml",
    "udml": "distill.udml",
}
__getattr__, __dir__ = late_names(__name__, _LATE, __all__)
