"""Center loss, enhanced CTC and weighted sums: values by hand, and what is refused."""

import numpy as np
import paddle
import pytest

from ppocr_lessons.datasets.batches import RecBatch
from ppocr_lessons.losses.center_loss import CenterLoss
from ppocr_lessons.losses.combined import Combined, Weighted
from ppocr_lessons.losses.ctc_loss import CTCTerm
from ppocr_lessons.losses.enhanced_ctc import EnhancedCTC
from ppocr_lessons.rec.crnn import crnn_lcnet


def _rec_batch():
    images = paddle.to_tensor(np.random.default_rng(0).random((2, 3, 32, 64)).astype(np.float32))
    return RecBatch(images, paddle.to_tensor([[1, 2], [3, 0]], "int32"), paddle.to_tensor([2, 1]))


def test_combined_refused():
    net = crnn_lcnet(7)
    for options in ({"main": "Other"}, {"main": "A", "frozen": ["B"]}, {"main": "A", "frozen": ["A"]}):
        with pytest.raises(ValueError, match="known are"):
            Combined({"A": net}, [], **options)


def test_center_loss_by_hand():
    loss = CenterLoss(2, 2, centers=[[0, 0], [1, 1]])
    feats = paddle.to_tensor([[[1.0, 0.0], [1.0, 2.0]]])
    logits = paddle.to_tensor([[[5.0, 0.0], [0.0, 5.0]]])  # blank, then class 1
    assert float(loss(feats, logits)) == pytest.approx((1 + 1) / 2)
    with pytest.raises(ValueError, match="are needed"):
        loss(paddle.ones([1, 1, 3]), logits)
    with pytest.raises(ValueError, match="is needed"):
        CenterLoss(2, 2, centers=[[0, 0]])


def test_enhanced_ctc_is_the_weighted_sum_and_centers_do_not_learn():
    net = crnn_lcnet(7)
    center = CenterLoss(7, 96)
    before = center.centers.numpy().copy()
    enhanced = EnhancedCTC(net, center, weight=0.05)
    result = enhanced(_rec_batch())
    assert set(result.parts) == {"ctc_Model", "center"}
    output = enhanced.outputs(_rec_batch().images)["Model"]
    plain = float(center(output.feats.head, output.answer))
    assert float(result.parts["center"]) == pytest.approx(0.05 * plain, rel=0.1)
    result.loss.backward()
    np.testing.assert_array_equal(center.centers.numpy(), before)
    assert not center.parameters()


def test_one_weighted_term():
    net = crnn_lcnet(7)
    net.eval()
    one, two = (Combined({"Model": net}, [Weighted(w, CTCTerm(["Model"]))], main="Model") for w in (1.0, 2.0))
    assert float(two(_rec_batch()).loss) == pytest.approx(2 * float(one(_rec_batch()).loss), rel=1e-5)


def test_terms_that_share_a_name_both_count():
    net = crnn_lcnet(7)
    net.eval()
    once, twice = (
        Combined({"Model": net}, [Weighted(1.0, CTCTerm(["Model"]))] * n, main="Model") for n in (1, 2)
    )
    assert float(twice(_rec_batch()).loss) == pytest.approx(2 * float(once(_rec_batch()).loss), rel=1e-5)
