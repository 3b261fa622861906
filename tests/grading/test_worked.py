"""Worked notebooks get all points under several seeds; the students' versions get none and run to their end."""

import nbformat
import pytest

from ppocr_lessons.grading.make import student_version, worked_path
from ppocr_lessons.grading.registry import NAMES, find

from .executed import answers_of, lost

CHEAP = ("augmentation", "quantize")
"""Assignments whose notebooks run in a few seconds without a trained network."""


def _marked(seeds):
    """Seeds of all assignments; those that are not cheap are slow."""
    for name in NAMES:
        for seed in seeds:
            slow = () if name in CHEAP else pytest.mark.slow
            yield pytest.param(name, seed, marks=slow, id=f"{name}-{seed}")


@pytest.mark.parametrize(("name", "seed"), list(_marked((11, 12))))
def test_worked_versions_get_all_points(name, seed, tmp_path):
    assignment = find(name)
    parameters = assignment.parameters(seed)
    marks = assignment.score(parameters, answers_of(assignment, worked_path(name), parameters, tmp_path))
    assert lost(assignment, marks) == {}
    assert sum(mark.points for mark in marks) == assignment.points


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_worked_versions_get_all_points_under_ten_seeds(name, tmp_path):
    assignment = find(name)
    for seed in range(1, 11):
        parameters = assignment.parameters(seed)
        marks = assignment.score(parameters, answers_of(assignment, worked_path(name), parameters, tmp_path))
        assert lost(assignment, marks) == {}, seed


@pytest.mark.parametrize(("name", "seed"), list(_marked((11,))))
def test_student_versions_run_to_their_end_and_get_no_points(name, seed, tmp_path):
    assignment = find(name)
    nbformat.write(nbformat.from_dict(student_version(assignment)), tmp_path / "student.ipynb")
    answers = answers_of(assignment, tmp_path / "student.ipynb", assignment.parameters(seed), tmp_path)
    assert answers == {}
    marks = assignment.score(assignment.parameters(seed), answers)
    assert marks == []
    assert lost(assignment, marks) == dict.fromkeys(
        [question.id for question in assignment.questions], "missing"
    )
    printed = [
        output.text
        for cell in nbformat.read(tmp_path / "executed.ipynb", 4).cells
        for output in cell.get("outputs", [])
        if output.get("name") == "stdout"
    ]
    lines = "".join(printed).splitlines()  # a stream may arrive in pieces that end in the middle of a line
    assert lines and all(line.startswith("not answered yet:") for line in lines)
