"""Aggregation cross entropy: by hand, PaddleOCR's formula step by step, and what it does not see."""

import numpy as np
import paddle
import pytest
from paddle import nn

from ppocr_lessons.datasets.batches import RecBatch
from ppocr_lessons.losses.ace import WEIGHT, ACETerm, ace_losses, class_counts
from ppocr_lessons.losses.combined import Combined, NetOutput, Weighted
from ppocr_lessons.losses.ctc_loss import CTCTerm, ctc_losses
from ppocr_lessons.rec.crnn import crnn_mobile

LABELS = np.array([[1, 2, 2, 0], [3, 0, 0, 0]], np.int32)
LENGTHS = np.array([3, 1])


def _tensors(rng, steps=6, classes=5):
    logits = paddle.to_tensor(3 * rng.standard_normal((2, steps, classes)), "float32", stop_gradient=False)
    return logits, paddle.to_tensor(LABELS), paddle.to_tensor(LENGTHS)


def test_counts_by_hand():
    counts = class_counts(paddle.to_tensor(LABELS), paddle.to_tensor(LENGTHS), 5, 6)
    assert counts.tolist() == [[3, 1, 2, 0, 0], [5, 0, 0, 1, 0]]


def test_the_paper_by_hand():
    # Two time steps, blank and one character, both as probable: -(1/2 ln 1/2 + 1/2 ln 1/2) = ln 2.
    even = paddle.zeros([1, 2, 2])
    label = paddle.to_tensor([[1]], "int32"), paddle.to_tensor([1])
    assert ace_losses(even, *label, second_softmax=False).item() == pytest.approx(np.log(2))
    sure = paddle.to_tensor([[[200.0, 0.0], [0.0, 200.0]]])
    assert ace_losses(sure, *label, second_softmax=False).item() == pytest.approx(np.log(2)), "counts, halved"
    wrong = paddle.to_tensor([[[200.0, 0.0], [200.0, 0.0]]])
    assert np.isfinite(ace_losses(wrong, *label, second_softmax=False).item())


def test_the_value_and_the_gradient_are_those_of_paddleocr(rng):
    logits, labels, lengths = _tensors(rng)
    # The steps of PaddleOCR's ACELoss with its label_ace, the counts of the characters.
    steps = paddle.to_tensor([logits.shape[1]], "float32")
    counts = np.array([np.bincount(row[:n], minlength=5) for row, n in zip(LABELS, LENGTHS, strict=True)])
    target = paddle.to_tensor(counts, "float32")
    target[:, 0] = steps - lengths.astype("float32")
    mean = nn.functional.softmax(logits, axis=-1).sum(axis=1) / steps
    theirs = nn.CrossEntropyLoss(ignore_index=0, reduction="none", soft_label=True, axis=-1)(
        mean, target / steps
    )
    theirs.sum().backward()
    expected = logits.grad.numpy().copy()
    logits.clear_gradient()
    ours = ace_losses(logits, labels, lengths)
    ours.sum().backward()
    np.testing.assert_allclose(ours.numpy(), theirs.numpy().ravel(), rtol=1e-6)
    np.testing.assert_allclose(logits.grad.numpy(), expected, atol=1e-7)


@pytest.mark.parametrize("second_softmax", [True, False])
def test_the_order_of_the_characters_does_not_count(rng, second_softmax):
    logits, labels, lengths = _tensors(rng)
    value = ace_losses(logits, labels, lengths, second_softmax=second_softmax).numpy()
    swapped = paddle.to_tensor([[2, 1, 2, 0], [3, 0, 0, 0]], "int32")
    np.testing.assert_array_equal(
        ace_losses(logits, swapped, lengths, second_softmax=second_softmax).numpy(), value
    )
    mixed = logits[:, ::-1]
    np.testing.assert_allclose(
        ace_losses(mixed, labels, lengths, second_softmax=second_softmax).numpy(), value, rtol=1e-5
    )
    assert not np.allclose(
        ctc_losses(logits, swapped, lengths).numpy(), ctc_losses(logits, labels, lengths).numpy()
    )


def test_as_a_term_beside_ctc():
    net = crnn_mobile(5)
    net.eval()
    batch = RecBatch(paddle.randn([2, 3, 32, 64]), paddle.to_tensor(LABELS), paddle.to_tensor(LENGTHS))
    both = Combined(
        {"Model": net}, [Weighted(1.0, CTCTerm(["Model"])), Weighted(WEIGHT, ACETerm("Model"))], main="Model"
    )
    parts = both(batch).parts
    logits, feats = net(batch.images)
    assert float(parts["ace"]) == pytest.approx(0.1 * float(ace_losses(logits, *batch[1:]).mean()), rel=1e-5)
    assert set(parts) == {"ctc_Model", "ace"}
    textbook = ACETerm("Model", second_softmax=False)({"Model": NetOutput(logits, feats)}, batch)["ace"]
    assert float(textbook) == pytest.approx(
        float(ace_losses(logits, *batch[1:], second_softmax=False).mean()), rel=1e-6
    )
