"""Rates at the steps where one thing ends and another begins."""

import math

import pytest

from ppocr_lessons.training.cosine_warmup import lr_at, warm_up
from ppocr_lessons.training.schedules import Schedule, linear, pieces, staircase


def test_warm_up_hands_over_a_count_of_its_own():
    asked = []

    def after(step):
        asked.append(step)
        return 9.0

    assert [warm_up(s, after, peak=2.0, warmup_steps=4) for s in range(6)] == [0, 0.5, 1, 1.5, 9, 9]
    assert asked == [0, 1] and warm_up(0, after, peak=2.0, warmup_steps=0) == 9.0
    with pytest.raises(ValueError, match="warmup_steps is -1"):
        warm_up(0, after, peak=1, warmup_steps=-1)


def test_cosine_at_single_steps():
    for step in (0, 1, 7, 10):
        assert lr_at(step, peak=3, steps=10) == pytest.approx(1.5 * (1 + math.cos(math.pi * step / 10)))
    assert lr_at(6, peak=3, steps=10, warmup_steps=2) == pytest.approx(1.5 * (1 + math.cos(0.4 * math.pi)))
    assert lr_at(6, peak=3, steps=10, warmup_steps=2, reach_zero=True) == pytest.approx(1.5)
    assert lr_at(0, peak=3, steps=1) == 3
    # A warm-up as long as the run leaves a cosine of one step.
    assert lr_at(10, peak=3, steps=10, warmup_steps=10, reach_zero=True) == 3
    assert lr_at(11, peak=3, steps=10, warmup_steps=10, reach_zero=True) == pytest.approx(0)


def test_linear_with_end_and_power():
    assert [linear(s, peak=4, steps=4) for s in (0, 1, 4, 9)] == [4, 3, 0, 0]
    assert linear(2, peak=4, steps=4, end=2) == 3 and linear(2, peak=4, steps=4, power=2) == 1
    assert linear(3, peak=6, steps=4, end=2, power=2) == 2.25


def test_stairs_and_pieces():
    assert [staircase(s, peak=8, every=3, gamma=0.5) for s in (0, 2, 3, 5, 6)] == [8, 8, 4, 4, 2]
    assert [pieces(s, boundaries=[2, 5], values=[3, 2, 1]) for s in (1, 2, 4, 5)] == [3, 2, 2, 1]
    assert pieces(9, boundaries=[2, 5], values=[3]) == 3 and pieces(0, boundaries=[], values=[7]) == 7
    for boundaries, values in (([2], [1, 2, 3]), ([2], []), ([5, 2], [1, 2])):
        with pytest.raises(ValueError, match=r"is needed|have to rise"):
            pieces(0, boundaries=boundaries, values=values)


def _rates(name, **options):
    schedule = Schedule(name, 8.0, 4, 3, **options)
    return [schedule(step) for step in range(schedule.steps)]


def test_schedules_count_in_epochs():
    assert _rates("Const") == [8] * 12
    assert _rates("Const", warmup_epoch=1) == pytest.approx([0, 8 / 3, 16 / 3, *[8] * 9])
    assert _rates("Step", step_size=2, gamma=0.5) == [8] * 6 + [4] * 6
    assert _rates("Step", step_size=0.1, gamma=0.5)[:3] == [8, 4, 2]
    assert _rates("MultiStepDecay", milestones=(1, 3), gamma=0.5) == [8] * 3 + [4] * 6 + [2] * 3
    assert _rates("Piecewise", decay_epochs=(1, 2), values=(5.0, 4.0, 3.0)) == [5] * 3 + [4] * 3 + [3] * 6
    assert _rates("Linear", end_lr=2.0) == pytest.approx([8 - step * 0.5 for step in range(12)])
    assert _rates("Linear", power=2.0)[6] == 2
    with_warmup = _rates("Linear", warmup_epoch=1, reach_zero=True)
    assert with_warmup[3:] == pytest.approx([8 - step * 8 / 9 for step in range(9)])
    assert Schedule("Piecewise", 8.0, 4, 3, decay_epochs=(2,), values=(5.0, 1.0), warmup_epoch=1)(3) == 5
    assert Schedule("Linear", 8.0, 1, 3, warmup_epoch=1, reach_zero=True)(3) == 8


def test_parts_of_a_schedule():
    schedule = Schedule("Cosine", 8.0, 4, 10, warmup_epoch=0.26)
    assert (schedule.peak, schedule.steps, schedule.warmup_steps) == (8.0, 40, 3)
    assert schedule(3) == 8 and Schedule("Piecewise", 8.0, 4, 3, values=(5.0,)).peak == 5
    with pytest.raises(ValueError, match="'Cosinus'; known are"):
        Schedule("Cosinus", 8.0, 4, 3)(5)
