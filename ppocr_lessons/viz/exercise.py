"""Check a reader's answer to an exercise in a notebook without showing the solution."""

import numbers


def check(answer, solution, *, tolerance: float = 0.0) -> str:
    """Compare an answer with the solution.

    Args:
        answer: what the reader entered. `...` stands for an exercise that has not been answered yet.
        solution: a number, a string, or a set or list of strings.
        tolerance: largest absolute difference at which a number still counts as correct.

    Returns: one sentence to display. It never contains the solution.
    """
    if answer is ...:
        return "No answer yet: replace the ... with yours and run both cells again."
    if isinstance(solution, numbers.Real) and not isinstance(solution, bool):
        try:
            correct = abs(float(answer) - solution) <= tolerance
        except (TypeError, ValueError):
            return f"This exercise asks for a number, and {answer!r} is not one."
    elif isinstance(solution, str):
        correct = str(answer).strip().casefold() == solution.strip().casefold()
    elif isinstance(solution, (set, list, tuple)) and not isinstance(answer, str):
        correct = sorted(map(str, answer)) == sorted(map(str, solution))
    else:
        correct = answer == solution
    return "Correct." if correct else "Not yet. Read the hint again, or open the solution below."
