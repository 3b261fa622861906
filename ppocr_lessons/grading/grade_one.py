"""Grade one submission: check the notebook, run it in the sandbox, score its answers in another process."""

import hashlib
import inspect
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass

from . import mounts, sandbox
from .assignment import Assignment
from .limits import Limits
from .outcome import Outcome
from .report import Result
from .submissions import Notebook, Submission, check_notebook, file_stem, read_submission

SECONDS_TO_SCORE = 600
VERSION = 1
"""Increase this number if stored results of earlier versions of the grader must not be reused."""


@dataclass(frozen=True, slots=True)
class Task:
    """The settings that all submissions of a folder share.

    Args:
        assignment: that was handed in.
        reference: name or MODULE:ATTRIBUTE by which the scoring process finds it.
        parameters: that the submissions are run with.
        limits: of each run.
        sandbox: isolation.
        folder: in which results and executed notebooks are kept.
    """

    assignment: Assignment
    reference: str
    parameters: dict
    limits: Limits
    sandbox: sandbox.Sandbox
    folder: pathlib.Path

    def key(self, content: bytes) -> str:
        """Identifies a run: the same key has the same result.

        Args:
            content: of the submitted file.
        """
        scorer = inspect.getsourcefile(self.assignment.score)
        parts = [
            str(VERSION).encode(),
            content,
            json.dumps([self.reference, self.parameters, self.sandbox.kind], sort_keys=True).encode(),
            repr((self.limits, self.assignment.questions)).encode(),
            pathlib.Path(scorer).read_bytes() if scorer else b"",
        ]
        return hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()


def place(task: Task, submission: Submission) -> pathlib.Path:
    """Folder of the results of a submission.

    Args:
        task: of the folder.
        submission: one of it.
    """
    digest = hashlib.sha256(os.fsencode(submission.name)).hexdigest()
    return task.folder / file_stem(submission.name, digest)


def _write(path: pathlib.Path, content: bytes) -> None:
    """Write a file atomically."""
    beside = path.with_name(f".{path.name}.new")
    beside.write_bytes(content)
    beside.replace(path)


def failed(task: Task, submission: Submission, status: str, reason: str, seconds: float = 0.0) -> Result:
    """The result of a submission without points.

    Args:
        task: of the folder.
        submission: one of it.
        status: see `report.Row`.
        reason: for the student.
        seconds: time of the run.
    """
    questions = [
        {"id": question.id, "points": 0.0, "max": question.points, "reason": reason}
        for question in task.assignment.questions
    ]
    return _result(task, submission, status, questions, seconds, reason)


def _result(task, submission, status, questions, seconds, reason, outcome=None) -> Result:
    return {
        "row": {
            "submission": submission.name,
            "assignment": task.assignment.name,
            "status": status,
            "score": round(sum(question["points"] for question in questions), 4),
            "max": task.assignment.points,
            "seconds": round(seconds, 1),
            "questions": questions,
        },
        "reason": reason,
        "message": outcome.message if outcome else "",
        "traceback": outcome.traceback if outcome else "",
    }


def _score(task: Task, answers: bytes, folder: pathlib.Path) -> dict:
    """Run the scoring process.

    Raises:
        RuntimeError: it failed.
    """
    with tempfile.TemporaryDirectory(prefix="score-") as scratch:
        # In this folder, the data has the same relative path as in the notebook.
        work = pathlib.Path(scratch, mounts.COURSE)
        work.mkdir(parents=True)
        if (mounts.ROOT / "data").is_dir():
            (work.parents[1] / "data").symlink_to(mounts.ROOT / "data")
        result = pathlib.Path(scratch, "result.json")
        job = {
            "assignment": task.reference,
            "parameters": task.parameters,
            "answers": str(folder / "answers.json"),
            "result": str(result),
        }
        _write(folder / "answers.json", answers)
        path = dict.fromkeys(
            [str(mounts.ROOT), *(entry for entry in sys.path if pathlib.Path(entry).is_absolute())]
        )
        try:
            done = subprocess.run(
                [sys.executable, "-m", f"{__package__}.score_submission"],
                input=json.dumps(job).encode(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd=work, check=False,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(path)}, timeout=SECONDS_TO_SCORE, start_new_session=True,
            )  # fmt: skip
        except subprocess.TimeoutExpired as error:
            raise RuntimeError(f"scoring took more than {SECONDS_TO_SCORE} s") from error
        if not result.exists():
            said = done.stderr.decode("utf-8", "replace").strip().splitlines() or [
                f"exit code {done.returncode}"
            ]
            raise RuntimeError(f"scoring failed: {said[-1]}")
        return json.loads(result.read_text(encoding="utf-8"))


