"""The rules that notebooks follow, and the clean-up before a commit.

python tests/notebook_rules.py clean notebooks/*.ipynb     strip widget state and timings, collapse solutions
python tests/notebook_rules.py check notebooks/*.ipynb     report every broken rule
"""

import ast
import pathlib
import re
import sys

import nbformat

MAX_LINES, MAX_DEF_LINES, MAX_BYTES = 12, 3, 1_000_000
EXERCISES = ["Exercise 1 (easy)", "Exercise 2 (medium)", "Exercise 3 (hard)"]
CONTENTS = "[Contents](00_start_here.ipynb)"
_PATHS = re.compile(r"(?<![\w.:/])/(?:home|Users|root|tmp|work|mnt|opt|usr)/[\w./-]+|[A-Z]:\\\\")
_LINK = re.compile(r"!?\[([^\]]*)\]\(([^)\s]*)\)")
_NOT_LINKED = re.compile(r"\b[Nn]otebooks? \d\d\w?|\bppocr_lessons/[\w/]+\.py")
_HIDDEN = {
    "solution": {"collapsed": True, "jupyter": {"outputs_hidden": True, "source_hidden": True}},
    "check-answer": {"jupyter": {"source_hidden": True}},
}


def read_notebook(path) -> nbformat.NotebookNode:
    """Read a notebook.

    Args:
        path: of the .ipynb file.

    Raises:
        ValueError: the file is not JSON, or not a notebook; names the file.
    """
    try:
        notebook = nbformat.reads(pathlib.Path(path).read_text(encoding="utf-8"), as_version=4)
        nbformat.validate(notebook)
    except (nbformat.ValidationError, AttributeError, KeyError, TypeError, ValueError) as error:
        reason = getattr(error, "message", str(error))  # the first line of nbformat's own message
        raise ValueError(f"{path}: not a notebook: {reason}") from error
    return notebook


def tags_of(cell) -> list[str]:
    """Tags of a cell.

    Args:
        cell: of a notebook.
    """
    return cell.metadata.get("tags", [])


def code_cells(notebook) -> list:
    """Code cells that contain code.

    Args:
        notebook: of `read_notebook`.
    """
    return [c for c in notebook.cells if c.cell_type == "code" and c.source.strip()]


def prose_of(notebook) -> list[str]:
    """Text of every Markdown cell.

    Args:
        notebook: of `read_notebook`.
    """
    return [c.source for c in notebook.cells if c.cell_type == "markdown"]


def links_of(text: str) -> list[str]:
    """Targets of the Markdown links and of the HTML links of a text, in the order of the text.

    Args:
        text: Markdown or HTML. What stands between backquotes is code and has no links.
    """
    text = re.sub(r"`[^`\n]*`", lambda code: "x" * len(code[0]), text)
    found = [(m.start(), m[2]) for m in _LINK.finditer(text)]
    found += [(m.start(), m[1]) for m in re.finditer(r'\bhref="([^"]*)"', text)]
    return [target for _, target in sorted(found)]


def clean(notebook):
    """Drop widget state, timings, stderr and the machine's own kernel; collapse solutions; keep outputs and counts.

    Args:
        notebook: of `read_notebook`; changed in place and returned.
    """
    notebook.metadata = nbformat.from_dict(
        {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        }
    )
    for cell in notebook.cells:
        cell.metadata = nbformat.from_dict(_kept_metadata(cell))
        if cell.cell_type == "code":
            cell.outputs = [o for o in cell.outputs if o.get("name") != "stderr"]
            for output in cell.outputs:
                output.get("data", {}).pop("application/vnd.jupyter.widget-view+json", None)
    return notebook


def _kept_metadata(cell) -> dict:
    tags = tags_of(cell)
    metadata = {"tags": tags} if tags else {}
    for tag in tags:
        metadata |= _HIDDEN.get(tag, {})
    if cell.cell_type != "code" and "jupyter" in metadata:  # a Markdown cell has no output to collapse
        metadata = {"tags": tags, "jupyter": {"source_hidden": True}}
    return metadata


