"""The command `grade`: reports, resuming, other sandboxes, and what it says when something is wrong."""

import csv
import json
import os
import pathlib
import signal
import sys
import threading

import pytest
from typer.testing import CliRunner

from ppocr_lessons.cli import app
from ppocr_lessons.grading import grade_one, sandbox
from ppocr_lessons.grading.outcome import NO_RESULT, Outcome
from ppocr_lessons.grading.score_submission import load_assignment, mark_answers

from . import tiny_assignment
from .hostile import DAEMON
from .test_hostile import REFERENCE, leftovers
from .tiny_assignment import HONEST, notebook

NUMBERS = tiny_assignment.parameters(1)["numbers"]
RIGHT = {
    "total": sum(NUMBERS),
    "squares": [n * n for n in NUMBERS],
    "parity": ("even", "odd")[sum(NUMBERS) % 2],
}


def grade(folder, *options):
    arguments = [str(folder / "in"), "--assignment", REFERENCE, "--report", str(folder / "r.csv")]
    return CliRunner().invoke(app, ["grade", *arguments, "--json", str(folder / "r.json"), *options])


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "in").mkdir()
    return tmp_path


class Runs:
    """Stands in for the sandbox: the outcome of a notebook is the last line of its last cell, as Python of a test."""

    def __init__(self):
        self.count = 0

    def __call__(self, isolation, content, parameters, limits, *, slot, stop):
        self.count += 1
        word = json.loads(content)["cells"][-1]["source"]
        if word == "wait":
            threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGTERM)).start()
            assert stop.wait(60)
            raise sandbox.Stopped("stopped")
        if word == "bad sandbox":
            raise sandbox.SandboxError("bubblewrap failed: no reason")
        answers = {"answers": RIGHT if word == "right" else {"total": 1}}
        return {
            "timeout": Outcome("timeout"),
            "dead": NO_RESULT,
            "link": Outcome("ok", refused="it is a symbolic link"),
            "silent": Outcome("ok"),
            "error": Outcome("error", 2, "KeyError", "'<b>'", "Traceback"),
        }.get(word, Outcome("ok", answers=json.dumps(answers).encode(), executed=b"{}"))


@pytest.fixture
def runs(monkeypatch):
    runs = Runs()
    monkeypatch.setattr(sandbox, "run", runs)
    monkeypatch.setattr(sandbox, "open_sandbox", lambda kind, **kw: sandbox.Sandbox(kind, "", **kw))
    return runs


def submit(folder, *words):
    for word in words:
        (folder / "in" / f"{word}.ipynb").write_text(notebook(word))


def test_reports_of_all_kinds(folder, runs):
    submit(folder, "right", "wrong", "timeout", "dead", "link", "silent", "error")
    (folder / "in" / "broken.ipynb").write_text("{")
    done = grade(folder, "--html", str(folder / "html"), "--timeout", "7")
    assert done.exit_code == 0, done.output
    rows = json.loads((folder / "r.json").read_text())
    assert [row["submission"] for row in rows] == sorted(row["submission"] for row in rows)
    assert {row["submission"]: (row["status"], row["score"], row["questions"][0]["reason"]) for row in rows} == {
        "broken.ipynb": ("invalid", 0, "it is not JSON (line 1: Expecting property name enclosed in double quotes)"),
        "dead.ipynb": ("error", 0, "the kernel died, or the run was stopped from inside; the notebook handed in no answers"),
        "error.ipynb": ("error", 0, "cell 2 of the notebook raised KeyError; the notebook handed in no answers"),
        "link.ipynb": ("rejected", 0, "the answers file was not accepted: it is a symbolic link"),
        "right.ipynb": ("ok", 5, "right"),
        "silent.ipynb": ("unanswered", 0, "the notebook handed in no answers"),
        "timeout.ipynb": ("timeout", 0, "stopped after 7 s"),
        "wrong.ipynb": ("ok", 0, "another value"),
    }  # fmt: skip
    assert rows[4]["max"] == 5 and [q["points"] for q in rows[4]["questions"]] == [2, 2, 1]
    assert rows[-1]["questions"][1]["reason"] == "not answered"
    with (folder / "r.csv").open(newline="") as stream:
        table = {row["submission"]: row for row in csv.DictReader(stream)}
    assert (
        table["right.ipynb"]["squares"] == "2.0" and table["timeout.ipynb"]["reason"] == "stopped after 7 s"
    )
    assert "broken.ipynb: invalid: it is not JSON" in done.output and "8 submissions in" in done.output
    pages = {page.name.rpartition("-")[0]: page for page in (folder / "html").glob("*.html")}
    assert len(list((folder / "html").glob("*.html"))) == 9
    linked = pages["right"].with_suffix(".ipynb")
    assert linked.read_text() == "{}" and f'href="{linked.name}"' in pages["right"].read_text()


