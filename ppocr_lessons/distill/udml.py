"""U-DML, unified deep mutual learning: recognizers that share labels, answers and features (chapter 3.2.2).

    L = CTC(S) + CTC(T) + [KL(S || T) + KL(T || S)] / 2 + L2(S_backbone, T_backbone)

"Teacher" and "Student" have the same architecture and different initial weights. Both of them are trained.
"""

import itertools
from collections.abc import Sequence

import paddle
import paddle.nn.functional as F

from ..losses.combined import Combined, NetOutput, Weighted, check_same_shape, checked_pairs
from ..losses.ctc_loss import CTCTerm
from .dml import SequenceDMLTerm

MODES = ("l1", "l2", "smooth_l1")
KEYS = ("backbone_out", "neck_out", "head_out")


def outputs_by_key(output: NetOutput) -> dict[str, paddle.Tensor]:
    """The outputs of the three parts of a recognizer under the names that PaddleOCR and the chapter give them.

    Args:
        output: logits and CRNNFeatures of a recognizer.

    Returns: "backbone_out" (N, C, 1, T), "neck_out" (N, T, 2 hidden_size) and "head_out", the logits (N, T, K).
    Source: chapter 3.2.2; return_all_feats of BaseModel in ppocr/modeling/architectures/base_model.py.
    """
    return dict(zip(KEYS, (output.feats.backbone, output.feats.neck, output.answer), strict=True))


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
    """Term of a combined loss: distance between the features of pairs of recognizers.

    Args:
        pairs: pairs of names of recognizers.
        mode: one of MODES.
        key: which output of the recognizers is compared, one of KEYS; the chapter compares those of the backbones.

    Raises:
        ValueError: unknown mode or key, wrong pairs (see `checked_pairs`), or features of different shapes.
    PaddleOCR: DistillationDistanceLoss in ppocr/losses/distillation_loss.py.
    """

    def __init__(self, pairs, *, mode: str = "l2", key: str = "backbone_out"):
        if mode not in MODES:
            raise ValueError(f"mode is {mode!r}; known are {list(MODES)}")
        if key not in KEYS:
            raise ValueError(f"key is {key!r}; known are {list(KEYS)}")
        self.pairs, self.mode, self.key = checked_pairs(pairs), mode, key

    def __call__(self, outputs: dict[str, NetOutput], batch) -> dict:
        parts = {}
        for pair in self.pairs:
            first, second = (outputs_by_key(outputs[name])[self.key] for name in pair)
            check_same_shape(self.key, pair, (first, second))
            parts["_".join((self.mode, *pair))] = distance(first, second, self.mode)
        return parts


class UDML(Combined):
    """Train two or more recognizers with the labels, with each other's predictions and with each other's features.

    Args:
        nets: recognizers by name. By default the recognizers of every pair learn from each other.
        weights: weights of the CTC loss, the DML loss and the feature loss.
        terms: terms over the recognizers that replace the default three, as a configuration lists them; `weights` is then
            not used.
        main: name of the recognizer that is evaluated and exported.

    Raises:
        ValueError: fewer than two recognizers, the same recognizer under two names, `main` or a name in a term is
            unknown, or, at the first batch, recognizers have different numbers of classes.
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
        if len({id(net) for net in nets.values()}) < len(names):
            raise ValueError(f"nets {names}: the same network has two names and cannot learn from itself")
        if terms is None:
            pairs = list(itertools.combinations(names, 2))
            ctc, dml, feats = weights
            terms = [
                Weighted(ctc, CTCTerm(names)),
                Weighted(dml, SequenceDMLTerm(pairs)),
                Weighted(feats, DistanceTerm(pairs)),
            ]
        super().__init__(nets, terms, main=main)

    def outputs(self, images) -> dict[str, NetOutput]:
        found = super().outputs(images)
        classes = {name: output.answer.shape[-1] for name, output in found.items()}
        # Checked before any loss: CTC would index the logits of a recognizer with classes that it does not have.
        if len(set(classes.values())) > 1:
            raise ValueError(f"the nets have different numbers of classes, {classes}; they need one alphabet")
        return found


def standard_distillation(teacher, student) -> Combined:
    """U-DML with a frozen teacher and without the feature loss, for comparison: one recognizer learns.

    Args:
        teacher: trained recognizer, frozen.
        student: recognizer to train, with the same classes.

    Returns: the training strategy.
    """
    terms = [Weighted(1.0, CTCTerm(["Student"])), Weighted(1.0, SequenceDMLTerm([("Student", "Teacher")]))]
    return Combined({"Teacher": teacher, "Student": student}, terms, main="Student", frozen=("Teacher",))


def mutual_learning(nets: dict, *, main: str = "Student") -> UDML:
    """U-DML without the feature loss, for comparison: deep mutual learning.

    Args:
        nets: recognizers by name, with different initial weights.
        main: name of the recognizer that is evaluated and exported.

    Returns: the training strategy.
    Paper: Zhang et al. 2017, arXiv 1706.00384.
    """
    pairs = list(itertools.combinations(nets, 2))
    return UDML(nets, terms=[Weighted(1.0, CTCTerm(nets)), Weighted(1.0, SequenceDMLTerm(pairs))], main=main)
