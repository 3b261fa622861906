"""Guided CTC: a second CTC loss on the features of the backbone, used to train the shipped recognizer.

It is not part of PP-OCR or PP-OCRv2. It shortens the first phase of training from scratch, in which a CRNN predicts
only blanks.
"""

from typing import cast

import paddle
from paddle import nn

from ..datasets.batches import RecBatch
from .ctc_loss import ctc_losses
from .objective import Objective


class GuidedCTC:
    """CTC loss of the logits plus CTC loss of one linear layer on the features of the backbone.

    As long as the network predicts only blanks, the two LSTM layers pass on little of the gradient. The second loss
    reaches the convolutions directly. The additional layer is not part of the trained network.

    Args:
        net: the recognizer.
        classes: number of characters plus one for the blank.
    """

    def __init__(self, net, classes: int):
        self.net = net
        self.guide = nn.Linear(net.backbone.out_channels, classes)
        self.trained = nn.LayerList([net, self.guide])

    def __call__(self, batch: RecBatch) -> Objective:
        logits, feats = self.net(batch.images)
        early = self.guide(feats.backbone.squeeze(2).transpose((0, 2, 1)))  # (N, C, 1, T) -> (N, T, K)
        parts = {
            "ctc": ctc_losses(logits, batch.labels, batch.lengths).mean(),
            "guide": ctc_losses(early, batch.labels, batch.lengths).mean(),
        }
        total = cast(paddle.Tensor, sum(parts.values()))  # sum() is typed as if it could stay 0
        return Objective(total, parts, logits)
