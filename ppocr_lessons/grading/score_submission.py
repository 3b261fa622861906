"""The process that scores the answers of one submission. It reads data and never runs code of a submission.

    python -m ppocr_lessons.grading.score_submission < job.json

The job is `{"assignment", "parameters", "answers", "result"}`: a name or MODULE:ATTRIBUTE, the parameters that the submission
was run with, the path of the answers file and the path to write the marks to.
"""

import importlib
import json
import math
import pathlib
import sys
from collections.abc import Mapping

from .assignment import Assignment
from .read_answers import AnswersError, read_answers
from .registry import find


def load_assignment(name: str) -> Assignment:
    """Find an assignment by its name, or import one that an instructor has written.

    Args:
        name: one of `registry.NAMES`, or MODULE:ATTRIBUTE of an importable module.

    Raises:
        ValueError: there is no such assignment.
    """
    module, is_own, attribute = name.partition(":")
    if not is_own:
        return find(name)
    try:
        found = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise ValueError(f"the assignment {name!r} cannot be imported: {error}") from error
    if not isinstance(found, Assignment):
        raise ValueError(f"{name!r} is not an Assignment")
    return found


def mark_answers(assignment: Assignment, parameters: Mapping[str, object], path: pathlib.Path) -> list[dict]:
    """Score an answers file.

    Args:
        assignment: that was handed in.
        parameters: that the submission was run with.
        path: of the answers file.

    Returns: one row {"id", "points", "max", "reason"} per question, in their order; points have at most 4 decimals.

    Raises:
        AnswersError: no part of the file can be used.
        ValueError: the scorer gave a mark that is not between 0 and the points of the question.
    """
    answers, refused = read_answers(path, assignment.questions)
    marks = {mark.id: mark for mark in assignment.score(parameters, answers)} if answers else {}
    rows = []
    for question in assignment.questions:
        points, reason = 0.0, "not answered"
        if question.id in refused:
            reason = f"not accepted: {refused[question.id]}"
        elif question.id in answers and question.id in marks:
            points, reason = float(marks[question.id].points), marks[question.id].reason
        if not (math.isfinite(points) and 0 <= points <= question.points):
            raise ValueError(f"{assignment.name}: {points} points for {question.id!r} of {question.points}")
        rows.append(
            {"id": question.id, "points": round(points, 4), "max": question.points, "reason": str(reason)}
        )
    return rows


def main() -> None:
    """Read the job from stdin, score, and write `{"questions": rows}` or `{"rejected": reason}`."""
    job = json.load(sys.stdin)
    try:
        result = {
            "questions": mark_answers(
                load_assignment(job["assignment"]), job["parameters"], pathlib.Path(job["answers"])
            )
        }
    except AnswersError as error:
        result = {"rejected": str(error)}
    pathlib.Path(job["result"]).write_text(json.dumps(result), encoding="utf-8")


if __name__ == "__main__":
    main()