def write_notebook(notebook, path) -> None:
    """Write a notebook in Jupyter's own layout.

    Args:
        notebook: of `read_notebook`.
        path: of the .ipynb file, which is replaced.
    """
    pathlib.Path(path).write_text(nbformat.writes(notebook) + "\n", encoding="utf-8")


def _check_code(text: str) -> list[str]:
    problems = []
    if re.search(r"^\s*[!%]", text, re.M):
        problems.append("a shell line or magic")
    if len(text.strip().splitlines()) > MAX_LINES:
        problems.append(f"more than {MAX_LINES} lines")
    if _PATHS.search(text):
        problems.append(f"an absolute path: {_PATHS.search(text).group()}")
    try:
        tree = ast.parse(text)
    except SyntaxError as error:
        return [*problems, f"does not parse: {error}"]
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            problems.append(f"defines the class {node.name}")
        if isinstance(node, ast.FunctionDef) and node.end_lineno - node.lineno >= MAX_DEF_LINES:
            problems.append(f"{node.name} is longer than {MAX_DEF_LINES} lines")
    return problems


def _check_outputs(cell, number: int) -> list[str]:
    found = []
    if cell.execution_count != number:
        found.append(f"execution count {cell.execution_count}, not run in order")
    for output in cell.outputs:
        if output.output_type == "error":
            found.append(f"ended in {output.get('ename')}")
        if output.get("name") == "stderr":
            found.append("wrote to stderr")
        data = output.get("data", {})
        if "image/png" in data and not output.get("metadata", {}).get("image/png", {}).get("alt"):
            found.append("a picture without a description")
        text = output.get("text", "") + data.get("text/plain", "")
        if _PATHS.search(text):
            found.append(f"output names a path: {_PATHS.search(text).group()}")
    return found


def number_of(path) -> str:
    """Number of a chapter, "03b" of 03b_det_binarization.ipynb.

    Args:
        path: of the notebook.
    """
    return pathlib.Path(path).name.split("_")[0]


def navigation_of(notebook) -> list[str]:
    """The navigation lines of a notebook: those that link to the table of contents under this very name.

    Args:
        notebook: of `read_notebook`.
    """
    return [line for text in prose_of(notebook) for line in text.splitlines() if CONTENTS in line]


def _navigation_pattern(path) -> str:
    """Regular expression of the navigation line that a notebook needs, from the names of its neighbors."""
    names = sorted(p.name for p in pathlib.Path(path).parent.glob("*.ipynb"))
    place = names.index(pathlib.Path(path).name)
    parts = [re.escape(CONTENTS)]
    if place:
        before = names[place - 1]
        parts.insert(0, rf"\[← Previous: {number_of(before)} [^\]]+\]\({re.escape(before)}\)")
    if place + 1 < len(names):
        after = names[place + 1]
        parts.append(rf"\[Next: {number_of(after)} [^\]]+ →\]\({re.escape(after)}\)")
    return " · ".join(parts)


def bullets(text: str) -> int:
    """Number of bullets of a Markdown text.

    Args:
        text: of a cell.
    """
    return len(re.findall(r"^[-*] ", text, re.M))


def _check_first_cell(text: str, path) -> list[str]:
    lines, problems = [line for line in text.splitlines() if line.strip()] + [""] * 3, []
    if not re.match(rf"# {number_of(path)} \S", lines[0]):
        problems.append(f'the first line is not "# {number_of(path)} Title"')
    if not re.fullmatch(r"\*[^*].*minutes?\b.*\*", lines[1]):
        problems.append("the second line does not give section and minutes in italics")
    if not re.fullmatch(_navigation_pattern(path), lines[2]):
        problems.append("the third line is not the navigation line")
    if not re.search(r"^\*\*[^*]+\?\*\*$", text, re.M):
        problems.append("the first cell has no question in bold")
    learned = text.partition("**What you will learn**")[2]
    if not 3 <= bullets(learned) <= 5:
        problems.append('the first cell has no "**What you will learn**" with 3 to 5 bullets')
    return problems


