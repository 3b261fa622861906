"""PACT: learn where to clip the activations before they become integers (chapters 2.2.4 and 2.3.5).

A b-bit integer has 2^b levels. If they cover the whole range of an activation, outliers make them coarse; if the range
is clipped too much, information is lost. PACT makes the clipping bound alpha a parameter that is trained with the loss.
"""

import math
import numbers

import numpy as np
import paddle
from paddle.nn import functional as F

MIN_BITS, MAX_BITS = 2, 8

EDGE = 1e-3
"""Fraction of a step by which a value may exceed the range of the integers and still pass its gradient on.

The largest value of a channel and a clipped activation are exactly on the edge of the range. Divided by the scale, they
may exceed it by a rounding error, and their gradient must not depend on that."""


def check_bits(bits: int) -> int:
    """Check a number of bits and return it.

    Args:
        bits: from MIN_BITS to MAX_BITS.

    Raises:
        ValueError: another number.
    """
    if isinstance(bits, bool) or not isinstance(bits, numbers.Integral) or not MIN_BITS <= bits <= MAX_BITS:
        raise ValueError(f"bits is {bits!r}; an integer from {MIN_BITS} to {MAX_BITS} is needed")
    return int(bits)


def levels(bits: int) -> int:
    """Largest integer of a symmetric range: 127 for 8 bits. The smallest is its negative.

    Args:
        bits: from 2 to 8.

    Raises:
        ValueError: see `check_bits`.
    """
    return 2 ** (check_bits(bits) - 1) - 1


def _check_positive(value, name: str, what: str) -> None:
    values = value.numpy() if isinstance(value, paddle.Tensor) else [value]
    smallest, largest = float(np.min(values)), float(np.max(values))
    if not (smallest > 0 and math.isfinite(largest)):
        found = largest if smallest > 0 else smallest
        raise ValueError(f"{name} is {found:g}; {what} has to be positive and finite")


def pact(x, alpha):
    """Clip to -alpha..alpha, for activations of both signs: y = x - relu(x - alpha) + relu(-alpha - x).

    PaddleOCR uses this form because hardswish has negative values. The gradient for x is 1 inside the range and 0
    outside it; for alpha it is the sign of x outside the range and 0 inside.

    Args:
        x: activations of any shape.
        alpha: bound, a number or a tensor that broadcasts.

    Returns: clipped activations in the shape of x.

    Raises:
        ValueError: alpha is not positive and finite.
    Source: PaddleSlim, deploy/slim/quantization/quant.py of PaddleOCR.
    """
    _check_positive(alpha, "alpha", "a clipping bound")
    return x - F.relu(x - alpha) + F.relu(-alpha - x)


def pact_relu(x, alpha):
    """Clip to 0..alpha, for activations after a ReLU: y = (|x| - |x - alpha| + alpha) / 2.

    The gradient for x is 1 between the bounds and 0 outside them; for alpha it is 1 above alpha and 0 below.

    Args:
        x: activations of any shape.
        alpha: upper bound, a number or a tensor that broadcasts.

    Returns: clipped activations in the shape of x.

    Raises:
        ValueError: alpha is not positive and finite.
    Paper: Choi et al. 2018, arXiv 1805.06085, equation 1.
    """
    _check_positive(alpha, "alpha", "a clipping bound")
    return 0.5 * (x.abs() - (x - alpha).abs() + alpha)


def fake_quant(x, scale, bits: int = 8, *, zero: int = 0, signed: bool = True):
    """Round to the grid of the integers and return floats, which simulates an integer kernel.

    Rounding has a gradient of 0 almost everywhere. The straight-through estimator replaces it by 1 inside the range
    of the integers; outside, the gradient stays 0.

    Args:
        x: values of any shape.
        scale: distance between adjacent levels, a number or a tensor that broadcasts.
        bits: number of bits of the integers, 2 to 8.
        zero: integer that represents 0.0.
        signed: integers -(2^(b-1) - 1) .. 2^(b-1) - 1; otherwise 0 .. 2^b - 1.

    Returns: values on the grid, in the shape of x.

    Raises:
        ValueError: invalid bits, see `check_bits`; or the scale is not positive and finite.
    """
    high = levels(bits) if signed else 2 ** check_bits(bits) - 1
    low = -high if signed else 0
    _check_positive(scale, "scale", "the distance of two levels")
    clipped = (x / scale).clip(low - zero - EDGE, high - zero + EDGE)
    return (clipped + (clipped.round() - clipped).detach()) * scale


def channel_scales(weight, bits: int = 8, axis: int = 0):
    """Scale of each output channel of a weight, which maps its largest absolute value to the largest integer.

    Args:
        weight: (out, in / groups, k, k) of a convolution with axis 0, or (in, out) of a linear layer with axis 1.
        bits: number of bits of the integers.
        axis: axis of the output channels.

    Returns: tensor that broadcasts against the weight; a channel of zeros has the scale 1.
    """
    others = [i for i in range(weight.ndim) if i != axis]
    largest = weight.abs().amax(axis=others, keepdim=True)
    return paddle.where(largest > 0, largest / levels(bits), paddle.ones_like(largest)).detach()
