"""Coupled decay adds to the gradient, decoupled decay shrinks the weight; both by hand."""

import types

import numpy as np
import paddle
import pytest

from ppocr_lessons.losses.objective import Objective
from ppocr_lessons.training.l2_decay import DecoupledDecay, l1_decay, l2_decay, regularizer


def _step(kind, factor, weight=(2.0, -1.0)):
    """SGD with rate 0.1 and a gradient of 1."""
    parameter = paddle.create_parameter([1, 2], "float32")
    parameter.set_value(np.array([weight], np.float32))
    optimizer = paddle.optimizer.SGD(0.1, parameters=[parameter], weight_decay=regularizer(kind, factor))
    parameter.sum().backward()
    optimizer.step()
    return parameter.numpy()[0]


def test_coupled_by_hand():
    # w - 0.1 (1 + 0.5 w) and w - 0.1 (1 + 0.5 sign(w))
    np.testing.assert_allclose(_step("L2", 0.5), [2 - 0.1 * 2, -1 - 0.1 * 0.5], rtol=1e-6)
    np.testing.assert_allclose(_step("L1", 0.5), [2 - 0.1 * 1.5, -1 - 0.1 * 0.5], rtol=1e-6)


def test_the_functions_say_what_the_optimizer_does():
    weight, gradient = paddle.to_tensor([2.0, -1.0]), paddle.to_tensor([1.0, 1.0])
    np.testing.assert_allclose(weight - 0.1 * l2_decay(weight, gradient, 0.5), _step("L2", 0.5), rtol=1e-6)
    np.testing.assert_allclose(weight - 0.1 * l1_decay(weight, gradient, 0.5), _step("L1", 0.5), rtol=1e-6)


def test_no_factor_no_decay():
    assert regularizer("L2", 0) is None


@pytest.mark.parametrize(("kind", "factor"), [("L3", 0.1), ("L2", -1), ("L2", float("nan"))])
def test_refused(kind, factor):
    with pytest.raises(ValueError, match="known are"):
        regularizer(kind, factor)
    with pytest.raises(ValueError, match="known are"):
        DecoupledDecay(kind, factor)


@pytest.mark.parametrize(("kind", "expected"), [("L2", [2 * 0.95, -1 * 0.95]), ("L1", [1.95, -0.95])])
def test_decoupled_by_hand(kind, expected):
    net = paddle.nn.Linear(1, 2)
    net.weight.set_value(np.array([[2.0, -1.0]], np.float32))
    bias = net.bias.numpy().copy()
    trainer = types.SimpleNamespace(
        optimizer=paddle.optimizer.SGD(0.1, parameters=net.parameters()),
        strategy=types.SimpleNamespace(trained=net, objective=Objective),
    )
    DecoupledDecay(kind, 0.5).after_update(trainer)
    np.testing.assert_allclose(net.weight.numpy()[0], expected, rtol=1e-6)
    np.testing.assert_array_equal(net.bias.numpy(), bias)


def _linear_trainer(kind, **options):
    net = paddle.nn.Linear(3, 2, bias_attr=False)
    net.weight.set_value(np.arange(1, 7, dtype=np.float32).reshape(3, 2))
    optimizer = kind(0.1, parameters=net.parameters(), **options)
    return types.SimpleNamespace(optimizer=optimizer, strategy=types.SimpleNamespace(trained=net))


def test_adamw_is_decoupled_l2():
    """AdamW shrinks before its step, the callback after it: begun one shrinking later, they take turns alike."""
    theirs = _linear_trainer(paddle.optimizer.AdamW, weight_decay=0.5)
    ours, decay = _linear_trainer(paddle.optimizer.Adam), DecoupledDecay("L2", 0.5)
    decay.after_update(ours)
    for step in range(1, 4):
        for trainer in (theirs, ours):
            # A loss without curvature: its gradient is that of the step, wherever the weights are.
            trainer.strategy.trained(paddle.full([1, 3], float(step))).sum().backward()
            trainer.optimizer.step()
            trainer.optimizer.clear_grad()
        decay.after_update(ours)
    expected = theirs.strategy.trained.weight.numpy() * (1 - 0.1 * 0.5)
    np.testing.assert_allclose(ours.strategy.trained.weight.numpy(), expected, rtol=1e-5)
