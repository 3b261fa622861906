"""Find the submissions of a folder, and read each of them as an untrusted notebook."""

import json
import pathlib
import re
from typing import NamedTuple

from .run_submission import read_limited

MOST_CELLS = 2000
LONGEST_NUMBER = 400
CELL_TYPES = ("code", "markdown", "raw")


class Submission(NamedTuple):
    """One submission of a folder.

    Fields:
        name: path below the folder, as it is reported.
        path: of the notebook, or None if there is none.
        problem: why there is no notebook, or "".
    """

    name: str
    path: pathlib.Path | None
    problem: str = ""


class Notebook(NamedTuple):
    """A checked notebook.

    Fields:
        content: JSON of a notebook with the sources and tags of the cells and nothing else.
        parameters: index of the cell tagged `parameters`.
    """

    content: str
    parameters: int


def _in_folder(folder: pathlib.Path, name: str, assignment: str) -> Submission:
    """The submission of a student who has a folder: the notebook of the assignment, else the only notebook."""
    for place in (f"{assignment}.ipynb", f"{assignment}/{assignment}.ipynb"):
        if (folder / place).exists() and not (folder / place).parent.is_symlink():
            return Submission(f"{name}/{place}", folder / place)
    notebooks = sorted(p for p in folder.iterdir() if p.suffix == ".ipynb" and not _is_no_submission(p))
    if len(notebooks) == 1:
        return Submission(f"{name}/{notebooks[0].name}", notebooks[0])
    count = "no notebook" if not notebooks else f"{len(notebooks)} notebooks, none of them {assignment}.ipynb"
    return Submission(name, None, f"the folder has {count}")


def _is_no_submission(path: pathlib.Path) -> bool:
    """Folders of tools, such as .ipynb_checkpoints, and the files ._NAME of macOS."""
    is_folder = path.is_dir() and not path.is_symlink()
    return path.name.startswith("." if is_folder else "._") or path.name == "__MACOSX"


def find_submissions(
    folder: pathlib.Path, assignment: str, skipped: tuple[pathlib.Path, ...] = ()
) -> list[Submission]:
    """List the submissions of a folder: its notebooks, and one notebook of each of its folders.

    Other files, and folders that start with a dot, are no submissions. Symbolic links to folders are not followed.

    Args:
        folder: of all submissions.
        assignment: name of the notebook in a student's folder, without its ending.
        skipped: folders of the grader, which may be in the same folder.

    Returns: sorted by name.

    Raises:
        ValueError: the folder does not exist or has no submissions.
    """
    if not folder.is_dir():
        raise ValueError(f"{folder}: there is no such folder of submissions")
    found = []
    for path in folder.iterdir():
        if _is_no_submission(path) or path.resolve() in skipped:
            continue
        if path.suffix == ".ipynb" and not (path.is_dir() and not path.is_symlink()):
            found.append(Submission(path.name, path))
        elif path.is_dir():
            if path.is_symlink():
                found.append(Submission(path.name, None, "the folder is a symbolic link"))
            else:
                try:
                    found.append(_in_folder(path, path.name, assignment))
                except OSError as error:
                    found.append(Submission(path.name, None, f"the folder cannot be read ({error.strerror})"))
    if not found:
        raise ValueError(f"{folder}: there are no notebooks and no folders with notebooks")
    return sorted(found)


def _number(digits: str) -> int:
    if len(digits) > LONGEST_NUMBER:
        raise ValueError("a number has too many digits")
    return int(digits)


def _source(cell: dict) -> str:
    source = cell.get("source")
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        source = "".join(source)
    if not isinstance(source, str):
        raise ValueError("a cell has no source")
    return source.encode("utf-8", "replace").decode()


def _tags(cell: dict) -> list[str]:
    metadata = cell.get("metadata", {})
    tags = metadata.get("tags", []) if isinstance(metadata, dict) else None
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        raise ValueError("the tags of a cell are not a list of texts")
    return tags


def _cell(cell: object, number: int) -> dict:
    if not isinstance(cell, dict) or cell.get("cell_type") not in CELL_TYPES:
        raise ValueError("a cell is neither code, Markdown nor raw text")
    kept = {
        "cell_type": cell["cell_type"],
        "id": f"cell-{number}",
        # The other tags have no effect on the run.
        "metadata": {"tags": ["parameters"]} if "parameters" in _tags(cell) else {},
        "source": _source(cell),
    }
    return {**kept, "execution_count": None, "outputs": []} if cell["cell_type"] == "code" else kept


def check_notebook(content: bytes) -> Notebook:
    """Check the format of a notebook, and keep only what is needed to run it.

    Outputs, ids, attachments and metadata are dropped, and so are the parameters of an earlier run.

    Args:
        content: of the file.

    Raises:
        ValueError: why the notebook cannot be run, without the name of the file.
    """
    try:
        notebook = json.loads(content.decode("utf-8-sig"), parse_int=_number)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    except UnicodeDecodeError as error:
        raise ValueError("it is not text in UTF-8") from error
    except json.JSONDecodeError as error:
        raise ValueError(f"it is not JSON (line {error.lineno}: {error.msg})") from error
    if not isinstance(notebook, dict) or not isinstance(notebook.get("cells"), list):
        is_old = isinstance(notebook, dict) and "worksheets" in notebook
        raise ValueError("it has notebook format 3; format 4 is needed" if is_old else "it is not a notebook")
    version = notebook.get("nbformat")
    if type(version) is not int or version != 4:
        raise ValueError(f"it has notebook format {str(version)[:20]!r}; format 4 is needed")
    if len(notebook["cells"]) > MOST_CELLS:
        raise ValueError(f"it has more than {MOST_CELLS} cells")
    cells = []
    for cell in notebook["cells"]:
        checked = _cell(cell, len(cells))
        if "injected-parameters" not in _tags(cell):
            cells.append(checked)
    tagged = [i for i, cell in enumerate(cells) if cell["metadata"] and cell["cell_type"] == "code"]
    if len(tagged) != 1:
        raise ValueError(f"{len(tagged)} code cells have the tag `parameters`; exactly one is needed")
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    kept = {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    return Notebook(json.dumps(kept), tagged[0])


def read_submission(submission: Submission, limit: int) -> bytes:
    """Read the file of a submission.

    Args:
        submission: from `find_submissions`.
        limit: maximum length in bytes.

    Raises:
        ValueError: why it cannot be read, without the name of the file.
    """
    if submission.path is None:
        raise ValueError(submission.problem)
    try:
        return read_limited(submission.path, limit)
    except OSError as error:
        raise ValueError(f"it cannot be read ({error.strerror})") from error


def file_stem(name: str, digest: str) -> str:
    """A name for files about a submission, of letters that are safe in paths and addresses.

    Args:
        name: of the submission.
        digest: hexadecimal hash of the name, which distinguishes names that become equal.
    """
    letters = re.sub(r"[^A-Za-z0-9]+", "_", name.removesuffix(".ipynb")).strip("_")
    return f"{letters[:40] or 'submission'}-{digest[:10]}"
