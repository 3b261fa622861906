"""Cosine decay with linear warm-up, strategies 4, 5, 13 and 16 (chapters 2.1.4 and 2.3.3)."""

import math


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
        ValueError: steps not positive, or warmup_steps not in 0..steps.
    PaddleOCR: Cosine in ppocr/optimizer/learning_rate.py.
    Paper: Loshchilov and Hutter 2016, arXiv 1608.03983.
    """
    if steps <= 0 or not 0 <= warmup_steps <= steps:
        raise ValueError(
            f"steps is {steps} and warmup_steps {warmup_steps}; 0 <= warmup_steps <= steps, steps > 0"
        )
    if step < warmup_steps:
        return peak * step / warmup_steps
    period = max(1, steps - warmup_steps) if reach_zero else steps
    return peak / 2 * (1 + math.cos(math.pi * (step - warmup_steps) / period))
