"""Lessons on text recognition that are defined in other packages and re-exported by `rec`."""

from ..augment import bda, tia
from ..augment.bda import BDA, RecAug
from ..backbones import mobilenet_v3, pp_lcnet, resnet_vd
from ..backbones.mobilenet_v3 import rec_mobilenet_v3
from ..backbones.pp_lcnet import PPLCNet
from ..datasets.batches import RecBatch
from ..deploy.stages import Recognizer, recognize
from ..distill import udml
from ..distill.udml import UDML
from ..losses import ace, center_loss, ctc_loss, enhanced_ctc, focal_ctc
from ..losses.ace import ACETerm
from ..losses.center_loss import CenterLoss
from ..losses.ctc_loss import PlainCTC
from ..losses.enhanced_ctc import EnhancedCTC
from ..losses.focal_ctc import FocalCTC
from ..training import cosine_warmup, l2_decay

__all__ = [
    "BDA",
    "UDML",
    "ACETerm",
    "CenterLoss",
    "EnhancedCTC",
    "FocalCTC",
    "PPLCNet",
    "PlainCTC",
    "RecAug",
    "RecBatch",
    "Recognizer",
    "ace",
    "bda",
    "center_loss",
    "cosine_warmup",
    "ctc_loss",
    "enhanced_ctc",
    "focal_ctc",
    "l2_decay",
    "mobilenet_v3",
    "pp_lcnet",
    "rec_mobilenet_v3",
    "recognize",
    "resnet_vd",
    "tia",
    "udml",
]
