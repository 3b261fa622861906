"""Finding submissions and checking the format of untrusted notebooks."""

import json
import os

import pytest

from ppocr_lessons.grading.outcome import NO_RESULT, parse
from ppocr_lessons.grading.submissions import check_notebook, file_stem, find_submissions, read_submission

from .tiny_assignment import HONEST, cell, notebook


def problem(content):
    with pytest.raises(ValueError) as error:
        check_notebook(content.encode() if isinstance(content, str) else content)
    return str(error.value)


def test_a_notebook_keeps_sources_and_the_tag():
    markup = {"cell_type": "markdown", "source": ["# ti", "tle"], "metadata": {}, "attachments": {"x": 1}}
    code = cell(HONEST, "raises-exception")
    code |= {"id": "same", "outputs": [{"output_type": "display_data"}], "execution_count": 3}
    content, place = check_notebook(
        notebook(markup, code, code, metadata={"kernelspec": {"name": "sh"}}).encode()
    )
    kept = json.loads(content)
    assert place == 0 and kept["metadata"]["kernelspec"]["name"] == "python3"
    assert [c["source"] for c in kept["cells"][1:]] == ["# title", HONEST, HONEST]
    assert [c["id"] for c in kept["cells"]] == ["cell-0", "cell-1", "cell-2", "cell-3"]
    assert all(c["outputs"] == [] and not c["metadata"] for c in kept["cells"][2:])
    assert "attachments" not in kept["cells"][1]


def test_parameters_of_an_earlier_run_are_dropped():
    content, _ = check_notebook(notebook(cell("numbers = [1]", "injected-parameters"), HONEST).encode())
    assert [c["source"] for c in json.loads(content)["cells"]][1:] == [HONEST]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "not JSON"),
        ("not a notebook", "not JSON"),
        (b"\xff\xfe", "not text in UTF-8"),
        ("[]", "not a notebook"),
        ('{"cells": 1}', "not a notebook"),
        ("[" * 200_000, "nested too deeply"),
        ('{"cells": [], "nbformat": ' + "4" * 401 + "}", "too many digits"),
        ('{"worksheets": [], "nbformat": 3}', "format 3; format 4 is needed"),
        ('{"cells": [], "nbformat": true}', "format 4 is needed"),
        ('{"cells": [1], "nbformat": 4}', "neither code, Markdown nor raw text"),
        ('{"cells": [{"cell_type": "code", "source": 1}], "nbformat": 4}', "no source"),
        ('{"cells": [{"cell_type": "code", "source": "", "metadata": 1}], "nbformat": 4}', "tags of a cell"),
        ('{"cells": [], "nbformat": 4}', "0 code cells have the tag"),
        (notebook(HONEST, tags=()), "0 code cells have the tag"),
        (notebook(cell("numbers = []", "parameters")), "2 code cells have the tag"),
        (json.dumps({"cells": [cell("")] * 2001, "nbformat": 4}), "more than 2000 cells"),
    ],
)
def test_notebooks_that_cannot_be_run(content, reason):
    assert reason in problem(content)


def test_submissions_of_a_folder(tmp_path):
    for name in ("b.ipynb", "a.ipynb", "..%2Fc.ipynb", "._a.ipynb", "notes.txt"):
        (tmp_path / name).write_text(notebook(HONEST))
    for name in ("one/x.ipynb", "named/tiny.ipynb", "named/y.ipynb", "deep/tiny/tiny.ipynb", "two/x.ipynb", "two/y.ipynb", "none/x.py"):  # fmt: skip
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(notebook(HONEST))
    (tmp_path / "elsewhere").symlink_to(tmp_path / "one")
    for name in ("r.csv.runs", ".ipynb_checkpoints", "__MACOSX"):
        (tmp_path / name).mkdir()
    found = find_submissions(tmp_path, "tiny", ((tmp_path / "r.csv.runs").resolve(),))
    assert {s.name: s.problem for s in found} == {
        "..%2Fc.ipynb": "",
        "a.ipynb": "",
        "b.ipynb": "",
        "deep/tiny/tiny.ipynb": "",
        "elsewhere": "the folder is a symbolic link",
        "named/tiny.ipynb": "",
        "none": "the folder has no notebook",
        "one/x.ipynb": "",
        "two": "the folder has 2 notebooks, none of them tiny.ipynb",
    }
    assert [s.name for s in found] == sorted(s.name for s in found)


@pytest.mark.parametrize("missing", [True, False])
def test_a_folder_without_submissions(tmp_path, missing):
    with pytest.raises(ValueError, match=r"no such folder|no notebooks"):
        find_submissions(tmp_path / "missing" if missing else tmp_path, "tiny")


def test_files_that_are_no_files(tmp_path):
    (tmp_path / "real").write_text(notebook(HONEST))
    (tmp_path / "link.ipynb").symlink_to(tmp_path / "real")
    os.mkfifo(tmp_path / "fifo.ipynb")
    with (tmp_path / "large.ipynb").open("wb") as stream:
        stream.truncate(200 * 2**20)
    reasons = {}
    for submission in find_submissions(tmp_path, "tiny"):
        with pytest.raises(ValueError) as error:
            read_submission(submission, 20 * 2**20)
        reasons[submission.name] = str(error.value)
    assert "symbolic link" in reasons["link.ipynb"] and "not a regular file" in reasons["fifo.ipynb"]
    assert "longer than" in reasons["large.ipynb"]


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "a\nb.ipynb", '"><script>.ipynb', "=cmd.ipynb", "é", "..", "\udcff"]
)
def test_names_of_files_are_safe(name):
    stem = file_stem(name, "0123456789abcdef")
    assert (
        stem.endswith("-0123456789") and stem.replace("-", "").replace("_", "").isalnum() and stem.isascii()
    )


def test_what_a_run_writes_is_split():
    head = {"status": "error", "cell": 3, "name": "KeyError", "message": "'x'", "answers": 2, "executed": 3}
    outcome = parse(json.dumps(head).encode() + b"\n{}abc")
    assert outcome.answers == b"{}" and outcome.executed == b"abc" and outcome.cell == 3
    nothing = parse(json.dumps({"status": "ok", "answers": None, "executed": None}).encode() + b"\n")
    assert nothing.status == "ok" and nothing.answers is None and nothing.executed is None


@pytest.mark.parametrize(
    "output",
    [
        b"",
        b"no line",
        b"[]\n",
        b'{"status": "perfect"}\n',
        b'{"status": ["ok"]}\n',
        b'{"status": "ok", "answers": 5}\n{}',
        b'{"status": "ok", "answers": 1, "executed": -1}\n',
        b"[" * 90_000 + b"\n",
        b'{"status": "ok", "message": "' + b"x" * 200_000 + b'"}\n',
    ],
)
def test_a_forged_result_is_none(output):
    assert parse(output) == NO_RESULT


def test_texts_of_a_forged_result_are_limited():
    head = {"status": "error", "name": "<script>", "message": "x" * 9000, "traceback": 5, "cell": True}
    outcome = parse(json.dumps(head).encode() + b"\n")
    assert (
        outcome.name == ""
        and len(outcome.message) == 4000
        and outcome.traceback == ""
        and outcome.cell is None
    )
