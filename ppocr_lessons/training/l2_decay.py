"""L2 decay, strategy 15, with L1 beside it, coupled and decoupled (chapter 2.3.3).

Coupled decay, PaddleOCR's, adds the penalty's gradient to the loss's: w is pulled by factor * w before Adam scales
the sum. Decoupled decay (AdamW) shrinks the weight itself by lr * factor * w, past Adam's scaling.
"""

import paddle


def l2_decay(weight, gradient, factor: float):
    """Gradient with the penalty factor / 2 * sum(w^2) in it: g + factor w. Arrays or tensors.

    Args:
        weight: w.
        gradient: g, of the loss alone; same shape.
        factor: of the penalty.
    """
    return gradient + factor * weight


def l1_decay(weight, gradient, factor: float):
    """Gradient with the penalty factor * sum(|w|) in it: g + factor sign(w). Tensors.

    Args:
        weight: w.
        gradient: g, of the loss alone; same shape.
        factor: of the penalty.
    """
    return gradient + factor * weight.sign()


def regularizer(kind: str, factor: float):
    """Coupled decay for Paddle's optimizers, or None for a factor of 0.

    A layer whose weights carry a factor of their own (the CTC head's fc_decay) keeps it.

    Args:
        kind: "L1" or "L2".
        factor: of the penalty.

    Raises:
        ValueError: unknown kind, or a negative factor.
    PaddleOCR: ppocr/optimizer/regularizer.py.
    """
    if kind not in ("L1", "L2") or factor < 0:
        raise ValueError(
            f"regularizer {kind!r} with factor {factor}; known are ['L1', 'L2'], factor 0 or more"
        )
    if not factor:
        return None
    return paddle.regularizer.L1Decay(factor) if kind == "L1" else paddle.regularizer.L2Decay(factor)


class DecoupledDecay:
    """Callback of the trainer that shrinks weights after each update.

    Args:
        kind: "L1" or "L2".
        factor: of the decay; multiplied by the learning rate.

    Raises:
        ValueError: see `regularizer`.
    Claim: accuracy 0.6179 -> 0.6519 with L2 (coupled).
    Paper: Loshchilov and Hutter 2017, arXiv 1711.05101.
    """

    def __init__(self, kind: str, factor: float):
        regularizer(kind, factor)
        self.kind, self.factor = kind, factor

    @paddle.no_grad()
    def after_update(self, trainer) -> None:
        """Shrink every weight of the trainer's nets that learns, biases and batch norms left alone.

        Args:
            trainer: whose optimizer has just made a step.
        """
        rate = trainer.optimizer.get_lr() * self.factor
        for parameter in trainer.strategy.trained.parameters():
            if parameter.stop_gradient or parameter.ndim < 2:
                continue
            if self.kind == "L2":
                parameter.set_value(parameter * (1 - rate))
            else:
                size = paddle.nn.functional.relu(parameter.abs() - rate)
                parameter.set_value(parameter.sign() * size)
