"""Clipping bounds from values: by hand, against Paddle, and what cannot be calibrated on."""

import numpy as np
import pytest
from paddle.static.quantization.cal_kl_threshold import cal_kl_threshold

from ppocr_lessons.quant import calibrate


def test_min_max_and_percentile_by_hand():
    values = np.array([[-4.0, 1.0], [2.0, 3.0]])
    assert calibrate.min_max(values) == 4
    assert calibrate.percentile(np.arange(101.0), 90) == pytest.approx(90)
    assert calibrate.percentile([0.0] * 999_999 + [5.0]) == 5, "a bound of 0 would clip everything"


def test_the_squared_error_by_hand():
    # 3 bits, bound 3: step 1. 0.4 -> 0, 1.6 -> 2, 5 -> 3.
    assert calibrate.squared_error([0.4, 1.6, 5.0], 3.0, 3) == pytest.approx((0.16 + 0.16 + 4) / 3)


@pytest.mark.parametrize("bits", [8, 4])
def test_many_values_are_grouped_without_a_difference(bits):
    values = np.random.default_rng(0).standard_t(4, 50_000)
    bounds = np.abs(values).max() * np.arange(1, 101) / 100
    exact = min(calibrate.squared_error(values, bound, bits) for bound in bounds)
    assert calibrate.squared_error(values, calibrate.mse(values, bits), bits) < 1.01 * exact


@pytest.mark.parametrize("bits", [6, 4, 3])
def test_mse_clips_heavy_tails(bits):
    values = np.random.default_rng(0).standard_t(3, 4000)
    found, largest = calibrate.mse(values, bits), np.abs(values).max()
    assert found < largest
    assert calibrate.squared_error(values, found, bits) < calibrate.squared_error(values, largest, bits)


@pytest.mark.parametrize("bits", [8, 4])
@pytest.mark.parametrize("draw", ["laplace", "standard_normal", "exponential"])
def test_the_kl_threshold_is_that_of_paddle(draw, bits):
    values = np.abs(getattr(np.random.default_rng(3), draw)(size=6000))
    histogram, edges = np.histogram(values, 512, (0, values.max()))
    width = edges[1] - edges[0]
    assert calibrate.kl_threshold(histogram, width, bits) == pytest.approx(
        cal_kl_threshold(histogram, width, bits)
    )


def test_kl_clips_a_long_tail_but_never_more_than_half_of_the_range():
    values = np.random.default_rng(1).laplace(size=20_000)
    largest = np.abs(values).max()
    assert 0.49 * largest < calibrate.kl(values, 4) < 0.8 * largest


@pytest.mark.parametrize(
    ("values", "reason"),
    [([], "empty"), ([0.0, 0.0], "all values"), ([1.0, np.nan], "NaN"), ([np.inf], "infinite")],
)
@pytest.mark.parametrize("method", calibrate.METHODS)
def test_values_that_no_range_can_be_chosen_from(values, reason, method):
    with pytest.raises(calibrate.CalibrationError, match=reason):
        calibrate.bound(values, method)


def test_an_unknown_method_and_a_histogram_without_counts():
    with pytest.raises(ValueError, match="'entropy'"):
        calibrate.bound([1.0], "entropy")
    with pytest.raises(calibrate.CalibrationError, match="empty"):
        calibrate.kl_threshold(np.zeros(16), 0.1)


def test_wrong_arguments_are_named():
    with pytest.raises(ValueError, match="'best'; known are min-max, percentile, mse, kl"):
        calibrate.bound([1.0], "best")
    with pytest.raises(ValueError, match="bits is 9"):
        calibrate.bound([1.0], "min-max", 9)
    with pytest.raises(ValueError, match="bound is 0; a clipping bound has to be positive"):
        calibrate.squared_error([1.0], 0, 8)
