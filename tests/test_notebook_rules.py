"""Every notebook follows the rules of `notebook_rules.py`, and a notebook that breaks one is reported."""

import pathlib

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from . import notebook_rules as rules

NOTEBOOKS = sorted((pathlib.Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))

NAVIGATION = "[← Previous: 01 Before](01_before.ipynb) · [Contents](00_start_here.ipynb) · [Next: 03 After →](03_after.ipynb)"
FIRST = f"""# 02 Title

*Chapter 2.1. About 5 minutes.*

{NAVIGATION}

**Why?**

**What you will learn**

- One.
- Two.
- Three."""
EXERCISES = """## Summary

- One.
- Two.
- Three.

## Exercises

### Exercise 1 (easy)

Add."""
REFERENCES = f"""## References

- [A paper](https://arxiv.org/abs/1911.08947)

{NAVIGATION}"""


def _cell(source, *tags):
    return new_code_cell(source, metadata={"tags": list(tags)} if tags else {})


def good_notebook():
    """A notebook that follows every rule, as long as it is 02_here.ipynb between 01_before and 03_after."""
    cells = [
        new_markdown_cell(FIRST),
        _cell("side = 4", "parameters"),
        _cell("import math", "setup"),
        new_markdown_cell(EXERCISES),
        _cell("answer = ..."),
        _cell("check(answer, 2)", "check-answer"),
        _cell("print(2)", "solution"),
        new_markdown_cell("### Exercise 2 (medium)"),
        _cell("print(3)", "solution"),
        new_markdown_cell("### Exercise 3 (hard)"),
        new_markdown_cell("Because.", metadata={"tags": ["solution"]}),
        new_markdown_cell(REFERENCES),
    ]
    notebook = rules.clean(new_notebook(cells=cells))
    for number, cell in enumerate(rules.code_cells(notebook), 1):
        cell.execution_count = number
    notebook.cells[2].outputs = [new_output("stream", text="checked\n")]
    return notebook


@pytest.fixture
def faults(tmp_path):
    """Function that writes a notebook between two neighbors and returns the rules that it breaks."""

    def check(notebook):
        for name in ("00_start_here", "01_before", "03_after"):
            rules.write_notebook(new_notebook(), tmp_path / f"{name}.ipynb")
        rules.write_notebook(notebook, tmp_path / "02_here.ipynb")
        return rules.check(tmp_path / "02_here.ipynb")

    return check


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.name)
def test_notebook_rules(path):
    assert rules.check(path) == []


def test_a_good_notebook_breaks_no_rule(faults):
    assert faults(good_notebook()) == []


@pytest.mark.parametrize(
    ("number", "old", "new", "words"),
    [
        (0, "# 02 Title", "# Title", 'not "# 02 Title"'),
        (0, "About 5 minutes", "Short", "section and minutes"),
        (0, "*Chapter 2.1. About 5 minutes.*", "Chapter 2.1. About 5 minutes.", "section and minutes"),
        (0, "(01_before.ipynb)", "(00_start_here.ipynb)", "third line is not the navigation line"),
        (0, "Previous: 01", "Previous: 00", "third line is not the navigation line"),
        (0, " →]", "]", "third line is not the navigation line"),
        (0, "**Why?**", "Why?", "no question in bold"),
        (0, "**What you will learn**", "**Contents**", "What you will learn"),
        (0, "- Three.", "", "3 to 5 bullets"),
        (3, "- Two.", "", "the summary has 2 bullets"),
        (3, "## Summary", "## The end", "not Summary, Exercises, References"),
        (3, " (easy)", "", "the exercises are ['Exercise 1', "),
        (7, "### Exercise 2 (medium)", "", "the exercises are"),
        (4, "answer = ...", "answer = 2", "checks no blank answer"),
        (5, "check(answer, 2)", "print(answer)", "checks no blank answer"),
        (11, "[A paper](https://arxiv.org/abs/1911.08947)", "A paper", "the references have no link"),
        (11, NAVIGATION, "", "the last line is not the navigation line"),
        (11, "## References", "## References\n\nSee notebook 03.", "'notebook 03' is named, but not a link"),
        (11, "- [A", "- ppocr_lessons/det/dbnet.py\n- [A", "'ppocr_lessons/det/dbnet.py' is named, but not a link"),
        (1, "side = 4", "side = 4\n!ls /home/me", "an absolute path"),
        (1, "side = 4", "!ls", "shell line"),
        (1, "side = 4", "class Side: pass", "defines the class"),
        (1, "side = 4", "side = 4\n" * 13, "more than 12 lines"),
        (1, "side = 4", "def f():\n    a = 1\n    b = 2\n    return a", "longer than 3 lines"),
    ],
)  # fmt: skip
def test_a_broken_rule_is_found(faults, number, old, new, words):
    notebook = good_notebook()
    assert old in notebook.cells[number].source
    notebook.cells[number].source = notebook.cells[number].source.replace(old, new)
    assert words in "\n".join(faults(notebook))


