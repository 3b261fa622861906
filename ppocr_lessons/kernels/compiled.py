"""numba's compiler, or None where it is not installed; every kernel asks here, and its caller uses the plain form where this is None."""

try:
    from numba import njit
except ImportError:
    njit = None
