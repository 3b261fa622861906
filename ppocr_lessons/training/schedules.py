"""The schedules that the cosine is compared with, and a run's schedule as one object (chapter 2.1.4).

Each function answers for a step counted from the end of the warm-up, as in PaddleOCR.
"""

import bisect
from collections.abc import Sequence
from dataclasses import dataclass

from .cosine_warmup import lr_at, warm_up
from .cycles import FIRST_EPOCHS, cyclical_cosine, one_cycle, two_step_cosine


def linear(step: int, *, peak: float, steps: int, end: float = 0.0, power: float = 1.0) -> float:
    """From `peak` to `end` over `steps`, in a line or, with another power, a curve; then `end`.

    Args:
        step: 0 for the first.
        peak: rate at the start.
        steps: until the last rate is reached.
        end: the last rate.
        power: 1 for a straight line.
    PaddleOCR: Linear in ppocr/optimizer/learning_rate.py; DecayLearningRate is the same with power 0.9.
    """
    return (peak - end) * (1 - min(step, steps) / steps) ** power + end


def staircase(step: int, *, peak: float, every: int, gamma: float) -> float:
    """Times `gamma` every `every` steps. PaddleOCR: Step in ppocr/optimizer/learning_rate.py.

    Args:
        step: 0 for the first.
        peak: rate at the start.
        every: steps between two drops.
        gamma: factor of each drop.
    """
    return peak * gamma ** (step // every)


def pieces(step: int, *, boundaries: Sequence[int], values: Sequence[float]) -> float:
    """values[i] until boundaries[i], the last value from then on; PP-OCRv2's configuration leaves one value out.

    Args:
        step: 0 for the first.
        boundaries: steps at which the rate changes.
        values: the rates, one more than there are boundaries.
    PaddleOCR: Piecewise in ppocr/optimizer/learning_rate.py.

    Raises:
        ValueError: no values or too many of them, or boundaries that do not rise.
    """
    if not values or len(values) > len(boundaries) + 1:
        raise ValueError(f"{len(values)} values and {len(boundaries)} boundaries; one value more is needed")
    if list(boundaries) != sorted(boundaries):
        raise ValueError(f"boundaries are {list(boundaries)}; they have to rise")
    return values[min(bisect.bisect_right(list(boundaries), step), len(values) - 1)]


@dataclass(frozen=True)
class Schedule:
    """Learning rate of every step of a run, in epochs as the configurations count.

    Args:
        name: one of NAMES.
        learning_rate: the highest, which OneCycle calls max_lr; Piecewise has `values` instead.
        epochs: of the run.
        steps_per_epoch: optimizer steps in one.
        warmup_epoch: epochs of the climb, fractions too.
        reach_zero: Cosine and Linear end at their last value when the run ends (textbook); otherwise the warm-up
            pushes them past it (PaddleOCR).
        step_size: Step: epochs between two drops.
        gamma: Step and MultiStepDecay: factor of a drop.
        milestones: MultiStepDecay: epochs of the drops.
        decay_epochs: Piecewise: epochs at which the next value begins.
        values: Piecewise: one more than decay_epochs.
        end_lr: Linear and DecayLearningRate: the last rate.
        power: Linear: 1 for a line.
        cycle: CyclicalCosine: epochs of one fall.
        anneal_strategy, three_phase: OneCycle; see cycles.py.
        factor: DecayLearningRate: what Linear calls power. PaddleOCR's has no warm-up, here it has one if asked for.

    Raises:
        ValueError: when called: an unknown name, or values that do not fit; see the functions.
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
        """Optimizer steps of the run."""
        return self.epochs * self.steps_per_epoch

    @property
    def warmup_steps(self) -> int:
        """Steps of the climb."""
        return round(self.warmup_epoch * self.steps_per_epoch)

    def __call__(self, step: int) -> float:
        """Learning rate of a step, 0 for the first."""
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
                raise ValueError("cycle is missing: the epochs of one fall of CyclicalCosine")
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
