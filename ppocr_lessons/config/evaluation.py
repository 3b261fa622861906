"""Evaluate a network on the evaluation dataset of a configuration.

Several processes share the dataset and add up their counts. Text lines are distributed in whole batches, which are the
same as with a single process, so that the answers are identical.
"""

from collections.abc import Callable

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
        config: configuration of a detector.

    Returns: post-processing with the values of section PostProcess.
    """
    section = config.postprocess
    return DBPostProcess(
        thresh=section.thresh,
        box_thresh=section.box_thresh,
        unclip_ratio=section.unclip_ratio,
        max_candidates=section.max_candidates,
        use_dilation=section.use_dilation,
        score_mode=section.score_mode,
        box_type=section.box_type,
    )


def evaluate(
    config: Config, net, dataset: Dataset, shared: Context, *, watch: Callable | None = None
) -> dict[str, float]:
    """Score a network. With several processes, each of them has to call this with the same weights.

    Args:
        config: configuration that was read.
        net: network in evaluation mode.
        dataset: evaluation dataset.
        shared: see `configuration.context`.
        watch: called after every sample of this process with its index, its label and the output of the network:
            PageInput and polygons; text and Reading; or label and (K,) logits.

    Returns: precision, recall and hmean; or acc; or acc and norm_edit_dis.
    """
    rank, world = parallel.world()
    if config.task == "det":
        shares = range(rank, len(dataset), world)
        pages = (_page(dataset.sample(i)) for i in shares)
        return score_detector(net, pages, build_postprocess(config), _numbered(watch, shares))
    size = config.evaluation.loader.batch_size_per_card
    # Each process scores whole batches, which are the same as with a single process.
    shares = [
        range(start, min(start + size, len(dataset)))
        for start in range(rank * size, len(dataset), world * size)
    ]
    watch = _numbered(watch, (i for share in shares for i in share))
    batches = ([dataset.sample(i) for i in share] for share in shares)
    stacked = ((np.stack([s.image for s in samples]), samples) for samples in batches)
    if config.task == "cls":
        labeled = ((paddle.to_tensor(images), [s.target for s in samples]) for images, samples in stacked)
        return score_classifier(net, labeled, watch)
    metric = RecMetric(ignore_space=config.metric.ignore_space, is_filter=config.metric.is_filter)
    lines = (LineBatch(images, [s.texts[0] for s in samples]) for images, samples in stacked)
    return score_recognizer(net, lines, shared.alphabet, metric, watch)


def _numbered(watch: Callable | None, indices) -> Callable | None:
    """Function that calls `watch` with the next index before its own arguments."""
    indices = iter(indices)
    return watch and (lambda expected, answer: watch(next(indices), expected, answer))


def input_size(config: Config) -> tuple[int, int]:
    """Input size of a classifier or recognizer, to which section Eval resizes lines.

    Args:
        config: configuration of a classifier or recognizer.

    Returns: (height, width) in pixels.
    """
    shapes = [given["image_shape"] for _, given in config.evaluation.transforms if "image_shape" in given]
    _, height, width = shapes[-1]
    return height, width


def _page(sample) -> PageInput:
    height, width = map(int, sample.shape[:2])
    return PageInput(sample.image, (height, width), sample.polygons, sample.ignored)


def probability_maps(net, dataset: Dataset, indices) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Probability maps of a detector for some pages of an evaluation dataset.

    Args:
        net: DBNet in evaluation mode.
        dataset: dataset of a section Eval, including its normalization.
        indices: indices of the pages.

    Returns: (H, W, 3) uint8 images at the input size of the detector, and (H, W) float32 maps.
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
    """Check before a run that every frozen detector is better than the untrained student.

    Args:
        config: configuration that was read.
        nets: networks of the run by name.
        student: the network that is evaluated and exported, before training.
        dataset: evaluation dataset.
        shared: see `configuration.context`.

    Raises:
        ConfigError: a teacher is not better than the student.
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
