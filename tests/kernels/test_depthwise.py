"""The compiled depthwise convolution equals Paddle's."""

import numpy as np
import paddle
import paddle.nn.functional as F
import pytest

from ppocr_lessons.backbones import blocks

pytest.importorskip("numba")


@pytest.mark.parametrize("kernel", [3, 5])
@pytest.mark.parametrize("stride", [(1, 1), (2, 1), (2, 2)])
@pytest.mark.parametrize("size", [(8, 20), (7, 9), (1, 5), (2, 1)])
def test_equals_paddle_forward_and_backward(kernel, stride, size):
    rng = np.random.default_rng(1)
    layer = blocks.DepthwiseConv(6, kernel, stride=stride)
    values = rng.standard_normal((3, 6, *size)).astype(np.float32)
    ours, theirs = (paddle.to_tensor(values, stop_gradient=False) for _ in range(2))
    out = layer(ours)
    expected = F.conv2d(theirs, layer.weight, stride=stride, padding=kernel // 2, groups=6)
    assert out.shape == expected.shape
    np.testing.assert_allclose(out.numpy(), expected.numpy(), atol=1e-5)
    upstream = paddle.to_tensor(rng.standard_normal(out.shape).astype(np.float32))
    layer.clear_gradients()
    out.backward(upstream)
    grad_weight = layer.weight.grad.numpy().copy()
    layer.clear_gradients()
    expected.backward(upstream)
    np.testing.assert_allclose(ours.grad.numpy(), theirs.grad.numpy(), atol=1e-5)
    np.testing.assert_allclose(grad_weight, layer.weight.grad.numpy(), rtol=1e-4, atol=1e-4)


def test_is_used_in_training_alone(monkeypatch):
    calls = []
    kernel = blocks.depthwise_kernel()
    monkeypatch.setattr(
        kernel, "apply", lambda *a: calls.append(1) or F.conv2d(a[0], a[1], padding=1, groups=4)
    )
    layer, x = blocks.DepthwiseConv(4, 3), paddle.zeros([1, 4, 8, 8])
    layer(x)
    assert calls == [1]
    layer.eval()
    layer(x)
    assert calls == [1]


@pytest.mark.parametrize("frozen", ["input", "weight"])
def test_a_frozen_input_or_weight_takes_no_gradient(frozen):
    layer, x = blocks.DepthwiseConv(4, 3), paddle.randn([1, 4, 8, 8])
    x.stop_gradient, layer.weight.stop_gradient = frozen == "input", frozen == "weight"
    layer(x).sum().backward()
    assert [x.grad is None, layer.weight.grad is None] == [frozen == "input", frozen == "weight"]


def test_without_numba_paddle_does_it(monkeypatch):
    layer, x = blocks.DepthwiseConv(4, 3), paddle.randn([1, 4, 8, 8])
    fast = layer(x).numpy()
    monkeypatch.setattr(blocks, "depthwise_kernel", lambda: None)
    np.testing.assert_allclose(layer(x).numpy(), fast, atol=1e-5)