def test_finished_submissions_are_not_run_again_and_changed_ones_are(folder, runs):
    submit(folder, "right", "wrong", "timeout")
    grade(folder)
    first = (folder / "r.json").read_text()
    grade(folder)
    assert runs.count == 3 and (folder / "r.json").read_text() == first
    (folder / "in" / "wrong.ipynb").write_text(notebook("right"))
    grade(folder)
    assert runs.count == 4
    assert [row["score"] for row in json.loads((folder / "r.json").read_text())] == [5, 0, 5]
    grade(folder, "--seed", "2")
    assert runs.count == 7


def test_reports_without_times_are_the_same_every_time(folder, runs):
    submit(folder, "right", "wrong", "error")
    texts = []
    for number in range(2):
        grade(folder, "--report", str(folder / f"{number}.csv"), "--reproducible")
        texts.append(((folder / "r.json").read_text(), (folder / f"{number}.csv").read_text()))
    assert runs.count == 6 and texts[0] == texts[1] and "seconds" not in texts[0][0] + texts[0][1]


def test_an_interrupted_command_resumes(folder, runs):
    submit(folder, "right", "wait", "wrong")
    done = grade(folder, "--jobs", "1")
    assert done.exit_code == 128 + signal.SIGTERM and not (folder / "r.json").exists()
    assert runs.count == 2  # "right" is finished, "wait" was stopped, and "wrong" was not begun
    (folder / "in" / "wait.ipynb").write_text(notebook("right"))
    assert grade(folder, "--jobs", "1").exit_code == 0 and runs.count == 4
    assert [row["score"] for row in json.loads((folder / "r.json").read_text())] == [5, 5, 0]


def test_a_failure_of_the_grader_is_tried_again(folder, runs):
    submit(folder, "bad sandbox", "right")
    done = grade(folder)
    rows = json.loads((folder / "r.json").read_text())
    assert done.exit_code == 1 and rows[0]["status"] == "failed" and rows[1]["score"] == 5
    assert "bubblewrap failed: no reason" in rows[0]["questions"][0]["reason"]
    assert grade(folder).exit_code == 1 and runs.count == 3


def test_a_scorer_that_fails_is_a_failure_of_the_grader(folder, runs, monkeypatch):
    def fail(*arguments):
        raise RuntimeError("scoring failed: ZeroDivisionError")

    monkeypatch.setattr(grade_one, "_score", fail)
    submit(folder, "right")
    done = grade(folder)
    assert done.exit_code == 1 and "right.ipynb: failed: the grader failed: scoring failed" in done.output


def test_reports_in_the_folder_of_submissions_are_no_submissions(folder, runs):
    submit(folder, "right")
    for _ in range(2):
        grade(folder, "--report", str(folder / "in" / "r.csv"), "--html", str(folder / "in" / "html"))
    assert [row["submission"] for row in json.loads((folder / "r.json").read_text())] == ["right.ipynb"]


