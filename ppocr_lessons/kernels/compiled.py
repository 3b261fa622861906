"""The way from a lesson's plain function to its compiled form, and back where numba is not installed."""

import functools

try:
    from numba import njit
except ImportError:
    njit = None


def _unchanged(function):
    return function


loop = njit(cache=True) if njit else _unchanged
"""Compile a function of numbers and arrays; without numba the function stays as it is."""

fast_math_loop = njit(cache=True, fastmath=True) if njit else _unchanged
"""The same with arithmetic that may be reordered, so that sums and square roots become vector instructions."""


def accelerated_by(kernel):
    """Decorate a plain function, so that calls of it go to a faster kernel if numba is installed.

    The plain function is what a reader studies. It remains the fallback and the reference for tests, which reach it
    as `function.__wrapped__`.

    Args:
        kernel: function that takes the plain function first, then its positional arguments, and returns the same. It
            calls the plain function for whatever it cannot do itself.

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
