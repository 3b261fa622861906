"""Scores the assignment on a smaller detector: FPGM by hand, sizes of variants, and a pruning plan under a budget."""

import math
from collections.abc import Mapping

import numpy as np

from ...coursework import smaller_detector as inputs
from ...det.dbnet import db_mobile
from ...prune.fpgm import filter_distances, filter_norms, to_remove
from ...training.tensor_files import count_parameters
from ...zoo.pretrained import pretrained
from ..assignment import Answer, Assignment, Mark, Question
from .rules import RIGHT, Mistake, Rule, chosen, close, give_marks

MEDIAN = (
    "it can be replaced by the other filters",
    "its weights are close to zero",
    "it is the filter that was trained last",
)
TOGETHER = (
    "their outputs are added, so the same channel of each has to go",
    "they have the same number of weights",
    "FPGM compares filters of different layers",
)

QUESTIONS = (
    Question(
        "distances",
        3,
        "array",
        "(24,) sum of the Euclidean distances of each drawn filter to all others",
        shape=(24,),
        dtype="float64",
    ),
    Question(
        "removed",
        3,
        "array",
        "(k,) numbers of the filters that FPGM removes, in ascending order",
        shape=(None,),
        dtype="int64",
    ),
    Question(
        "variant_parameters",
        3,
        "array",
        "(4,) parameters of db_mobile: 256 channels with and without SE, 96 channels with and without SE",
        shape=(4,),
        dtype="float64",
    ),
    Question(
        "plan",
        6,
        "array",
        "(31,) share of channels to remove from each group, in the order of inputs.groups()",
        shape=(31,),
        dtype="float64",
    ),
    Question("plan_parameters", 1, "number", "parameters that are left with your plan"),
    Question("saved_by_neck", 1, "number", "share of the parameters, 0..1, that 96 channels save without SE"),
    Question("megabytes", 1, "number", "size of the given number of float32 weights in MB of 10^6 bytes"),
    Question("near_median", 1, "choice", "why a filter close to the geometric median can go", choices=MEDIAN),
    Question(
        "in_one_group", 1, "choice", "why convolutions before a shortcut form one group", choices=TOGETHER
    ),
)


def parameters(seed: int) -> dict:
    """Parameters of the notebook.

    Args:
        seed: of all inputs.

    Returns: seed; ratio of the filters to remove, and multiple that the number of remaining filters is rounded up to; share
        of the parameters that may remain; number of pages; number of weights of a question.
    """
    rng = np.random.default_rng([seed, 3])
    return {
        "seed": seed,
        "ratio": float(rng.choice([0.25, 0.3, 0.4, 0.45])),
        "multiple": int(rng.choice([1, 4])),
        "budget": float(rng.choice([0.8, 0.82, 0.84, 0.86])),
        "pages": 5,
        "weights": int(rng.integers(300, 2000)) * 1000,
    }


def reference_plan(budget: float) -> dict[str, float]:
    """A simple plan: only the wide layers of the last stage lose channels, as few as the budget demands.

    Args:
        budget: share of the parameters that may remain.

    Returns: ratios by group.
    """
    wide = [name for name, width in inputs.groups().items() if "stage3" in name and width >= 300]
    full, plan = count_parameters(pretrained("det", "pages")), {}
    for ratio in np.arange(0.05, 0.95, 0.05):
        plan = dict.fromkeys(wide, float(ratio))
        if count_parameters(inputs.pruned_detector(plan)) <= budget * full:
            break
    return plan


