"""Compiled kernels that are imported when they are first called, because importing numba takes longer than reading a page."""

import functools
import importlib
import importlib.util


def accelerated_from(module: str, name: str):
    """Decorate a plain function, so that calls of it go to a faster kernel if numba is installed.

    As with `compiled.accelerated_by`, which imports numba at once, the plain function stays the fallback, and tests reach it as `function.__wrapped__`.

    Args:
        module: module of this package that has the kernel.
        name: of the kernel, which takes the plain function first, then its positional arguments.

    Returns: a decorator.
    """

    def decorate(plain):
        if importlib.util.find_spec("numba") is None:
            return plain

        @functools.wraps(plain)
        def accelerated(*args):
            kernel = getattr(importlib.import_module(f".{module}", __package__), name)
            return kernel(plain, *args)

        return accelerated

    return decorate
