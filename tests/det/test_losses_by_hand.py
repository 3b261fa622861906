"""Each part of the DB loss from numbers on paper."""

import numpy as np
import paddle
import pytest

from ppocr_lessons.datasets.batches import DetBatch
from ppocr_lessons.det.db_head import DBMaps
from ppocr_lessons.det.db_loss import DBLoss, PlainDB, dice_loss, masked_l1_loss, ohem_mean


def _t(values):
    return paddle.to_tensor(np.array(values, np.float32))


def _row(values):
    """One picture of one row."""
    return _t([[values]])


MAPS = DBMaps(_t([[[[0.9, 0.2, 0.6]]]]), _t([[[[0.5, 0.3, 0.4]]]]), _t([[[[1.0, 0.0, 0.5]]]]))
BATCH = DetBatch(None, _row([1, 0, 1]), _row([1, 1, 1]), _row([0.7, 0.3, 0.6]), _row([1, 0, 1]))


def test_parts_and_their_weights():
    total, parts = DBLoss(alpha=5, beta=10)(MAPS, BATCH)
    dice = 1 - 2 * (0.9 + 0.6) / ((0.9 + 0.2 + 0.6) + 2)
    l1 = (0.2 + 0.2) / 2
    binary = 1 - 2 * (1 + 0.5) / ((1 + 0 + 0.5) + 2)
    expected = {"prob": 5 * dice, "threshold": 10 * l1, "binary": binary}
    assert {k: float(v) for k, v in parts.items()} == pytest.approx(expected, rel=1e-4)
    assert float(total) == pytest.approx(sum(expected.values()), rel=1e-4)


def test_cross_entropy_with_and_without_mining():
    bce = -np.log([0.9, 0.8, 0.6])
    plain = DBLoss(main_loss="bce", balance=False).prob_loss(
        MAPS.prob.squeeze(1), BATCH.shrink_map, _row([1, 1, 0])
    )
    assert float(plain) == pytest.approx((bce[0] + bce[1]) / 2, rel=1e-4)
    mined = DBLoss(main_loss="bce").prob_loss(MAPS.prob.squeeze(1), BATCH.shrink_map, BATCH.shrink_mask)
    assert float(mined) == pytest.approx(bce.mean(), rel=1e-4)
    none = DBLoss(main_loss="bce", ohem_ratio=0).prob_loss(
        MAPS.prob.squeeze(1), BATCH.shrink_map, BATCH.shrink_mask
    )
    assert float(none) == pytest.approx((bce[0] + bce[2]) / 2, rel=1e-4)


@pytest.mark.parametrize(
    ("ratio", "kept"), [(3, [5, 9, 4, 3]), (2, [5, 9, 4]), (1, [5, 9]), (0.5, [5]), (9, [5, 9, 4, 3, 2])]
)
def test_so_many_background_pixels_are_mined(ratio, kept):
    loss, target = _t([5, 9, 2, 3, 4, 8]), _t([1, 0, 0, 0, 0, 0])
    mask = _t([1, 1, 1, 1, 1, 0])
    assert float(ohem_mean(loss, target, mask, ratio)) == pytest.approx(sum(kept) / len(kept), rel=1e-4)


def test_without_text_nothing_is_mined():
    assert float(ohem_mean(_t([5, 9]), _t([0, 0]), _t([1, 1]))) == 0


def test_masks_count_and_nothing_divides_by_zero():
    nothing = _t([0, 0])
    assert float(dice_loss(_t([1, 1]), _t([1, 0]), nothing)) == 1
    assert float(masked_l1_loss(_t([1, 1]), _t([0, 0]), nothing)) == 0
    assert float(masked_l1_loss(_t([0.1, 0.9]), _t([0.5, 0.0]), _t([1, 1]))) == pytest.approx(0.65, rel=1e-4)


def test_plain_db_takes_the_loss_it_is_given():
    class Net:
        def __call__(self, images):
            return MAPS, None

    net, images = Net(), paddle.zeros([1, 3, 1, 3])
    strategy = PlainDB(net, DBLoss(alpha=1, beta=0))
    assert strategy.net is strategy.trained is net
    result = strategy(BATCH._replace(images=images))
    expected, parts = DBLoss(alpha=1, beta=0)(MAPS, BATCH)
    assert float(result.loss) == pytest.approx(float(expected)) and result.outputs is MAPS
    assert {k: float(v) for k, v in result.parts.items()} == {k: float(v) for k, v in parts.items()}
    assert PlainDB(net).loss.alpha == 5
