"""Enhanced CTC: the CTC loss and a little of the center loss (chapter 3.2.3): L = L_ctc + lambda L_center."""

from .center_loss import CenterLoss
from .combined import Combined, NetOutput, Weighted


class CenterTerm:
    """The center loss of a net.

    Args:
        name: of the net.
        loss: with its centers.
    """

    def __init__(self, name: str, loss: CenterLoss):
        self.name, self.loss = name, loss

    def __call__(self, outputs: dict[str, NetOutput], batch) -> dict:
        output = outputs[self.name]
        return {"center": self.loss(output.feats.head.astype("float32"), output.answer.astype("float32"))}


class EnhancedCTC(Combined):
    """Train a recognizer with CTC and the center loss.

    Args:
        net: the recognizer; its features before the last layer are what is centered.
        ctc: the term of the CTC loss; distill.udml.CTCTerm(["Model"]).
        center: with the centers of a net that was trained with CTC alone.
        weight: of the center loss; the configuration has 0.05, the Enhanced CTC page 0.25.

    Claim: accuracy 0.739 -> 0.748 (chapter 3.2.3).
    PaddleOCR: ch_PP-OCRv2_rec_enhanced_ctc_loss.yml.
    """

    def __init__(self, net, ctc, center: CenterLoss, *, weight: float = 0.05):
        terms = [Weighted(1.0, ctc), Weighted(weight, CenterTerm("Model", center))]
        super().__init__({"Model": net}, terms, main="Model")