def test_without_submissions_no_folder_is_made(folder, runs):
    done = grade(folder)
    assert done.exit_code == 1 and "submissions" in done.output
    assert not (folder / "r.csv.runs").exists()


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--assignment", "unknown"], "unknown assignment 'unknown'"),
        (["--assignment", "tests.grading.tiny_assignment:QUESTIONS"], "is not an Assignment"),
        (["--assignment", "no_such_module:X"], "cannot be imported"),
        (["--report", "."], "name a file for the report"),
    ],
)
def test_wrong_options_are_said_in_one_line(folder, runs, options, reason):
    submit(folder, "right")
    done = grade(folder, *options)
    assert done.exit_code == 1 and reason in done.output and done.output.count("\n") == 1


def test_nothing_is_imported_from_the_submissions(folder, runs, monkeypatch):
    submit(folder, "right")
    for name in ("tiny_shadow", "base64", "paddle"):
        (folder / "in" / f"{name}.py").write_text("raise RuntimeError('code of a submission')")
    inside = folder / "in" / "deeper"
    monkeypatch.setattr(sys, "path", ["", str(folder / "in"), str(inside), *sys.path])
    monkeypatch.chdir(folder / "in")
    done = grade(folder, "--assignment", "tiny_shadow:ASSIGNMENT")
    assert "cannot be imported: No module named 'tiny_shadow'" in done.output
    assert grade(folder).exit_code == 0
    assert json.loads((folder / "r.json").read_text())[0]["score"] == 5


def test_seed_0_is_that_of_the_students(folder):
    assert grade(folder, "--seed", "0").exit_code == 2


def test_without_bubblewrap_the_error_names_the_alternative(folder, monkeypatch):
    submit(folder, "right")
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    done = grade(folder)
    assert done.exit_code == 1 and "bubblewrap is not installed" in done.output
    assert "`--sandbox none`" in done.output and done.output.count("\n") == 1


def test_where_bubblewrap_cannot_run_the_error_names_the_alternative(folder, monkeypatch):
    submit(folder, "right")
    program = folder / "bwrap"
    program.write_text("#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    done = grade(folder)
    assert done.exit_code == 1 and "No permissions to create new namespace" in done.output
    assert "`--sandbox none`" in done.output and done.output.count("\n") == 1


def test_marks_are_checked(tmp_path):
    file = tmp_path / "answers.json"
    file.write_text(json.dumps({"answers": RIGHT}))
    rows = mark_answers(tiny_assignment.ASSIGNMENT, {"numbers": NUMBERS}, file)
    assert [row["points"] for row in rows] == [2, 2, 1]
    assert load_assignment(REFERENCE) is tiny_assignment.ASSIGNMENT
    with pytest.raises(ValueError, match="7"):
        mark_answers(TOO_MANY, {"numbers": NUMBERS}, file)


TOO_MANY = type(tiny_assignment.ASSIGNMENT)(
    "tiny", "", tiny_assignment.QUESTIONS, tiny_assignment.parameters,
    lambda parameters, answers: [tiny_assignment.Mark("total", 7, "too many")],
)  # fmt: skip


def test_without_a_sandbox(folder, marked, monkeypatch):
    """Really run: another environment and folder, and a daemon does not survive."""
    monkeypatch.setenv("SECRET", "not for students")
    check = "import os\nassert 'SECRET' not in os.environ and os.listdir('../../data')\n"
    check += f"assert not os.getcwd().startswith({str(folder)!r}) and os.environ['HOME'] != {str(pathlib.Path.home())!r}"
    (folder / "in" / "good.ipynb").write_text(notebook(check, HONEST, DAEMON))
    (folder / "in" / "failing.ipynb").write_text(notebook("x = 1", "undefined", HONEST))
    done = grade(folder, "--sandbox", "none")
    assert done.exit_code == 0 and "warning: --sandbox none" in done.output
    failing, good = json.loads((folder / "r.json").read_text())
    assert (good["status"], good["score"]) == ("ok", 5), good
    assert failing["questions"][0]["reason"].startswith("cell 3 of the notebook raised NameError")
    assert leftovers() == []
