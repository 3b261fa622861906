"""Schedules that rise again or fall twice: CyclicalCosine, OneCycle, TwoStepCosine of PaddleOCR.

Like those of schedule.py, each function answers for a step counted from the end of the warm-up.
"""

import math

FIRST_EPOCHS = 200
"""Length of TwoStepCosine's first cosine, fixed in PaddleOCR."""

DIVIDE_BY = 25.0
"""OneCycle starts at its highest rate divided by this."""

END_DIVIDE_BY = 1e4
"""OneCycle ends at its first rate divided by this."""

RISING_SHARE = 0.3
"""Share of the run in which OneCycle rises."""


def _cosine(done: float, start: float, end: float) -> float:
    return end + (start - end) / 2 * (1 + math.cos(math.pi * done))


def cyclical_cosine(step: int, *, peak: float, cycle: int) -> float:
    """A cosine from `peak` towards 0 that starts anew every `cycle` steps.

    Args:
        step: 0 for the first.
        peak: rate at the start of each cycle.
        cycle: steps of one fall.

    Raises:
        ValueError: cycle below 1.
    PaddleOCR: CyclicalCosine in ppocr/optimizer/learning_rate.py.
    Paper: Loshchilov and Hutter 2016, arXiv 1608.03983.
    """
    if cycle < 1:
        raise ValueError(f"cycle is {cycle} steps; 1 or more is needed")
    return _cosine(step % cycle / cycle, peak, 0.0)


def one_cycle(
    step: int, *, peak: float, steps: int, anneal_strategy: str = "cos", three_phase: bool = False
) -> float:
    """From peak / 25 up to `peak` in three tenths of the run, then down to peak / 250,000.

    Args:
        step: 0 for the first.
        peak: the highest rate.
        steps: of the whole run.
        anneal_strategy: "cos" or "linear", the way from one rate to the next.
        three_phase: fall in the same time as the rise to the first rate, and only then to the last.

    Raises:
        ValueError: steps below 1, or an unknown anneal_strategy.
    PaddleOCR: OneCycle in ppocr/optimizer/learning_rate.py.
    Paper: Smith and Topin 2017, arXiv 1708.07120.
    """
    if steps < 1 or anneal_strategy not in ("cos", "linear"):
        raise ValueError(
            f"steps is {steps}, anneal_strategy {anneal_strategy!r}; 1 or more and 'cos' or 'linear' are needed"
        )
    first, top = peak / DIVIDE_BY, RISING_SHARE * steps - 1
    phases = [(top, first, peak), (steps - 1, peak, first / END_DIVIDE_BY)]
    if three_phase:
        phases = [
            phases[0],
            (2 * RISING_SHARE * steps - 2, peak, first),
            (steps - 1, first, first / END_DIVIDE_BY),
        ]
    begin = 0.0
    for number, (end, low, high) in enumerate(phases):
        if step <= end or number == len(phases) - 1:
            # In a run of a few steps a phase may have no length.
            done = min(1.0, (step - begin) / (end - begin)) if end > begin else 1.0
            return _cosine(done, low, high) if anneal_strategy == "cos" else low + (high - low) * done
        begin = end
    raise AssertionError("the last phase returns")


def two_step_cosine(step: int, *, peak: float, first: int, steps: int) -> float:
    """A cosine over `first` steps, followed by the rest of a cosine over the whole run.

    PaddleOCR writes the rate as a recursion from step to step. Without a warm-up it reaches exactly 0 at the end of
    the first cosine and can never leave it. With a warm-up Paddle asks for its closed form, which is the one here.

    Args:
        step: 0 for the first.
        peak: rate at the start.
        first: steps of the first cosine.
        steps: of the whole run.

    Raises:
        ValueError: first or steps below 1.
    PaddleOCR: TwoStepCosine in ppocr/optimizer/learning_rate.py, its first cosine 200 epochs long.
    """
    if first < 1 or steps < 1:
        raise ValueError(f"first is {first}, steps {steps}; 1 or more is needed")
    return _cosine(step / (first if step <= first else steps), peak, 0.0)
