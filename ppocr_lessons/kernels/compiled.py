"""Replacement of a lesson's plain functions by compiled forms; without numba the plain functions are used."""

import functools

try:
    from numba import njit
except ImportError:
    njit = None


def _unchanged(function):
    return function


loop = njit(cache=True) if njit else _unchanged
"""Compile a function of numbers and arrays; without numba the function is returned unchanged."""

fast_math_loop = njit(cache=True, fastmath=True) if njit else _unchanged
"""The same with fast math: arithmetic may be reordered, so that sums and square roots are vectorized."""


def accelerated_by(kernel):
    """Decorate a plain function so that its calls go to a faster kernel if numba is installed.

    The plain function is the code for reading. It remains the fallback and the reference for tests, which reach it
    as `function.__wrapped__`.

    Args:
        kernel: function that takes the plain function first, then its positional arguments, and returns the same
            result. It calls the plain function for inputs that it does not support.

    Returns: a decorator.
    """

    def decorate(plain):
        if njit is None:
            return plain

        @functools.wraps(plain)
        def accelerated(*args):
            return kernel(plain, *args)

        return accelerated

    return decorate
