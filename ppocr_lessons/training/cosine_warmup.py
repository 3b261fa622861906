"""Cosine decay with linear warm-up, strategies 4, 5, 13 and 16 (chapters 2.1.4 and 2.3.3)."""

import math
from collections.abc import Callable


def warm_up(step: int, after: Callable[[int], float], *, peak: float, warmup_steps: int) -> float:
    """Climb in a line from 0 to `peak`, then hand over to a schedule that counts its steps from there.

    A warm-up longer than the run is cut off by its end, as in the chapter's demonstration of one epoch.

    Args:
        step: 0 for the first; its rate is 0 if there is a warm-up.
        after: the schedule that follows; it is asked for step 0 first.
        peak: rate at the end of the climb.
        warmup_steps: length of the climb.

    Raises:
        ValueError: warmup_steps is negative.
    PaddleOCR: LinearWarmup around every schedule of ppocr/optimizer/learning_rate.py.
    """
    if warmup_steps < 0:
        raise ValueError(f"warmup_steps is {warmup_steps}; 0 or more is needed")
    return peak * step / warmup_steps if step < warmup_steps else after(step - warmup_steps)


def lr_at(step: int, *, peak: float, steps: int, warmup_steps: int = 0, reach_zero: bool = False) -> float:
    """Learning rate of a step.

    Warm-up climbs in a line from 0; after it the cosine falls:
    lr = peak / 2 (1 + cos(pi (step - warmup) / T)).

    PaddleOCR lets T be the whole run, warm-up included, so the curve is cut off before its end and the
    last rate is peak / 2 (1 + cos(pi (1 - warmup / steps))). The textbook form, `reach_zero`, fits the
    cosine into what is left.

    Args:
        step: 0 for the first; its rate is 0 if there is a warm-up.
        peak: the highest rate.
        steps: length of the run.
        warmup_steps: length of the climb.
        reach_zero: the textbook form.

    Raises:
        ValueError: steps not positive, or warmup_steps negative.
    PaddleOCR: Cosine in ppocr/optimizer/learning_rate.py.
    Paper: Loshchilov and Hutter 2016, arXiv 1608.03983.
    """
    if steps <= 0:
        raise ValueError(f"steps is {steps}; 1 or more is needed")
    period = max(1, steps - warmup_steps) if reach_zero else steps
    return warm_up(
        step,
        lambda gone: peak / 2 * (1 + math.cos(math.pi * gone / period)),
        peak=peak,
        warmup_steps=warmup_steps,
    )
