"""Numbers that nobody gives are those of PaddleOCR's configurations."""

import pytest

from ppocr_lessons.det import db_loss, metric, postprocess, targets
from ppocr_lessons.det.db_head import DBHead, db_step
from ppocr_lessons.det.db_loss import DBLoss, ohem_mean
from ppocr_lessons.det.dbnet import DBNet, db_mobile, db_server
from ppocr_lessons.det.postprocess import DBPostProcess
from ppocr_lessons.kernels import grow, shrink


@pytest.mark.parametrize(
    ("thing", "expected"),
    [
        (DBLoss, {"alpha": 5, "beta": 10, "main_loss": "dice", "balance": True, "ohem_ratio": 3}),
        (ohem_mean, {"ratio": 3}),
        (db_step, {"k": 50}),
        (DBHead, {"k": 50}),
        (DBNet, {"fpn_channels": 96, "k": 50}),
        (db_mobile, {"fpn_channels": 96, "disable_se": True, "scale": 0.5, "pretrained": False}),
        (db_server, {"fpn_channels": 256, "layers": 18}),
        (
            DBPostProcess,
            {"thresh": 0.3, "box_thresh": 0.6, "unclip_ratio": 1.5, "max_candidates": 1000, "score_mode": "fast",
             "use_dilation": False, "box_type": "quad"},
        ),
        (targets.shrink_distance, {"ratio": 0.4}),
        (targets.shrink_polygons, {"ratio": 0.4}),
        (targets.make_shrink_map, {"ratio": 0.4, "min_text_size": 8}),
        (targets.make_threshold_map, {"ratio": 0.4, "thresh_min": 0.3, "thresh_max": 0.7}),
    ],
    ids=lambda v: getattr(v, "__name__", ""),
)  # fmt: skip
def test_defaults(defaults_of, thing, expected):
    assert defaults_of(thing) == expected


def test_constants():
    assert (postprocess.MIN_SIDE, metric.IOU, db_loss.EPS) == (3, 0.5, 1e-6)
    assert (grow.ARC_TOLERANCE, grow.LEAST_TURN, shrink.LEAST_TURN) == (0.25, 1.0, 1.0)
    assert (shrink.SHORTEST, shrink.SQUAREST) == (4.0, 0.96)


def test_nets_are_built_as_asked():
    mobile, server = db_mobile(fpn_channels=24, scale=0.35), db_server(fpn_channels=32)
    assert mobile.neck.out_channels == 24 and mobile.backbone.out_channels == [8, 16, 40, 336]
    assert server.neck.out_channels == 32 and server.backbone.out_channels == [64, 128, 256, 512]
    assert DBNet(mobile.backbone, fpn_channels=16, k=7).head.k == 7 and server.head.k == 50
