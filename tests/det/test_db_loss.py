"""DB loss: values by hand, weights that have an effect, and the mining that has none with Dice."""

import numpy as np
import paddle
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ppocr_lessons.datasets.batches import DetBatch
from ppocr_lessons.det.db_head import DBMaps, db_step
from ppocr_lessons.det.db_loss import DBLoss, PlainDB, dice_loss, masked_l1_loss, ohem_mean
from ppocr_lessons.det.dbnet import db_mobile


def _t(values):
    return paddle.to_tensor(np.array(values, np.float32))


def test_dice_by_hand():
    assert float(dice_loss(_t([1, 1, 0, 0]), _t([1, 0, 0, 1]), _t([1, 1, 1, 0]))) == pytest.approx(
        1 - 2 / 3, abs=1e-5
    )
    assert float(dice_loss(_t([1, 0]), _t([1, 0]), _t([1, 1]))) == pytest.approx(0, abs=1e-5)


def test_masked_l1_by_hand():
    assert float(masked_l1_loss(_t([0.5, 0.9]), _t([0.3, 0.0]), _t([1, 0]))) == pytest.approx(0.2, abs=1e-5)


def test_ohem_keeps_the_hardest_negatives():
    loss, target, mask = _t([5, 1, 2, 3, 4, 9]), _t([1, 0, 0, 0, 0, 0]), _t([1, 1, 1, 1, 1, 0])
    assert float(ohem_mean(loss, target, mask, 3)) == pytest.approx((5 + 4 + 3 + 2) / 4, abs=1e-5)


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 2**31))
def test_mining_does_nothing_to_dice(seed):
    rng = np.random.default_rng(seed)
    target = _t(rng.random((2, 8, 8)) < 0.3)
    mask, prob = _t(np.ones((2, 8, 8))), _t(rng.random((2, 8, 8)))
    # PaddleOCR's way: one number, mined as if it were a map of pixels.
    mined = float(ohem_mean(dice_loss(prob, target, mask), target, mask))
    for balance in (True, False):
        assert float(DBLoss(balance=balance).prob_loss(prob, target, mask)) == pytest.approx(mined, abs=1e-5)


def test_dice_never_sorts_the_pixels(monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("top-k over all pixels, for a loss that is one number")

    monkeypatch.setattr(paddle.Tensor, "topk", refuse)
    target = prob = _t(np.eye(8))
    mask = _t(np.ones((8, 8)))
    DBLoss().prob_loss(prob, target, mask)
    with pytest.raises(AssertionError, match="top-k"):
        DBLoss(main_loss="bce").prob_loss(prob * 0.9 + 0.05, target, mask)


def _batch(rng):
    maps = [_t(rng.random((2, 16, 16)) < 0.4) for _ in range(4)]
    return DetBatch(None, *maps)


def test_weights_have_their_effect(rng):
    maps = DBMaps(*(_t(rng.random((2, 1, 16, 16))) for _ in range(3)))
    batch = _batch(rng)
    total, parts = DBLoss()(maps, batch)
    assert float(total) == pytest.approx(sum(float(p) for p in parts.values()), rel=1e-5)
    doubled, more = DBLoss(alpha=10, beta=30)(maps, batch)
    assert float(more["prob"]) == pytest.approx(2 * float(parts["prob"]), rel=1e-5)
    assert float(more["threshold"]) == pytest.approx(3 * float(parts["threshold"]), rel=1e-5)
    assert float(more["binary"]) == pytest.approx(float(parts["binary"]), rel=1e-5)
    assert float(doubled) > float(total)


def test_bce_is_another_loss(rng):
    maps = DBMaps(*(_t(rng.random((2, 1, 16, 16))) for _ in range(3)))
    batch = _batch(rng)._replace(
        shrink_map=_t(rng.random((2, 16, 16)) < 0.1)
    )  # few text pixels: mining has a choice
    dice, mined, plain = (
        float(DBLoss(main_loss=m, balance=b)(maps, batch)[1]["prob"])
        for m, b in (("dice", True), ("bce", True), ("bce", False))
    )
    assert len({round(v, 4) for v in (dice, mined, plain)}) == 3


def test_unknown_main_loss():
    with pytest.raises(ValueError, match="main_loss is 'focal'"):
        DBLoss(main_loss="focal")


def test_step_by_hand():
    assert float(db_step(_t(0.5), _t(0.3), 50)) == pytest.approx(1 / (1 + np.exp(-10)), rel=1e-4)
    assert float(db_step(_t(0.3), _t(0.3), 50)) == pytest.approx(0.5)


def test_gradient_reaches_every_branch(rng):
    net = db_mobile()
    maps = [_t(rng.random((1, 32, 32)) < 0.4) for _ in range(4)]
    PlainDB(net)(DetBatch(paddle.randn([1, 3, 32, 32]), *maps)).loss.backward()
    assert all(
        p.grad is not None and np.isfinite(p.grad.numpy()).all() for p in net.parameters() if p.trainable
    )
