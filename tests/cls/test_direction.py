"""The direction classifier and its input."""

import numpy as np
import paddle
import pytest

from ppocr_lessons.cls import PlainCrossEntropy, cls_resize, direction_mobile
from ppocr_lessons.cls.input_resolution import LARGE, SMALL
from ppocr_lessons.datasets.batches import ClsBatch


@pytest.mark.parametrize("size", [SMALL, LARGE])
def test_any_input_size(size):
    logits, feats = direction_mobile()(paddle.zeros([2, 3, *size]))
    assert logits.shape == [2, 2]
    assert feats.backbone.shape[1] == 200


def test_resize_keeps_proportions_and_pads():
    image = np.full((24, 24, 3), 255, np.uint8)
    out = cls_resize(image)
    assert out.shape == (3, 48, 192)
    assert (out[:, :, :48] == 1).all() and (out[:, :, 48:] == 0).all()
    assert cls_resize(np.zeros((10, 200, 3), np.uint8), SMALL).shape == (3, 32, 100)


def test_loss_of_mixed_labels_is_the_mixture_of_the_losses():
    """Cross entropy is linear in the shares of the classes."""
    net = direction_mobile()
    net.eval()
    images = paddle.randn([3, 3, 48, 192])

    def loss(labels):
        return float(PlainCrossEntropy(net)(ClsBatch(images, paddle.to_tensor(labels))).loss)

    share = np.array([[0.25, 0.75]], np.float32).repeat(3, 0)
    mixture = 0.25 * loss(np.zeros(3, np.int64)) + 0.75 * loss(np.ones(3, np.int64))
    assert loss(share) == pytest.approx(mixture, rel=1e-5)


def test_loss_of_equal_logits_is_ln_2():
    net = direction_mobile()
    for p in net.head.parameters():
        p.set_value(np.zeros(p.shape, np.float32))
    batch = ClsBatch(paddle.randn([4, 3, 48, 192]), paddle.to_tensor(np.array([0, 1, 0, 1])))
    assert float(PlainCrossEntropy(net)(batch).loss) == pytest.approx(np.log(2), rel=1e-5)
