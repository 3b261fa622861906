"""Scores the assignment on quantization: PACT's clipping and gradients, scales, the best bound, and a trained one."""

from collections.abc import Mapping

import numpy as np
import paddle

from ...coursework import quantize as inputs
from ...quant.pact import channel_scales, fake_quant, levels, pact
from ..assignment import Answer, Assignment, Mark, Question
from .rules import RIGHT, Mistake, Rule, chosen, close, give_marks

CLIPPING = (
    "outliers would make the levels coarse for all other values",
    "integers cannot be negative",
    "the gradient would be infinite",
)
CHANNELS = (
    "the channels differ in size, and a small one would keep few levels",
    "convolutions cannot be computed otherwise",
    "the file of the weights becomes smaller",
)

QUESTIONS = (
    Question(
        "clipped", 2, "array", "(200,) the drawn activations clipped by PACT", shape=(200,), dtype="float64"
    ),
    Question(
        "gradient_x",
        2,
        "array",
        "(200,) gradient of the loss for the activations",
        shape=(200,),
        dtype="float64",
    ),
    Question("gradient_alpha", 2, "number", "gradient of the loss for alpha"),
    Question(
        "quantized",
        3,
        "array",
        "(8, 4, 3, 3) weights on the grid of the integers, with a scale for each output channel",
        shape=(8, 4, 3, 3),
        dtype="float64",
    ),
    Question(
        "best_alpha",
        3,
        "number",
        "bound with the smallest mean squared error after clipping and rounding the drawn activations",
    ),
    Question(
        "trained_alphas",
        4,
        "array",
        "(steps,) the bound after each step of gradient descent",
        shape=(None,),
        dtype="float64",
    ),
    Question("largest_integer", 1, "number", "largest integer of the symmetric range of the given bits"),
    Question(
        "megabytes", 1, "number", "size of the given weights with their scales, in megabytes of 10^6 bytes"
    ),
    Question("why_clip", 1, "choice", "why activations are clipped before rounding", choices=CLIPPING),
    Question("why_channels", 1, "choice", "why each channel has a scale of its own", choices=CHANNELS),
)


def parameters(seed: int) -> dict:
    """Parameters of the notebook.

    Args:
        seed: of all inputs.

    Returns: seed; bits; steps, rate, decay and first bound of the gradient descent; number of weights and of channels of a
        question.
    """
    rng = np.random.default_rng([seed, 7])
    return {
        "seed": seed,
        "bits": int(rng.choice([3, 4, 5])),
        "steps": int(rng.integers(20, 40)),
        "rate": 2.0,
        "decay": 0.001,
        "first_alpha": float(rng.integers(60, 100) / 10),
        "weights": int(rng.integers(50, 300)) * 1000,
        "channels": int(rng.integers(500, 2000)),
    }


def _quantized(x: np.ndarray, alpha: float, bits: int) -> np.ndarray:
    return fake_quant(pact(paddle.to_tensor(x), alpha), alpha / levels(bits), bits).numpy()


def _error(x: np.ndarray, alpha: float, bits: int) -> float:
    return float(((_quantized(x, alpha, bits) - x) ** 2).mean())


def _gradients(x: np.ndarray, alpha: float, upstream: np.ndarray) -> tuple[np.ndarray, float]:
    values = paddle.to_tensor(x, stop_gradient=False)
    bound = paddle.to_tensor(alpha, dtype="float64", stop_gradient=False)
    (pact(values, bound) * paddle.to_tensor(upstream)).sum().backward()
    return values.grad.numpy(), float(bound.grad)  # pyright: ignore[reportOptionalMemberAccess]


def trained_alphas(given: Mapping, x: np.ndarray) -> np.ndarray:
    """The bound after each step of gradient descent, with the straight-through estimator and L2 decay.

    Args:
        given: parameters of the notebook.
        x: activations.

    Returns: (steps,) bounds.
    """
    alpha, found = given["first_alpha"], []
    for _ in range(given["steps"]):
        upstream = 2 * (_quantized(x, alpha, given["bits"]) - x) / len(x)
        gradient = _gradients(x, alpha, upstream)[1]
        alpha -= given["rate"] * (gradient + 2 * given["decay"] * alpha)
        found.append(alpha)
    return np.array(found)


