"""U-DML, unified deep mutual learning: recognizers that share labels, answers and features (chapter 3.2.2).

    L = CTC(S) + CTC(T) + [KL(S || T) + KL(T || S)] / 2 + L2(S_backbone, T_backbone)

"Teacher" and "Student" are the same net from different first weights, and both learn.
"""

import paddle.nn.functional as F

from ..losses.combined import Combined, NetOutput, Weighted
from ..rec.ctc import ctc_losses
from .dml import DMLTerm

MODES = ("l1", "l2", "smooth_l1")


def distance(a, b, mode: str = "l2"):
    """Mean absolute, squared or smooth absolute difference of two tensors of one shape.

    Args:
        a: features of one net.
        b: those of its peer.
        mode: see DistanceTerm.
    PaddleOCR: DistanceLoss in ppocr/losses/basic_loss.py.
    """
    if mode == "smooth_l1":
        return F.smooth_l1_loss(a, b)
    return (a - b).abs().mean() if mode == "l1" else ((a - b) ** 2).mean()


class CTCTerm:
    """The CTC loss of every net against the labels.

    Args:
        names: of the nets.
    """

    def __init__(self, names):
        self.names = list(names)

    def __call__(self, outputs: dict[str, NetOutput], batch) -> dict:
        return {
            f"ctc_{name}": ctc_losses(outputs[name].answer, batch.labels, batch.lengths).mean()
            for name in self.names
        }


class DistanceTerm:
    """How far the backbones' features lie apart.

    Args:
        pairs: names of the nets.
        mode: one of MODES.

    Raises:
        ValueError: unknown mode.
    """

    def __init__(self, pairs, *, mode: str = "l2"):
        if mode not in MODES:
            raise ValueError(f"mode is {mode!r}; known are {list(MODES)}")
        self.pairs, self.mode = [tuple(pair) for pair in pairs], mode

    def __call__(self, outputs: dict[str, NetOutput], batch) -> dict:
        return {
            f"{self.mode}_{first}_{second}": distance(
                outputs[first].feats.backbone, outputs[second].feats.backbone, self.mode
            )
            for first, second in self.pairs
        }


class UDML(Combined):
    """Train two or more recognizers with the labels, each other's answers and each other's features.

    Args:
        nets: by name; "Student" is the one wanted. Every pair of them learns from each other.
        weights: of the CTC, the DML and the feature loss.

    Raises:
        ValueError: fewer than two nets, or none called "Student".
    Claim: accuracy 0.693 -> 0.739 (chapter 3.2).
    PaddleOCR: ch_PP-OCRv2_rec_distillation.yml.
    Paper: Du et al. 2021, arXiv 2109.03144.
    """

    def __init__(self, nets: dict, *, weights: tuple[float, float, float] = (1.0, 1.0, 1.0)):
        names = list(nets)
        if len(names) < 2:
            raise ValueError(f"nets are {names}; at least two are needed")
        pairs = [(a, b) for i, a in enumerate(names) for b in names[i + 1 :]]
        ctc, dml, feats = weights
        terms = [
            Weighted(ctc, CTCTerm(names)),
            Weighted(dml, DMLTerm(pairs)),
            Weighted(feats, DistanceTerm(pairs)),
        ]
        super().__init__(nets, terms, main="Student")
