"""Learning rate schedules other than the cosine, and the schedule of a run as an object (chapter 2.1.4).

The functions count steps from the end of the warm-up, as PaddleOCR does.
"""

import bisect
import math
from collections.abc import Sequence
from dataclasses import dataclass

from .cosine_warmup import lr_at, warm_up

FIRST_EPOCHS = 200
"""Epochs of the first cosine of TwoStepCosine, fixed in PaddleOCR."""

DIVIDE_BY = 25.0
"""The first rate of OneCycle is its highest rate divided by this."""

END_DIVIDE_BY = 1e4
"""The last rate of OneCycle is its first rate divided by this."""

RISING_SHARE = 0.3
"""Fraction of the run in which OneCycle increases the rate."""


def linear(step: int, *, peak: float, steps: int, end: float = 0.0, power: float = 1.0) -> float:
    """Polynomial decay from `peak` to `end` over `steps` steps; linear with power 1.

    Args:
        step: number of the step, 0 for the first.
        peak: rate at the start.
        steps: number of steps until the last rate is reached.
        end: last rate.
        power: exponent; 1 for a straight line.

    Returns: the learning rate.
    PaddleOCR: Linear in ppocr/optimizer/learning_rate.py; DecayLearningRate is the same with power 0.9.
    """
    return (peak - end) * (1 - min(step, steps) / steps) ** power + end


