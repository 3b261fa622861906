"""The command that makes the students' notebooks, and what it refuses to overwrite."""

import json
import re

import pytest
from typer.testing import CliRunner

from ppocr_lessons.cli import app
from ppocr_lessons.grading.make import STUB, digest, make, without_solutions


def _make(*arguments):
    return CliRunner().invoke(app, ["assignments", "make", *map(str, arguments)])


def test_the_command_writes_what_it_prints_and_may_be_repeated(tmp_path):
    for _ in range(2):
        done = _make(tmp_path / "out", "--assignment", "db_targets")
        assert done.exit_code == 0, done.output
        assert done.output.split() == [str(tmp_path / "out" / "db_targets.ipynb")]
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["db_targets.ipynb"]


def test_executing_a_notebook_does_not_count_as_an_edit(tmp_path):
    (path,) = make(tmp_path, ["db_targets"])
    notebook = json.loads(path.read_text(encoding="utf-8"))
    code = next(cell for cell in notebook["cells"] if cell["cell_type"] == "code")
    code["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "1"}]
    path.write_text(json.dumps(notebook), encoding="utf-8")
    make(tmp_path, ["db_targets"])
    assert '"text": "1"' not in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("content", ["edited", "", "[]", "{}", '{"metadata": {}}'])
def test_a_file_that_somebody_else_wrote_or_edited_is_left_alone(tmp_path, content):
    (path,) = make(tmp_path, ["db_targets"])
    if content == "edited":
        content = path.read_text(encoding="utf-8").replace(STUB, "return 1", 1)
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ValueError, match=r"db_targets\.ipynb: was not made by this command, or was edited"):
        make(tmp_path, ["ctc_and_centers", "db_targets"])
    assert path.read_text(encoding="utf-8") == content
    assert not (tmp_path / "ctc_and_centers.ipynb").exists(), "nothing is written when one file is refused"


def test_a_notebook_of_another_assignment_is_left_alone(tmp_path):
    (path,) = make(tmp_path, ["db_targets"])
    path.rename(tmp_path / "ctc_and_centers.ipynb")
    with pytest.raises(ValueError, match="was not made by this command"):
        make(tmp_path, ["ctc_and_centers"])


def test_wrong_calls_are_one_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    assert (
        "file: is a file; a folder is needed" in _make(tmp_path / "file", "--assignment", "db_targets").output
    )
    unknown = _make(tmp_path, "--assignment", "homework")
    assert unknown.exit_code == 1 and "unknown assignment 'homework'" in unknown.output


def test_a_stub_stands_where_the_solution_stood():
    source = "def f(x):\n    '''Double.'''\n    ### BEGIN SOLUTION\n    y = 2 * x\n    return y\n    ### END SOLUTION\nz = 1"
    assert without_solutions(source, "here") == f"def f(x):\n    '''Double.'''\n    {STUB}\nz = 1"


@pytest.mark.parametrize(
    "source",
    [
        "### BEGIN SOLUTION\nx = 1",
        "x = 1\n### END SOLUTION",
        "### BEGIN SOLUTION\n### BEGIN SOLUTION\n### END SOLUTION",
    ],
)
def test_marks_without_counterpart_are_refused(source):
    with pytest.raises(ValueError, match=r"here: '### .* SOLUTION' without its counterpart"):
        without_solutions(source, "here")


def test_the_digest_sees_the_order_and_the_kind_of_cells():
    one, two = {"cell_type": "code", "source": ["a"]}, {"cell_type": "markdown", "source": "b"}
    first = digest({"cells": [one, two]})
    assert first == digest({"cells": [one | {"outputs": []}, two]})
    assert first != digest({"cells": [two, one]}) != digest({"cells": [one, two | {"cell_type": "code"}]})


def test_students_versions_link_to_chapters_that_exist(repository):
    """The links are relative to notebooks/assignments, where the students' versions are committed."""
    for path in (repository / "notebooks" / "assignments").glob("*.ipynb"):
        links = re.findall(r"\]\(([^)#]+\.ipynb)\)", path.read_text(encoding="utf-8"))
        assert links, path.name
        assert [link for link in links if not (path.parent / link).is_file()] == [], path.name
