"""The rules that notebooks keep, and the clean-up before a commit.

python tests/notebook_rules.py clean notebooks/*.ipynb     strip widget state and timings
python tests/notebook_rules.py check notebooks/*.ipynb     say where a rule is broken
"""

import ast
import json
import pathlib
import re
import sys

MAX_LINES, MAX_DEF_LINES, MAX_BYTES = 12, 3, 1_000_000
_PATHS = re.compile(r"(?<![\w.:/])/(?:home|Users|root|tmp|work|mnt|opt|usr)/[\w./-]+|[A-Z]:\\\\")


def read_notebook(path) -> dict:
    """A notebook as a dictionary.

    Args:
        path: of the .ipynb file.

    Raises:
        ValueError: no JSON, or no notebook; names the file.
    """
    try:
        notebook = json.loads(pathlib.Path(path).read_text(encoding="utf-8"))
        if not isinstance(notebook["cells"], list):
            raise ValueError("cells is no list")
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path}: not a notebook: {error}") from error
    return notebook


def source_of(cell) -> str:
    """Text of a cell.

    Args:
        cell: of a notebook, as a dictionary.
    """
    return "".join(cell["source"])


def tags_of(cell) -> list[str]:
    """Tags of a cell.

    Args:
        cell: of a notebook, as a dictionary.
    """
    return cell.get("metadata", {}).get("tags", [])


def code_cells(notebook) -> list[dict]:
    """Code cells that hold code.

    Args:
        notebook: as `read_notebook` returns it.
    """
    return [c for c in notebook["cells"] if c["cell_type"] == "code" and source_of(c).strip()]


def clean(notebook: dict) -> dict:
    """Drop widget state, papermill's timings and the machine's own kernel; keep outputs, counts and what is collapsed.

    Args:
        notebook: as `read_notebook` returns it; it is left as it is.
    """
    notebook["metadata"] = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    for cell in notebook["cells"]:
        kept = {key: cell.get("metadata", {}).get(key) for key in ("collapsed", "jupyter", "tags")}
        cell["metadata"] = {key: value for key, value in kept.items() if value}
        if cell["cell_type"] == "code":
            cell["outputs"] = [o for o in cell["outputs"] if o.get("name") != "stderr"]
            for output in cell["outputs"]:
                output.get("data", {}).pop("application/vnd.jupyter.widget-view+json", None)
    return notebook


def write_notebook(notebook: dict, path) -> None:
    """Write in Jupyter's own layout.

    Args:
        notebook: as `read_notebook` returns it.
        path: of the .ipynb file, which is replaced.
    """
    text = json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
    pathlib.Path(path).write_text(text, encoding="utf-8")


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


def check(path) -> list[str]:
    """Rules that a notebook breaks, each with file and cell; none if it keeps all.

    Args:
        path: of the notebook.
    """
    notebook, size = read_notebook(path), pathlib.Path(path).stat().st_size
    problems = [f"{size:,} bytes, over {MAX_BYTES:,}"] if size > MAX_BYTES else []
    cells = code_cells(notebook)
    tags = [tag for cell in cells for tag in tags_of(cell)]
    problems += [f"no cell is tagged {tag!r}" for tag in ("parameters", "setup") if tag not in tags]
    if "widgets" in notebook["metadata"]:
        problems.append("carries widget state")
    if notebook["metadata"].get("kernelspec", {}).get("name") != "python3":
        problems.append("the kernel is not python3")
    if not any(cell["outputs"] for cell in cells):
        problems.append("has no outputs: nothing would be compared")
    for number, cell in enumerate(cells, 1):
        found = _check_code(source_of(cell))
        if cell.get("execution_count") != number:
            found.append(f"execution count {cell.get('execution_count')}, not run in order")
        for output in cell["outputs"]:
            if output["output_type"] == "error":
                found.append(f"ended in {output.get('ename')}")
            if output.get("name") == "stderr":
                found.append("wrote to stderr")
            data = output.get("data", {})
            if "image/png" in data and not output.get("metadata", {}).get("image/png", {}).get("alt"):
                found.append("a picture without a description")
            text = "".join(output.get("text", [])) + "".join(data.get("text/plain", []))
            if _PATHS.search(text):
                found.append(f"output names a path: {_PATHS.search(text).group()}")
        problems += [f"code cell {number}: {problem}" for problem in found]
    return [f"{path}: {problem}" for problem in problems]


def main(arguments: list[str]) -> int:
    """`clean` or `check`, and files; 1 if a rule is broken or the call is wrong.

    Args:
        arguments: the words of the command line after the program's name.
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
