"""The CTC loss, alone and as a term of a combined loss (chapter 2.3).

    L = -ln sum of P(pi | x) over all alignments pi of the label, with blanks and repeated classes

Paper: Graves et al. 2006, "Connectionist temporal classification".
"""

import paddle
from paddle import nn

from ..datasets.batches import RecBatch
from ..rec.alphabet import BLANK
from .combined import NetOutput
from .objective import Objective


def ctc_losses(logits, labels, lengths):
    """-ln P(label | logits) of each line, summed over all alignments.

    The loss of a text that needs more time steps than there are is infinite; see `rec.ctc_lattice.needed_steps`. Paddle
    returns 0 for such a line, with a gradient of 0: the line is skipped, but it still counts in a mean.

    Args:
        logits: score of every class at every time step, before the softmax.
        labels: classes of the characters, int32, padded with the blank.
        lengths: number of characters of each label, int64.

    Shape:
        logits: (N, T, K)
        labels: (N, L)
        lengths: (N,)
        returns: (N,) float32
    """
    # Always computed in float32, because the sum contains very small probabilities.
    steps_first = logits.astype("float32").transpose((1, 0, 2))  # (N, T, K) -> (T, N, K)
    steps = paddle.full([logits.shape[0]], logits.shape[1], "int64")
    loss = nn.functional.ctc_loss(steps_first, labels, steps, lengths, blank=BLANK, reduction="none")
    return loss.reshape([-1])


class CTCTerm:
    """Term of a combined loss: the CTC loss of each recognizer against the labels.

    Args:
        names: names of the recognizers.

    PaddleOCR: DistillationCTCLoss in ppocr/losses/distillation_loss.py.
    """

    def __init__(self, names):
        self.names = list(names)

    def __call__(self, outputs: dict[str, NetOutput], batch: RecBatch) -> dict:
        return {
            f"ctc_{name}": ctc_losses(outputs[name].answer, batch.labels, batch.lengths).mean()
            for name in self.names
        }


class PlainCTC:
    """Train one recognizer with the CTC loss alone.

    Args:
        net: the recognizer.

    PaddleOCR: CTCLoss in ppocr/losses/rec_ctc_loss.py.
    """

    def __init__(self, net):
        self.net = self.trained = net

    def __call__(self, batch: RecBatch) -> Objective:
        logits, _ = self.net(batch.images)
        loss = ctc_losses(logits, batch.labels, batch.lengths).mean()
        return Objective(loss, {"ctc": loss}, logits)