def staircase(step: int, *, peak: float, every: int, gamma: float) -> float:
    """Multiply the rate by `gamma` every `every` steps.

    Args:
        step: number of the step, 0 for the first.
        peak: rate at the start.
        every: number of steps between two drops.
        gamma: factor of each drop.

    Returns: the learning rate.
    PaddleOCR: Step in ppocr/optimizer/learning_rate.py.
    """
    return peak * gamma ** (step // every)


def pieces(step: int, *, boundaries: Sequence[int], values: Sequence[float]) -> float:
    """Piecewise constant rate: values[i] before boundaries[i], and the last value after all boundaries.

    Args:
        step: number of the step, 0 for the first.
        boundaries: steps at which the rate changes, in ascending order.
        values: the rates, normally one more than boundaries; the configuration of PP-OCRv2 has as many as boundaries.

    Returns: the learning rate.

    Raises:
        ValueError: no values, too many values, or boundaries that are not in ascending order.
    PaddleOCR: Piecewise in ppocr/optimizer/learning_rate.py.
    """
    if not values or len(values) > len(boundaries) + 1:
        raise ValueError(f"{len(values)} values and {len(boundaries)} boundaries; one value more is needed")
    if list(boundaries) != sorted(boundaries):
        raise ValueError(f"boundaries are {list(boundaries)}; they have to rise")
    return values[min(bisect.bisect_right(list(boundaries), step), len(values) - 1)]


def _cosine(done: float, start: float, end: float) -> float:
    return end + (start - end) / 2 * (1 + math.cos(math.pi * done))


def cyclical_cosine(step: int, *, peak: float, cycle: int) -> float:
    """A cosine from `peak` toward 0 that restarts every `cycle` steps.

    Args:
        step: number of the step, 0 for the first.
        peak: rate at the start of each cycle.
        cycle: number of steps of a cycle.

    Returns: the learning rate.

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
    """Increase the rate from peak / 25 to `peak` in 30 % of the run, then decrease it to peak / 250,000.

    Args:
        step: number of the step, 0 for the first.
        peak: highest rate.
        steps: number of steps of the run.
        anneal_strategy: "cos" or "linear", the shape of each phase.
        three_phase: decrease the rate to peak / 25 in another 30 % of the run, and only then to the last rate.

    Returns: the learning rate.

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
    """A cosine over `first` steps, followed by the remainder of a cosine over the whole run.

    PaddleOCR computes the rate recursively. Without a warm-up the rate reaches exactly 0 at the end of the first cosine and
    stays there. With a warm-up Paddle uses the closed form, which is implemented here.

    Args:
        step: number of the step, 0 for the first.
        peak: rate at the start.
        first: number of steps of the first cosine.
        steps: number of steps of the run.

    Returns: the learning rate.

    Raises:
        ValueError: first or steps below 1.
    PaddleOCR: TwoStepCosine in ppocr/optimizer/learning_rate.py, its first cosine 200 epochs long.
    """
    if first < 1 or steps < 1:
        raise ValueError(f"first is {first}, steps {steps}; 1 or more is needed")
    return _cosine(step / (first if step <= first else steps), peak, 0.0)


@dataclass(frozen=True)
class Schedule:
    """The learning rate schedule of a run, with durations in epochs as in the configurations.

    Args:
        name: one of NAMES.
        learning_rate: highest rate, called max_lr in OneCycle; Piecewise has `values` instead.
        epochs: number of epochs of the run.
        steps_per_epoch: number of optimizer steps per epoch.
        warmup_epoch: number of epochs of the warm-up; may be a fraction.
        reach_zero: Cosine and Linear reach their last value at the end of the run (textbook). Otherwise the run ends
            earlier by the length of the warm-up (PaddleOCR).
        step_size: Step: epochs between two drops.
        gamma: Step and MultiStepDecay: factor of a drop.
        milestones: MultiStepDecay: epochs of the drops.
        decay_epochs: Piecewise: epochs at which the next value begins.
        values: Piecewise: the rates, normally one more than decay_epochs.
        end_lr: Linear and DecayLearningRate: the last rate.
        power: Linear: exponent, 1 for a straight line.
        cycle: CyclicalCosine: epochs of a cycle.
        anneal_strategy, three_phase: OneCycle; see one_cycle.
        factor: DecayLearningRate: exponent, called power in Linear. In PaddleOCR this schedule has no warm-up.

    Raises:
        ValueError: when called: an unknown name, or invalid values; see the functions.
    """

    name: str
    learning_rate: float
    epochs: int
    steps_per_epoch: int
    warmup_epoch: float = 0
    reach_zero: bool = False
    step_size: float = 1
    gamma: float = 0.1
    milestones: tuple[float, ...] = ()
    decay_epochs: tuple[float, ...] = ()
    values: tuple[float, ...] = ()
    end_lr: float = 0.0
    power: float = 1.0
    cycle: float | None = None
    anneal_strategy: str = "cos"
    three_phase: bool = False
    factor: float = 0.9

    NAMES = (
        "Const", "Linear", "Cosine", "Step", "Piecewise", "MultiStepDecay", "CyclicalCosine", "OneCycle", "TwoStepCosine",
        "DecayLearningRate",
    )  # fmt: skip

    @property
    def peak(self) -> float:
        """Rate at the end of the warm-up."""
        return self.values[0] if self.name == "Piecewise" else self.learning_rate

    @property
    def steps(self) -> int:
        """Number of optimizer steps of the run."""
        return self.epochs * self.steps_per_epoch

    @property
    def warmup_steps(self) -> int:
        """Number of steps of the warm-up."""
        return round(self.warmup_epoch * self.steps_per_epoch)

    def __call__(self, step: int) -> float:
        """Learning rate of a step; the first step is 0."""
        if self.name == "Cosine":
            return lr_at(
                step,
                peak=self.peak,
                steps=self.steps,
                warmup_steps=self.warmup_steps,
                reach_zero=self.reach_zero,
            )
        return warm_up(step, self._after, peak=self.peak, warmup_steps=self.warmup_steps)

    def _after(self, step: int) -> float:
        each = self.steps_per_epoch
        if self.name == "Const":
            return self.peak
        if self.name in ("Linear", "DecayLearningRate"):
            steps = max(1, self.steps - self.warmup_steps) if self.reach_zero else self.steps
            power = self.power if self.name == "Linear" else self.factor
            return linear(step, peak=self.peak, steps=steps, end=self.end_lr, power=power)
        if self.name == "CyclicalCosine":
            if self.cycle is None:
                raise ValueError("cycle is missing: CyclicalCosine needs the number of epochs of a cycle")
            return cyclical_cosine(step, peak=self.peak, cycle=max(1, round(self.cycle * each)))
        if self.name == "OneCycle":
            return one_cycle(
                step,
                peak=self.peak,
                steps=self.steps,
                anneal_strategy=self.anneal_strategy,
                three_phase=self.three_phase,
            )
        if self.name == "TwoStepCosine":
            return two_step_cosine(step, peak=self.peak, first=FIRST_EPOCHS * each, steps=self.steps)
        if self.name == "Step":
            return staircase(step, peak=self.peak, every=max(1, int(each * self.step_size)), gamma=self.gamma)
        if self.name == "Piecewise":
            return pieces(step, boundaries=[int(each * e) for e in self.decay_epochs], values=self.values)
        if self.name == "MultiStepDecay":
            passed = sum(step >= each * epoch for epoch in self.milestones)
            return self.peak * self.gamma**passed
        raise ValueError(f"schedule {self.name!r}; known are {list(self.NAMES)}")
