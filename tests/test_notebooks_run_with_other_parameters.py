"""papermill runs every notebook with other parameters, as a course does, and twice in one kernel, as a reader does.

The values are cheap where a parameter is a number of steps, pages or timed runs: what a chapter claims is checked with the
values that are stored in it, by `pytest --nbval`.
"""

import ast
import copy
import pathlib

import nbformat
import papermill
import pytest
from papermill.parameterize import parameterize_notebook
from PIL import Image

from ppocr_lessons.datasets.synthetic.pages import page_at

from . import notebook_rules as rules

FOLDER = pathlib.Path(__file__).parents[1] / "notebooks"
PICTURE = "path of a picture that the test draws"

OTHER = {
    "00_start_here": {"picture": PICTURE, "headline": "Soyuz at dawn"},
    "01_pp_ocr_system": {"picture": PICTURE, "line": 0, "thresh": 0.4, "zh_page": 4, "rounds": 1},
    "01b_real_pictures": {"count": 20, "zh_page": 4, "pictures": 6},
    "02_det_backbone": {"side": 160, "rounds": 2},
    "03_det_dbfpn": {"widths": [256, 96], "side": 256, "rounds": 2},
    "03b_det_binarization": {
        "page_number": 3, "k": 20, "seed": 6, "steps": 8, "head_seeds": [3], "pages": 4,
    },
    "04_det_se_removal": {"side": 320, "pages": 2, "rounds": 2},
    "05_det_lr_schedule": {"steps": 12, "peak": 0.01, "warmup": 4, "seeds": [7]},
    "06_det_fpgm": {"left": 0.6, "pages": 1, "tried": [0.5], "rounds": 2},
    "07_det_training": {"steps": 12, "stop": 6, "page": 3, "seed": 8},
    "13b_rec_pretraining": {
        "words": 80, "steps": 40, "scratch_steps": 2, "few_steps": 4, "zh_lines": 8, "seed": 6,
    },
    "11b_rec_ctc": {
        "word": "abba", "steps": 7, "seed": 4, "line_number": 3, "count": 60, "blur": 1.0, "weights": [0.1, 0.5],
    },
    "11_rec_backbone_head": {"widths": [192, 32], "number": 34, "rounds": 2},
    "12_rec_tia": {
        "number": 11, "seed": 4, "strengths": [0.0, 1.0], "steps": 2, "trained_on": 24, "read_most": 40,
    },
    "13_rec_training": {
        "words": 20, "steps": 6, "warmup": 2, "seed": 2, "zh_steps": 2, "read_most": 12,
    },
    "08_cls_direction": {"line": 2, "rounds": 2},
    "09_cls_augmentation": {"line": 8, "seed": 6},
    "10_pact": {"bits": 3, "steps": 2, "lines": 6, "rounds": 2},
    "14_v2_det_cml": {"steps": 6, "side": 128, "scored": 2, "seed": 5},
    "18_v2_rec_enhanced_ctc": {
        "lines": 48, "steps": 3, "weights": [0.1], "zh_lines": 24, "zh_steps": 2,
    },
    "17_v2_rec_udml": {"steps": 3, "seed": 2, "heavy": 30.0},
    "16_v2_rec_pp_lcnet": {"width": 160, "rounds": 2},
    "19_systems": {"pages": 1, "rounds": 1, "measured": ["cls-input-resolution"]},
    "15_v2_det_copy_paste": {"page_number": 3, "donor_number": 4, "seed": 1, "ratio": 1.0},
}  # fmt: skip
"""Notebook to parameters that differ from those stored in it; lists, because papermill writes a tuple as a string."""


def twice(path: pathlib.Path, parameters: dict) -> nbformat.NotebookNode:
    """A notebook with other parameters, and behind its last cell all of its cells once more."""
    notebook = parameterize_notebook(papermill.iorw.load_notebook_node(str(path)), parameters)
    again = copy.deepcopy(notebook.cells)
    for number, cell in enumerate(again):
        cell.id = f"again-{number}"
        # papermill looks for the parameters of a notebook by this tag, and must not find two of them.
        cell.metadata.tags = [tag for tag in cell.metadata.get("tags", []) if "parameters" not in tag]
    notebook.cells += again
    return notebook


def stored_parameters(source: str) -> dict:
    """Names and values of the cell with the parameters, which holds nothing but assignments of literals."""
    values = {}
    for statement in ast.parse(source).body:
        (target,) = statement.targets
        names = [ast.unparse(name) for name in getattr(target, "elts", [target])]
        value = ast.literal_eval(statement.value)
        values |= dict(zip(names, value if len(names) > 1 else [value], strict=True))
    return values


def test_every_notebook_has_other_parameters():
    assert sorted(OTHER) == sorted(path.stem for path in FOLDER.glob("*.ipynb"))


@pytest.mark.parametrize("name", OTHER)
def test_the_parameters_are_those_of_the_notebook(name):
    """Every parameter is changed except one at most: papermill only warns of a name that the notebook does not have."""
    (cell,) = (
        c for c in rules.read_notebook(FOLDER / f"{name}.ipynb").cells if "parameters" in rules.tags_of(c)
    )
    stored = stored_parameters(cell.source)
    assert set(OTHER[name]) <= set(stored)
    assert len(set(stored) - set(OTHER[name])) <= 1
    assert all(stored[key] != value for key, value in OTHER[name].items())


@pytest.mark.parametrize("name", OTHER)
def test_other_parameters_twice_in_one_kernel(name, tmp_path):
    Image.fromarray(page_at(5, 1, size=(400, 400)).image).save(tmp_path / "mine.png")
    mine = str(tmp_path / "mine.png")
    parameters = {key: mine if value == PICTURE else value for key, value in OTHER[name].items()}
    nbformat.write(twice(FOLDER / f"{name}.ipynb", parameters), tmp_path / "twice.ipynb")
    papermill.execute_notebook(
        str(tmp_path / "twice.ipynb"),
        str(tmp_path / "out.ipynb"),
        progress_bar=False,
        cwd=str(FOLDER),
        execution_timeout=240,
        # papermill would write the whole notebook before and after every cell.
        request_save_on_cell_execute=False,
        autosave_cell_every=0,
    )
    cells = nbformat.read(tmp_path / "out.ipynb", 4).cells
    assert not [
        output for cell in cells for output in cell.get("outputs", []) if output.output_type == "error"
    ]
    code = [cell for cell in cells if cell.cell_type == "code" and cell.source.strip()]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1)), "every cell ran, twice"
