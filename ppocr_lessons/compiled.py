"""numba's compiler, or None where it is not installed; every `*_cpu.py` beside the slower way it replaces asks here."""

try:
    from numba import njit
except ImportError:
    njit = None
