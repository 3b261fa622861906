"""The CTC loss: against the sum over all alignments, line by line, and as a training strategy."""

import itertools

import numpy as np
import paddle
import pytest

from ppocr_lessons.datasets.batches import RecBatch
from ppocr_lessons.losses.ctc_loss import PlainCTC, ctc_losses
from ppocr_lessons.rec.alphabet import ENGLISH, Alphabet
from ppocr_lessons.rec.crnn import crnn_mobile
from ppocr_lessons.rec.ctc_decode import collapse

AB = Alphabet("ab", use_space=False)


def test_loss_equals_the_sum_over_all_alignments(rng):
    logits = rng.standard_normal((1, 4, 3)).astype(np.float32)
    probs = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    total = 0.0
    for path in itertools.product(range(3), repeat=4):
        if AB.decode([path[i] for i in np.nonzero(collapse(path))[0]]) == "ab":
            total += np.prod([probs[0, t, c] for t, c in enumerate(path)])
    loss = ctc_losses(
        paddle.to_tensor(logits),
        paddle.to_tensor(np.array([[1, 2]], np.int32)),
        paddle.to_tensor(np.array([2])),
    )
    assert float(loss.sum()) == pytest.approx(-np.log(total), rel=1e-4)


def test_strategy_names_its_part(rng):
    from ppocr_lessons.datasets.synthetic.streams import encode_labels

    alphabet = Alphabet(ENGLISH)
    batch = RecBatch(paddle.randn([2, 3, 32, 64]), *encode_labels(["ab", "c d"], alphabet))
    result = PlainCTC(crnn_mobile(alphabet.classes))(batch)
    assert list(result.parts) == ["ctc"] and float(result.loss) > 0
    assert result.outputs.shape == [2, 16, 96]


def test_losses_are_those_of_each_line(rng):
    logits = rng.standard_normal((3, 6, 4)).astype(np.float32)
    labels, lengths = np.array([[1, 2, 0], [3, 0, 0], [1, 1, 2]], np.int32), np.array([2, 1, 3])
    together = ctc_losses(*map(paddle.to_tensor, (logits, labels, lengths)))
    assert together.shape == [3]
    for i in range(3):
        alone = ctc_losses(
            *(paddle.to_tensor(a[i : i + 1]) for a in (logits, labels[:, : lengths[i]], lengths))
        )
        assert together[i].item() == pytest.approx(alone.item(), rel=1e-5)
    half = ctc_losses(
        paddle.to_tensor(logits).astype("float64"), paddle.to_tensor(labels), paddle.to_tensor(lengths)
    )
    assert half.dtype == paddle.float32


def test_plain_ctc_is_the_mean_over_lines():
    net = crnn_mobile(7)
    net.eval()
    batch = RecBatch(
        paddle.randn([2, 3, 32, 64]), paddle.to_tensor([[1, 2], [3, 0]], "int32"), paddle.to_tensor([2, 1])
    )
    strategy = PlainCTC(net)
    result = strategy(batch)
    logits, _ = net(batch.images)
    assert float(result.loss) == pytest.approx(float(ctc_losses(logits, *batch[1:]).mean()), rel=1e-5)
    assert result.parts["ctc"] is result.loss and strategy.net is strategy.trained is net
