"""Focal CTC: PaddleOCR's formula step by step, the limits of the weight, and the strategy."""

import numpy as np
import paddle
import pytest

from ppocr_lessons.datasets.batches import RecBatch
from ppocr_lessons.losses.ctc_loss import PlainCTC
from ppocr_lessons.losses.focal_ctc import FocalCTC, focal_weights
from ppocr_lessons.rec.crnn import crnn_mobile


def test_weights_by_hand():
    # Probabilities 1/2 and 1/4 of the text: (1 - 1/2)^2 and (1 - 1/4)^2.
    weights = focal_weights(paddle.to_tensor([np.log(2.0), np.log(4.0), 0.0, 80.0], "float32"))
    np.testing.assert_allclose(weights.numpy(), [0.25, 0.5625, 0.0, 1.0], rtol=1e-6)
    weights = focal_weights(paddle.to_tensor([np.log(2.0)], "float32"), alpha=3.0, gamma=1.0)
    assert weights.item() == pytest.approx(1.5)
    assert focal_weights(paddle.to_tensor([1e-6]), gamma=1.0).item() == pytest.approx(1e-6, rel=1e-3)


def test_the_value_and_the_gradient_are_those_of_paddleocr(rng):
    losses = paddle.to_tensor(rng.random(50) * 20, "float32", stop_gradient=False)
    weight = paddle.square(paddle.subtract(paddle.to_tensor([1.0]), paddle.exp(-losses)))
    theirs = paddle.multiply(losses, weight).mean()
    theirs.backward()
    expected = losses.grad.numpy().copy()
    losses.clear_gradient()
    ours = (losses * focal_weights(losses)).mean()
    ours.backward()
    assert ours.item() == pytest.approx(theirs.item(), rel=1e-6)
    np.testing.assert_allclose(losses.grad.numpy(), expected, rtol=1e-4, atol=1e-7)


def test_the_strategy_weights_each_line_before_the_mean():
    net = crnn_mobile(7)
    net.eval()
    batch = RecBatch(
        paddle.randn([2, 3, 32, 64]), paddle.to_tensor([[1, 2], [3, 0]], "int32"), paddle.to_tensor([2, 1])
    )
    focal = FocalCTC(net, gamma=3.0)
    result = focal(batch)
    alone = [float(PlainCTC(net)(RecBatch(*(field[i : i + 1] for field in batch))).loss) for i in range(2)]
    expected = np.mean([loss * (1 - np.exp(-loss)) ** 3 for loss in alone])
    assert float(result.loss) == pytest.approx(expected, rel=1e-4)
    assert list(result.parts) == ["focal_ctc"] and focal.net is focal.trained is net
    assert float(FocalCTC(net, gamma=0.0)(batch).loss) == pytest.approx(np.mean(alone), rel=1e-5)


def test_negative_values_are_refused():
    for wrong in ({"alpha": -1.0}, {"gamma": -0.5}):
        with pytest.raises(ValueError, match="0 or more is needed for both"):
            focal_weights(paddle.ones([1]), **wrong)
