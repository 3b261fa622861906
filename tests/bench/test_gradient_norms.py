"""The norms of gradients, by hand."""

import paddle
import pytest

from ppocr_lessons.bench.gradient_norms import gradient_norms
from ppocr_lessons.losses.combined import Combined, Weighted


class Line(paddle.nn.Layer):
    """Two numbers, of which one is frozen."""

    def __init__(self, *values):
        super().__init__()
        self.values = [self.create_parameter([1]) for _ in values]
        for number, (parameter, value) in enumerate(zip(self.values, values, strict=True)):
            parameter.set_value(paddle.to_tensor([float(value)]))
            self.add_parameter(f"p{number}", parameter)

    def forward(self, x):
        return self.values, None


def test_norms_by_hand():
    nets = {"a": Line(3.0, 4.0), "b": Line(5.0)}

    def term(outputs, batch):
        (first, second), (other,) = (outputs[name].answer for name in "ab")
        return {"square": (first**2 + second**2).sum(), "difference": (first - other).sum(), "b": other.sum()}

    strategy = Combined(nets, [Weighted(2.0, term)], main="a")
    batch = type("Batch", (), {"images": None})
    assert gradient_norms(strategy, batch, nets["a"]) == pytest.approx(
        {"square": 20.0, "difference": 2.0, "b": 0.0}
    )
    assert gradient_norms(strategy, batch, nets["b"]) == pytest.approx(
        {"square": 0.0, "difference": 2.0, "b": 2.0}
    )
    assert all(parameter.grad is None for net in nets.values() for parameter in net.parameters())
    nets["a"].values[1].stop_gradient = True
    assert gradient_norms(strategy, batch, nets["a"])["square"] == pytest.approx(12.0)
