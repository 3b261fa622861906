"""What section Optimizer may hold: the optimizer, the schedule of its rate, and the decay."""

from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le
from pydantic import model_validator

from ..training.schedules import Schedule
from .schema import Above0, Below1, Part, Weight

LR = Annotated[float, Ge(0), Le(100)]
Epochs = Annotated[float, Ge(0), Le(1_000_000)]


class Optimizer(Part):
    """Section Optimizer without its parts lr and regularizer. None stands for the default of that optimizer:
    epsilon 1e-6 of RMSProp and 1e-8 of the others, momentum 0 of RMSProp and 0.9 of Momentum, weight_decay 0.01 of
    AdamW and none of the others. A regularizer counts before weight_decay, as in PaddleOCR."""

    name: Literal["Adam", "AdamW", "Momentum", "SGD", "RMSProp"]
    beta1: Below1 = 0.9
    beta2: Below1 = 0.999
    epsilon: Annotated[float, Gt(0), Le(1)] | None = None
    momentum: Below1 | None = None
    rho: Below1 = 0.95
    weight_decay: Weight | None = None
    no_weight_decay_name: str | None = None
    one_dim_param_no_weight_decay: bool = False
    clip_norm: Above0 | None = None
    clip_norm_global: Above0 | None = None


class LearningRate(Part):
    """Optimizer.lr. Ours beside PaddleOCR's: reach_zero; see training/schedules.py."""

    name: Literal[Schedule.NAMES] = "Const"
    learning_rate: Annotated[LR, Gt(0)] | None = None
    warmup_epoch: Epochs = 0
    reach_zero: bool = False
    step_size: Annotated[Epochs, Gt(0)] = 1
    gamma: Annotated[float, Gt(0), Le(1)] = 0.1
    milestones: list[Epochs] = []
    decay_epochs: list[Epochs] = []
    values: list[LR] = []
    end_lr: LR = 0.0
    power: Annotated[float, Gt(0), Le(100)] = 1.0
    cycle: Annotated[Epochs, Gt(0)] | None = None
    max_lr: Annotated[LR, Gt(0)] | None = None
    anneal_strategy: Literal["cos", "linear"] = "cos"
    three_phase: bool = False
    factor: Annotated[float, Gt(0), Le(100)] = 0.9

    @model_validator(mode="after")
    def _complete(self):
        if self.name == "Piecewise":
            if not self.values or len(self.values) > len(self.decay_epochs) + 1:
                raise ValueError(
                    f"Piecewise has {len(self.values)} values for {len(self.decay_epochs)} decay_epochs; one value "
                    "more is needed (values that are missing repeat the last)"
                )
            if self.decay_epochs != sorted(self.decay_epochs):
                raise ValueError(f"decay_epochs are {self.decay_epochs}; they have to rise")
        elif self.name == "OneCycle":
            if self.max_lr is None:
                raise ValueError("max_lr is missing: the highest rate of OneCycle")
        elif self.learning_rate is None:
            raise ValueError("learning_rate is missing")
        if self.name == "CyclicalCosine" and self.cycle is None:
            raise ValueError("cycle is missing: the epochs of one fall of CyclicalCosine")
        return self

    @property
    def peak(self) -> float:
        """The rate at the end of the warm-up, or for OneCycle at its top."""
        if self.name == "Piecewise":
            return self.values[0]
        return self.max_lr if self.name == "OneCycle" else self.learning_rate


class Regularizer(Part):
    """Optimizer.regularizer. Ours beside PaddleOCR's: decoupled."""

    name: Literal["L1", "L2"]
    factor: Weight = 0.0
    decoupled: bool = False
