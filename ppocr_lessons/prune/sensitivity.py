"""Sensitivity: how much worse a detector gets when one group of its channels is thinned out (chapter 2.1.5).

Pruning everything alike hurts where every filter is needed. The analysis prunes one group at a time, notes the loss of the
score, and leaves the net as it was; a budget then says how far each group may go.
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
    """Loss of the score of each group at each ratio, as a share of the whole net's score.

    Args:
        net: a DBNet on MobileNetV3; untouched.
        score: net -> number, larger is better.
        groups: names of `channel_groups`; all of them if None.
        ratios: shares to remove.
        criterion: see `fpgm.prune`.

    Raises:
        ValueError: the whole net scores 0, or an unknown group; see `fpgm.prune`.
    PaddleOCR: sensitivity_anal.py in deploy/slim/prune.
    """
    whole = score(net)
    if whole <= 0:
        raise ValueError(f"the whole net scores {whole}: there is nothing to lose; is it trained?")
    losses: dict[str, dict[float, float]] = {}
    for name in channel_groups(net) if groups is None else groups:
        losses[name] = {}
        for ratio in ratios:
            smaller = copy.deepcopy(net)
            prune(smaller, {name: ratio}, criterion=criterion)
            losses[name][ratio] = (whole - score(smaller)) / whole
    return losses


def ratios_within(losses: dict[str, dict[float, float]], budget: float = 0.02) -> dict[str, float]:
    """The largest ratio of each group whose loss stays within a budget; groups that have none are left out.

    Args:
        losses: of `sensitivity`.
        budget: loss as a share of the score; paddleslim's default is 0.02.

    Raises:
        ValueError: a negative budget.
    """
    if budget < 0:
        raise ValueError(f"budget is {budget}; 0 or more is needed")
    found = {}
    for name, by_ratio in losses.items():
        # Up to the first ratio that is over the budget: a later one that happens to pass is luck.
        for ratio in sorted(by_ratio):
            if by_ratio[ratio] > budget:
                break
            found[name] = ratio
    return found
