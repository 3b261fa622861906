"""The loss of DBNet: the sum over probability map, threshold map and binary map (chapters 2.1 and 3.1.1)."""

from typing import cast

import paddle

from ..datasets.batches import DetBatch
from ..losses.objective import Objective
from .db_head import DBMaps

EPS = 1e-6


def dice_loss(pred, target, mask):
    """Dice loss 1 - 2 |P G| / (|P| + |G|), with sums over the whole batch where the mask is 1.

    Args:
        pred: probabilities P in 0..1.
        target: labels G, 0 or 1.
        mask: 1 on pixels that count, 0 elsewhere.

    Shape:
        pred, target, mask: the same, any
        returns: scalar in 0..1
    PaddleOCR: DiceLoss in ppocr/losses/det_basic_loss.py.
    """
    overlap = (pred * target * mask).sum()
    return 1 - 2 * overlap / ((pred * mask).sum() + (target * mask).sum() + EPS)


def masked_l1_loss(pred, target, mask):
    """Mean absolute difference where the mask is 1.

    Args:
        pred: predicted values.
        target: true values.
        mask: 1 on pixels that count, 0 elsewhere.

    Shape:
        pred, target, mask: the same, any
        returns: scalar
    PaddleOCR: MaskL1Loss in ppocr/losses/det_basic_loss.py.
    """
    return ((pred - target).abs() * mask).sum() / (mask.sum() + EPS)


def ohem_mean(loss, target, mask, ratio: float = 3):
    """Mean of a pixel-wise loss over all text pixels and the hardest background pixels.

    This is online hard example mining (OHEM): most background pixels are easy and would dominate a plain mean.

    Args:
        loss: loss of each pixel.
        target: 1 on text.
        mask: 0 on pixels that do not count.
        ratio: background pixels kept for each text pixel.

    Shape:
        loss, target, mask: the same, any
        returns: scalar
    PaddleOCR: BalanceLoss in ppocr/losses/det_basic_loss.py.
    """
    positive, negative = target * mask, (1 - target) * mask
    n_positive = int(positive.sum())
    n_negative = int(min(float(negative.sum()), n_positive * ratio))
    total = (positive * loss).sum()
    if n_negative > 0:
        total = total + (negative * loss).flatten().topk(n_negative)[0].sum()
    return total / (n_positive + n_negative + EPS)


class DBLoss:
    """alpha L_prob + beta L_threshold + L_binary (chapter 3.1.1).

    The table of the chapter names binary cross entropy for the probability map; PaddleOCR's configuration uses Dice, which
    is also the default here.

    Args:
        alpha: weight of the probability map.
        beta: weight of the threshold map.
        main_loss: loss of the probability map, "dice" or "bce".
        balance: mine hard background pixels. It affects only "bce", because Dice is a single number without a loss for
            each pixel. PaddleOCR also mines with Dice, which sorts all pixels and returns the same value.
        ohem_ratio: background pixels kept for each text pixel.

    Raises:
        ValueError: unknown main_loss.
    PaddleOCR: DBLoss in ppocr/losses/det_db_loss.py.
    Paper: Liao et al. 2020, arXiv 1911.08947.
    """

    def __init__(
        self,
        *,
        alpha: float = 5,
        beta: float = 10,
        main_loss: str = "dice",
        balance: bool = True,
        ohem_ratio: float = 3,
    ):
        if main_loss not in ("dice", "bce"):
            raise ValueError(f"main_loss is {main_loss!r}; known are ['dice', 'bce']")
        self.alpha, self.beta = alpha, beta
        self.main_loss, self.balance, self.ohem_ratio = main_loss, balance, ohem_ratio

    def prob_loss(self, prob, target, mask):
        """Loss of the probability map, unweighted.

        Args:
            prob: (N, H, W), probability map in 0..1.
            target: (N, H, W), shrink map, 0 or 1.
            mask: (N, H, W), 1 on pixels that count, 0 elsewhere.

        Returns: scalar.
        """
        if self.main_loss == "dice":
            return dice_loss(prob, target, mask)
        loss = paddle.nn.functional.binary_cross_entropy(prob, target, reduction="none")
        if self.balance:
            return ohem_mean(loss, target, mask, self.ohem_ratio)
        return (loss * mask).sum() / (mask.sum() + EPS)

    def __call__(self, maps: DBMaps, batch: DetBatch) -> tuple[paddle.Tensor, dict[str, paddle.Tensor]]:
        """Compute the loss: the total, and its weighted parts "prob", "threshold" and "binary" by name."""
        prob, thresh, binary = (m.squeeze(1) for m in maps if m is not None)  # (N, 1, H, W) -> (N, H, W)
        parts = {
            "prob": self.alpha * self.prob_loss(prob, batch.shrink_map, batch.shrink_mask),
            "threshold": self.beta * masked_l1_loss(thresh, batch.threshold_map, batch.threshold_mask),
            "binary": dice_loss(binary, batch.shrink_map, batch.shrink_mask),
        }
        return cast(paddle.Tensor, sum(parts.values())), parts  # sum() is typed as if it could stay 0


class PlainDB:
    """Train one DBNet with the DB loss.

    Args:
        net: the detector.
        loss: a DBLoss; default values if None.
    """

    def __init__(self, net, loss: DBLoss | None = None):
        self.net = self.trained = net
        self.loss = loss or DBLoss()

    def __call__(self, batch: DetBatch) -> Objective:
        maps, _ = self.net(batch.images)
        loss, parts = self.loss(maps, batch)
        return Objective(loss, parts, maps)
