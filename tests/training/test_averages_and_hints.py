"""EMA at its first steps and its limits, and which histories deserve a hint."""

import math
import types

import numpy as np
import paddle
import pytest

from ppocr_lessons.training.ema import EMA
from ppocr_lessons.training.l2_decay import DecoupledDecay, regularizer
from ppocr_lessons.training.run_log import hints


class Net(paddle.nn.Layer):
    """One weight and one count."""

    def __init__(self):
        super().__init__()
        self.weight = self.create_parameter([2])
        self.register_buffer("count", paddle.to_tensor([1, 2], "int64"))

    def set(self, value):
        self.weight.set_value(np.full(2, value, np.float32))


def _trainer(net):
    return types.SimpleNamespace(strategy=types.SimpleNamespace(net=net))


def test_the_decay_rises_to_its_value():
    net, ema = Net(), EMA(0.3)
    expected = 0.0
    for step, value in enumerate([4.0, 8.0, 2.0, 6.0, 1.0]):
        net.set(value)
        net.count.set_value(np.array([step, step]))
        ema.after_update(_trainer(net))
        decay = min(0.3, (1 + step) / (10 + step))
        expected = value if step == 0 else decay * expected + (1 - decay) * value
        np.testing.assert_allclose(ema.average["weight"].numpy(), expected, rtol=1e-6)
        assert ema.average["count"].numpy().tolist() == [step, step], "whole numbers are not averaged"
    assert ema.updates == 5 and ema.average["weight"].stop_gradient


def test_the_average_is_its_own():
    net, ema = Net(), EMA(0.5)
    net.set(1.0)
    ema.after_update(_trainer(net))
    net.set(5.0)
    assert ema.average["weight"].numpy().tolist() == [1, 1]


def test_in_place_of_weights_and_back():
    net, ema = Net(), EMA(0.5)
    net.set(7.0)
    with ema.in_place_of_weights(net):
        assert net.weight.numpy().tolist() == [7, 7], "there is no average yet"
    ema.average = {"weight": paddle.to_tensor([1.0, 2.0]), "count": paddle.to_tensor([3, 4])}
    with pytest.raises(RuntimeError, match="stop"), ema.in_place_of_weights(net):
        assert net.weight.numpy().tolist() == [1, 2] and net.count.numpy().tolist() == [3, 4]
        raise RuntimeError("stop")
    assert net.weight.numpy().tolist() == [7, 7] and net.count.numpy().tolist() == [1, 2]


def test_what_a_checkpoint_keeps_comes_back():
    net, ema = Net(), EMA(0.5)
    for value in (3.0, 9.0):
        net.set(value)
        ema.after_update(_trainer(net))
    arrays, again = ema.arrays(), EMA(0.5)
    assert set(arrays) == {"updates", "average/weight", "average/count"} and arrays["updates"].tolist() == [2]
    again.restore(arrays)
    assert again.updates == 2 and set(again.average) == {"weight", "count"}
    for name, tensor in ema.average.items():
        np.testing.assert_array_equal(again.average[name].numpy(), tensor.numpy())


@pytest.mark.parametrize("decay", [-0.1, 1, 1.5])
def test_no_decay_of_an_average(decay):
    with pytest.raises(ValueError, match="from 0 to below 1"):
        EMA(decay)
    assert EMA(0).decay == 0


def _rows(losses, **more):
    return [{"step": step, "loss": loss, **more} for step, loss in enumerate(losses)]


@pytest.mark.parametrize(("count", "said"), [(49, 0), (50, 1)])
def test_short_runs_need_not_fall(count, said):
    assert len(hints(_rows([5.0] * count))) == said


@pytest.mark.parametrize(("last", "said"), [(0.981, 1), (0.979, 0), (1.5, 1)])
def test_how_far_a_loss_has_to_fall(last, said):
    """The last fifth beside the first, whatever lies between."""
    assert len(hints(_rows([1.0] * 20 + [7.0] * 60 + [last] * 20))) == said


@pytest.mark.parametrize("loss", [math.nan, math.inf])
def test_a_loss_that_is_no_number(loss):
    falling = [10 - step / 10 for step in range(60)]
    (said,) = hints(_rows([*falling, loss]))
    assert f"the loss is {loss} at step 60" in said and "lower the learning rate" in said
    assert hints(_rows([loss, *falling])) == []
    assert len(hints(_rows([5.0] * 60 + [loss]))) == 2


def test_scores_that_stay_at_nothing():
    falling = [10 - step / 10 for step in range(60)]
    for score, words in (("hmean", "###"), ("acc", "dictionary")):
        rows = _rows(falling)
        assert hints(rows, score) == []
        rows[10][score] = 0.0
        assert hints(rows, score) == [], "one evaluation says nothing yet"
        rows[20][score] = 0.0
        (said,) = hints(rows, score)
        assert words in said and hints(rows) == []
        rows[30][score] = 0.01
        assert hints(rows, score) == []
    assert hints([]) == [] and hints([], "acc") == []


def test_decay_leaves_what_is_frozen_and_what_is_small():
    net = paddle.nn.Sequential(paddle.nn.Linear(1, 2), paddle.nn.Linear(2, 2), paddle.nn.BatchNorm1D(2))
    for parameter in net.parameters():
        parameter.set_value(np.full(parameter.shape, 0.04 if parameter.ndim == 2 else 1.0, np.float32))
    net[1].weight.stop_gradient = True
    before = [p.numpy().copy() for p in net.parameters()]
    trainer = types.SimpleNamespace(
        optimizer=paddle.optimizer.SGD(0.1, parameters=net.parameters()),
        strategy=types.SimpleNamespace(trained=net),
    )
    DecoupledDecay("L1", 0.5).after_update(trainer)
    assert net[0].weight.numpy().tolist() == [[0, 0]], "no weight crosses 0"
    for parameter, old in zip(net.parameters()[1:], before[1:], strict=True):
        np.testing.assert_array_equal(parameter.numpy(), old)


def test_regularizers_of_paddle():
    for kind, name in (("L1", "L1Decay"), ("L2", "L2Decay")):
        made = regularizer(kind, 0.25)
        assert type(made).__name__ == name and made._coeff == 0.25 and regularizer(kind, 0) is None
