"""Learning rates at the steps that matter."""

import paddle
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ppocr_lessons.training.cosine_warmup import lr_at


def test_start_peak_and_end():
    args = {"peak": 0.1, "steps": 2000, "warmup_steps": 200}
    assert lr_at(0, **args) == 0
    assert lr_at(100, **args) == pytest.approx(0.05)
    assert lr_at(200, **args) == pytest.approx(0.1)
    assert lr_at(2000, **args) == pytest.approx(0.00245, abs=5e-6)  # cut off, as PaddleOCR does
    assert lr_at(2000, **args, reach_zero=True) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("warmup", [0, 30])
def test_equals_paddles_schedulers(warmup):
    scheduler = paddle.optimizer.lr.CosineAnnealingDecay(0.1, 300)
    if warmup:
        scheduler = paddle.optimizer.lr.LinearWarmup(scheduler, warmup, 0.0, 0.1)
    for step in range(300):
        assert scheduler.last_lr == pytest.approx(
            lr_at(step, peak=0.1, steps=300, warmup_steps=warmup), abs=1e-9
        )
        scheduler.step()


@given(st.integers(1, 500), st.floats(0, 1))
def test_climbs_then_falls(steps, share):
    warmup = int(share * steps)
    rates = [lr_at(s, peak=1, steps=steps, warmup_steps=warmup) for s in range(steps)]
    assert rates[:warmup] == sorted(rates[:warmup])
    assert rates[warmup:] == sorted(rates[warmup:], reverse=True)


@pytest.mark.parametrize(("steps", "warmup"), [(0, 0), (-3, 0), (10, -1)])
def test_wrong_lengths(steps, warmup):
    with pytest.raises(ValueError, match="or more is needed"):
        lr_at(0, peak=1, steps=steps, warmup_steps=warmup)


def test_warm_up_longer_than_the_run_is_cut_off():
    # The chapter runs one epoch of 94 steps with a warm-up of two: 2.5e-4 * 2 / 188 = 2.66e-6 at step 2.
    assert lr_at(2, peak=2.5e-4, steps=94, warmup_steps=188) == pytest.approx(2.5e-4 * 2 / 188)
