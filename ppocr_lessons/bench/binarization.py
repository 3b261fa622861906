"""Detector heads trained with and without the learned threshold, on the same features and from the same weights.

Only the head is trained. Its input, the fused features of a trained net, is computed once, so that several heads
can be compared in a minute on a CPU.
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import paddle

from ..datasets.batches import DetBatch
from ..datasets.resize import normalize_page
from ..datasets.synthetic.pages import Page, page_at
from ..datasets.synthetic.streams import det_batch
from ..det.db_head import DBHead, DBMaps, db_step
from ..det.db_loss import DBLoss
from ..det.metric import DetMetric, DetScore
from ..det.postprocess import DBPostProcess

READ_OUT = {
    "P, trained alone": (False, "prob"),
    "P, trained with T and B": (True, "prob"),
    "B, read with the learned T": (True, "binary"),
}
"""Scored combinations: whether the head was trained with a learned threshold, and which of its maps is evaluated."""


class HeadData(NamedTuple):
    """Fused features with their batches and pages.

    Fields:
        train: pairs of features (N, C, H / 4, W / 4) and the batch that they were computed from.
        held_back: pairs of features (1, C, H / 4, W / 4) and the page that they were computed from.
    """

    train: list[tuple[paddle.Tensor, DetBatch]]
    held_back: list[tuple[paddle.Tensor, Page]]


class Comparison(NamedTuple):
    """Heads trained with and without the learned threshold.

    Fields:
        scores: by name of the loss and by name in READ_OUT, a list over the seeds of lists over the thresholds.
        maps: all three maps of one page by name of the loss and by whether the threshold was learned.
    """

    scores: dict[str, dict[str, list[list[DetScore]]]]
    maps: dict[tuple[str, bool], DBMaps]


@paddle.no_grad()
def head_data(net, *, batches: int, pages: int, side: int = 192, size: int = 4, seed: int = 0) -> HeadData:
    """Compute the fused features of synthetic pages for training and of other pages for scoring.

    Args:
        net: a DBNet in evaluation mode; its backbone and neck are used.
        batches: number of batches to train on.
        pages: number of pages to score.
        side: height and width of every page in pixels, a multiple of 32.
        size: pages in a batch.
        seed: of all pages; those to score are drawn from `seed + 1`.

    Returns: features with their batches and pages.
    """
    train = [det_batch(seed, step, size=size, side=side) for step in range(batches)]
    held_back = [page_at(seed + 1, index, size=(side, side)) for index in range(pages)]
    return HeadData(
        [(net(batch.images)[1].neck, batch) for batch in train],
        [(net(paddle.to_tensor(normalize_page(page.image)[None]))[1].neck, page) for page in held_back],
    )


def train_head(
    data: HeadData, loss: DBLoss, *, learned_threshold: bool, steps: int, seed: int, rate: float = 0.01
) -> DBHead:
    """Train a new head with Adam at a constant rate.

    Two calls with one seed start from the same weights and see the same batches in the same order, whatever
    `learned_threshold` is.

    Args:
        data: of `head_data`.
        loss: its `alpha`, `beta` and `main_loss` are used.
        learned_threshold: train all three maps with the whole loss; otherwise the probability map alone, with its
            term of the loss.
        steps: number of batches; `data.train` is repeated.
        seed: of the initial weights.
        rate: learning rate.

    Returns: the head, in evaluation mode.
    """
    paddle.seed(seed)
    with paddle.utils.unique_name.guard():
        head = DBHead(data.train[0][0].shape[1])
        optimizer = paddle.optimizer.Adam(rate, parameters=head.parameters())
    head.train()
    for step in range(steps):
        feats, batch = data.train[step % len(data.train)]
        if learned_threshold:
            total, _ = loss(head(feats), batch)
        else:
            prob = head.binarize(feats).squeeze(1)  # (N, 1, H, W) -> (N, H, W)
            total = loss.alpha * loss.prob_loss(prob, batch.shrink_map, batch.shrink_mask)
        total.backward()
        optimizer.step()
        optimizer.clear_grad()
    head.eval()
    return head


@paddle.no_grad()
def held_back_maps(head: DBHead, data: HeadData) -> list[DBMaps]:
    """Compute all three maps of every page that is scored.

    Args:
        head: in evaluation mode.
        data: of `head_data`.

    Returns: maps as (H, W) float32 arrays.
    """
    found = []
    for feats, _ in data.held_back:
        prob, thresh = head.binarize(feats), head.thresh(feats)
        binary = db_step(prob, thresh, head.k)
        found.append(DBMaps(*(m.numpy()[0, 0] for m in (prob, thresh, binary))))
    return found


def score_maps(maps: Iterable[np.ndarray], data: HeadData, postprocess: DBPostProcess) -> DetScore:
    """Score one map of every page against the labels.

    Args:
        maps: (H, W) in 0..1 for each page of `data.held_back`, in its order.
        data: of `head_data`.
        postprocess: from a map to boxes.

    Returns: precision, recall and hmean at IoU 0.5.
    """
    metric = DetMetric()
    for values, (_, page) in zip(maps, data.held_back, strict=True):
        found = postprocess(values, page.image.shape[:2])
        metric.add(found.polygons, page.polygons, [False] * len(page.polygons))
    return metric.score()


def compare(
    data: HeadData,
    losses: dict[str, DBLoss],
    *,
    steps: int,
    seeds: Iterable[int],
    box_thresholds: Iterable[float],
    kept: int = 0,
) -> Comparison:
    """Train heads with and without the learned threshold and score every map that can be read from them.

    The post-processing is PaddleOCR's: `thresh` 0.3 and `unclip_ratio` 1.5.

    Args:
        data: of `head_data`.
        losses: the losses to compare by name.
        steps: number of batches that each head is trained on.
        seeds: of the initial weights; each is one head.
        box_thresholds: mean scores below which a box is dropped.
        kept: index of the held-back page whose maps are returned; they are those of the first seed.

    Returns: the scores and the maps of one page.
    """
    cuts = [DBPostProcess(box_thresh=cut) for cut in box_thresholds]
    scores = {kind: {name: [] for name in READ_OUT} for kind in losses}
    example = {}
    for kind, loss in losses.items():
        for learned in (False, True):
            for seed in seeds:
                head = train_head(data, loss, learned_threshold=learned, steps=steps, seed=seed)
                maps = held_back_maps(head, data)
                example.setdefault((kind, learned), maps[kept])
                for name, (with_threshold, field) in READ_OUT.items():
                    if with_threshold == learned:
                        read = [getattr(m, field) for m in maps]
                        scores[kind][name].append([score_maps(read, data, cut) for cut in cuts])
    return Comparison(scores, example)
