"""Scores of a net on the Eval set of a configuration.

Several processes share the set and add up their counts, so that none waits for another one's whole evaluation. Lines
are dealt out by the batch: each batch is the one that a single process would make, and so is every answer.
"""

import numpy as np
import paddle

from ..datasets.loader import Dataset
from ..det.postprocess import DBPostProcess
from ..distill.cml import CML
from ..evaluate import LineBatch, PageInput, score_classifier, score_detector, score_recognizer
from ..rec.metric import RecMetric
from ..training import parallel
from .configuration import Config, Context
from .problems import ConfigError


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
    rank, world = parallel.world()
    if config.task == "det":
        shares = range(rank, len(dataset), world)
        return score_detector(net, (_page(dataset.sample(i)) for i in shares), build_postprocess(config))
    size = config.evaluation.loader.batch_size_per_card
    # Each process scores whole batches, the same ones that a single process would make.
    batches = (
        [dataset.sample(i) for i in range(start, min(start + size, len(dataset)))]
        for start in range(rank * size, len(dataset), world * size)
    )
    stacked = ((np.stack([s.image for s in samples]), samples) for samples in batches)
    if config.task == "cls":
        labelled = ((paddle.to_tensor(images), [s.target for s in samples]) for images, samples in stacked)
        return score_classifier(net, labelled)
    metric = RecMetric(ignore_space=config.metric.ignore_space, is_filter=config.metric.is_filter)
    lines = (LineBatch(images, [s.texts[0] for s in samples]) for images, samples in stacked)
    return score_recognizer(net, lines, shared.alphabet, metric)


def _page(sample) -> PageInput:
    height, width = map(int, sample.shape[:2])
    return PageInput(sample.image, (height, width), sample.polygons, sample.ignored)


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


def check_teachers(config: Config, nets: dict, student, dataset: Dataset, shared: Context) -> None:
    """Where a frozen detector teaches, compare it with what it teaches.

    Args:
        config: that was read.
        nets: of the run, by name.
        student: the net that is wanted in the end, as it starts.
        dataset: of the Eval section.
        shared: see build.context.

    Raises:
        ConfigError: a teacher that is no better than the student.
    """
    frozen = [name for name, net in config.nets.items() if net.sub.freeze_params]
    if not frozen or config.task != "det":
        return
    student.eval()
    own = evaluate(config, student, dataset, shared)["hmean"]
    for name in frozen:
        try:
            CML.check_teacher(evaluate(config, nets[name], dataset, shared)["hmean"], own)
        except ValueError as error:
            raise ConfigError(f"{config.path}: Architecture.Models.{name}: {error}") from error
