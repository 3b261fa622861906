"""DML, deep mutual learning: two nets pull each other's answers together (chapters 3.1.1 and 3.2.2).

Paper: Zhang et al. 2017, arXiv 1706.00384.
"""

import paddle
import paddle.nn.functional as F

from ..losses.combined import NetOutput

MAP_EPS = 1e-5
PROB_EPS = 1e-10


def dml_maps(p, q):
    """Symmetric divergence of two probability maps, [q ln(q / p) + p ln(p / q)] / 2, mean over each picture.

    Only the probability of text is compared, not that of background (1 - p), as in PaddleOCR.

    Shape:
        p, q: (N, H, W) in 0..1
        returns: (N,)
    PaddleOCR: KLJSLoss in ppocr/losses/basic_loss.py.
    """
    forth = q * paddle.log((q + MAP_EPS) / (p + MAP_EPS) + MAP_EPS)
    back = p * paddle.log((p + MAP_EPS) / (q + MAP_EPS) + MAP_EPS)
    return ((forth + back) / 2).mean(axis=[1, 2])


def dml_sequences(logits_p, logits_q):
    """Symmetric KL divergence of two sequences of class probabilities, summed over steps and classes.

    Shape:
        logits_p, logits_q: (N, T, K)
        returns: scalar, mean over N
    PaddleOCR: DMLLoss with act softmax and use_log in ppocr/losses/basic_loss.py.
    """
    p = F.softmax(logits_p.astype("float32"), axis=-1) + PROB_EPS
    q = F.softmax(logits_q.astype("float32"), axis=-1) + PROB_EPS
    log_p, log_q = p.log(), q.log()
    forth = (q * (paddle.log(q + PROB_EPS) - log_p)).sum()
    back = (p * (paddle.log(p + PROB_EPS) - log_q)).sum()
    return (forth + back) / (2 * logits_p.shape[0])


class DMLTerm:
    """DML between pairs of nets: of detectors on their probability maps, of recognisers on their logits.

    Args:
        pairs: names of the nets.
        batch_factor: for maps, add up the pictures of a batch as PaddleOCR's backward pass does, instead of taking
            their mean.
    """

    def __init__(self, pairs, *, batch_factor: bool = False):
        self.pairs, self.batch_factor = [tuple(pair) for pair in pairs], batch_factor

    def __call__(self, outputs: dict[str, NetOutput], batch) -> dict:
        parts = {}
        for first, second in self.pairs:
            p, q = outputs[first].answer, outputs[second].answer
            if hasattr(p, "prob"):
                loss = dml_maps(p.prob.squeeze(1), q.prob.squeeze(1))  # (N, 1, H, W) -> (N, H, W) -> (N,)
                loss = loss.sum() if self.batch_factor else loss.mean()
            else:
                loss = dml_sequences(p, q)
            parts[f"dml_{first}_{second}"] = loss
        return parts