def _what_failed(outcome: Outcome, notebook: Notebook) -> str:
    """Why a run ended with an error, without anything that differs between runs."""
    if outcome.cell is None or not outcome.name:
        return "the kernel died, or the run was stopped from inside"
    # papermill puts the cell with the parameters below the tagged cell.
    cell = outcome.cell - (outcome.cell > notebook.parameters)
    return f"cell {cell + 1} of the notebook raised {outcome.name}"


def _judge(
    task: Task, submission: Submission, notebook: Notebook, outcome: Outcome, seconds: float
) -> Result:
    folder = place(task, submission)
    if outcome.status == "timeout":
        return failed(task, submission, "timeout", f"stopped after {task.limits.seconds:g} s", seconds)
    reason = _what_failed(outcome, notebook) if outcome.status == "error" else ""
    if outcome.answers is None:
        if outcome.refused:
            status, why = "rejected", f"the answers file was not accepted: {outcome.refused}"
        else:
            status, why = "unanswered", "the notebook handed in no answers"
        status = "error" if reason else status
        result = failed(task, submission, status, "; ".join(filter(None, (reason, why))), seconds)
        return {**result, "message": outcome.message, "traceback": outcome.traceback}
    scored = _score(task, outcome.answers, folder)
    if "rejected" in scored:
        why = f"the answers file was not accepted: {scored['rejected']}"
        return failed(task, submission, "rejected", why, seconds)
    return _result(task, submission, outcome.status, scored["questions"], seconds, reason, outcome)


def earlier_result(task: Task, submission: Submission, key: str) -> Result | None:
    """The stored result of a submission, or None if it has none or has changed.

    Args:
        task: of the folder.
        submission: one of it.
        key: of the run.
    """
    try:
        stored = json.loads((place(task, submission) / "result.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return stored["result"] if stored.get("key") == key else None


def grade_one(task: Task, submission: Submission, *, slot: int, stop: threading.Event) -> Result:
    """Grade one submission, or reuse its stored result.

    Args:
        task: of the folder.
        submission: one of it.
        slot: number of the run among those that run at the same time.
        stop: event that ends the run.

    Raises:
        sandbox.Stopped: the event was set.
    """
    try:
        content = read_submission(submission, task.limits.submission)
        notebook = check_notebook(content)
    except ValueError as error:
        return failed(task, submission, "invalid", str(error))
    key = task.key(content)
    stored = earlier_result(task, submission, key)
    if stored is not None:
        return stored
    folder = place(task, submission)
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("result.json", "answers.json", "executed.ipynb"):
        (folder / name).unlink(missing_ok=True)
    start = time.monotonic()
    try:
        outcome = sandbox.run(
            task.sandbox, notebook.content, task.parameters, task.limits, slot=slot, stop=stop
        )
        seconds = time.monotonic() - start
        if outcome.executed is not None:
            _write(folder / "executed.ipynb", outcome.executed)
        result = _judge(task, submission, notebook, outcome, seconds)
    except (sandbox.SandboxError, RuntimeError, OSError) as error:
        if stop.is_set() or isinstance(error, sandbox.Stopped):
            raise
        # Not stored: the next run of the grader tries again.
        return failed(task, submission, "failed", f"the grader failed: {error}", time.monotonic() - start)
    _write(folder / "result.json", json.dumps({"key": key, "result": result}).encode())
    return result
