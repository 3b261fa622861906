"""L2 and L1 weight decay, coupled and decoupled: strategy 15 (chapter 2.3.3).

Coupled decay, which PaddleOCR uses, adds the gradient of the penalty, factor * w, to the gradient of the loss, and Adam scales
the sum. Decoupled decay (AdamW) subtracts lr * factor * w from the weight, unaffected by the scaling of Adam.
"""

import paddle


def l2_decay(weight, gradient, factor: float):
    """Gradient of the loss plus the penalty factor / 2 * sum(w^2): g + factor w.

    Args:
        weight: weights w, an array or tensor of any shape.
        gradient: gradient g of the loss alone, in the same shape.
        factor: factor of the penalty.

    Returns: the gradient, in the same shape.
    """
    return gradient + factor * weight


def l1_decay(weight, gradient, factor: float):
    """Gradient of the loss plus the penalty factor * sum(|w|): g + factor sign(w).

    Args:
        weight: weights w, a tensor of any shape.
        gradient: gradient g of the loss alone, in the same shape.
        factor: factor of the penalty.

    Returns: the gradient, in the same shape.
    """
    return gradient + factor * weight.sign()


def regularizer(kind: str, factor: float):
    """Coupled weight decay for Paddle's optimizers.

    Weights with a regularizer of their own, such as those of the CTC head (fc_decay), keep it.

    Args:
        kind: "L1" or "L2".
        factor: factor of the penalty.

    Returns: a regularizer of Paddle, or None for a factor of 0.

    Raises:
        ValueError: unknown kind, or a negative factor.
    PaddleOCR: ppocr/optimizer/regularizer.py.
    """
    if kind not in ("L1", "L2") or not factor >= 0:
        raise ValueError(
            f"regularizer {kind!r} with factor {factor}; known are ['L1', 'L2'], factor 0 or more"
        )
    if not factor:
        return None
    return paddle.regularizer.L1Decay(factor) if kind == "L1" else paddle.regularizer.L2Decay(factor)


class DecoupledDecay:
    """Decoupled weight decay: a callback of the trainer that shrinks weights after each update.

    Args:
        kind: "L1" or "L2".
        factor: factor of the decay; multiplied by the learning rate.

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
        """Shrink all trainable weights except biases and the parameters of batch norms.

        Args:
            trainer: trainer whose optimizer has just made a step.
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
