"""Section Optimizer: models of its values, and the optimizer and schedule built from them (ppocr/optimizer)."""

from typing import TYPE_CHECKING, Annotated, Literal

import paddle
from annotated_types import Ge, Gt, Le
from pydantic import model_validator

from ..quant.prepare import decays
from ..training.l2_decay import DecoupledDecay, regularizer
from ..training.schedules import Schedule
from .schema import Above0, Below1, Section, Weight

if TYPE_CHECKING:
    from .configuration import Config

LR = Annotated[float, Ge(0), Le(100)]
Epochs = Annotated[float, Ge(0), Le(1_000_000)]


class Optimizer(Section):
    """Section Optimizer without its parts lr and regularizer.

    None stands for the default of the optimizer: epsilon 1e-6 for RMSProp and 1e-8 for the others, momentum 0 for RMSProp
    and 0.9 for Momentum, weight_decay 0.01 for AdamW and 0 for the others. If both are given, regularizer takes
    precedence over weight_decay, as in PaddleOCR.
    """

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

    def gradient_clip(self):
        """Gradient clipping for the optimizer, or None. clip_norm takes precedence, as in PaddleOCR."""
        if self.clip_norm:
            return paddle.nn.ClipGradByNorm(self.clip_norm)
        return paddle.nn.ClipGradByGlobalNorm(self.clip_norm_global) if self.clip_norm_global else None


class LearningRate(Section):
    """Optimizer.lr. reach_zero is not a key of PaddleOCR; see training/schedules.py."""

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
        """The learning rate at the end of the warm-up; for OneCycle the highest rate."""
        if self.name == "Piecewise":
            return self.values[0]
        return self.max_lr if self.name == "OneCycle" else self.learning_rate


class Regularizer(Section):
    """Optimizer.regularizer. decoupled is not a key of PaddleOCR; see training/l2_decay.py."""

    name: Literal["L1", "L2"]
    factor: Weight = 0.0
    decoupled: bool = False


def _adam(section: Optimizer, rate: float, common: dict):
    return paddle.optimizer.Adam(
        rate, beta1=section.beta1, beta2=section.beta2, epsilon=section.epsilon or 1e-8, **common
    )


def _momentum(section: Optimizer, rate: float, common: dict):
    return paddle.optimizer.Momentum(
        rate, momentum=0.9 if section.momentum is None else section.momentum, **common
    )


def _rmsprop(section: Optimizer, rate: float, common: dict):
    return paddle.optimizer.RMSProp(
        rate, rho=section.rho, epsilon=section.epsilon or 1e-6, momentum=section.momentum or 0.0, **common
    )


def _sgd(section: Optimizer, rate: float, common: dict):
    return paddle.optimizer.SGD(rate, **common)


COUPLED = {"Adam": _adam, "Momentum": _momentum, "RMSProp": _rmsprop, "SGD": _sgd}
"""Optimizers whose weight decay is added to the gradient."""


def build_optimizer(config: "Config", layer: paddle.nn.Layer):
    """Build the optimizer of a configuration, including coupled weight decay and the decay of AdamW.

    Args:
        config: configuration that was read.
        layer: layer that contains all networks to train.

    Returns: an optimizer of Paddle whose learning rate is the highest rate of the schedule; the trainer sets the rate
        before every step.
    """
    section, rate = config.optimizer, config.lr.peak
    common = {"parameters": layer.parameters(), "grad_clip": section.gradient_clip()}
    if section.name == "AdamW":
        return _adamw(config, layer, rate, common)
    return COUPLED[section.name](section, rate, {**common, "weight_decay": _coupled_decay(config)})


def _coupled_decay(config: "Config"):
    decay = config.regularizer
    if decay:
        return None if decay.decoupled else regularizer(decay.name, decay.factor)
    return regularizer("L2", config.optimizer.weight_decay or 0.0)


def _adamw(config: "Config", layer: paddle.nn.Layer, rate: float, common: dict):
    """AdamW: the decay is always decoupled and of type L2; `build_decay` covers L1."""
    section, decay = config.optimizer, config.regularizer
    if decay:
        factor = decay.factor if decay.name == "L2" else 0.0
    else:
        factor = 0.01 if section.weight_decay is None else section.weight_decay
    words = (section.no_weight_decay_name or "").split()
    may_decay = decays(layer)
    spared = {
        parameter.name
        for name, parameter in layer.named_parameters()
        if not may_decay(parameter.name)
        or any(word in name for word in words)
        or (section.one_dim_param_no_weight_decay and parameter.ndim == 1)
    }
    return paddle.optimizer.AdamW(
        rate,
        beta1=section.beta1,
        beta2=section.beta2,
        epsilon=section.epsilon or 1e-8,
        weight_decay=factor,
        apply_decay_param_fun=lambda name: name not in spared,
        **common,
    )


def build_decay(config: "Config") -> DecoupledDecay | None:
    """Build the decoupled weight decay that is not part of the optimizer.

    Args:
        config: configuration that was read.

    Returns: a callback of the trainer, or None.
    """
    decay, is_adamw = config.regularizer, config.optimizer.name == "AdamW"
    if decay and (decay.name == "L1" if is_adamw else decay.decoupled):
        return DecoupledDecay(decay.name, decay.factor)
    return None


def build_schedule(config: "Config", steps_per_epoch: int) -> Schedule:
    """Build the learning rate schedule of a configuration.

    Args:
        config: configuration that was read.
        steps_per_epoch: number of optimizer steps in an epoch.

    Returns: a function from the step to the learning rate.
    """
    lr = config.lr.model_dump(exclude={"max_lr"})
    lists = {name: tuple(value) for name, value in lr.items() if isinstance(value, list)}
    return Schedule(
        **{**lr, **lists, "learning_rate": config.lr.peak},
        epochs=config.settings.epoch_num,
        steps_per_epoch=steps_per_epoch,
    )
