"""The transposed convolution that adds its bias as one more channel equals Paddle's."""

import numpy as np
import paddle
import paddle.nn.functional as F
import pytest

from ppocr_lessons.kernels.transpose import Conv2DTranspose


@pytest.mark.parametrize(("widths", "stride"), [((24, 24), 2), ((24, 1), 2), ((5, 3), 3)])
def test_equals_paddle_forward_and_backward(widths, stride):
    layer = Conv2DTranspose(*widths, stride, stride=stride)
    layer.bias.set_value(paddle.randn(layer.bias.shape))
    x = paddle.randn([2, widths[0], 5, 7])
    results = []
    for training in (True, False):
        layer.train() if training else layer.eval()
        layer.clear_gradients()
        y = layer(x)
        (y * y).sum().backward()
        results.append([t.numpy().copy() for t in (y, layer.weight.grad, layer.bias.grad)])
    assert results[0][0].shape == (2, widths[1], 5 * stride, 7 * stride)
    for ours, theirs in zip(*results, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-4)


def test_only_training_takes_the_other_way(monkeypatch):
    calls, original = [], F.conv2d_transpose
    monkeypatch.setattr(
        F, "conv2d_transpose", lambda x, *args, **kw: calls.append(x.shape[1]) or original(x, *args, **kw)
    )
    layer, x = Conv2DTranspose(4, 2, 2, stride=2), paddle.zeros([1, 4, 3, 3])
    layer(x)
    layer.eval()
    layer(x)
    assert calls == [5, 4]
