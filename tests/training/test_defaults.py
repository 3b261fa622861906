"""Numbers that nobody gives."""

import pytest

from ppocr_lessons import evaluate as evaluate
from ppocr_lessons.datasets.synthetic import streams
from ppocr_lessons.training import ema
from ppocr_lessons.training.cosine_warmup import lr_at
from ppocr_lessons.training.schedules import Schedule, linear
from ppocr_lessons.zoo import array_checks, recipes


@pytest.mark.parametrize(
    ("thing", "expected"),
    [
        (ema.EMA, {"decay": 0.999}),
        (evaluate.evaluate_det, {"limit_side_len": 736, "limit_type": "max", "postprocess": None}),
        (evaluate.evaluate_rec, {"batch": 32}),
        (lr_at, {"warmup_steps": 0, "reach_zero": False}),
        (linear, {"end": 0.0, "power": 1.0}),
        (streams.cls_batch, {"steps": 0, "size": 64}),
        (streams.det_batch, {"size": 8, "side": 320}),
        (recipes.train, {"seed": 1, "peak": 1e-3, "evaluate_on": 300, "weights": None, "after": 0}),
    ],
    ids=lambda v: getattr(v, "__name__", ""),
)
def test_defaults(defaults_of, thing, expected):
    assert defaults_of(thing) == expected


def test_limits_of_pickles():
    assert (array_checks.MAX_BUILT, array_checks.MAX_ITEMS, array_checks.MAX_DEPTH) == (1 << 30, 64, 8)


def test_a_schedule_of_its_name_alone():
    plain = Schedule("Const", 0.1, 2, 3)
    assert (plain.warmup_epoch, plain.reach_zero, plain.step_size, plain.gamma) == (0, False, 1, 0.1)
    assert (plain.milestones, plain.decay_epochs, plain.values, plain.end_lr, plain.power) == (
        (),
        (),
        (),
        0.0,
        1.0,
    )


def test_the_stream_that_the_shipped_recognizer_saw():
    assert streams.REC_SHAPES == ((32, 128, 1), (64, 96, 4), (128, 48, 13), (320, 20, 32), (640, 10, 66))
    assert [until for until, _ in streams.REC_CURRICULUM] == [0.03, 0.08, 0.22, 1.0]
    assert [odds for _, odds in streams.REC_CURRICULUM] == [
        (1, 0, 0, 0, 0), (0.3, 0.7, 0, 0, 0), (0, 0.3, 0.7, 0, 0), (0, 0.1, 0.3, 0.4, 0.2)
    ]  # fmt: skip
    assert streams.CLEAN_UNTIL == 0.25
