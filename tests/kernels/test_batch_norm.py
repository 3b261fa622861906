"""Batch norm with its activation as one compiled operation equals Paddle's two."""

import numpy as np
import paddle
import pytest
from paddle import nn

from ppocr_lessons.backbones import blocks
from ppocr_lessons.kernels.training import SWITCH

pytest.importorskip("numba")


def outcome(norm, values, upstream, act, *, through):
    """Output, gradients of input, gamma and beta, running mean and variance after one pass."""
    x = paddle.to_tensor(values, stop_gradient=False)
    y = through(norm, x * 1.0, act)
    (y * paddle.to_tensor(upstream)).sum().backward()
    tensors = (y, x.grad, norm.weight.grad, norm.bias.grad, norm._mean, norm._variance)
    return [tensor.numpy().copy() for tensor in tensors]


def plain(norm, x, act):
    return blocks.ACTIVATIONS[act](norm(x))


def random_norm(channels, seed=3):
    rng = np.random.default_rng(seed)
    norm = nn.BatchNorm2D(channels)
    norm.weight.set_value(rng.uniform(-2, 2, channels).astype(np.float32))
    norm.bias.set_value(rng.uniform(-1, 1, channels).astype(np.float32))
    norm._mean.set_value(rng.standard_normal(channels).astype(np.float32))
    norm._variance.set_value(rng.uniform(0.5, 2, channels).astype(np.float32))
    return norm


@pytest.fixture
def calls(monkeypatch):
    """The activations for which the kernel was called."""
    seen, kernel = [], blocks.norm_kernel()
    original = kernel.apply
    monkeypatch.setattr(kernel, "apply", lambda *args: seen.append(args[-1]) or original(*args))
    return seen


@pytest.mark.parametrize("act", [None, "relu", "hardswish"])
@pytest.mark.parametrize("shape", [(3, 5, 8, 20), (1, 4, 7, 9), (2, 3, 1, 5), (4, 1, 1, 1), (1, 2, 33, 65)])
def test_equals_paddle(act, shape, calls):
    rng = np.random.default_rng(1)
    values = (rng.standard_normal(shape) * 3 + 1).astype(np.float32)
    upstream = rng.standard_normal(shape).astype(np.float32)
    ours = outcome(random_norm(shape[1]), values, upstream, act, through=blocks.norm_act)
    assert calls == [act]
    theirs = outcome(random_norm(shape[1]), values, upstream, act, through=plain)
    for name, one, other in zip(("y", "x", "gamma", "beta", "mean", "variance"), ours, theirs, strict=True):
        tolerance = 1e-5 * max(1.0, np.abs(other).max())
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=tolerance, err_msg=name)


def test_running_statistics_by_hand():
    norm = nn.BatchNorm2D(1)
    blocks.norm_act(norm, paddle.to_tensor([[[[1.0, 3.0]]]]), None)
    np.testing.assert_allclose(norm._mean.numpy(), [0.9 * 0 + 0.1 * 2], rtol=1e-6)
    np.testing.assert_allclose(norm._variance.numpy(), [0.9 * 1 + 0.1 * 1], rtol=1e-6)


def test_a_value_that_is_not_finite_stays_visible():
    for act in blocks.ACTIVATIONS:
        y = blocks.norm_act(nn.BatchNorm2D(1), paddle.to_tensor([[[[1.0, float("nan"), 2.0]]]]), act)
        assert np.isnan(y.numpy()).all()


def test_two_runs_are_equal_to_the_bit():
    rng = np.random.default_rng(0)
    values, upstream = (rng.standard_normal((4, 6, 17, 31)).astype(np.float32) for _ in range(2))
    runs = [outcome(random_norm(6), values, upstream, "hardswish", through=blocks.norm_act) for _ in range(2)]
    for one, other in zip(*runs, strict=True):
        assert one.tobytes() == other.tobytes()


def test_a_view_of_a_larger_tensor_is_normalized_like_a_copy():
    x = paddle.randn([2, 8, 6, 4])
    part = x.transpose([0, 1, 3, 2])[:, 2:5]
    ours = blocks.norm_act(random_norm(3), part, "relu").numpy()
    np.testing.assert_allclose(ours, plain(random_norm(3), paddle.to_tensor(part.numpy()), "relu"), atol=1e-5)


@pytest.mark.parametrize("frozen", ["input", "gamma", "everything"])
def test_without_a_gradient(frozen):
    norm, x = random_norm(3), paddle.randn([2, 3, 4, 4])
    x.stop_gradient = frozen in ("input", "everything")
    norm.weight.stop_gradient = frozen in ("gamma", "everything")
    norm.bias.stop_gradient = frozen == "everything"
    y = blocks.norm_act(norm, x, "relu")
    assert y.stop_gradient == (frozen == "everything")
    if frozen != "everything":
        y.sum().backward()
        assert (x.grad is None) == (frozen == "input")
        assert (norm.weight.grad is None) == (frozen == "gamma")
        assert norm.bias.grad is not None


def test_other_uses_go_to_paddle(calls, monkeypatch):
    x, norm = paddle.randn([2, 3, 4, 4]), random_norm(3)
    blocks.norm_act(norm, x, "relu")
    assert calls == ["relu"]
    monkeypatch.setenv(SWITCH, "0")
    blocks.norm_act(norm, x, "relu")
    monkeypatch.delenv(SWITCH)
    hook = norm.register_forward_post_hook(lambda layer, inputs, output: None)
    blocks.norm_act(norm, x, "relu")
    hook.remove()
    norm.eval()
    blocks.norm_act(norm, x, "relu")
    blocks.norm_act(nn.BatchNorm2D(3, use_global_stats=True), x, "relu")
    blocks.norm_act(nn.Identity(), x, "relu")
    blocks.norm_act(random_norm(3), x.astype("float64").astype("float32")[0:0], "relu")
    assert calls == ["relu"]


def test_an_export_in_training_mode_has_the_plain_operators(calls):
    block = blocks.ConvBN(3, 4, 3, act="hardswish")
    spec = [paddle.static.InputSpec([1, 3, 8, 8], "float32")]
    static = paddle.jit.to_static(block, input_spec=spec, full_graph=True)
    names = {op.name() for op in static.forward.main_program.global_block().ops}
    assert {"pd_op.batch_norm_", "pd_op.hardswish"} <= names
    assert calls == []
