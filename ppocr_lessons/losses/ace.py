"""Aggregation cross entropy: count the characters, wherever they are (A-CTC, chapter 3.2.3).

    L = -sum over k of (N_k / T) ln(mean over t of p(t, k))

N_k is the number of times that class k occurs in the text; the blank gets the remaining time steps. The loss knows the
letters of a text but not their order, so PaddleOCR adds it to the CTC loss with a small weight.
"""

import paddle
import paddle.nn.functional as F

from ..rec.alphabet import BLANK
from .combined import NetOutput

WEIGHT = 0.1
"""Weight beside the CTC loss in PaddleOCR."""


def class_counts(labels, lengths, classes: int, steps: int):
    """Count how often each class should occur among the time steps of a line.

    Args:
        labels: (N, L) classes of the characters, int32, padded with the blank.
        lengths: (N,) number of characters of each label, int64.
        classes: number of classes, K.
        steps: number of time steps, T.

    Returns: (N, K) float32; the classes of a line add up to T.
    """
    counts = F.one_hot(labels.astype("int64"), classes).sum(1)  # (N, L, K) -> (N, K)
    counts[:, BLANK] = steps - lengths.astype(counts.dtype)
    return counts


def ace_losses(logits, labels, lengths, *, second_softmax: bool = True):
    """Cross entropy between the counts of a text and the mean probabilities of its line.

    Args:
        logits: score of every class at every time step, before the softmax.
        labels: classes of the characters, int32, padded with the blank.
        lengths: number of characters of each label, int64.
        second_softmax: apply the softmax to the mean probabilities once more, as PaddleOCR does. Its loss function is
            meant for logits and applies the softmax itself, but it is given probabilities. False is the paper's form.

    Shape:
        logits: (N, T, K)
        labels: (N, L)
        lengths: (N,)
        returns: (N,) float32

    PaddleOCR: ACELoss in ppocr/losses/ace_loss.py.
    Paper: Xie et al. 2019, arXiv 1904.08364.
    """
    steps, classes = logits.shape[1:]
    mean = F.softmax(logits.astype("float32"), axis=-1).mean(1)  # (N, T, K) -> (N, K)
    target = class_counts(labels, lengths, classes, steps) / steps
    # The smallest normal float32 keeps a class that never occurs, with a count of 0, from giving 0 times infinity.
    logs = F.log_softmax(mean, axis=-1) if second_softmax else paddle.log(mean.clip(min=1.2e-38))
    return -(target * logs).sum(-1)


class ACETerm:
    """Term of a combined loss: the aggregation cross entropy of a recognizer.

    Args:
        name: name of the recognizer.
        second_softmax: see `ace_losses`.

    Claim: +0.7 points on PaddleOCR's internal data (its page on Enhanced CTC).
    PaddleOCR: use_ace_loss of EnhancedCTCLoss in ppocr/losses/rec_enhanced_ctc_loss.py.
    """

    def __init__(self, name: str, *, second_softmax: bool = True):
        self.name, self.second_softmax = name, second_softmax

    def __call__(self, outputs: dict[str, NetOutput], batch) -> dict:
        logits = outputs[self.name].answer
        losses = ace_losses(logits, batch.labels, batch.lengths, second_softmax=self.second_softmax)
        return {"ace": losses.mean()}
