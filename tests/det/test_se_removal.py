"""SE removal on a built net."""

import numpy as np
import paddle
import pytest

from ppocr_lessons.det import db_mobile
from ppocr_lessons.det.se_removal import gates_of, remove_se, se_modules
from ppocr_lessons.training.tensor_files import assign, count_parameters, state_of


def test_removed_net_fits_one_built_without_gates():
    net = db_mobile(disable_se=False)
    assert len(se_modules(net)) == 8
    removed, built = remove_se(net), db_mobile(disable_se=True)
    assert not se_modules(removed)
    assert count_parameters(removed) == 595_794
    assign(built, {k: v.numpy() for k, v in state_of(removed).items()}, "memory")
    removed.eval(), built.eval()
    x = paddle.randn([1, 3, 64, 64])
    np.testing.assert_array_equal(removed(x)[0].prob.numpy(), built(x)[0].prob.numpy())


def test_nothing_to_remove():
    with pytest.raises(ValueError, match="has no SE gates"):
        remove_se(db_mobile(disable_se=True))


def test_gates_are_numbers_between_0_and_1_a_channel():
    net = db_mobile(disable_se=False)
    net.eval()
    x = paddle.rand([2, 3, 64, 64])
    before = net(x)[0].prob.numpy()
    gates = gates_of(net, x)
    assert list(gates) == list(se_modules(net)) and len(gates) == 8
    for name, module in se_modules(net).items():
        assert gates[name].shape == [2, module.conv2.weight.shape[0]]
        assert gates[name].numpy().min() >= 0 and gates[name].numpy().max() <= 1
    assert (net(x)[0].prob.numpy() == before).all(), "looking changes nothing"
    with pytest.raises(ValueError, match="no SE gates"):
        gates_of(db_mobile(), x)
