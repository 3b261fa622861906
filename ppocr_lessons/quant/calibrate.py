"""Offline calibration: choose the clipping bound of an activation from values of the floating-point network.

min-max     the largest absolute value; nothing is clipped
percentile  the bound of a percentage of the values, 99.99 % by default; outliers are clipped
mse         the bound with the smallest squared error of rounding and clipping together
kl          the bound that preserves the distribution best, by the Kullback-Leibler divergence
"""

import numpy as np

from .pact import check_bits, levels

METHODS = ("min-max", "percentile", "mse", "kl")
BINS = 2048
PERCENTILE = 99.99
"""Percentage of absolute values that the percentile method does not clip."""


class CalibrationError(ValueError):
    """No range can be chosen from the given values. The message gives the reason."""


def checked(values) -> np.ndarray:
    """Check values for calibration and flatten them.

    Args:
        values: activations of any shape.

    Returns: (N,) float64.

    Raises:
        CalibrationError: there are no values, or some of them are not finite.
    """
    flat = np.asarray(values, np.float64).ravel()
    if not flat.size:
        raise CalibrationError("no values to calibrate on: the calibration set is empty")
    if not np.isfinite(flat).all():
        raise CalibrationError("some of the values to calibrate on are NaN or infinite")
    return flat


def _absolute(values) -> np.ndarray:
    flat = np.abs(checked(values))
    if not flat.any():
        raise CalibrationError("all values to calibrate on are 0")
    return flat


def min_max(values) -> float:
    """Largest absolute value.

    Args:
        values: activations of any shape.

    Raises:
        CalibrationError: no values, all of them 0, or some of them not finite.
    """
    return float(_absolute(values).max())


def percentile(values, share: float = PERCENTILE) -> float:
    """Bound that `share` percent of the absolute values do not exceed; the largest value if that bound is 0.

    Args:
        values: activations of any shape.
        share: in percent.

    Raises:
        CalibrationError: see `min_max`.
    """
    flat = _absolute(values)
    return float(np.percentile(flat, share)) or float(flat.max())


def squared_error(values, bound: float, bits: int, counts=None) -> float:
    """Mean squared error of clipping and rounding.

    Args:
        values: activations of any shape.
        bound: clipping bound.
        bits: number of bits of the integers.
        counts: how often each value occurs; once if None.

    Raises:
        ValueError: invalid bits, or the bound is not positive.
    """
    if not bound > 0:
        raise ValueError(f"bound is {bound:g}; a clipping bound has to be positive")
    scale = bound / levels(bits)
    values = np.asarray(values, np.float64)
    rounded = np.clip(np.round(values / scale), -levels(bits), levels(bits)) * scale
    return float(np.average(np.square(values - rounded), weights=counts))


def mse(values, bits: int = 8, *, steps: int = 100) -> float:
    """Bound with the smallest `squared_error` among `steps` candidates up to the largest absolute value.

    Args:
        values: activations of any shape.
        bits: number of bits of the integers.
        steps: number of candidates.

    Raises:
        CalibrationError: see `min_max`.
    """
    flat = _absolute(values)
    bounds = flat.max() * np.arange(1, steps + 1) / steps
    counts = None
    if flat.size > 2 * BINS:  # for speed, values are replaced by the centers of narrow bins
        counts, edges = np.histogram(flat, 2 * BINS, (0, flat.max()))
        flat = (edges[:-1] + edges[1:]) / 2
    return min(map(float, bounds), key=lambda bound: squared_error(flat, bound, bits, counts))


def kl_threshold(histogram, bin_width: float, bits: int = 8) -> float:
    """Bound for which the clipped and quantized histogram differs least from the original histogram.

    The candidates are the edges of the upper half of the bins. For each candidate, the tail is added to the last bin
    (P). The bins are merged into as many groups as there are positive integers, and the count of each group is spread
    over its non-empty bins (Q). The result is the bound with the smallest divergence sum P ln(P / Q).

    Args:
        histogram: (B,) counts of absolute values in bins of equal width, starting at 0.
        bin_width: width of a bin.
        bits: number of bits of the integers.

    Returns: the bound, in the unit of `bin_width`.

    Raises:
        CalibrationError: the histogram is empty.
    Source: cal_kl_threshold of Paddle, which follows TensorRT's entropy calibration.
    """
    histogram, merged = np.asarray(histogram, np.float64), levels(bits)
    if not histogram.sum():
        raise CalibrationError("no values to calibrate on: the histogram is empty")
    total, best, best_divergence = histogram.sum(), 0, np.inf
    for bins in range(int((len(histogram) - 1) * 0.5), len(histogram)):
        if bins == 0 or histogram[bins - 1] == 0:
            continue
        reference = histogram[:bins].copy()
        reference[-1] += histogram[bins:].sum()
        # Equal groups of bins; the last group also takes the remainder.
        group = np.minimum(np.arange(bins) // max(1, bins // merged), merged - 1)
        filled = reference > 0
        counts = np.bincount(group, histogram[:bins], merged)
        members = np.bincount(group, filled, merged)
        candidate = np.where(filled, counts[group] / np.maximum(members[group], 1), 0)
        p, q = reference[filled], candidate[filled]
        if (q <= 0).any():
            continue
        divergence = (p * (np.log(q.sum() * p) - np.log(total * q))).sum() / total
        if divergence < best_divergence:
            best, best_divergence = bins, divergence
    if best == 0:
        best = int(np.flatnonzero(histogram)[-1])
    return (best + 0.5) * bin_width


def kl(values, bits: int = 8, *, bins: int = BINS) -> float:
    """Bound of `kl_threshold` for the histogram of some values.

    Args:
        values: activations of any shape.
        bits: number of bits of the integers.
        bins: number of bins of the histogram.

    Raises:
        CalibrationError: see `min_max`.
    """
    flat = _absolute(values)
    histogram, edges = np.histogram(flat, bins, (0, flat.max()))
    return kl_threshold(histogram, edges[1] - edges[0], bits)


def bound(values, method: str, bits: int = 8) -> float:
    """Clipping bound of activations by one of METHODS.

    Args:
        values: activations of any shape.
        method: "min-max", "percentile", "mse" or "kl".
        bits: number of bits of the integers.

    Raises:
        ValueError: unknown method, or invalid bits.
        CalibrationError: see `min_max`.
    """
    if method not in METHODS:
        raise ValueError(f"the calibration method is {method!r}; known are {', '.join(METHODS)}")
    check_bits(bits)
    if method == "min-max":
        return min_max(values)
    if method == "percentile":
        return percentile(values)
    return mse(values, bits) if method == "mse" else kl(values, bits)
