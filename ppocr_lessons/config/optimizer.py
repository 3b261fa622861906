"""From section Optimizer to Paddle's optimizer and our schedule (ppocr/optimizer)."""

import paddle

from ..training.l2_decay import regularizer
from ..training.schedules import Schedule
from .parts import Config


def build_optimizer(config: Config, layer: paddle.nn.Layer):
    """The optimizer of a configuration, coupled decay included.

    Args:
        config: that was read.
        layer: the nets that learn, as one.
    """
    part = config.optimizer
    given = {"parameters": layer.parameters(), "grad_clip": _clip(part)}
    rate = config.lr.peak
    if part.name == "AdamW":
        return _adamw(config, layer, rate, given)
    given["weight_decay"] = _coupled(config)
    if part.name == "Adam":
        return paddle.optimizer.Adam(
            rate, beta1=part.beta1, beta2=part.beta2, epsilon=part.epsilon or 1e-8, **given
        )
    if part.name == "Momentum":
        momentum = 0.9 if part.momentum is None else part.momentum
        return paddle.optimizer.Momentum(rate, momentum=momentum, **given)
    if part.name == "RMSProp":
        return paddle.optimizer.RMSProp(
            rate, rho=part.rho, epsilon=part.epsilon or 1e-6, momentum=part.momentum or 0.0, **given
        )
    return paddle.optimizer.SGD(rate, **given)


def _clip(part):
    # PaddleOCR looks for clip_norm first.
    if part.clip_norm:
        return paddle.nn.ClipGradByNorm(part.clip_norm)
    return paddle.nn.ClipGradByGlobalNorm(part.clip_norm_global) if part.clip_norm_global else None


def _coupled(config):
    decay = config.regularizer
    if decay:
        return None if decay.decoupled else regularizer(decay.name, decay.factor)
    return regularizer("L2", config.optimizer.weight_decay or 0.0)


def _adamw(config, layer, rate, given):
    """AdamW's decay is always decoupled, and of L2; L1 is left to a callback of the trainer."""
    part, decay = config.optimizer, config.regularizer
    if decay:
        factor = decay.factor if decay.name == "L2" else 0.0
    else:
        factor = 0.01 if part.weight_decay is None else part.weight_decay
    words = (part.no_weight_decay_name or "").split()
    spared = {
        parameter.name
        for name, parameter in layer.named_parameters()
        if any(word in name for word in words) or (part.one_dim_param_no_weight_decay and parameter.ndim == 1)
    }
    return paddle.optimizer.AdamW(
        rate,
        beta1=part.beta1,
        beta2=part.beta2,
        epsilon=part.epsilon or 1e-8,
        weight_decay=factor,
        apply_decay_param_fun=lambda name: name not in spared,
        **given,
    )


def build_schedule(config: Config, steps_per_epoch: int) -> Schedule:
    """The learning rate of every step.

    Args:
        config: that was read.
        steps_per_epoch: optimizer steps in one.
    """
    lr = config.lr.model_dump(exclude={"max_lr"})
    lists = {name: tuple(value) for name, value in lr.items() if isinstance(value, list)}
    return Schedule(
        **{**lr, **lists, "learning_rate": config.lr.peak},
        epochs=config.settings.epoch_num,
        steps_per_epoch=steps_per_epoch,
    )
