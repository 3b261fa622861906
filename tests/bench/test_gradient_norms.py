"""The norms of gradients, by hand."""

import numpy as np
import paddle
import pytest

from ppocr_lessons.bench.gradient_norms import gradient_norms
from ppocr_lessons.datasets.batches import RecBatch
from ppocr_lessons.distill.udml import UDML
from ppocr_lessons.losses.combined import Combined, Weighted
from ppocr_lessons.rec.crnn import crnn_mobile


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
    left = [p.grad for net in nets.values() for p in net.parameters()]
    assert not any(grad is not None and grad.numpy().any() for grad in left), "no gradient is left behind"
    nets["a"].values[1].stop_gradient = True  # frozen
    assert gradient_norms(strategy, batch, nets["a"])["square"] == pytest.approx(12.0)


def test_a_part_of_a_recognizer():
    nets = {name: crnn_mobile(7) for name in ("Student", "Teacher")}
    rng = np.random.default_rng(0)
    images = paddle.to_tensor(rng.random((2, 3, 32, 32)).astype(np.float32))
    batch = RecBatch(images, paddle.to_tensor([[1, 2], [3, 0]], "int32"), paddle.to_tensor([2, 1]))
    student, strategy = nets["Student"], UDML(nets)
    for net in nets.values():
        net.train()
    whole, backbone, head = (
        gradient_norms(strategy, batch, part) for part in (student, student.backbone, student.head)
    )
    assert backbone["ctc_Teacher"] == whole["ctc_Teacher"] == head["l2_Student_Teacher"] == 0
    assert 0 < backbone["l2_Student_Teacher"] == pytest.approx(whole["l2_Student_Teacher"], rel=1e-3)
    assert 0 < backbone["dml_Student_Teacher"] < whole["dml_Student_Teacher"]
