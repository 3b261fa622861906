"""PACT's two forms, the grid of integers, and their gradients, by hand."""

import numpy as np
import paddle
import pytest

from ppocr_lessons.quant.pact import channel_scales, fake_quant, levels, pact, pact_relu

X = [-3.0, -1.0, -0.4, 0.0, 0.3, 1.5, 4.0]


def _leaf(values):
    tensor = paddle.to_tensor(values, "float32")
    tensor.stop_gradient = False
    return tensor


def test_the_symmetric_form_by_hand():
    x, alpha = _leaf(X), _leaf([1.2])
    y = pact(x, alpha)
    np.testing.assert_allclose(y.numpy(), [-1.2, -1, -0.4, 0, 0.3, 1.2, 1.2], rtol=1e-6)
    (y * paddle.to_tensor([1.0, 2, 3, 4, 5, 6, 7])).sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), [0, 2, 3, 4, 5, 0, 0])
    np.testing.assert_allclose(alpha.grad.numpy(), [-1 + 6 + 7], rtol=1e-6)


def test_the_relu_form_by_hand():
    x, alpha = _leaf(X), _leaf([1.2])
    y = pact_relu(x, alpha)
    np.testing.assert_allclose(y.numpy(), [0, 0, 0, 0, 0.3, 1.2, 1.2], atol=1e-6)
    y.sum().backward()
    np.testing.assert_allclose(x.grad.numpy()[[0, 1, 2, 4, 5, 6]], [0, 0, 0, 1, 0, 0])
    np.testing.assert_allclose(alpha.grad.numpy(), [2.0], rtol=1e-6)


def test_both_forms_agree_on_activations_of_one_sign():
    x = paddle.to_tensor(np.random.default_rng(0).uniform(0, 5, 200).astype(np.float32))
    np.testing.assert_allclose(pact(x, 2.0).numpy(), pact_relu(x, 2.0).numpy(), atol=1e-6)


@pytest.mark.parametrize("alpha", [0, -1.0, float("nan"), float("inf")])
def test_alpha_has_to_be_positive_and_finite(alpha):
    for form in (pact, pact_relu):
        for given in (alpha, paddle.to_tensor([2.0, alpha])):
            with pytest.raises(ValueError, match=f"alpha is {alpha:g}; a clipping bound has to be positive"):
                form(_leaf(X), given)
    with pytest.raises(ValueError, match=f"scale is {alpha:g}; the distance of two levels"):
        fake_quant(_leaf(X), alpha)


@pytest.mark.parametrize("bits", [1, 0, -4, 9, 16, 4.0, True, "8", None])
def test_bits_are_integers_from_two_to_eight(bits):
    with pytest.raises(ValueError, match=r"bits is .*; an integer from 2 to 8 is needed"):
        levels(bits)
    assert levels(np.int64(4)) == 7


def test_the_grid_by_hand():
    x = _leaf([-9.0, -0.26, 0.1, 0.74, 0.76, 9.0])
    y = fake_quant(x, 0.5, bits=3)  # integers -3..3, values -1.5..1.5
    np.testing.assert_allclose(y.numpy(), [-1.5, -0.5, 0, 0.5, 1.0, 1.5])
    y.sum().backward()
    np.testing.assert_allclose(
        x.grad.numpy(), [0, 1, 1, 1, 1, 0], err_msg="straight through inside, 0 outside"
    )


def test_an_unsigned_grid_with_a_zero_point():
    y = fake_quant(_leaf([-2.0, -0.5, 0.0, 1.0, 9.0]), 0.5, bits=2, zero=1, signed=False)  # integers 0..3
    np.testing.assert_allclose(y.numpy(), [-0.5, -0.5, 0, 1, 1])


@pytest.mark.parametrize("bits", [2, 3, 4, 6, 8])
def test_values_on_the_grid_stay_and_errors_are_at_most_half_a_step(bits):
    rng = np.random.default_rng(bits)
    scale = 0.37
    grid = rng.integers(-levels(bits), levels(bits) + 1, 50) * scale
    np.testing.assert_allclose(fake_quant(_leaf(grid), scale, bits).numpy(), grid, rtol=1e-5)
    inside = rng.uniform(-levels(bits), levels(bits), 200).astype(np.float32) * np.float32(scale)
    assert np.abs(fake_quant(_leaf(inside), scale, bits).numpy() - inside).max() <= scale / 2 + 1e-5


@pytest.mark.parametrize("bits", [1, 9, 0, 2.5, True, "8"])
def test_bits_outside_the_range(bits):
    with pytest.raises(ValueError, match="from 2 to 8"):
        fake_quant(_leaf(X), 1.0, bits)


def test_a_scale_that_is_not_positive():
    with pytest.raises(ValueError, match="scale is 0"):
        fake_quant(_leaf(X), 0.0)


def test_each_channel_uses_all_of_its_levels():
    weight = paddle.to_tensor(np.random.default_rng(1).normal(size=(4, 3, 3, 3)).astype(np.float32))
    weight[2] = 0.0
    scales = channel_scales(weight, 8)
    assert list(scales.shape) == [4, 1, 1, 1] and scales[2].item() == 1
    integers = (weight / scales).round().abs().amax(axis=[1, 2, 3]).numpy()
    np.testing.assert_allclose(integers, [127, 127, 0, 127])
    linear = channel_scales(paddle.to_tensor([[1.0, -8.0], [0.5, 2.0]]), 4, axis=1)
    np.testing.assert_allclose(linear.numpy(), [[1 / 7, 8 / 7]], rtol=1e-6)


def test_alpha_has_its_gradient_although_clipped_values_lie_on_the_edge_of_the_range():
    for alpha_value in np.random.default_rng(3).uniform(0.1, 9, 40).astype(np.float32):
        x, alpha = _leaf([-20.0, 20.0, 20.0]), _leaf([alpha_value])
        y = fake_quant(pact(x, alpha), alpha.detach() / levels(8), 8)
        np.testing.assert_allclose(np.abs(y.numpy()), alpha_value, rtol=1e-6)
        y.sum().backward()
        np.testing.assert_allclose(alpha.grad.numpy(), [1.0], rtol=1e-6, err_msg=str(alpha_value))
