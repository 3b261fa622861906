"""Make the students' notebooks from the worked ones: replace solutions by stubs, and remove outputs.

The notebooks have nbgrader's cell metadata (schema 3), so that nbgrader and its extension for JupyterLab can handle them
as well. nbgrader is not needed here.
"""

import hashlib
import json
import pathlib
import pprint
import re
from collections.abc import Sequence

from .assignment import Assignment
from .registry import NAMES, find

BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
STUB = "# YOUR CODE HERE"

MADE = "ppocr_lessons"
"""Key in the metadata of a notebook for the assignment's name and the digest by which an edited notebook is recognized."""

TABLE, PARAMETERS, HAND_IN = "answers-table", "parameters", "hand-in"
"""Identifiers of the cells that are generated from the definition of the assignment."""

FOLDER = pathlib.Path(__file__).parent / "worked"


def worked_path(name: str) -> pathlib.Path:
    """Path of the worked notebook of an assignment.

    Args:
        name: of the assignment.

    Raises:
        ValueError: an unknown name.
    """
    return FOLDER / f"{find(name).name}.ipynb"


def answers_table(assignment: Assignment) -> str:
    """Table of the questions with their points, in Markdown.

    Args:
        assignment: with its questions.
    """
    rows = ["## What you hand in", "", "| answer | points | contract |", "|--|--|--|"]
    for question in assignment.questions:
        contract = question.contract
        if question.choices:
            contract += "; one of " + ", ".join(f"`{choice!r}`" for choice in question.choices)
        rows.append(f"| `{question.id}` | {question.points:g} | {contract} |")
    rows += ["", f"There are {assignment.points:g} points. An answer that is None counts as not answered."]
    return "\n".join(rows)


def parameters_code(assignment: Assignment) -> str:
    """Code of the `parameters` cell: the file of the answers, and the parameters of seed 0.

    Args:
        assignment: with its parameters.
    """
    lines = ['answers_file = "answers.json"  # the grader replaces all values of this cell']
    for name, value in assignment.parameters(0).items():
        lines.append(f"{name} = {pprint.pformat(value, width=100)}")
    return "\n".join(lines)


def hand_in_code(assignment: Assignment) -> str:
    """Code of the cell that writes the answers. Each answer has the name of its question.

    Args:
        assignment: with its questions.
    """
    lines = ["from ppocr_lessons.answers import hand_in", "", "hand_in(", "    answers_file,", "    {"]
    lines += [f'        "{question.id}": {question.id},' for question in assignment.questions]
    return "\n".join([*lines, "    },", ")"])


def _lines(text: str) -> list[str]:
    return text.splitlines(keepends=True)


def with_generated_cells(notebook: dict, assignment: Assignment) -> dict:
    """Write the three cells that follow from the definition of the assignment.

    Args:
        notebook: worked notebook, changed in place.
        assignment: that it belongs to.

    Returns: the notebook.
    """
    generated = {
        TABLE: answers_table(assignment),
        PARAMETERS: parameters_code(assignment),
        HAND_IN: hand_in_code(assignment),
    }
    for cell in notebook["cells"]:
        text = generated.get(cell["metadata"].get("nbgrader", {}).get("grade_id"))
        if text is not None:
            cell["source"] = _lines(text)
    return notebook


def without_solutions(source: str, place: str) -> str:
    """Replace the solutions of a cell by stubs, which leave the answers None.

    Args:
        source: code of the cell.
        place: notebook and cell, for the error.

    Returns: the code without the lines between the marks.

    Raises:
        ValueError: a mark without its counterpart.
    """
    kept, inside = [], False
    for line in source.splitlines():
        mark = line.strip()
        if mark in (BEGIN, END):
            if inside == (mark == BEGIN):
                raise ValueError(f"{place}: {mark!r} without its counterpart")
            inside = not inside
            if inside:
                kept.append(re.match(r"\s*", line)[0] + STUB)  # pyright: ignore[reportOptionalSubscript]
        elif not inside:
            kept.append(line)
    if inside:
        raise ValueError(f"{place}: {BEGIN!r} without its counterpart")
    return "\n".join(kept)


def digest(notebook: dict) -> str:
    """Digest of everything that a student may edit: kind and source of all cells, in order. Outputs do not count.

    Args:
        notebook: as parsed from JSON.
    """
    content = [[cell["cell_type"], "".join(cell["source"])] for cell in notebook["cells"]]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def _check_cells(notebook: dict, assignment: Assignment, place: str) -> None:
    """Every question has one graded cell with its points, and the three generated cells are there.

    Raises:
        ValueError: a cell is missing or wrong; names the worked notebook.
    """
    cells = {c["metadata"]["nbgrader"]["grade_id"]: c["metadata"]["nbgrader"] for c in notebook["cells"]}
    missing = {TABLE, PARAMETERS, HAND_IN} - cells.keys()
    if missing or len(cells) != len(notebook["cells"]):
        raise ValueError(f"{place}: cells are missing or have the same grade_id: {sorted(missing)}")
    graded = {name: metadata["points"] for name, metadata in cells.items() if metadata["grade"]}
    points = {question.id: question.points for question in assignment.questions}
    if graded != points:
        raise ValueError(f"{place}: the graded cells are {graded}, the questions {points}")


def student_version(assignment: Assignment) -> dict:
    """The students' notebook of an assignment.

    Args:
        assignment: whose worked notebook is read.

    Returns: the notebook as it is written to JSON.

    Raises:
        ValueError: the worked notebook and the questions of the assignment do not agree.
    """
    path = worked_path(assignment.name)
    notebook = json.loads(path.read_text(encoding="utf-8"))
    _check_cells(notebook, assignment, path.name)
    with_generated_cells(notebook, assignment)
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            place = f"{path.name}, cell {cell['id']!r}"
            cell["source"] = _lines(without_solutions("".join(cell["source"]), place))
            cell["outputs"], cell["execution_count"] = [], None
    notebook["metadata"][MADE] = {"assignment": assignment.name, "sha256": digest(notebook)}
    return notebook


def _made_and_unchanged(path: pathlib.Path, name: str) -> bool:
    try:
        notebook = json.loads(path.read_text(encoding="utf-8"))
        made = notebook["metadata"][MADE]
        return made["assignment"] == name and made["sha256"] == digest(notebook)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


def make(out: pathlib.Path, names: Sequence[str] = NAMES) -> list[pathlib.Path]:
    """Write the students' notebooks. Notebooks that this function wrote and nobody changed are replaced.

    Args:
        out: folder, created if necessary.
        names: of the assignments.

    Returns: the files that were written.

    Raises:
        ValueError: an unknown name; or a file that this function did not write or that was edited since. Nothing is
            written then.
    """
    notebooks = {out / f"{name}.ipynb": student_version(find(name)) for name in names}
    for path in notebooks:
        if (path.exists() or path.is_symlink()) and not _made_and_unchanged(path, path.stem):
            raise ValueError(
                f"{path}: was not made by this command, or was edited since; move it away or choose another folder"
            )
    try:
        out.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:
        raise ValueError(f"{out}: is a file; a folder is needed") from error
    for path, notebook in notebooks.items():
        text = json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"
        path.write_text(text, encoding="utf-8", newline="\n")
    return list(notebooks)
