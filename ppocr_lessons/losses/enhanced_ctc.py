"""Enhanced CTC: the CTC loss plus a weighted center loss, L = L_ctc + lambda L_center (chapter 3.2.3)."""

from .center_loss import CenterLoss
from .combined import Combined, NetOutput, Weighted
from .ctc_loss import CTCTerm


class CenterTerm:
    """Term of a combined loss: the center loss of a recognizer.

    Args:
        name: name of the recognizer.
        loss: center loss with its centers.
    """

    def __init__(self, name: str, loss: CenterLoss):
        self.name, self.loss = name, loss

    def __call__(self, outputs: dict[str, NetOutput], batch) -> dict:
        output = outputs[self.name]
        return {"center": self.loss(output.feats.head.astype("float32"), output.answer.astype("float32"))}


class EnhancedCTC(Combined):
    """Train a recognizer with the CTC loss and the center loss.

    Args:
        net: the recognizer; the center loss acts on its features before the last layer.
        center: center loss, with the centers of a network that was trained with the CTC loss alone.
        weight: weight of the center loss, lambda; 0.05 in the configuration, 0.25 on PaddleOCR's page of Enhanced CTC.
        ctc_weight: weight of the CTC loss.

    Claim: accuracy 0.739 -> 0.748 (chapter 3.2.3).
    PaddleOCR: ch_PP-OCRv2_rec_enhanced_ctc_loss.yml.
    """

    def __init__(self, net, center: CenterLoss, *, weight: float = 0.05, ctc_weight: float = 1.0):
        terms = [Weighted(ctc_weight, CTCTerm(["Model"])), Weighted(weight, CenterTerm("Model", center))]
        super().__init__({"Model": net}, terms, main="Model")