def _best_rule(x: np.ndarray, bits: int) -> Rule:
    tried = np.arange(1, 1001) * (np.abs(x).max() / 1000)
    best = min(_error(x, float(alpha), bits) for alpha in tried[::10])
    largest = _error(x, float(np.abs(x).max()), bits)

    def rule(answer):
        if not 0 < answer <= 10 * np.abs(x).max():
            return 0.0, "A clipping bound has to be positive and not much larger than the largest activation."
        found = _error(x, float(answer), bits)
        if found <= 1.03 * best:
            return 1.0, RIGHT
        reason = f"With your bound the mean squared error is {found:.4f}, a simple search reaches {best:.4f}."
        return max(0.0, min(0.7, (largest - found) / (largest - best))), reason

    return rule


def score(given: Mapping, answers: Mapping[str, Answer]) -> list[Mark]:
    """Score a submission.

    Args:
        given: parameters of the notebook.
        answers: checked answers by the id of the question.

    Returns: marks of the answered questions.
    """
    seed, bits = given["seed"], given["bits"]
    x, alpha, upstream = inputs.draw_values(seed)
    for_x, for_alpha = _gradients(x, alpha, upstream)
    weight = inputs.draw_weights(seed)
    tensor = paddle.to_tensor(weight)
    scales = channel_scales(tensor, bits)
    one_scale = float(np.abs(weight).max()) / levels(bits)
    activations = inputs.draw_activations(seed)
    values, bound = given["weights"] * bits / 8e6, given["channels"] * 4 / 1e6
    rules = {
        "clipped": close(
            pact(paddle.to_tensor(x), alpha).numpy(),
            mistakes=(
                Mistake(
                    x.clip(0, alpha),
                    "This is the form for a ReLU; hardswish has negative values, so both sides are clipped.",
                    0.5,
                ),
            ),
        ),
        "gradient_x": close(
            for_x,
            mistakes=(Mistake(upstream, "Outside the bounds the gradient for x is 0.", 0.4),),
        ),
        "gradient_alpha": close(
            for_alpha,
            mistakes=(
                Mistake(
                    float(upstream[np.abs(x) > alpha].sum()),
                    "Below -alpha the gradient has the opposite sign.",
                    0.5,
                ),
            ),
        ),
        "quantized": close(
            fake_quant(tensor, scales, bits).numpy(),
            mistakes=(
                Mistake(
                    fake_quant(tensor, one_scale, bits).numpy(),
                    "There is one scale for all weights; every output channel has its own.",
                    0.4,
                ),
                Mistake(
                    fake_quant(tensor, scales, bits).numpy() / scales.numpy(),
                    "These are the integers; the values on the grid are integers times scale.",
                    0.6,
                ),
            ),
        ),
        "best_alpha": _best_rule(activations, bits),
        "trained_alphas": close(
            trained_alphas(given, activations),
            mistakes=(
                Mistake(
                    trained_alphas({**given, "decay": 0.0}, activations),
                    "The decay of alpha is missing.",
                    0.5,
                ),
            ),
        ),
        "largest_integer": close(
            levels(bits),
            relative=0,
            absolute=0.01,
            mistakes=(
                Mistake(2**bits - 1, "One bit is the sign.", 0.5),
                Mistake(
                    2 ** (bits - 1), "The symmetric range has as many negative as positive integers.", 0.5
                ),
            ),
        ),
        "megabytes": close(
            values + bound,
            relative=5e-3,
            absolute=0,
            mistakes=(
                Mistake(values, "Each channel has a scale of four bytes.", 0.5),
                Mistake(8 * values + bound, "A byte has eight bits.", 0.25),
            ),
        ),
        "why_clip": chosen(CLIPPING[0], "The levels are spread over the range, so outliers cost resolution."),
        "why_channels": chosen(
            CHANNELS[0], "With one scale the largest channel decides, and the small ones lose their levels."
        ),
    }
    return give_marks(QUESTIONS, rules, answers)


ASSIGNMENT = Assignment("quantize", "Quantization: PACT at a few bits", QUESTIONS, parameters, score)
