"""DML, deep mutual learning: two networks learn from each other's predictions (chapters 3.1.1 and 3.2.2).

Paper: Zhang et al. 2017, arXiv 1706.00384.
"""

import paddle
import paddle.nn.functional as F

from ..losses.combined import NetOutput, check_same_shape, checked_pairs

MAP_EPS = 1e-5
PROB_EPS = 1e-10

ACTS = (None, "softmax", "sigmoid")


def activated(x, act: str | None = None):
    """The values that DML compares: x itself, its softmax over the last axis, or its sigmoid.

    Args:
        x: tensor of any shape.
        act: one of ACTS.

    Returns: tensor of the same shape.

    Raises:
        ValueError: unknown act.
    PaddleOCR: act of DMLLoss in ppocr/losses/basic_loss.py.
    """
    if act not in ACTS:
        raise ValueError(f"act is {act!r}; known are {list(ACTS)}")
    if act is None:
        return x
    x = x.astype("float32")
    return (F.softmax(x, axis=-1) if act == "softmax" else F.sigmoid(x)) + PROB_EPS


def dml_maps(p, q):
    """Symmetric divergence of two probability maps, [q ln(q / p) + p ln(p / q)] / 2, averaged over each map.

    Only the probability of text is compared, not that of background (1 - p), as in PaddleOCR.

    Args:
        p: probability maps of one network.
        q: probability maps of the other network.

    Shape:
        p, q: (N, H, W) in 0..1
        returns: (N,)
    PaddleOCR: KLJSLoss in ppocr/losses/basic_loss.py.
    """
    forth = q * paddle.log((q + MAP_EPS) / (p + MAP_EPS) + MAP_EPS)
    back = p * paddle.log((p + MAP_EPS) / (q + MAP_EPS) + MAP_EPS)
    return ((forth + back) / 2).mean(axis=[1, 2])


def dml_sums(p, q):
    """Symmetric divergence of two tensors of probabilities: sum over all entries, mean over N.

    Args:
        p: probabilities of one network.
        q: probabilities of the other network.

    Shape:
        p, q: (N, ...), above 0
        returns: scalar
    PaddleOCR: DMLLoss with use_log in ppocr/losses/basic_loss.py.
    """
    log_p, log_q = p.log(), q.log()
    forth = (q * (paddle.log(q + PROB_EPS) - log_p)).sum()
    back = (p * (paddle.log(p + PROB_EPS) - log_q)).sum()
    return (forth + back) / (2 * p.shape[0])


def dml_sequences(logits_p, logits_q):
    """Symmetric KL divergence of two sequences of class probabilities, summed over time steps and classes.

    Args:
        logits_p: logits of one recognizer, before the softmax.
        logits_q: logits of the other recognizer.

    Shape:
        logits_p, logits_q: (N, T, K)
        returns: scalar, mean over N
    PaddleOCR: DMLLoss with act softmax and use_log in ppocr/losses/basic_loss.py.
    """
    return dml_sums(activated(logits_p, "softmax"), activated(logits_q, "softmax"))


class MapDMLTerm:
    """Term of a combined loss: DML between the probability maps of pairs of detectors.

    The divergence is averaged over the images of a batch. PaddleOCR's loss keeps one value per image, a vector of length
    B, while its other terms are scalars: broadcasting adds them to each of the B values, and the backward pass sums the
    vector. There the gradient of the total is therefore B times as large as here; the balance of the terms is the same.
    Adam divides by the magnitude of the gradient, which cancels the factor. With SGD or Momentum it acts like a learning
    rate B times as high.

    Args:
        pairs: pairs of names of detectors.
        act: activation applied to the maps before they are compared; see `activated`.
        use_log: use the sums of `dml_sums` instead of the means of `dml_maps`.

    Raises:
        ValueError: unknown act, wrong pairs (see `checked_pairs`), or maps of different shapes.
    PaddleOCR: DistillationDMLLoss in ppocr/losses/distillation_loss.py.
    """

    def __init__(self, pairs, *, act: str | None = None, use_log: bool | None = None):
        if act not in ACTS:
            raise ValueError(f"act is {act!r}; known are {list(ACTS)}")
        self.pairs, self.act, self.use_log = checked_pairs(pairs), act, bool(use_log)

    def __call__(self, outputs: dict[str, NetOutput], batch) -> dict:
        parts = {}
        for pair in self.pairs:
            maps = [outputs[name].answer for name in pair]
            check_same_shape("probability maps", pair, [answer.prob for answer in maps])
            parts["_".join(("dml", *pair))] = self._divergence(*maps)
        return parts

    def _divergence(self, p, q):
        p, q = (activated(maps.prob.squeeze(1), self.act) for maps in (p, q))  # (N, 1, H, W) -> (N, H, W)
        if self.use_log:
            return dml_sums(p.clip(min=PROB_EPS), q.clip(min=PROB_EPS))
        return dml_maps(p, q).mean()


class SequenceDMLTerm:
    """Term of a combined loss: DML between the logits of pairs of recognizers.

    Args:
        pairs: pairs of names of recognizers.

    Raises:
        ValueError: wrong pairs (see `checked_pairs`), or recognizers with different numbers of classes or time steps.
    PaddleOCR: DistillationDMLLoss with act softmax and use_log in ppocr/losses/distillation_loss.py.
    """

    def __init__(self, pairs):
        self.pairs = checked_pairs(pairs)

    def __call__(self, outputs: dict[str, NetOutput], batch) -> dict:
        parts = {}
        for pair in self.pairs:
            logits = [outputs[name].answer for name in pair]
            check_same_shape("logits (lines, time steps, classes)", pair, logits)
            parts["_".join(("dml", *pair))] = dml_sequences(*logits)
        return parts
