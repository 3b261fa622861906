"""Scores of a net on the Eval set of a configuration.

Several processes share the set and add up their counts, so that none waits for another one's whole evaluation. Lines
are dealt out by the batch: each batch is the one that a single process would make, and so is every answer.
"""

import numpy as np
import paddle
import paddle.nn.functional as F

from ..datasets.loader import Dataset
from ..det.metric import DetMetric
from ..det.postprocess import DBPostProcess
from ..engine import parallel
from ..rec.ctc import greedy_decode
from ..rec.metric import RecMetric
from .build import Context
from .parts import Config


def build_postprocess(config: Config) -> DBPostProcess:
    """Post-processing of a detector.

    Args:
        config: of a detector.
    """
    part = config.postprocess
    return DBPostProcess(
        thresh=part.thresh,
        box_thresh=part.box_thresh,
        unclip_ratio=part.unclip_ratio,
        max_candidates=part.max_candidates,
        use_dilation=part.use_dilation,
        score_mode=part.score_mode,
        box_type=part.box_type,
    )


def evaluate(config: Config, net, dataset: Dataset, shared: Context) -> dict[str, float]:
    """Scores of a net in evaluation mode. With several processes, each has to call it with the same weights.

    Args:
        config: that was read.
        net: the one to score.
        dataset: of its Eval section.
        shared: see build.context.

    Returns: precision, recall and hmean; or acc; or acc and norm_edit_dis.
    """
    with paddle.no_grad():
        if config.task == "det":
            return _detector(config, net, dataset)
        return _lines(config, net, dataset, shared)


def _detector(config, net, dataset):
    postprocess, metric = build_postprocess(config), DetMetric()
    rank, world = parallel.world()
    for index in range(rank, len(dataset), world):
        sample = dataset.sample(index)
        prob = net(paddle.to_tensor(sample.image[None]))[0].prob.numpy()[0, 0]
        height, width = map(int, sample.shape[:2])
        metric.add(postprocess(prob, (height, width)).polygons, sample.polygons, sample.ignored)
    counts = parallel.total([metric.matched, metric.expected, metric.detected])
    metric.matched, metric.expected, metric.detected = map(int, counts)
    return metric.score()._asdict()


def _lines(config, net, dataset, shared):
    size, right = config.evaluation.loader.batch_size_per_card, 0
    metric = RecMetric(ignore_space=config.metric.ignore_space, is_filter=config.metric.is_filter)
    rank, world = parallel.world()
    for start in range(rank * size, len(dataset), world * size):
        samples = [dataset.sample(i) for i in range(start, min(start + size, len(dataset)))]
        logits, _ = net(paddle.to_tensor(np.stack([s.image for s in samples])))
        if config.task == "cls":
            right += int((logits.numpy().argmax(1) == [s.target for s in samples]).sum())
            continue
        readings = greedy_decode(F.softmax(logits, axis=-1).numpy(), shared.alphabet)
        for reading, sample in zip(readings, samples, strict=True):
            truth = sample.texts[0].lower() if shared.alphabet.lower else sample.texts[0]
            metric.add(reading.text, truth)
    right, correct, count, metric.distance = parallel.total(
        [right, metric.correct, metric.count, metric.distance]
    )
    metric.correct, metric.count = int(correct), int(count)
    return {"acc": right / len(dataset)} if config.task == "cls" else metric.score()._asdict()


def probability_maps(net, dataset: Dataset, indices) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Pages of an Eval set at the size the detector sees them, and its map of each.

    Args:
        net: a DBNet in evaluation mode.
        dataset: of an Eval section, normalised as the section says.
        indices: of the pages.

    Returns: (H, W, 3) uint8 pictures and (H, W) maps.
    """
    pictures, maps = [], []
    with paddle.no_grad():
        for index in indices:
            before = [
                sample.pixels().copy() for name, sample in dataset.steps(index) if name == "DetResizeForTest"
            ]
            prob = net(paddle.to_tensor(dataset.sample(index).image[None]))[0].prob
            pictures.append(before[-1])
            maps.append(prob.numpy()[0, 0])
    return pictures, maps