def _check_end(text: str, path) -> list[str]:
    """Summary, exercises and references, in `text`, the whole prose of a notebook."""
    problems = []
    headings = re.findall(r"^## (Summary|Exercises|References)$", text, re.M)
    if headings != ["Summary", "Exercises", "References"]:
        problems.append(f"the end has the headings {headings}, not Summary, Exercises, References")
    else:
        summary = text.split("\n## Summary\n")[1].split("\n## ")[0]
        if not 3 <= bullets(summary) <= 6:
            problems.append(f"the summary has {bullets(summary)} bullets, not 3 to 6")
        if not links_of(text.split("\n## References\n")[1].rpartition("\n")[0]):
            problems.append("the references have no link")
    exercises = re.findall(r"^### (Exercise.*)$", text, re.M)
    if exercises != EXERCISES:
        problems.append(f"the exercises are {exercises}, not {EXERCISES}")
    if not re.fullmatch(_navigation_pattern(path), text.strip().rpartition("\n")[2]):
        problems.append("the last line is not the navigation line")
    return problems


def _check_exercises(notebook) -> list[str]:
    """Answers are blank, checks and solutions are collapsed, and every exercise has its solution."""
    problems, blank = [], False
    for index, cell in enumerate(notebook.cells):
        tags = tags_of(cell)
        for tag in set(tags) & set(_HIDDEN):
            wanted = _kept_metadata(cell)
            if {key: cell.metadata.get(key) for key in wanted} != wanted:
                problems.append(f"cell {index}: tagged {tag!r}, but not collapsed")
        if "check-answer" in tags and not (blank and "check(" in cell.source):
            problems.append(f"cell {index}: checks no blank answer of the cell before")
        blank = bool(re.search(r"= \.\.\.", cell.source))
    chapters = "\n".join(("\0" if "solution" in tags_of(c) else "") + c.source for c in notebook.cells)
    for part in re.split(r"^### Exercise ", chapters, flags=re.M)[1:]:
        if "\0" not in part:
            problems.append(f"exercise {part[0]} has no cell tagged 'solution'")
    return problems


def _check_prose(notebook) -> list[str]:
    """Chapters and library files that are named are links."""
    text = _LINK.sub("", "\n".join(prose_of(notebook)))
    return [f"{name!r} is named, but not a link" for name in sorted(set(_NOT_LINKED.findall(text)))]


def check(path) -> list[str]:
    """Rules that a notebook breaks, each with file and cell; an empty list if it follows all.

    Args:
        path: of the notebook.

    Raises:
        ValueError: the file is not a notebook.
    """
    notebook, size = read_notebook(path), pathlib.Path(path).stat().st_size
    problems = [f"{size:,} bytes, over {MAX_BYTES:,}"] if size > MAX_BYTES else []
    cells = code_cells(notebook)
    tags = [tag for cell in cells for tag in tags_of(cell)]
    problems += [f"no cell is tagged {tag!r}" for tag in ("parameters", "setup") if tag not in tags]
    if "widgets" in notebook.metadata:
        problems.append("carries widget state")
    if notebook.metadata.get("kernelspec", {}).get("name") != "python3":
        problems.append("the kernel is not python3")
    if not any(cell.outputs for cell in cells):
        problems.append("has no outputs: nothing would be compared")
    for number, cell in enumerate(cells, 1):
        found = _check_code(cell.source) + _check_outputs(cell, number)
        problems += [f"code cell {number}: {problem}" for problem in found]
    prose = prose_of(notebook) or [""]
    problems += _check_first_cell(prose[0], path) + _check_end("\n".join(prose), path)
    problems += _check_exercises(notebook) + _check_prose(notebook)
    return [f"{path}: {problem}" for problem in problems]


def main(arguments: list[str]) -> int:
    """`clean` or `check`, and files; 1 if a rule is broken or the call is wrong.

    Args:
        arguments: of the command line, without the program's name.
    """
    if len(arguments) < 2 or arguments[0] not in ("clean", "check"):
        print("usage: python tests/notebook_rules.py clean|check NOTEBOOK...", file=sys.stderr)
        return 1
    if arguments[0] == "clean":
        for path in arguments[1:]:
            write_notebook(clean(read_notebook(path)), path)
        return 0
    problems = [problem for path in arguments[1:] for problem in check(path)]
    print("\n".join(problems), file=sys.stderr)
    return bool(problems)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
