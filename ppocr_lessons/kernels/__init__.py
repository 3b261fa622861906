"""Compiled loops (numba), one call each; the lesson that uses one shows the plain form, which is also the fallback."""
