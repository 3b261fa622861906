"""The guide of GuidedCTC: a second CTC loss on the backbone's own features."""

import numpy as np
import paddle
import pytest

from ppocr_lessons.datasets.batches import RecBatch
from ppocr_lessons.losses.ctc_loss import PlainCTC, ctc_losses
from ppocr_lessons.losses.guided_ctc import GuidedCTC
from ppocr_lessons.rec.crnn import crnn_mobile

CLASSES = 7


@pytest.fixture
def batch(rng):
    images = paddle.to_tensor(rng.random((2, 3, 32, 64)).astype(np.float32))
    return RecBatch(images, paddle.to_tensor([[1, 2], [3, 0]], "int32"), paddle.to_tensor([2, 1]))


def test_the_loss_is_the_sum_of_both_terms(batch):
    net = crnn_mobile(CLASSES)
    guided, plain = GuidedCTC(net, CLASSES), PlainCTC(net)
    net.eval()
    result = guided(batch)
    assert set(result.parts) == {"ctc", "guide"}
    assert float(result.parts["ctc"]) == pytest.approx(float(plain(batch).loss), rel=1e-5)
    assert float(result.loss) == pytest.approx(sum(float(p) for p in result.parts.values()), rel=1e-6)
    features = net.backbone(batch.images).numpy()[:, :, 0]  # (N, C, 1, T) -> (N, C, T)
    early = features.transpose(0, 2, 1) @ guided.guide.weight.numpy() + guided.guide.bias.numpy()
    expected = float(ctc_losses(paddle.to_tensor(early), batch.labels, batch.lengths).mean())
    assert float(result.parts["guide"]) == pytest.approx(expected, rel=1e-4)
    np.testing.assert_allclose(result.outputs.numpy(), net(batch.images)[0].numpy(), rtol=1e-5)


def test_the_guide_learns_and_reaches_the_backbone_past_the_lstms(batch):
    net = crnn_mobile(CLASSES)
    guided = GuidedCTC(net, CLASSES)
    for parameter in [*net.neck.parameters(), *net.head.parameters()]:
        parameter.set_value(paddle.zeros_like(parameter))  # nothing comes back through the LSTMs
    first = net.backbone.parameters()[0]
    PlainCTC(net)(batch).loss.backward()
    assert first.grad is None or not first.grad.numpy().any()
    guided(batch).loss.backward()
    assert first.grad.numpy().any() and guided.guide.weight.grad.numpy().any()
    assert {id(p) for p in guided.guide.parameters()} <= {id(p) for p in guided.trained.parameters()}
