"""papermill runs the chapters on another picture, as a course does."""

import json
import pathlib

import papermill
import pytest
from PIL import Image

from ppocr_lessons.datasets.synthetic.pages import page_at

NOTEBOOKS = pathlib.Path(__file__).parents[1] / "notebooks"


@pytest.mark.parametrize(
    ("name", "parameters"),
    [("00_start_here", {}), ("01_pp_ocr_system", {"line": 0, "thresh": 0.4, "rounds": 1})],
)
def test_another_picture(name, parameters, tmp_path):
    Image.fromarray(page_at(5, 1, size=(400, 400)).image).save(tmp_path / "mine.png")
    out = tmp_path / "out.ipynb"
    papermill.execute_notebook(
        str(NOTEBOOKS / f"{name}.ipynb"),
        str(out),
        {"picture": str(tmp_path / "mine.png"), **parameters},
        progress_bar=False,
        cwd=str(tmp_path),
        execution_timeout=240,
    )
    cells = json.loads(out.read_text(encoding="utf-8"))["cells"]
    assert not [o for c in cells for o in c.get("outputs", []) if o["output_type"] == "error"]
