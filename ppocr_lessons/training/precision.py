"""Mixed precision: the networks run in half precision, and losses are computed from their outputs in float32."""

import contextlib
import sys
from typing import Literal

import paddle

HALF: dict[str, Literal["float16", "bfloat16"]] = {"fp16": "float16", "bf16": "bfloat16"}
"""Paddle's names of the half precisions."""

PRECISIONS = ("fp32", *sorted(HALF))


def usable(precision: str) -> str:
    """The precision that a run uses on this device. On a CPU, bf16 becomes fp32 with a message on stderr.

    Args:
        precision: one of PRECISIONS.

    Returns: one of PRECISIONS.

    Raises:
        ValueError: an unknown precision, or fp16 on a CPU.
    """
    if precision not in PRECISIONS:
        raise ValueError(f"precision is {precision!r}; known are {list(PRECISIONS)}")
    if precision == "fp32" or paddle.device.get_device() != "cpu":
        return precision
    if precision == "fp16":
        raise ValueError("precision 'fp16' needs a GPU; use 'fp32' on a CPU")
    # Paddle's automatic mixed precision has no effect on CPUs and prints a warning at every step.
    print("precision 'bf16' has no effect on a CPU: this run is in fp32", file=sys.stderr)
    return "fp32"


def in_float32(answer):
    """Convert all half-precision tensors in the output of a network to float32; containers keep their type.

    Args:
        answer: output of a network: a tensor, or a tuple, list, dict or named tuple of such outputs.
    """
    if isinstance(answer, paddle.Tensor):
        half = answer.dtype in (paddle.float16, paddle.bfloat16)
        return answer.astype("float32") if half else answer
    if isinstance(answer, tuple) and hasattr(answer, "_fields"):
        return type(answer)(*map(in_float32, answer))
    if isinstance(answer, (tuple, list)):
        return type(answer)(map(in_float32, answer))
    if isinstance(answer, dict):
        return {name: in_float32(part) for name, part in answer.items()}
    return answer


@contextlib.contextmanager
def half_precision_nets(nets, precision: str):
    """Context in which networks run under auto_cast and return float32, so that losses are never in half precision.

    A loss sums over up to a million pixels and contains functions as steep as sigmoid(50 x); the 10-bit mantissa of float16
    is not sufficient for either.

    Args:
        nets: layers that are called with positional inputs only.
        precision: "fp32" (no change), "bf16" or "fp16".
    """

    def lowered(forward):
        def call(*inputs):
            with paddle.amp.auto_cast(dtype=HALF[precision]):
                answer = forward(*inputs)
            return in_float32(answer)

        return call

    # A network that is listed under two names is wrapped once.
    chosen = list({id(net): net for net in nets}.values()) if precision in HALF else []
    for net in chosen:
        net.forward = lowered(net.forward)
    try:
        yield
    finally:
        for net in chosen:
            del net.forward
