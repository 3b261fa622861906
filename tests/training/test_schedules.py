"""Schedules equal Paddle's, step by step, and the textbook forms reach zero."""

import math

import paddle
import pytest
from paddle.optimizer import lr as paddle_lr

from ppocr_lessons.training.schedules import (
    Schedule,
    cyclical_cosine,
    linear,
    one_cycle,
    pieces,
    staircase,
    two_step_cosine,
)

EPOCHS, EACH = 7, 11


def _paddle(name, warmup, **given):
    """As PaddleOCR builds it: the schedule inside LinearWarmup."""
    made = {
        "Cosine": lambda: paddle_lr.CosineAnnealingDecay(0.01, T_max=EPOCHS * EACH),
        "Linear": lambda: paddle_lr.PolynomialDecay(0.01, EPOCHS * EACH, 0.0, 1.0),
        "Step": lambda: paddle_lr.StepDecay(0.01, step_size=2 * EACH, gamma=0.3),
        "Piecewise": lambda: paddle_lr.PiecewiseDecay([2 * EACH, 4 * EACH], [0.01, 0.004, 0.001]),
        "MultiStepDecay": lambda: paddle_lr.MultiStepDecay(0.01, [2 * EACH, 4 * EACH], 0.5),
        "DecayLearningRate": lambda: paddle_lr.PolynomialDecay(0.01, EPOCHS * EACH, end_lr=1e-4, power=0.9),
        # Within 200 epochs TwoStepCosine has not left its first cosine.
        "TwoStepCosine": lambda: paddle_lr.CosineAnnealingDecay(0.01, T_max=200 * EACH),
        "OneCycle": lambda: paddle_lr.OneCycleLR(0.01, EPOCHS * EACH, end_learning_rate=0.01 / 25 / 1e4),
        "OneCycle linear": lambda: paddle_lr.OneCycleLR(
            0.01, EPOCHS * EACH, end_learning_rate=0.01 / 25 / 1e4, anneal_strategy="linear"
        ),
        "OneCycle three_phase": lambda: paddle_lr.OneCycleLR(
            0.01, EPOCHS * EACH, end_learning_rate=0.01 / 25 / 1e4, three_phase=True
        ),
    }[name]()
    return paddle_lr.LinearWarmup(made, round(warmup * EACH), 0.0, 0.01) if warmup else made


OURS = {
    "Cosine": {},
    "Linear": {},
    "Step": {"step_size": 2, "gamma": 0.3},
    "Piecewise": {"decay_epochs": (2, 4), "values": (0.01, 0.004, 0.001)},
    "MultiStepDecay": {"milestones": (2, 4), "gamma": 0.5},
    "DecayLearningRate": {"end_lr": 1e-4},
    "TwoStepCosine": {},
    "OneCycle": {},
    "OneCycle linear": {"anneal_strategy": "linear"},
    "OneCycle three_phase": {"three_phase": True},
}


@pytest.mark.parametrize("warmup", [0, 1, 2.5])
@pytest.mark.parametrize("name", OURS)
def test_values_of_paddle(name, warmup):
    ours = Schedule(name.split()[0], 0.01, EPOCHS, EACH, warmup_epoch=warmup, **OURS[name])
    theirs = _paddle(name, warmup)
    for step in range(EPOCHS * EACH):
        assert ours(step) == pytest.approx(theirs(), abs=1e-12), step
        theirs.step()


@pytest.mark.parametrize("name", ["Cosine", "Linear"])
def test_textbook_form_reaches_zero(name):
    plain = Schedule(name, 0.01, 10, 10, warmup_epoch=2)
    textbook = Schedule(name, 0.01, 10, 10, warmup_epoch=2, reach_zero=True)
    assert textbook(100) == pytest.approx(0) and plain(100) > 1e-4
    assert textbook(20) == plain(20) == 0.01


def test_chapters_truncated_end():
    # 20 epochs, warm-up 2, peak 0.1: the last rate is 0.1 / 2 (1 + cos(0.9 pi)) = 0.00245.
    assert Schedule("Cosine", 0.1, 20, 100, warmup_epoch=2)(2000) == pytest.approx(0.00245, abs=1e-5)


def test_cycles_by_hand():
    """Ten steps an epoch, a cycle of two epochs: half-way down after one epoch, at the top again after two."""
    cyclical = Schedule("CyclicalCosine", 0.4, 6, 10, warmup_epoch=1, cycle=2)
    assert [cyclical(s) for s in (0, 5, 10, 20, 30, 40, 50)] == pytest.approx(
        [0, 0.2, 0.4, 0.2, 0.4, 0.2, 0.4]
    )
    assert cyclical(29) == pytest.approx(0.2 * (1 + math.cos(0.95 * math.pi)))
    one = Schedule("OneCycle", 1.0, 10, 10)
    assert [one(s) for s in (0, 29, 99)] == pytest.approx([0.04, 1.0, 0.04 / 1e4])
    linear_one = Schedule("OneCycle", 1.0, 10, 10, anneal_strategy="linear", three_phase=True)
    assert linear_one(14.5) == pytest.approx(0.52) and linear_one(58) == pytest.approx(0.04)
    assert one_cycle(0, peak=1.0, steps=1) > 0  # a run of one step has no time to rise


def test_two_step_cosine_goes_on_where_the_longer_cosine_is():
    two = Schedule("TwoStepCosine", 1.0, 400, 2)
    assert two(200) == pytest.approx(0.5) and two(400) == pytest.approx(0)
    assert two(401) == pytest.approx((1 + math.cos(math.pi * 401 / 800)) / 2) and two(800) == pytest.approx(0)


@pytest.mark.parametrize(
    "wrong",
    [lambda: one_cycle(0, peak=1, steps=0), lambda: one_cycle(0, peak=1, steps=9, anneal_strategy="exp"),
     lambda: cyclical_cosine(0, peak=1, cycle=0), lambda: two_step_cosine(0, peak=1, first=0, steps=5),
     lambda: Schedule("CyclicalCosine", 0.1, 1, 1)(0)],
)  # fmt: skip
def test_cycles_refused(wrong):
    with pytest.raises(ValueError, match=r"needed|missing"):
        wrong()


def test_by_hand():
    assert linear(5, peak=1, steps=10) == 0.5 and linear(50, peak=1, steps=10, end=0.2) == 0.2
    assert staircase(9, peak=1, every=5, gamma=0.1) == pytest.approx(0.1)
    assert [pieces(s, boundaries=[2, 4], values=[3, 2, 1]) for s in (0, 2, 4, 9)] == [3, 2, 1, 1]
    assert pieces(900, boundaries=[700, 800], values=[1e-3, 1e-4]) == 1e-4


@pytest.mark.parametrize(("boundaries", "values"), [([1], [1, 2, 3]), ([], []), ([3, 1], [1, 2, 3])])
def test_pieces_that_do_not_fit(boundaries, values):
    with pytest.raises(ValueError, match=r"needed|rise"):
        pieces(0, boundaries=boundaries, values=values)


def test_unknown_name():
    with pytest.raises(ValueError, match="known are"):
        Schedule("Cosinus", 0.1, 1, 1)(0)


def test_resumed_schedule_needs_no_state():
    schedule = Schedule("Cosine", 0.1, 2, 5, warmup_epoch=1)
    assert [schedule(s) for s in range(10)] == [schedule(s) for s in range(10)]
    assert paddle.to_tensor(schedule(0)).item() == 0
