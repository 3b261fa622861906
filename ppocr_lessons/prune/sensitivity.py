"""Sensitivity analysis: how much worse a detector becomes if a single group of its channels is pruned (chapter 2.1.5).

Pruning all groups by the same ratio does most harm where every filter is needed. The analysis prunes one group at a time
in a copy of the network and measures the drop of the score. A budget for it then determines the ratio of each group.
"""

import copy
from collections.abc import Callable, Sequence

from .channels import channel_groups
from .fpgm import prune

RATIOS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)


def sensitivity(
    net,
    score: Callable[[object], float],
    *,
    groups: Sequence[str] | None = None,
    ratios: Sequence[float] = RATIOS,
    criterion: str = "fpgm",
) -> dict[str, dict[float, float]]:
    """Relative loss of the score for each group and each ratio.

    Args:
        net: DBNet with a MobileNetV3 backbone; it is not changed.
        score: function from a network to a number, larger is better.
        groups: names of `channel_groups`; by default all of them.
        ratios: shares of channels to remove.
        criterion: see `fpgm.prune`.

    Returns: loss by group and ratio, as a share of the score of the unpruned network.

    Raises:
        ValueError: the unpruned network has a score of 0, or a group does not exist; see `fpgm.prune`.
    PaddleOCR: sensitivity_anal.py in deploy/slim/prune.
    """
    whole = score(net)
    if whole <= 0:
        raise ValueError(f"the unpruned network has a score of {whole}: is it trained?")
    losses: dict[str, dict[float, float]] = {}
    for name in channel_groups(net) if groups is None else groups:
        losses[name] = {}
        for ratio in ratios:
            smaller = copy.deepcopy(net)
            prune(smaller, {name: ratio}, criterion=criterion)
            losses[name][ratio] = (whole - score(smaller)) / whole
    return losses


def ratios_within(losses: dict[str, dict[float, float]], budget: float = 0.02) -> dict[str, float]:
    """The largest ratio of each group whose loss stays within a budget.

    Args:
        losses: result of `sensitivity`.
        budget: allowed loss as a share of the score; 0.02 is the default of paddleslim.

    Returns: ratio by group, without the groups that must not be pruned at all.

    Raises:
        ValueError: a negative budget.
    """
    if budget < 0:
        raise ValueError(f"budget is {budget}; 0 or more is needed")
    found = {}
    for name, by_ratio in losses.items():
        # Stop at the first ratio over the budget. If a larger ratio is within the budget, that is noise.
        for ratio in sorted(by_ratio):
            if by_ratio[ratio] > budget:
                break
            found[name] = ratio
    return found
