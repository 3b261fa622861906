"""Compiled kernels that are imported on their first call, because importing numba takes longer than reading a page."""

import functools
import importlib
import importlib.util
import sys


def accelerated_from(module: str, name: str, *, only_if_loaded: bool = False):
    """Decorate a plain function so that its calls go to a faster kernel if numba is installed.

    As with `compiled.accelerated_by`, which imports numba immediately, the plain function remains the fallback, and
    tests reach it as `function.__wrapped__`.

    Args:
        module: module of this package that contains the kernel.
        name: of the kernel, which takes the plain function first, then its positional arguments.
        only_if_loaded: use the kernel only if numba has already been imported, as in training. For functions that are
            also used to read pages, where the import takes longer than the kernel saves.

    Returns: a decorator.
    """

    def decorate(plain):
        if importlib.util.find_spec("numba") is None:
            return plain

        @functools.wraps(plain)
        def accelerated(*args):
            if only_if_loaded and sys.modules.get("numba") is None:
                return plain(*args)
            kernel = getattr(importlib.import_module(f".{module}", __package__), name)
            return kernel(plain, *args)

        return accelerated

    return decorate
