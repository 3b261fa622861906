"""U-DML, unified deep mutual learning: recognizers that share labels, answers and features (chapter 3.2.2).

    L = CTC(S) + CTC(T) + [KL(S || T) + KL(T || S)] / 2 + L2(S_backbone, T_backbone)

"Teacher" and "Student" have the same architecture and different initial weights. Both of them are trained.
"""

from collections.abc import Sequence

import paddle.nn.functional as F

from ..losses.combined import Combined, NetOutput, Weighted
from ..losses.ctc_loss import CTCTerm
from .dml import SequenceDMLTerm

MODES = ("l1", "l2", "smooth_l1")


def distance(a, b, mode: str = "l2"):
    """Mean absolute, squared or smooth absolute difference of two tensors.

    Args:
        a: features of one network.
        b: features of the other network, of the same shape.
        mode: one of MODES.

    Returns: scalar.
    PaddleOCR: DistanceLoss in ppocr/losses/basic_loss.py.
    """
    if mode == "smooth_l1":
        return F.smooth_l1_loss(a, b)
    return (a - b).abs().mean() if mode == "l1" else ((a - b) ** 2).mean()


class DistanceTerm:
    """Term of a combined loss: distance between the backbone features of pairs of recognizers.

    Args:
        pairs: pairs of names of recognizers.
        mode: one of MODES.

    Raises:
        ValueError: unknown mode.
    PaddleOCR: DistillationDistanceLoss in ppocr/losses/distillation_loss.py.
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
    """Train two or more recognizers with the labels, with each other's answers and with each other's features.

    Args:
        nets: recognizers by name. By default every pair of them learns from each other.
        weights: weights of the CTC loss, the DML loss and the feature loss.
        terms: terms over the recognizers that replace the default three, as a configuration lists them; `weights` is then
            not used.
        main: name of the recognizer that is evaluated and exported.

    Raises:
        ValueError: fewer than two recognizers, or none with the name `main`.
    Claim: accuracy 0.693 -> 0.739 (chapter 3.2).
    PaddleOCR: ch_PP-OCRv2_rec_distillation.yml.
    Paper: Du et al. 2021, arXiv 2109.03144.
    """

    def __init__(
        self,
        nets: dict,
        *,
        weights: tuple[float, float, float] = (1.0, 1.0, 1.0),
        terms: Sequence[Weighted] | None = None,
        main: str = "Student",
    ):
        names = list(nets)
        if len(names) < 2:
            raise ValueError(f"nets are {names}; at least two are needed")
        if terms is None:
            pairs = [(a, b) for i, a in enumerate(names) for b in names[i + 1 :]]
            ctc, dml, feats = weights
            terms = [
                Weighted(ctc, CTCTerm(names)),
                Weighted(dml, SequenceDMLTerm(pairs)),
                Weighted(feats, DistanceTerm(pairs)),
            ]
        super().__init__(nets, terms, main=main)
