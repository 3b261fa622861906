"""Execute an assignment's notebook with papermill and read the answers it hands in, without a sandbox.

The tests of the assignments run the project's own notebooks only; the sandbox for notebooks of strangers has its own tests.
"""

import base64
import io
import json
import pathlib

import nbformat
import numpy as np
import papermill

from ppocr_lessons.grading.assignment import Assignment, Mark
from ppocr_lessons.grading.make import worked_path


def decoded(assignment: Assignment, path: pathlib.Path) -> dict:
    """Answers of a file that `hand_in` wrote, arrays in the type of their question."""
    plain = json.loads(path.read_text(encoding="utf-8"))["answers"]
    kinds = {question.id: question for question in assignment.questions}
    answers = {}
    for name, value in plain.items():
        if isinstance(value, dict):
            array = np.load(io.BytesIO(base64.b64decode(value["npy"])), allow_pickle=False)
            assert kinds[name].kind == "array" and np.isfinite(array).all(), name
            value = array.astype(kinds[name].dtype)
        answers[name] = value
    return answers


def answers_of(
    assignment: Assignment, notebook: pathlib.Path, parameters: dict, folder: pathlib.Path
) -> dict:
    """Answers of a notebook that is executed with other parameters."""
    path = folder / "answers" / "handed_in.json"
    papermill.execute_notebook(
        str(notebook),
        str(folder / "executed.ipynb"),
        parameters={"answers_file": str(path), **parameters},
        cwd=str(folder),
        progress_bar=False,
        execution_timeout=240,
    )
    return decoded(assignment, path)


def answers_with(
    assignment: Assignment, parameters: dict, patches: dict[str, tuple[str, str]], folder: pathlib.Path
) -> dict:
    """Answers of the worked notebook with other code in some cells, run in this process, which is cheaper than a kernel.

    `patches` maps the identifier of a cell to a piece of its code and what stands there instead.
    """
    path = folder / "handed_in.json"
    namespace = {}
    for cell in nbformat.read(worked_path(assignment.name), 4).cells:
        if cell.cell_type != "code":
            continue
        source = cell.source
        if cell.id in patches:
            old, new = patches[cell.id]
            assert source.count(old) == 1, f"{cell.id}: {old!r} occurs {source.count(old)} times"
            source = source.replace(old, new)
        exec(compile(source, f"{assignment.name}, cell {cell.id}", "exec"), namespace)
        if cell.id == "parameters":
            namespace |= {"answers_file": str(path), **parameters}
    return decoded(assignment, path)


def lost(assignment: Assignment, marks: list[Mark]) -> dict[str, str]:
    """Reasons of the questions that did not get all points; a missing mark has the reason "missing"."""
    given = {mark.id: mark for mark in marks}
    return {
        question.id: given[question.id].reason if question.id in given else "missing"
        for question in assignment.questions
        if question.id not in given or given[question.id].points < question.points
    }
