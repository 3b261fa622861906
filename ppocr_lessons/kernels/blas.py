"""One thread for NumPy's matrix products.

Paddle computes with one thread by default, and the worker processes of a training need the other cores. OpenBLAS starts a
thread for each core, and the threads wait for each other in busy loops: on a machine whose cores are in use, a product
takes three times as long as with one thread. With one thread, the order of the sums does not depend on the machine either.
"""

import ctypes
import functools
import importlib
from contextlib import contextmanager

import numpy as np


@functools.cache
def _controls():
    """OpenBLAS's functions that read and set the number of threads, or None if NumPy uses another BLAS."""
    core = "numpy._core" if np.lib.NumpyVersion(np.__version__) >= "2.0.0" else "numpy.core"
    # The lookup also finds functions of the libraries that this one depends on, except on Windows.
    library = ctypes.CDLL(importlib.import_module(f"{core}._multiarray_umath").__file__)
    for prefix in ("scipy_openblas", "openblas"):
        for suffix in ("64_", ""):
            names = [f"{prefix}_{verb}_num_threads{suffix}" for verb in ("get", "set")]
            if all(hasattr(library, name) for name in names):
                return [getattr(library, name) for name in names]
    return None


@contextmanager
def one_thread():
    """Context in which OpenBLAS uses one thread. It does not affect other BLAS libraries."""
    controls = _controls()
    if controls is None:
        yield
        return
    read, write = controls
    before = read()
    write(1)
    try:
        yield
    finally:
        write(before)
