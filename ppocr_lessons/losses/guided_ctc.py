"""Guided CTC: a second CTC loss on the features of the backbone, used to train the shipped recognizer.

It belongs to neither edition of PP-OCR. It shortens the first phase of training from scratch, in which a CRNN answers
nothing but blanks.
"""

from typing import cast

import paddle
from paddle import nn

from ..datasets.batches import RecBatch
from .combined import NetOutput
from .ctc_loss import ctc_losses
from .objective import Objective


def guide_loss(guide: nn.Linear, features, batch: RecBatch):
    """Mean CTC loss of a linear layer on the features of a backbone.

    Args:
        guide: from the channels of the backbone to the classes.
        features: of the backbone.
        batch: labels.

    Shape:
        features: (N, C, 1, T)
        returns: scalar
    """
    early = guide(features.squeeze(2).transpose((0, 2, 1)))  # (N, C, 1, T) -> (N, T, K)
    return ctc_losses(early, batch.labels, batch.lengths).mean()


class GuideTerm:
    """Term of a combined loss: the second CTC loss of each of several recognizers.

    Args:
        nets: recognizers by name.
        classes: number of characters plus one for the blank.

    `layers` holds the additional layers; they have to be trained together with the recognizers.
    """

    def __init__(self, nets: dict, classes: int):
        self.names = list(nets)
        self.layers = nn.LayerList([nn.Linear(net.backbone.out_channels, classes) for net in nets.values()])

    def __call__(self, outputs: dict[str, NetOutput], batch: RecBatch) -> dict:
        return {
            f"guide_{name}": guide_loss(layer, outputs[name].feats.backbone, batch)
            for name, layer in zip(self.names, self.layers, strict=True)
        }


class GuidedCTC:
    """CTC loss of the logits plus CTC loss of one linear layer on the features of the backbone.

    As long as the network answers only blanks, the two LSTM layers pass on little of the gradient. The second loss
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
        parts = {
            "ctc": ctc_losses(logits, batch.labels, batch.lengths).mean(),
            "guide": guide_loss(self.guide, feats.backbone, batch),
        }
        total = cast(paddle.Tensor, sum(parts.values()))  # sum() is typed as if it could stay 0
        return Objective(total, parts, logits)
