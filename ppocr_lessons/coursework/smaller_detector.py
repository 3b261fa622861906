"""Inputs of the assignment on making a detector smaller."""

from collections.abc import Mapping

import numpy as np

from ..datasets.synthetic.pages import page_at
from ..evaluate import evaluate_det
from ..prune.channels import channel_groups
from ..prune.fpgm import prune
from ..zoo.pretrained import detector_postprocess, pretrained

FILTERS, PAGES, HELD_BACK = range(3)
"""Numbers of the random streams of a seed, one for each purpose."""

PAGE_SIDE = 320
"""Side in pixels of the pages that detectors are scored on."""


def draw_filters(seed: int, count: int = 24) -> np.ndarray:
    """Draw the filters of a convolution: a cluster of similar ones, and some outliers.

    Args:
        seed: of the assignment.
        count: number of filters.

    Returns: (count, 2, 3, 3) float64.
    """
    rng = np.random.default_rng([seed, FILTERS])
    filters = rng.normal(0, 1, (count, 2, 3, 3))
    filters[: count // 2] = filters[0] * 1.5 + rng.normal(0, 0.3, (count // 2, 2, 3, 3))
    filters[-count // 4 :] *= 0.4
    return rng.permutation(filters)


def groups() -> dict[str, int]:
    """Groups of dependent channels of the shipped detector `pages`, with the number of channels."""
    return {name: group.width for name, group in channel_groups(pretrained("det", "pages")).items()}


def pruned_detector(ratios: Mapping[str, float]):
    """The shipped detector `pages` after FPGM pruning, without any training.

    Args:
        ratios: share of channels to remove by group; groups that are not named keep all channels.

    Returns: the network in evaluation mode.

    Raises:
        ValueError: an unknown group, or a ratio outside 0..1 or that leaves no channel.
    """
    net = pretrained("det", "pages")
    prune(net, dict(ratios))
    return net


def hmean(net, seed: int, count: int, *, stream: int = PAGES) -> float:
    """Score a detector on rendered pages.

    Args:
        net: detector in evaluation mode.
        seed: of the assignment.
        count: number of pages.
        stream: number of the random stream; the held-back pages come from another one.

    Returns: hmean, 0..1.
    """
    pages = [page_at(1000 * seed + stream, index, size=(PAGE_SIDE, PAGE_SIDE)) for index in range(count)]
    score = evaluate_det(net, pages, limit_side_len=PAGE_SIDE, postprocess=detector_postprocess())
    return score["hmean"]
