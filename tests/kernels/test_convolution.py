"""Convolutions as matrix products equal Paddle's, and are used in training on a CPU alone."""

import copy

import numpy as np
import paddle
import pytest
from paddle import nn

from ppocr_lessons.kernels import blas, convolution, products
from ppocr_lessons.kernels.convolution import Conv2D, Conv2DTranspose
from ppocr_lessons.kernels.training import SWITCH

SIZES = [(8, 9), (7, 1), (1, 7), (1, 1), (2, 2), (33, 5)]


@pytest.fixture
def calls(monkeypatch):
    """Where the products of each call belonged."""
    seen, apply = [], products.ProductsCPU.apply
    monkeypatch.setattr(convolution.ProductsCPU, "apply", lambda *args: seen.append(args[3]) or apply(*args))
    return seen


def conv(width, kernel, *, bias=False):
    layer = Conv2D(6, width, kernel, padding=kernel // 2, bias_attr=None if bias else False)
    if bias:
        layer.bias.set_value(paddle.randn(layer.bias.shape))
    return layer


def transposed(width, kernel, *, bias=False):
    layer = Conv2DTranspose(6, width, kernel, stride=kernel, bias_attr=None if bias else False)
    if bias:
        layer.bias.set_value(paddle.randn(layer.bias.shape))
    return layer


LAYERS = {
    "1x1": lambda **bias: conv(4, 1, **bias),
    "3x3": lambda **bias: conv(4, 3, **bias),
    "3x3, wide": lambda **bias: conv(11, 3, **bias),
    "transposed 2x2": lambda **bias: transposed(4, 2, **bias),
    "transposed 3x3": lambda **bias: transposed(1, 3, **bias),
}


def outcome(layer, values, upstream=None, *, switch="1"):
    """Output, gradient of the input, and gradients of the parameters."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(SWITCH, switch)
        x = paddle.to_tensor(values, stop_gradient=False)
        layer.clear_gradients()
        y = layer(x * 1.0)
        upstream = np.ones(y.shape, np.float32) if upstream is None else upstream
        (y * paddle.to_tensor(upstream)).sum().backward()
        return [t.numpy().copy() for t in (y, x.grad, *(p.grad for p in layer.parameters()))]


def random(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def close(ours, theirs):
    """Whether arrays agree to 1e-5 of the largest value."""
    assert [a.shape for a in ours] == [a.shape for a in theirs]
    return all(np.abs(a - b).max() <= 1e-5 * np.abs(b).max() for a, b in zip(ours, theirs, strict=True))


@pytest.mark.parametrize("strip", [products.STRIP, 7])
@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", LAYERS)
def test_equals_paddle_forward_and_backward(kind, size, bias, strip, calls, monkeypatch):
    monkeypatch.setattr(products, "STRIP", strip)  # 7: strips of single rows, and the last one may be shorter
    layer, values = LAYERS[kind](bias=bias), random(3, 6, *size)
    upstream = random(*layer(paddle.to_tensor(values)).shape, seed=1)
    calls.clear()
    ours = outcome(layer, values, upstream)
    assert len(calls) == 1
    theirs = outcome(layer, values, upstream, switch="0")
    assert len(calls) == 1
    assert len(ours) == 4 if bias else 3
    assert close(ours, theirs)


def test_many_outputs_of_few_inputs(calls):
    x = paddle.to_tensor(random(2, 4, 8, 9))
    for width, kernel in ((16, 3), (17, 1)):
        Conv2D(4, width, kernel, padding=kernel // 2)(x)
    assert calls == [products.Shifted, products.Pointwise]


def test_a_3x3_convolution_by_hand():
    layer = Conv2D(1, 1, 3, padding=1, bias_attr=False)
    layer.weight.set_value(paddle.arange(1, 10, dtype="float32").reshape([1, 1, 3, 3]))
    y = layer(paddle.to_tensor([[[[1.0, 0, 0], [0, 0, 10]]]]))
    # The 1 stands above on the left of the second pixel below, which takes it with the first weight; and so on.
    np.testing.assert_array_equal(y[0, 0].numpy(), [[5, 4 + 90, 80], [2, 1 + 60, 50]])


@pytest.mark.parametrize("frozen", ["input", "weight", "bias"])
@pytest.mark.parametrize("kind", LAYERS)
def test_what_is_frozen_takes_no_gradient(kind, frozen, calls):
    layer, x = LAYERS[kind](bias=True), paddle.to_tensor(random(2, 6, 5, 4))
    expected = outcome(copy.deepcopy(layer), x.numpy())
    tensors = {"input": x, "weight": layer.weight, "bias": layer.bias}
    for name, tensor in tensors.items():
        tensor.stop_gradient = name == frozen
    layer(x).sum().backward()
    for (name, tensor), grad in zip(tensors.items(), expected[1:], strict=True):
        assert (tensor.grad is None) == (name == frozen)
        assert name == frozen or close([tensor.grad.numpy()], [grad])
    assert len(calls) == 2


def test_no_product_is_computed_for_a_frozen_input(monkeypatch):
    given, back = [], products.Shifted.multiply_back
    monkeypatch.setattr(
        products.Shifted,
        "multiply_back",
        lambda *args: given.append([each is None for each in args[3:]]) or back(*args),
    )
    layer, x = conv(4, 3), paddle.to_tensor(random(2, 6, 5, 4))
    layer(x).sum().backward()
    x.stop_gradient, layer.weight.stop_gradient = False, True
    layer(x).sum().backward()
    assert given == [[True, False], [False, True]]


@pytest.mark.parametrize("kind", LAYERS)
def test_a_view_of_a_larger_tensor_counts_like_a_copy(kind):
    layer, values = LAYERS[kind](), random(2, 5, 9, 6)
    x = paddle.to_tensor(values).transpose([0, 3, 1, 2])[:, :, :, 2:7]
    copy = paddle.to_tensor(np.ascontiguousarray(values.transpose(0, 3, 1, 2)[:, :, :, 2:7]))
    np.testing.assert_array_equal(layer(x).numpy(), layer(copy).numpy())


@pytest.mark.parametrize("kind", LAYERS)
def test_two_runs_are_equal_to_the_bit(kind):
    layer, values = LAYERS[kind](bias=True), random(4, 6, 40, 70)
    for ours, again in zip(outcome(layer, values), outcome(layer, values), strict=True):
        np.testing.assert_array_equal(ours, again)


@pytest.mark.parametrize("place", [(0, 0), (2, 3), (4, 6)])
@pytest.mark.parametrize("kind", LAYERS)
def test_a_value_that_is_not_finite_goes_where_paddle_puts_it(kind, place):
    layer, values = LAYERS[kind](), random(2, 6, 5, 7)
    values[1, 2][place] = np.nan
    ours, theirs = (np.isnan(outcome(layer, values, switch=switch)[0]) for switch in "10")
    assert 0 < ours.sum() < ours.size
    np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize(
    "arguments",
    [
        {"kernel_size": 3, "stride": 2, "padding": 1},
        {"kernel_size": 3, "stride": (2, 1), "padding": 1},
        {"kernel_size": 1, "stride": 2},
        {"kernel_size": 3},
        {"kernel_size": 3, "padding": (1, 0)},
        {"kernel_size": 1, "padding": 1},
        {"kernel_size": 3, "padding": "same"},
        {"kernel_size": 3, "padding": 1, "dilation": 2},
        {"kernel_size": 3, "padding": 1, "groups": 2},
        {"kernel_size": 3, "padding": 1, "padding_mode": "reflect"},
        {"kernel_size": (1, 3), "padding": (0, 1)},
        {"kernel_size": 5, "padding": 2},
        {"kernel_size": 3, "padding": 1, "out_channels": 17},
    ],
    ids=str,
)
def test_other_convolutions_are_paddles(arguments, calls):
    arguments = {"in_channels": 4, "out_channels": 6, **arguments}
    ours, theirs = Conv2D(**arguments), nn.Conv2D(**arguments)
    theirs.set_state_dict(ours.state_dict())
    x = paddle.to_tensor(random(2, 4, 8, 9))
    np.testing.assert_array_equal(ours(x).numpy(), theirs(x).numpy())
    assert not calls


@pytest.mark.parametrize(
    "arguments",
    [
        {"kernel_size": 3, "stride": 2},
        {"kernel_size": (2, 3), "stride": (2, 3)},
        {"kernel_size": 2, "stride": 2, "padding": 1},
        {"kernel_size": 2, "stride": 2, "output_padding": 1},
        {"kernel_size": 2, "stride": 2, "dilation": 2},
        {"kernel_size": 2, "stride": 2, "groups": 2},
    ],
    ids=str,
)
def test_other_transposed_convolutions_are_paddles(arguments, calls):
    ours, theirs = Conv2DTranspose(4, 6, **arguments), nn.Conv2DTranspose(4, 6, **arguments)
    theirs.set_state_dict(ours.state_dict())
    x = paddle.to_tensor(random(2, 4, 8, 9))
    np.testing.assert_array_equal(ours(x).numpy(), theirs(x).numpy())
    assert not calls


@pytest.mark.parametrize("kind", LAYERS)
def test_evaluation_the_switch_and_double_precision_go_to_paddle(kind, calls, monkeypatch):
    layer, x = LAYERS[kind](), paddle.to_tensor(random(2, 6, 5, 4))
    layer(x)
    assert len(calls) == 1
    monkeypatch.setenv(SWITCH, "0")
    layer(x)
    monkeypatch.delenv(SWITCH)
    layer.eval()
    layer(x)
    layer.train()
    layer.to(dtype="float64")
    layer(x.astype("float64"))
    assert len(calls) == 1


@pytest.mark.parametrize("kind", LAYERS)
def test_an_export_in_training_mode_has_the_plain_operators(kind, calls):
    layer = LAYERS[kind](bias=True)
    static = paddle.jit.to_static(layer, input_spec=[paddle.static.InputSpec([1, 6, 8, 8])], full_graph=True)
    names = {op.name() for op in static.forward.main_program.global_block().ops}
    assert ("pd_op.conv2d_transpose" if "transposed" in kind else "pd_op.conv2d") in names
    assert not calls


def test_names_of_parameters_are_paddles():
    with paddle.utils.unique_name.guard():
        plain = [
            p.name for layer in (nn.Conv2D(3, 4, 3), nn.Conv2DTranspose(3, 4, 2)) for p in layer.parameters()
        ]
    with paddle.utils.unique_name.guard():
        ours = [p.name for layer in (Conv2D(3, 4, 3), Conv2DTranspose(3, 4, 2)) for p in layer.parameters()]
    assert ours == plain


def test_products_are_computed_by_one_thread_and_the_number_is_restored():
    controls = blas._controls()
    if controls is None:
        pytest.skip("NumPy's BLAS is not OpenBLAS")
    read, write = controls
    before = read()
    try:
        write(2)
        with blas.one_thread():
            assert read() == 1
        assert read() == 2
        with pytest.raises(ZeroDivisionError), blas.one_thread():
            raise ZeroDivisionError
        assert read() == 2
    finally:
        write(before)


def test_another_blas_keeps_its_threads(monkeypatch):
    monkeypatch.setattr(blas, "_controls", lambda: None)
    layer, values = conv(4, 3), random(2, 6, 5, 4)
    assert close(outcome(layer, values), outcome(layer, values, switch="0"))
