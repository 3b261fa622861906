"""Files that commands write: what this program did not write is kept."""

import json

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from ppocr_lessons.bench.commands import RECORDED
from ppocr_lessons.bench.provenance import provenance
from ppocr_lessons.cli import app
from ppocr_lessons.grading.grade import Reports
from ppocr_lessons.grading.report_html import index_page
from ppocr_lessons.output_files import MARK, refuse_to_overwrite, save_picture
from ppocr_lessons.viz.error_page import error_page


def test_which_files_are_refused(tmp_path):
    path = tmp_path / "out.txt"
    refuse_to_overwrite(path)
    refuse_to_overwrite(path, MARK)
    path.write_text(f"<!-- {MARK} -->")
    refuse_to_overwrite(path, MARK)
    with pytest.raises(ValueError, match=r"out\.txt: exists; remove it"):
        refuse_to_overwrite(path)
    with pytest.raises(ValueError, match=r"out\.txt: exists, and this program did not write it"):
        refuse_to_overwrite(path, MARK, "more")
    with pytest.raises(ValueError, match="did not write it"):
        refuse_to_overwrite(tmp_path, MARK)
    link = tmp_path / "link.txt"
    link.symlink_to(tmp_path / "nowhere")
    with pytest.raises(ValueError, match="exists"):
        refuse_to_overwrite(link, MARK)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".tiff"])
def test_pictures_carry_the_mark(suffix, tmp_path):
    path = tmp_path / f"a{suffix}"
    Image.new("RGB", (64, 64)).save(path)
    with pytest.raises(ValueError, match="exists"):
        refuse_to_overwrite(path, MARK)
    save_picture(Image.new("RGB", (64, 64)), path)
    refuse_to_overwrite(path, MARK)


@pytest.mark.parametrize("out", ["a.png", "folder"])
def test_a_drawing_replaces_a_drawing_and_nothing_else(out, tmp_path):
    Image.fromarray(np.full((64, 64, 3), 255, np.uint8)).save(tmp_path / "page.png")
    drawn = tmp_path / (out if out.endswith("png") else "folder/page.read.png")
    command = ["read", str(tmp_path / "page.png"), "--draw", str(tmp_path / out)]
    for _ in range(2):
        assert CliRunner().invoke(app, command).exit_code == 0 and drawn.is_file()
    drawn.write_bytes(b"mine")
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 1 and f"{drawn.name}: exists" in done.stderr and drawn.read_bytes() == b"mine"


def test_a_picture_that_cannot_be_saved_is_named(tmp_path):
    with pytest.raises(OSError, match="No such file") as raised:
        save_picture(Image.new("RGB", (8, 8)), tmp_path / "gone/a.png")
    assert raised.value.filename == str(tmp_path / "gone/a.png")


def test_curves_of_a_run_in_progress_leave_its_folder_alone(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run/scalars.csv").write_text("step,lr,loss\n0,0.1,2\n1,0.1,1\n2,0.")
    done = CliRunner().invoke(app, ["curves", str(tmp_path / "run"), "--out", str(tmp_path / "curves.png")])
    assert done.exit_code == 0 and "scalars.csv:4: left out" in done.stderr
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["scalars.csv"]


def test_curves_replace_curves_and_nothing_else(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run/scalars.csv").write_text("step,lr,loss\n0,0.1,2\n1,0.1,1\n")
    out = tmp_path / "curves.png"
    command = ["curves", str(tmp_path / "run"), "--out", str(out)]
    for _ in range(2):
        done = CliRunner().invoke(app, command)
        assert done.exit_code == 0, done.stderr
        assert Image.open(out).width > 300
    out.write_bytes(b"mine")
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 1 and "curves.png: exists" in done.stderr and out.read_bytes() == b"mine"


def test_eval_keeps_a_page_of_others(repository, tmp_path):
    page = tmp_path / "errors.html"
    page.write_text("mine")
    config = repository / "ppocr_lessons/config/cls_mobile.yml"
    done = CliRunner().invoke(app, ["eval", "-c", str(config), "--out", str(page)])
    assert done.exit_code == 1 and "errors.html: exists" in done.stderr and page.read_text() == "mine"


def test_the_pages_of_this_program_carry_the_mark():
    assert MARK in error_page([], title="x", scores={}, wrong=0, total=0)
    assert MARK in index_page([], [])


def test_records_of_measurements_are_told_from_others(tmp_path):
    record = tmp_path / "record.json"
    record.write_text(json.dumps(provenance("ppocr-lessons bench")))
    refuse_to_overwrite(record, *RECORDED)
    record.write_text("[]")
    done = CliRunner().invoke(app, ["bench", "systems", str(tmp_path), "--out", str(record)])
    assert done.exit_code == 1 and "record.json: exists" in done.stderr and record.read_text() == "[]"


@pytest.mark.parametrize("name", ["report.csv", "report.json", "pages/notes.html"])
def test_reports_of_the_grader_replace_reports_alone(name, tmp_path):
    reports = Reports(tmp_path / "report.csv", tmp_path / "pages", tmp_path / "report.json")
    reports.prepare()
    (tmp_path / name).write_text("mine")
    with pytest.raises(ValueError, match=f"{name}: exists"):
        reports.prepare()
