"""What an assignment consists of agrees with its worked notebook, with nbgrader's rules, and with the students' version."""

import ast
import json
import pathlib
import re

import nbformat
import pytest

from ppocr_lessons.grading.make import BEGIN, END, STUB, student_version, worked_path
from ppocr_lessons.grading.registry import NAMES, find

ROOT = pathlib.Path(__file__).parents[2]
STUDENTS = ROOT / "notebooks" / "assignments"


def _source(cell):
    return "".join(cell["source"])


def _worked(name):
    return json.loads(worked_path(name).read_text(encoding="utf-8"))


def _both(name):
    return [_worked(name), student_version(find(name))]


@pytest.mark.parametrize("name", NAMES)
def test_questions_are_complete(name):
    assignment = find(name)
    assert assignment.name == name
    ids = [question.id for question in assignment.questions]
    assert len(set(ids)) == len(ids)
    objective = [q for q in assignment.questions if q.points == 1 and q.kind in ("number", "choice", "text")]
    assert 3 <= len(objective) <= 6
    for question in assignment.questions:
        assert question.id.isidentifier() and question.points > 0 and question.contract
        assert (question.kind == "choice") == bool(question.choices)
        assert (question.kind == "array") == (question.shape is not None)


@pytest.mark.parametrize("name", NAMES)
def test_parameters_follow_from_the_seed(name):
    drawn = [find(name).parameters(seed) for seed in range(10)]
    assert drawn == [json.loads(json.dumps(find(name).parameters(seed))) for seed in range(10)]
    assert len({json.dumps(parameters) for parameters in drawn}) == 10


def test_an_unknown_name_is_refused():
    with pytest.raises(ValueError, match=r"unknown assignment 'homework'; there are .*db_targets"):
        find("homework")


@pytest.mark.parametrize("name", NAMES)
def test_metadata_follows_the_rules_of_nbgrader(name):
    """The rules of nbgrader 0.9.6 for schema 3; nbgrader itself need not be installed."""
    for notebook in _both(name):
        nbformat.validate(nbformat.from_dict(notebook))
        seen = set()
        for cell in notebook["cells"]:
            rules = cell["metadata"]["nbgrader"]
            assert rules["schema_version"] == 3 and rules["task"] is False
            assert re.fullmatch(r"[\w-]+", rules["grade_id"]) and rules["grade_id"] not in seen
            seen.add(rules["grade_id"])
            assert all(isinstance(rules[key], bool) for key in ("grade", "solution", "locked"))
            assert rules["locked"] != rules["solution"]
            assert rules["grade"] == ("points" in rules)
            if cell["cell_type"] == "markdown":
                assert not rules["grade"] and not rules["solution"]


@pytest.mark.parametrize("name", NAMES)
def test_every_question_has_a_graded_cell_with_its_points(name):
    for notebook in _both(name):
        graded = {c["id"]: c["metadata"]["nbgrader"].get("points") for c in notebook["cells"]}
        points = {question.id: question.points for question in find(name).questions}
        assert {key: value for key, value in graded.items() if value is not None} == points


@pytest.mark.parametrize("name", NAMES)
def test_solutions_are_marked_in_the_worked_version_and_absent_from_the_students(name):
    worked, student = _both(name)
    for before, after in zip(worked["cells"], student["cells"], strict=True):
        source, stub = _source(before), _source(after)
        if before["cell_type"] == "code":
            marks = int(before["metadata"]["nbgrader"]["solution"])
            assert source.count(BEGIN) == source.count(END) == stub.count(STUB) == marks
            assert BEGIN not in stub and END not in stub and "NotImplementedError" not in stub
            ast.parse(stub)
            assert after["outputs"] == [] and before["outputs"] == []
        else:
            assert BEGIN not in stub


@pytest.mark.parametrize("name", NAMES)
def test_notebooks_import_nothing_that_the_sandbox_hides(name):
    for notebook in _both(name):
        code = "\n".join(_source(cell) for cell in notebook["cells"] if cell["cell_type"] == "code")
        assert "grading" not in code and not re.search(r"^\s*[!%]", code, re.M)


@pytest.mark.parametrize("name", NAMES)
def test_the_generated_cells_are_those_of_the_definition(name):
    """One cell has papermill's tag, the table lists every question, and every answer is handed in under its own name."""
    cells = {cell["id"]: cell for cell in student_version(find(name))["cells"]}
    assert [c["id"] for c in cells.values() if "parameters" in c["metadata"].get("tags", [])] == [
        "parameters"
    ]
    values = {}
    exec(_source(cells["parameters"]), {}, values)
    assert values == {"answers_file": "answers.json", **find(name).parameters(0)}
    for question in find(name).questions:
        assert f"| `{question.id}` | {question.points:g} | {question.contract}" in _source(
            cells["answers-table"]
        )
        assert f'"{question.id}": {question.id},' in _source(cells["hand-in"])
        assert all(repr(choice) in _source(cells["answers-table"]) for choice in question.choices)


def test_the_committed_student_versions_are_those_that_the_command_makes():
    assert sorted(path.stem for path in STUDENTS.glob("*.ipynb")) == sorted(NAMES)
    for name in NAMES:
        committed = (STUDENTS / f"{name}.ipynb").read_text(encoding="utf-8")
        assert json.loads(committed) == student_version(find(name)), (
            f"run ppocr-lessons assignments make for {name}"
        )


@pytest.mark.parametrize("name", NAMES)
def test_notebooks_name_no_path_and_write_american_english(name):
    text = worked_path(name).read_text(encoding="utf-8")
    assert not re.search(r"(?<![\w.:/])/(?:home|Users|root|tmp|work|mnt|opt|usr)/", text)
    assert not re.search(r"\b\w*(?:colour|neighbour|centre|normalis|recognis|quantis)\w*\b", text)
