"""DML, deep mutual learning: two nets pull each other's answers together (chapters 3.1.1 and 3.2.2).

Paper: Zhang et al. 2017, arXiv 1706.00384.
"""

import paddle
import paddle.nn.functional as F

from ..losses.combined import NetOutput

MAP_EPS = 1e-5
PROB_EPS = 1e-10


ACTS = (None, "softmax", "sigmoid")


def activated(x, act: str | None = None):
    """What DML compares: the values themselves, or their softmax over the last axis, or their sigmoid.

    Args:
        x: tensor.
        act: one of ACTS.

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
    """Symmetric divergence of two probability maps, [q ln(q / p) + p ln(p / q)] / 2, mean over each picture.

    Only the probability of text is compared, not that of background (1 - p), as in PaddleOCR.

    Args:
        p: probability map of one net.
        q: that of its peer.

    Shape:
        p, q: (N, H, W) in 0..1
        returns: (N,)
    PaddleOCR: KLJSLoss in ppocr/losses/basic_loss.py.
    """
    forth = q * paddle.log((q + MAP_EPS) / (p + MAP_EPS) + MAP_EPS)
    back = p * paddle.log((p + MAP_EPS) / (q + MAP_EPS) + MAP_EPS)
    return ((forth + back) / 2).mean(axis=[1, 2])


def dml_sums(p, q):
    """Symmetric divergence of two tensors of probabilities, summed over everything, mean over N.

    Args:
        p: probabilities of one net.
        q: those of its peer.

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
    """Symmetric KL divergence of two sequences of class probabilities, summed over steps and classes.

    Args:
        logits_p: scores of one recognizer, before the softmax.
        logits_q: those of its peer.

    Shape:
        logits_p, logits_q: (N, T, K)
        returns: scalar, mean over N
    PaddleOCR: DMLLoss with act softmax and use_log in ppocr/losses/basic_loss.py.
    """
    return dml_sums(activated(logits_p, "softmax"), activated(logits_q, "softmax"))


class DMLTerm:
    """DML between pairs of nets: of detectors on their probability maps, of recognizers on their logits.

    Of maps the mean over the pictures of a batch is taken. PaddleOCR's loss keeps one number a picture, a vector of
    length B, and the terms that it is added to are scalars: broadcasting adds them to each of the B numbers, and the
    backward pass sums those. So every term of the total, this one among them, weighs B times what it weighs here, and
    the balance of the terms is the same. Adam hides the factor, since it divides by the size of the gradient; with SGD
    or Momentum it is a learning rate B times as high.

    Args:
        pairs: names of the nets.
        act: for maps, what is done to them first; see `activated`. Sequences always pass a softmax.
        use_log: for maps, the sums of `dml_sums` instead of the means of `dml_maps`.

    Raises:
        ValueError: unknown act.
    PaddleOCR: DistillationDMLLoss in ppocr/losses/distillation_loss.py.
    """

    def __init__(self, pairs, *, act: str | None = None, use_log: bool | None = None):
        if act not in ACTS:
            raise ValueError(f"act is {act!r}; known are {list(ACTS)}")
        self.pairs, self.act, self.use_log = [tuple(pair) for pair in pairs], act, bool(use_log)

    def __call__(self, outputs: dict[str, NetOutput], batch) -> dict:
        parts = {}
        for first, second in self.pairs:
            p, q = outputs[first].answer, outputs[second].answer
            parts[f"dml_{first}_{second}"] = self._maps(p, q) if hasattr(p, "prob") else dml_sequences(p, q)
        return parts

    def _maps(self, p, q):
        p, q = (activated(maps.prob.squeeze(1), self.act) for maps in (p, q))  # (N, 1, H, W) -> (N, H, W)
        if self.use_log:
            return dml_sums(p.clip(min=PROB_EPS), q.clip(min=PROB_EPS))
        return dml_maps(p, q).mean()
