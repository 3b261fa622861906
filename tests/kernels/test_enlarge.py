"""Enlarging maps by copies of rows equals Paddle's interpolation."""

import numpy as np
import paddle
import paddle.nn.functional as F
import pytest
from paddle import nn

from ppocr_lessons.kernels import enlarge as module
from ppocr_lessons.kernels.enlarge import enlarge
from ppocr_lessons.kernels.training import SWITCH


@pytest.fixture
def calls(monkeypatch):
    """Factors for which rows were copied."""
    seen, apply = [], module._RepeatCPU.apply
    monkeypatch.setattr(module._RepeatCPU, "apply", lambda x, scale: seen.append(scale) or apply(x, scale))
    return seen


@pytest.mark.parametrize("scale", [1, 2, 3, 8])
@pytest.mark.parametrize("shape", [(2, 3, 5, 4), (1, 1, 1, 1), (3, 2, 1, 6)])
def test_equals_paddle_forward_and_backward(shape, scale, calls):
    values = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    ours, theirs = (paddle.to_tensor(values, stop_gradient=False) for _ in range(2))
    y, expected = enlarge(nn.Identity(), ours * 1.0, scale), F.interpolate(theirs, scale_factor=scale)
    assert calls == ([scale] if scale > 1 else [])
    np.testing.assert_array_equal(y.numpy(), expected.numpy())
    upstream = np.random.default_rng(1).standard_normal(y.shape).astype(np.float32)
    for each in (y, expected):
        (each * paddle.to_tensor(upstream)).sum().backward()
    np.testing.assert_allclose(ours.grad.numpy(), theirs.grad.numpy(), rtol=1e-5, atol=1e-5)


def test_a_view_of_a_larger_tensor_counts_like_a_copy():
    x = paddle.arange(24, dtype="float32").reshape([1, 2, 3, 4]).transpose([0, 1, 3, 2])
    np.testing.assert_array_equal(enlarge(nn.Identity(), x, 2).numpy(), x.numpy().repeat(2, 2).repeat(2, 3))


def test_other_uses_go_to_paddle(calls, monkeypatch):
    layer, x = nn.Identity(), paddle.ones([1, 2, 3, 4])
    monkeypatch.setenv(SWITCH, "0")
    enlarge(layer, x, 2)
    monkeypatch.delenv(SWITCH)
    enlarge(layer, x.astype("float64"), 2)
    layer.eval()
    assert enlarge(layer, x, 2).shape == [1, 2, 6, 8]
    assert calls == []


def test_an_export_in_training_mode_has_the_plain_operator(calls):
    class Doubled(nn.Layer):
        def forward(self, x):
            return enlarge(self, x, 2)

    spec = [paddle.static.InputSpec([1, 3, 8, 8], "float32")]
    static = paddle.jit.to_static(Doubled(), input_spec=spec, full_graph=True)
    names = {op.name() for op in static.forward.main_program.global_block().ops}
    assert "pd_op.nearest_interp" in names
    assert calls == []
