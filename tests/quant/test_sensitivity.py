"""The error of each layer alone: by hand, and the net is the same afterwards."""

import numpy as np
import paddle
import pytest
from paddle import nn

from ppocr_lessons.quant.calibrate import CalibrationError
from ppocr_lessons.quant.prepare import prepare, quantized
from ppocr_lessons.quant.sensitivity import sensitivity


class Two(nn.Layer):
    """Two linear layers with a single weight each."""

    def __init__(self, first, second):
        super().__init__()
        self.first, self.second = nn.Linear(1, 1, bias_attr=False), nn.Linear(1, 1, bias_attr=False)
        self.first.weight.set_value(np.array([[first]], np.float32))
        self.second.weight.set_value(np.array([[second]], np.float32))

    def forward(self, x):
        return self.second(self.first(x))


def test_the_error_by_hand():
    # 2 bits have the levels -alpha, 0, alpha. The input 0.75 of `first` becomes 1, the input 1 of `second` stays:
    # y = 2 * 0.75 = 1.5 and y' = 2, so the error of `first` is 0.25 / 2.25 of the first sample; the second sample is exact.
    net = prepare(Two(1.0, 2.0), bits=2)
    for layer in quantized(net).values():
        layer.quantizer.set_range([1.0], "min-max")
    found = sensitivity(net, [paddle.to_tensor([[0.75]]), paddle.to_tensor([[1.0]])])
    assert found == {
        "first": pytest.approx(0.25 / (2.25 + 4), rel=1e-4),
        "second": pytest.approx(0.25 / (2.25 + 4), rel=1e-4),
    }
    assert set(quantized(net)) == {"first", "second"}
    assert net(paddle.to_tensor([[0.75]])).item() == pytest.approx(2.0)


def test_the_largest_error_comes_first():
    net = prepare(Two(1.0, 2.0), bits=4)
    quantized(net)["first"].quantizer.set_range([7.0], "min-max")
    quantized(net)["second"].quantizer.set_range([1.0], "min-max")
    found = sensitivity(net, [paddle.to_tensor([[0.6], [0.2]])])
    assert list(found) == ["first", "second"] and found["first"] > found["second"] > 0


def test_wrong_uses_are_named():
    with pytest.raises(ValueError, match="not prepared"):
        sensitivity(Two(1.0, 1.0), [paddle.ones([1, 1])])
    net = prepare(Two(1.0, 1.0))
    with pytest.raises(CalibrationError, match="no batch"):
        sensitivity(net, [])
    with pytest.raises(CalibrationError, match="no clipping bound"):
        sensitivity(net, [paddle.ones([1, 1])])
    assert set(quantized(net)) == {"first", "second"}, "the layers are put back after an error"
