"""Scores of a network on pages or lines, for datasets and for synthetic images.

Counts are summed over all processes of a run, so each process passes only its own share of the samples.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

import cv2
import numpy as np
import paddle
import paddle.nn.functional as F

from .datasets.resize import fit_line, line_width, normalize_page, page_size
from .det.metric import DetMetric
from .det.postprocess import DBPostProcess
from .rec.alphabet import Alphabet
from .rec.ctc_decode import greedy_decode
from .rec.metric import RecMetric
from .training import parallel


class PageInput(NamedTuple):
    """A page prepared for the detector, with its labels.

    Fields:
        image: (3, H, W) float32, normalized BGR.
        size: (height, width) of the original page in pixels.
        polygons: label polygons in pixels of the original page.
        ignored: True for each polygon that is not scored.
    """

    image: np.ndarray
    size: tuple[int, int]
    polygons: object
    ignored: object


class LineBatch(NamedTuple):
    """Lines of equal width with their labels.

    Fields:
        images: (N, 3, 32, W) float32.
        texts: N texts.
    """

    images: np.ndarray
    texts: list[str]


@paddle.no_grad()
def score_detector(
    net, pages: Iterable[PageInput], postprocess: DBPostProcess, watch: Callable | None = None
) -> dict[str, float]:
    """Precision, recall and hmean of a detector.

    Args:
        net: a DBNet in evaluation mode.
        pages: at least one in all processes together.
        postprocess: turns a probability map into polygons.
        watch: called after every page with the page and the polygons that were found.

    Returns: {"precision", "recall", "hmean"}, each in 0..1.
    """
    metric = DetMetric()
    for page in pages:
        prob = net(paddle.to_tensor(page.image[None]))[0].prob.numpy()[0, 0]
        found = postprocess(prob, page.size).polygons
        metric.add(found, page.polygons, page.ignored)
        if watch:
            watch(page, found)
    counts = parallel.total([metric.matched, metric.expected, metric.detected])
    metric.matched, metric.expected, metric.detected = map(int, counts)
    return metric.score()._asdict()


@paddle.no_grad()
def score_recognizer(
    net, batches: Iterable[LineBatch], alphabet: Alphabet, metric: RecMetric, watch: Callable | None = None
) -> dict[str, float]:
    """Accuracy over whole lines and normalized edit distance of a recognizer.

    Args:
        net: a CRNN in evaluation mode.
        batches: at least one line in all processes together.
        alphabet: characters of the classes of the network.
        metric: a new RecMetric, which defines how texts are compared.
        watch: called after every line with its text and the Reading.

    Returns: {"acc", "norm_edit_dis"}, each in 0..1.
    """
    for batch in batches:
        logits, _ = net(paddle.to_tensor(batch.images))
        readings = greedy_decode(F.softmax(logits, axis=-1).numpy(), alphabet)
        for reading, text in zip(readings, batch.texts, strict=True):
            metric.add(reading.text, text.lower() if alphabet.lower else text)
            if watch:
                watch(text, reading)
    correct, count, metric.distance = parallel.total([metric.correct, metric.count, metric.distance])
    metric.correct, metric.count = int(correct), int(count)
    return metric.score()._asdict()


@paddle.no_grad()
def score_classifier(net, batches, watch: Callable | None = None) -> dict[str, float]:
    """Accuracy of a direction classifier.

    Args:
        net: a DirectionClassifier in evaluation mode.
        batches: pairs of images, a tensor (N, 3, H, W), and labels, N integers; at least one line in all processes
            together.
        watch: called after every line with its label and the (K,) logits.

    Returns: {"acc"}, in 0..1.
    """
    right = count = 0
    for images, labels in batches:
        logits = net(images)[0].numpy()
        predicted = logits.argmax(1)
        for label, answer in zip(labels, logits, strict=True) if watch else ():
            watch(label, answer)
        right += int((predicted == np.asarray(labels)).sum())
        count += len(predicted)
    right, count = parallel.total([right, count])
    return {"acc": right / count}


def evaluate_det(
    net, pages, *, limit_side_len: int = 736, limit_type: str = "max", postprocess=None
) -> dict[str, float]:
    """Precision, recall and hmean on pages of synthetic text.

    Args:
        net: a DBNet in evaluation mode.
        pages: of `datasets.synthetic.pages.Page`.
        limit_side_len, limit_type: see `page_size`.
        postprocess: a DBPostProcess; default values if None.

    Returns: {"precision", "recall", "hmean"}, each in 0..1.
    """

    def prepared(page):
        size = page.image.shape[:2]
        height, width = page_size(*size, limit_side_len=limit_side_len, limit_type=limit_type)
        image = normalize_page(cv2.resize(page.image, (width, height)))
        return PageInput(image, size, page.polygons, [text in ("###", "*") for text in page.texts])

    return score_detector(net, map(prepared, pages), postprocess or DBPostProcess())


def evaluate_rec(net, lines, alphabet: Alphabet, *, batch: int = 32) -> dict[str, float]:
    """Accuracy and normalized edit distance on lines of synthetic text.

    Args:
        net: a CRNN in evaluation mode.
        lines: of `datasets.synthetic.pages.Line`.
        alphabet: characters of the classes of the network.
        batch: lines in a batch; each batch holds lines of similar width.

    Returns: {"acc", "norm_edit_dis"}, each in 0..1.
    """
    ordered = sorted(lines, key=lambda line: line_width(line.image, 32))
    batches = []
    for start in range(0, len(ordered), batch):
        part = ordered[start : start + batch]
        width = max(32, line_width(part[-1].image, 32))
        batches.append(
            LineBatch(
                np.stack([fit_line(line.image, 32, width) for line in part]), [line.text for line in part]
            )
        )
    return score_recognizer(net, batches, alphabet, RecMetric())
