"""Scores of a net on pictures it has not seen."""

import cv2
import numpy as np
import paddle
import paddle.nn.functional as F

from ..datasets.resize import fit_line, line_width, normalise_page, page_size
from ..det.metric import DetMetric
from ..det.postprocess import DBPostProcess
from ..rec.ctc import greedy_decode
from ..rec.metric import RecMetric


@paddle.no_grad()
def evaluate_det(net, pages, *, limit: int = 736, rule: str = "max", postprocess=None) -> dict[str, float]:
    """Precision, recall and hmean.

    Args:
        net: a DBNet in evaluation mode.
        pages: of `datasets.synth.Page`.
        limit, rule: see `page_size`.
        postprocess: a DBPostProcess; default values if None.
    """
    postprocess, metric = postprocess or DBPostProcess(), DetMetric()
    for page in pages:
        height, width = page_size(*page.image.shape[:2], limit=limit, rule=rule)
        resized = cv2.resize(page.image, (width, height))
        prob = net(paddle.to_tensor(normalise_page(resized)[None]))[0].prob.numpy()[0, 0]
        boxes = postprocess(prob, page.image.shape[:2])
        metric.add(boxes.polygons, page.polygons, [text in ("###", "*") for text in page.texts])
    return metric.score()._asdict()


@paddle.no_grad()
def evaluate_rec(net, lines, alphabet, *, batch: int = 32) -> dict[str, float]:
    """Exact matches and normalised edit distance.

    Args:
        net: a CRNN in evaluation mode.
        lines: of `datasets.synth.Line`.
        alphabet: of the net's classes.
        batch: lines of similar width are run together, this many at a time.
    """
    metric = RecMetric()
    ordered = sorted(lines, key=lambda line: line_width(line.image, 32))
    for start in range(0, len(ordered), batch):
        part = ordered[start : start + batch]
        width = max(32, line_width(part[-1].image, 32))
        logits, _ = net(paddle.to_tensor(np.stack([fit_line(line.image, 32, width) for line in part])))
        readings = greedy_decode(F.softmax(logits, axis=-1).numpy(), alphabet)
        for reading, line in zip(readings, part, strict=True):
            metric.add(reading.text, line.text)
    return metric.score()._asdict()


@paddle.no_grad()
def evaluate_cls(net, batches) -> dict[str, float]:
    """Share of lines whose direction is right, over ClsBatches.

    Args:
        net: a DirectionClassifier in evaluation mode.
        batches: of ClsBatch, at least one.
    """
    right = count = 0
    for batch in batches:
        predicted = net(batch.images)[0].numpy().argmax(1)
        right += int((predicted == batch.labels.numpy()).sum())
        count += len(predicted)
    return {"acc": right / count}
