"""Checks that a student sees while working on an assignment. They give hints; points come from the grader alone."""

from collections.abc import Iterable

import numpy as np


def compare(what: str, answer, expected, *, tolerance: float = 1e-4) -> str:
    """Compare the result of a student's function for a small example with the value computed by hand.

    Args:
        what: the example, in words.
        answer: what the student's code returned; None means that it is not written yet.
        expected: number, text, or array of numbers that is right.
        tolerance: largest absolute difference at which a number still counts as right.

    Returns: one sentence to print.
    """
    if answer is None:
        return f"not answered yet: {what}"
    if isinstance(expected, str):
        agrees = answer == expected
        return f"right: {what}" if agrees else f"wrong: {what} is {expected!r}, yours is {answer!r}"
    expected = np.asarray(expected, float)
    try:
        found = np.asarray(answer, float)
    except (TypeError, ValueError):
        return f"wrong: {what} has to be numbers, yours is {answer!r}"
    if found.shape != expected.shape:
        return f"wrong: {what} has shape {expected.shape}, yours {found.shape}"
    if found.size == 0 or np.abs(found - expected).max() <= tolerance:
        return f"right: {what}"
    place = np.unravel_index(np.abs(found - expected).argmax(), expected.shape)
    index = f" at index {tuple(map(int, place))}" if place else ""
    return f"wrong: {what} is {expected[place]:.6g}{index}, yours is {found[place]:.6g}"


def collect(results: Iterable) -> np.ndarray | None:
    """Gather the results of a student's function for several inputs.

    Args:
        results: one result for each input, all of the same shape.

    Returns: the results as one array, or None if one of them is None because the function is not written yet.
    """
    results = list(results)
    return None if any(result is None for result in results) else np.array(results)
