"""Hostile submissions in the sandbox: the points of an honest scorer, within the time, nothing left and nothing changed."""

import contextlib
import csv
import html.parser
import json
import os
import pathlib
import socket
import threading
import time

import pytest

from ppocr_lessons.grading import sandbox
from ppocr_lessons.grading.grade import Reports, grade_all
from ppocr_lessons.grading.grade_one import Task
from ppocr_lessons.grading.limits import MIB, Limits
from ppocr_lessons.grading.submissions import find_submissions

from . import tiny_assignment
from .hostile import CASES, network

REFERENCE = "tests.grading.tiny_assignment:ASSIGNMENT"
QUICK = (
    "looks_around",
    "daemon",
    "symbolic_link",
    "kills_everything",
    "always_equal",
    "tag_doubled",
    "not_json",
)
SLACK = 10
"""Seconds after the limit in which every run has ended."""
FAST_ENOUGH = 400
"""Limit of the submissions that end by themselves; a loaded machine takes its time to start a kernel."""


@pytest.fixture(scope="module")
def bubblewrap(marked):
    """A sandbox that has been tried out. Where bubblewrap cannot run, these tests cannot either."""
    try:
        return sandbox.open_sandbox("bubblewrap")
    except sandbox.SandboxError as error:
        pytest.skip(str(error))


def leftovers():
    """Processes that have the environment of a submission of this test process."""
    found = []
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if b"TESTED_BY=%d\0" % os.getpid() in (folder / "environ").read_bytes():
                found.append((folder / "cmdline").read_bytes())
    return found


def outside(repository):
    """What a submission could change: files and their times, and a setting of the kernel."""
    home = pathlib.Path.home()
    watched = [repository / "ppocr_lessons", repository / "data", pathlib.Path("/etc/cron.d"), home / ".ssh"]
    files = [path for folder in watched for path in folder.rglob("*") if "__pycache__" not in path.parts]
    files += [pathlib.Path("/etc/passwd"), home / ".bashrc", home / ".profile", home / ".config"]
    times = {path: path.lstat().st_mtime_ns for path in files if path.exists()}
    return times, pathlib.Path("/proc/sys/kernel/core_pattern").read_text()


def grade(folder, cases, isolation, *, seconds, memory=4096 * MIB):
    """Grade cases, each as a file of the folder.

    Returns: results by the name of the case, the reports, and the submissions.
    """
    submissions = folder / "submissions"
    submissions.mkdir()
    (submissions / "secret.txt").write_text("not for students")
    for name, case in cases.items():
        (submissions / f"{name}.ipynb").write_text(case.content)
    reports = Reports(folder / "r.csv", folder / "html", folder / "r.json")
    reports.prepare()
    task = Task(
        tiny_assignment.ASSIGNMENT,
        REFERENCE,
        tiny_assignment.parameters(1),
        Limits(seconds=seconds, memory=memory, processes=256),
        isolation,
        reports.kept,
    )
    found = find_submissions(submissions, "tiny")
    results = grade_all(task, found, jobs=2, progress=False)
    reports.write(task, found, results)
    return {r["row"]["submission"].removesuffix(".ipynb"): r for r in results}, reports


@pytest.fixture(scope="module")
def quick(bubblewrap, tmp_path_factory, repository):
    before = outside(repository)
    os.environ["SECRET"] = "SECRET"
    try:
        results, _ = grade(
            tmp_path_factory.mktemp("quick"),
            {name: CASES[name] for name in QUICK},
            bubblewrap,
            seconds=FAST_ENOUGH,
        )
    finally:
        del os.environ["SECRET"]
    return results, before


@pytest.mark.parametrize("name", QUICK)
def test_a_few_hostile_submissions(quick, name):
    row = quick[0][name]["row"]
    assert row["status"] in CASES[name].status, quick[0][name]
    assert row["score"] == CASES[name].points


def test_a_few_leave_and_change_nothing(quick, repository):
    assert leftovers() == [] and outside(repository) == quick[1]


@pytest.fixture(scope="module")
def all_cases(bubblewrap, tmp_path_factory, repository):
    before = outside(repository)
    results, all_reports = {}, []
    for endless in (True, False):
        cases = {name: case for name, case in CASES.items() if case.endless == endless}
        graded, reports = grade(
            tmp_path_factory.mktemp("endless" if endless else "others"),
            cases,
            bubblewrap,
            seconds=60 if endless else FAST_ENOUGH,
            memory=1536 * MIB,
        )
        results |= graded
        all_reports.append(reports)
    for name, result in results.items():
        row = result["row"]
        print(
            f"| {name!r} | {row['status']} | {row['score']:g} | {row['seconds']:.0f} | {result['reason'][:90]!r} |"
        )
    return results, all_reports, before


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_points_of_an_honest_scorer(all_cases, name):
    result = all_cases[0][name]
    assert result["row"]["status"] in CASES[name].status, result
    assert result["row"]["score"] == CASES[name].points, result
    assert result["row"]["seconds"] < (60 if CASES[name].endless else FAST_ENOUGH) + SLACK


@pytest.mark.slow
def test_nothing_is_left_and_nothing_has_changed(all_cases, repository):
    assert leftovers() == [] and outside(repository) == all_cases[2]
    assert not pathlib.Path("/tmp/hostile-was-here").exists()
    groups = pathlib.Path("/sys/fs/cgroup").rglob(f"ppocr-lessons-{os.getpid()}-*")
    assert list(groups) == []


class Markup(html.parser.HTMLParser):
    """Tags of a page."""

    def __init__(self, page):
        super().__init__()
        self.tags = set()
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)


@pytest.mark.slow
def test_reports_of_hostile_submissions(all_cases):
    for reports in all_cases[1]:
        pages = sorted(reports.pages.glob("*.html"))
        rows = json.loads(reports.json.read_text())
        assert len(pages) == len(rows) + 1 and {path.parent for path in pages} == {reports.pages}
        assert not set().union(*(Markup(page.read_text()).tags for page in pages)) & {"script", "img", "b"}
        with reports.table.open(encoding="utf-8", newline="") as stream:
            table = list(csv.DictReader(stream))
        assert len(table) == len(rows)
        assert not [row for row in table if row["submission"].startswith(("=", "+", "-", "@"))]


@pytest.mark.slow
def test_services_of_the_host_cannot_be_reached(bubblewrap, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(1)
        case = network(listener.getsockname()[1])
        results, _ = grade(tmp_path, {"network": case}, bubblewrap, seconds=FAST_ENOUGH)
        assert results["network"]["row"]["score"] == 5, results
        with pytest.raises(TimeoutError):
            listener.accept()


def test_an_interrupted_run_is_killed_at_once(bubblewrap):
    from ppocr_lessons.grading.submissions import check_notebook

    stop = threading.Event()
    threading.Timer(3, stop.set).start()
    start = time.monotonic()
    notebook = check_notebook(CASES["ignores_signals"].content.encode()).content
    with pytest.raises(sandbox.Stopped):
        sandbox.run(bubblewrap, notebook, tiny_assignment.parameters(1), Limits(seconds=200), stop=stop)
    assert time.monotonic() - start < 60 and leftovers() == []
