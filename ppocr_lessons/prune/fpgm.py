"""FPGM, filter pruning via geometric median, strategy 6 (chapter 2.1.5).

A filter is a point. One that lies near all others, near their geometric median, says nothing that the others do not say,
however large it is. FPGM removes those; pruning by norm removes the small ones, which may be the only ones of their kind.
"""

import math

import numpy as np

from .channels import ChannelGroup, channel_groups, remove_channels


def filter_distances(weights: np.ndarray) -> np.ndarray:
    """How far each filter is from all others: the sum of Euclidean distances.

    A filter and its negation are as far apart as two filters of their length can be.

    Args:
        weights: (filters, ...) any shape behind.

    Returns: (filters,); the smallest is nearest to the geometric median.

    Raises:
        ValueError: fewer than two axes.
    PaddleOCR: FPGMFilterPruner of paddleslim, in deploy/slim/prune.
    Paper: He et al. 2018, arXiv 1811.00250.
    """
    weights = np.asarray(weights)
    if weights.ndim < 2:
        raise ValueError(f"weights have shape {weights.shape}; (filters, ...) is needed")
    flat = weights.reshape(len(weights), -1).astype(np.float64)
    # One filter at a time: all pairs at once would take 150 MB for the widest layer of the detector.
    return np.array([np.linalg.norm(flat - one, axis=1).sum() for one in flat])


def filter_norms(weights: np.ndarray) -> np.ndarray:
    """Euclidean length of each filter: what pruning by norm goes by.

    Args:
        weights: (filters, ...).
    """
    return np.linalg.norm(np.asarray(weights).reshape(len(weights), -1).astype(np.float64), axis=1)


CRITERIA = {"fpgm": filter_distances, "norm": filter_norms}


def to_remove(scores: np.ndarray, ratio: float, *, multiple: int = 1) -> np.ndarray:
    """Indices of the filters with the lowest scores, in order.

    Args:
        scores: of every filter.
        ratio: share to remove.
        multiple: what stays is rounded up to a multiple of this many, which suits the vector units of a CPU.

    Raises:
        ValueError: ratio outside 0..1, or nothing would stay.
    """
    if not 0 <= ratio <= 1:
        raise ValueError(f"ratio is {ratio}; a number in 0..1 is needed")
    stay = math.ceil(round(len(scores) * (1 - ratio), 6) / multiple) * multiple
    if stay < 1:
        raise ValueError(f"ratio {ratio} leaves none of {len(scores)} filters")
    return np.sort(np.argsort(scores, kind="stable")[: max(0, len(scores) - stay)])


def group_scores(group: ChannelGroup, criterion: str = "fpgm") -> np.ndarray:
    """Score of each channel of a group: of the filters of all convolutions that make it, each set scaled to mean 1.

    Args:
        group: of channels that can only go together.
        criterion: one of CRITERIA.

    Raises:
        ValueError: unknown criterion.
    """
    if criterion not in CRITERIA:
        raise ValueError(f"criterion is {criterion!r}; known are {list(CRITERIA)}")
    total = np.zeros(group.width)
    for filters in group.filters():
        scores = CRITERIA[criterion](filters)
        total += scores / max(scores.mean(), 1e-12)
    return total


def prune(
    net, ratios: dict[str, float] | float, *, criterion: str = "fpgm", multiple: int = 1
) -> dict[str, list[int]]:
    """Remove filters of a detector for good, with all that follows from them.

    Args:
        net: a DBNet on MobileNetV3, trained; changed in place.
        ratios: share to remove of each group of channels by name (see `channel_groups`), or one for all.
        criterion: "fpgm" or "norm".
        multiple: see `to_remove`.

    Returns: removed channels of each group, which `remove_channels` repeats on a fresh net to load the weights into.

    Raises:
        ValueError: a group that does not exist, a ratio outside 0..1, or a group of which nothing would stay; the net is
            untouched.
    Claim: size -46 %, speed +19 %, slightly less accurate (chapter 2.1.5).
    """
    groups = channel_groups(net)
    if not isinstance(ratios, dict):
        ratios = dict.fromkeys(groups, ratios)
    unknown = sorted(set(ratios) - set(groups))
    if unknown:
        raise ValueError(f"no such groups of channels: {unknown}; known are {list(groups)}")
    removed = {}
    for name, ratio in ratios.items():
        try:
            gone = to_remove(group_scores(groups[name], criterion), ratio, multiple=multiple)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from error
        if len(gone):
            removed[name] = gone.tolist()
    remove_channels(net, removed)
    return removed
