"""Cosine decay with linear warm-up, strategies 4, 5, 13 and 16 (chapters 2.1.4 and 2.3.3)."""

import math
from collections.abc import Callable


def warm_up(step: int, after: Callable[[int], float], *, peak: float, warmup_steps: int) -> float:
    """Increase the learning rate linearly from 0 to `peak`, then follow another schedule.

    A warm-up longer than the run ends with the run, as in the chapter's demonstration with one epoch.

    Args:
        step: number of the step, 0 for the first; its rate is 0 if there is a warm-up.
        after: schedule that follows; its first step is 0.
        peak: learning rate at the end of the warm-up.
        warmup_steps: number of steps of the warm-up.

    Returns: the learning rate.

    Raises:
        ValueError: warmup_steps is negative.
    PaddleOCR: LinearWarmup around every schedule of ppocr/optimizer/learning_rate.py.
    """
    if warmup_steps < 0:
        raise ValueError(f"warmup_steps is {warmup_steps}; 0 or more is needed")
    return peak * step / warmup_steps if step < warmup_steps else after(step - warmup_steps)


def lr_at(step: int, *, peak: float, steps: int, warmup_steps: int = 0, reach_zero: bool = False) -> float:
    """Learning rate of a step with linear warm-up and cosine decay.

    After the warm-up, lr = peak / 2 (1 + cos(pi (step - warmup_steps) / T)).

    In PaddleOCR T is the length of the whole run, warm-up included, so the run ends before the cosine does, at about
    peak / 2 (1 + cos(pi (1 - warmup_steps / steps))). In the textbook form, `reach_zero`, T is the number of steps after
    the warm-up.

    Args:
        step: number of the step, 0 for the first; its rate is 0 if there is a warm-up.
        peak: highest learning rate.
        steps: number of steps of the run.
        warmup_steps: number of steps of the warm-up.
        reach_zero: use the textbook form.

    Returns: the learning rate.

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