def _plan_rule(given: Mapping) -> Rule:
    def rule(answer):
        try:
            net = inputs.pruned_detector(dict(zip(inputs.groups(), map(float, answer), strict=True)))
        except ValueError as error:
            return 0.0, f"The plan cannot be carried out: {error}."
        full = count_parameters(pretrained("det", "pages"))
        left = count_parameters(net) / full
        if left > given["budget"] + 1e-9:
            share = max(0.0, 1 - (left - given["budget"]) / (1 - given["budget"])) / 3
            return share, f"{left:.3f} of the parameters are left; the budget is {given['budget']:.3f}."
        reference = inputs.pruned_detector(reference_plan(given["budget"]))
        needed = inputs.hmean(reference, given["seed"], given["pages"], stream=inputs.HELD_BACK) - 0.03
        reached = inputs.hmean(net, given["seed"], given["pages"], stream=inputs.HELD_BACK)
        if reached >= needed:
            return 1.0, RIGHT
        reason = (
            f"The size is within the budget, but on held-back pages the hmean is {reached:.3f}; "
            f"a simple plan of the same size reaches {needed + 0.03:.3f}."
        )
        return 1 / 3 + 2 / 3 * max(0.0, 1 - (needed - reached) / 0.4), reason

    return rule


def _own_size(plan: Answer | None) -> float:
    """Number of parameters after pruning by a plan; infinity if the plan is missing or cannot be carried out."""
    try:
        ratios = dict(zip(inputs.groups(), map(float, plan), strict=True))  # pyright: ignore[reportArgumentType]
        return count_parameters(inputs.pruned_detector(ratios))
    except (TypeError, ValueError):
        return math.inf


def score(given: Mapping, answers: Mapping[str, Answer]) -> list[Mark]:
    """Score a submission.

    Args:
        given: parameters of the notebook.
        answers: checked answers by the id of the question.

    Returns: marks of the answered questions.
    """
    filters, ratio, multiple = inputs.draw_filters(given["seed"]), given["ratio"], given["multiple"]
    distances = filter_distances(filters)
    sizes = np.array(
        [
            count_parameters(db_mobile(fpn_channels=channels, disable_se=not gates))
            for channels in (256, 96)
            for gates in (True, False)
        ]
    )
    saved, own_size = 1 - sizes[3] / sizes[1], _own_size(answers.get("plan"))
    rules = {
        "distances": close(
            distances,
            mistakes=(
                Mistake(filter_norms(filters), "These are the norms: the criterion of pruning by norm.", 0.3),
                Mistake(
                    [float(((filters - one) ** 2).sum()) for one in filters],
                    "These are sums of squared distances, which the mean minimizes, not the median.",
                    0.5,
                ),
                Mistake(
                    distances / (len(filters) - 1), "This is the mean distance; the sum is asked for.", 0.7
                ),
            ),
        ),
        "removed": close(
            to_remove(distances, ratio, multiple=multiple),
            relative=0,
            absolute=0.01,
            mistakes=(
                Mistake(
                    np.sort(np.argsort(-distances)[: len(to_remove(distances, ratio, multiple=multiple))]),
                    "These filters are the farthest from the median; the closest ones go.",
                    0.4,
                ),
                Mistake(
                    to_remove(filter_norms(filters), ratio, multiple=multiple),
                    "These are the filters with the smallest norm.",
                    0.3,
                ),
                Mistake(
                    to_remove(distances, ratio),
                    "The number of remaining filters is not rounded up to the multiple.",
                    0.6,
                ),
            ),
        ),
        "variant_parameters": close(
            sizes,
            relative=1e-6,
            absolute=0.5,
            mistakes=(Mistake(sizes[[1, 0, 3, 2]], "With and without SE are exchanged.", 0.5),),
        ),
        "plan": _plan_rule(given),
        "plan_parameters": close(own_size, relative=1e-6, absolute=0.5),
        "saved_by_neck": close(
            saved,
            relative=5e-3,
            mistakes=(Mistake(sizes[3] / sizes[1], "This is the share that is left.", 0.5),),
        ),
        "megabytes": close(
            given["weights"] * 4 / 1e6,
            relative=5e-3,
            mistakes=(Mistake(given["weights"] / 1e6, "A float32 has four bytes.", 0.5),),
        ),
        "near_median": chosen(MEDIAN[0], "The criterion is similarity to the other filters, not size."),
        "in_one_group": chosen(
            TOGETHER[0], "A sum needs the same channels on both sides, so they are removed together."
        ),
    }
    return give_marks(QUESTIONS, rules, answers)


ASSIGNMENT = Assignment("smaller_detector", "A smaller detector", QUESTIONS, parameters, score)