@pytest.mark.parametrize(("number", "tag"), [(5, "check-answer"), (6, "solution"), (10, "solution")])
def test_solutions_and_checks_are_collapsed(faults, number, tag):
    notebook = good_notebook()
    notebook.cells[number].metadata = nbformat.from_dict({"tags": [tag]})
    (found,) = faults(notebook)
    assert found.endswith(f"cell {number}: tagged {tag!r}, but not collapsed")
    assert rules.clean(notebook).cells[number].metadata.jupyter.source_hidden


def test_every_exercise_has_a_solution(faults):
    notebook = good_notebook()
    del notebook.cells[8]
    assert "exercise 2 has no cell tagged 'solution'" in "\n".join(faults(notebook))


def test_outputs_are_looked_at(faults):
    notebook = good_notebook()
    picture = {"output_type": "display_data", "data": {"image/png": "AAAA"}, "metadata": {}}
    notebook.cells[1].outputs = [
        new_output("stream", name="stderr", text="warning"),
        new_output("stream", text="see /home/me/x"),
        new_output("error", ename="ValueError", evalue="", traceback=[]),
        nbformat.from_dict(picture),
    ]
    notebook.cells[2].execution_count = 9
    notebook.metadata.widgets = {}
    found = "\n".join(faults(notebook))
    for words in ("wrote to stderr", "output names a path", "ended in ValueError", "without a description",
                  "not run in order", "carries widget state"):  # fmt: skip
        assert words in found


def test_bare_notebooks(faults):
    found = "\n".join(faults(new_notebook()))
    for words in ("no outputs", "tagged 'setup'", "the kernel is not python3", "no question in bold"):
        assert words in found


@pytest.mark.parametrize(
    "text", ["{}", "[", '{"cells": 3, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}']
)
def test_a_file_that_is_no_notebook(tmp_path, text):
    (tmp_path / "none.ipynb").write_text(text)
    with pytest.raises(ValueError, match=r"none\.ipynb: not a notebook"):
        rules.read_notebook(tmp_path / "none.ipynb")


def test_cleaning_keeps_what_readers_see():
    notebook = good_notebook()
    notebook.metadata.widgets = {"state": 1}
    notebook.cells[1].metadata.execution = {"iopub.execute_input": "now"}
    notebook.cells[2].outputs.append(new_output("stream", name="stderr", text="warning"))
    cleaned = rules.clean(notebook)
    assert "widgets" not in cleaned.metadata
    assert cleaned.cells[1].metadata == {"tags": ["parameters"]}
    assert [output.text for output in cleaned.cells[2].outputs] == ["checked\n"]
    assert cleaned == rules.clean(nbformat.from_dict(cleaned))


def test_main_reports_and_cleans(tmp_path, capsys):
    path = tmp_path / "02_here.ipynb"
    rules.write_notebook(new_notebook(), path)
    assert rules.main(["clean", str(path)]) == 0 and rules.main(["check", str(path)]) == 1
    assert "02_here.ipynb: has no outputs" in capsys.readouterr().err
    assert rules.main(["tidy", str(path)]) == rules.main(["check"]) == 1


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.name)
def test_the_package_is_imported_before_paddle(path):
    """Importing the package filters a warning with a path of the machine, which importing Paddle writes to stderr."""
    source = "\n".join(cell.source for cell in rules.read_notebook(path).cells if cell.cell_type == "code")
    imports = [line.split()[1] for line in source.splitlines() if line.startswith(("import ", "from "))]
    names = [name.split(".")[0] for name in imports]
    if "paddle" in names:
        assert "ppocr_lessons" in names[: names.index("paddle")]
