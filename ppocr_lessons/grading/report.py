"""Reports of a graded folder as JSON and CSV."""

import csv
import io
import json
from typing import TypedDict

FORMULA = ("=", "+", "-", "@", "'", "|", "%")
"""Characters at the start of a cell that may make a spreadsheet interpret the text as a formula."""


class QuestionRow(TypedDict):
    """Points of one question; `reason` is a sentence for the student."""

    id: str
    points: float
    max: float
    reason: str


class Row(TypedDict):
    """Result of one submission, as in the JSON report.

    Fields:
        submission: path below the folder of submissions.
        assignment: its name.
        status: "ok": the notebook ran and its answers were scored; "error": a cell failed or the kernel died, and the
            answers up to then were scored; "timeout"; "unanswered": no answers file; "rejected": the answers file is not
            acceptable; "invalid": there is no notebook that can be run; "failed": the grader itself failed.
        score, max: points.
        seconds: time of the run.
        questions: in the order of the assignment.
    """

    submission: str
    assignment: str
    status: str
    score: float
    max: float
    seconds: float
    questions: list[QuestionRow]


class Result(TypedDict):
    """A row with the details that only the HTML pages show.

    Fields:
        row: for the reports.
        reason: what went wrong with the whole submission, or "".
        message: text of the exception that ended the notebook, or "".
        traceback: of that exception, or "".
    """

    row: Row
    reason: str
    message: str
    traceback: str


def as_json(results: list[Result], *, reproducible: bool = False) -> str:
    """The JSON report.

    Args:
        results: of all submissions.
        reproducible: leave out `seconds`, which differs between runs.
    """
    rows = [
        {key: value for key, value in result["row"].items() if not (reproducible and key == "seconds")}
        for result in results
    ]
    return json.dumps(rows, indent=1) + "\n"


def on_one_line(text: str) -> str:
    """Text with control characters and line separators escaped, as in "a\\nb".

    Args:
        text: of a submission.
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _cell(value: object) -> object:
    """A cell that no spreadsheet interprets as a formula."""
    if not isinstance(value, str):
        return value
    line = on_one_line(value)
    return f"'{line}" if line.lstrip().startswith(FORMULA) else line


def as_csv(results: list[Result], *, reproducible: bool = False) -> str:
    """The table: one line per submission, with one column per question and the reasons of lost points.

    Args:
        results: of all submissions.
        reproducible: leave out the column `seconds`.
    """
    stream = io.StringIO()
    table = csv.writer(stream, lineterminator="\n")
    ids = [question["id"] for question in results[0]["row"]["questions"]] if results else []
    head = ["submission", "assignment", "status", "score", "max", "seconds"]
    keys = [key for key in head if not (reproducible and key == "seconds")]
    table.writerow([*keys, *map(_cell, ids), "reason"])
    for result in results:
        row = result["row"]
        lost = [f"{q['id']}: {q['reason']}" for q in row["questions"] if q["points"] < q["max"]]
        reason = result["reason"] or "; ".join(lost)
        points = [question["points"] for question in row["questions"]]
        table.writerow([*(_cell(row[key]) for key in keys), *points, _cell(reason)])
    return stream.getvalue()
