"""Rules that answers are scored by: closeness of numbers, known mistakes, choices, texts and maps.

A rule is a function from a checked answer to its share of the points and a reason for the student.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from ..assignment import Answer, Mark, Question

Rule = Callable[[Answer], tuple[float, str]]
"""Function from an answer to the share of the points, 0..1, and the reason, one sentence."""

RIGHT = "Right."


class Mistake(NamedTuple):
    """A frequent mistake and its effect on the answer.

    Fields:
        values: the answer of somebody who makes the mistake.
        reason: what the mistake is, one sentence.
        share: fraction of the points that this answer still receives.
    """

    values: object
    reason: str
    share: float


def give_marks(
    questions: Sequence[Question], rules: Mapping[str, Rule], answers: Mapping[str, Answer]
) -> list[Mark]:
    """Score all answers of a submission.

    Args:
        questions: of the assignment.
        rules: by the id of the question.
        answers: checked answers by the id of the question.

    Returns: one mark for each answered question, in the order of the questions.
    """
    marks = []
    for question in questions:
        if question.id in answers:
            share, reason = rules[question.id](answers[question.id])
            points = math.floor(100 * question.points * min(1.0, max(0.0, share)) + 1e-6) / 100
            marks.append(Mark(question.id, points, reason))
    return marks


def close(right, *, relative: float = 1e-3, absolute: float = 1e-4, mistakes: Sequence[Mistake] = ()) -> Rule:
    """Score a number or an array entry by entry; the share of the points is the share of the right entries.

    Args:
        right: what is right, a number or an array.
        relative: tolerance as a share of the right value.
        absolute: tolerance that is added to it.
        mistakes: frequent mistakes; the first one that explains every entry of an answer decides its share.

    Returns: the rule.
    """
    right = np.asarray(right, np.float64)

    def agrees(answer, values):
        return np.abs(answer - values) <= absolute + relative * np.abs(values)

    def rule(answer):
        found = np.asarray(answer, np.float64)
        if found.shape != right.shape:
            return 0.0, f"The shape is {found.shape}; {right.shape} is needed."
        good = agrees(found, right)
        if good.all():
            return 1.0, RIGHT
        for mistake in mistakes:
            values = np.asarray(mistake.values, np.float64)
            if values.shape == found.shape and agrees(found, values).all():
                return mistake.share, mistake.reason
        if not right.shape:
            return 0.0, f"Yours is {float(found):.6g}, right is {float(right):.6g}."
        place = tuple(map(int, np.argwhere(~good)[0]))
        return (
            float(good.mean()),
            f"{int(good.sum())} of {good.size} values are right; the first wrong one, at index {place}, "
            f"is {found[place]:.6g} instead of {right[place]:.6g}.",
        )

    return rule


def chosen(right: str, reason: str) -> Rule:
    """Score a choice.

    Args:
        right: the right choice.
        reason: why the others are wrong, one sentence.

    Returns: the rule.
    """
    return lambda answer: (1.0, RIGHT) if answer == right else (0.0, reason)


def same_texts(right: Sequence[str], *, mistakes: Sequence[Mistake] = ()) -> Rule:
    """Score a list of texts one by one, in order.

    Args:
        right: the right texts.
        mistakes: frequent mistakes, whose values are lists of texts.

    Returns: the rule.
    """
    right = list(right)

    def rule(answer):
        if len(answer) != len(right):
            return 0.0, f"{len(answer)} texts were handed in; {len(right)} are needed."
        if answer == right:
            return 1.0, RIGHT
        for mistake in mistakes:
            if answer == list(mistake.values):  # pyright: ignore[reportArgumentType]
                return mistake.share, mistake.reason
        good = [a == b for a, b in zip(answer, right, strict=True)]
        first = good.index(False)
        return (
            sum(good) / len(good),
            f"{sum(good)} of {len(good)} texts are right; the first wrong one, number {first}, "
            f"is {answer[first][:60]!r} instead of {right[first]!r}.",
        )

    return rule


def overlapping(right: np.ndarray, *, full: float = 0.98, mistakes: Sequence[Mistake] = ()) -> Rule:
    """Score a map of 0 and 1 by its overlap with the right one, intersection over union.

    Args:
        right: what is right, 1 on the area and 0 elsewhere.
        full: overlap from which all points are given; below it the share falls to 0 at an overlap of 0.5.
        mistakes: frequent mistakes, whose values are maps; one of them applies if it overlaps at least `full` with the
            answer and more than the right map does.

    Returns: the rule.
    """

    def overlap(a, b):
        a, b = np.asarray(a) > 0.5, np.asarray(b) > 0.5
        union = (a | b).sum()
        return float((a & b).sum() / union) if union else 1.0

    def rule(answer):
        if np.shape(answer) != np.shape(right):
            return 0.0, f"The shape is {np.shape(answer)}; {np.shape(right)} is needed."
        found = overlap(answer, right)
        if found >= full:
            return 1.0, RIGHT
        for mistake in mistakes:
            by_mistake = overlap(answer, mistake.values)
            if by_mistake >= full and by_mistake > found:
                return mistake.share, mistake.reason
        share = max(0.0, (found - 0.5) / (full - 0.5))
        return (
            share,
            f"Your area overlaps with the right one by {found:.3f}; {full} is needed for all points.",
        )

    return rule
