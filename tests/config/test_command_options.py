"""Options of train, eval, export and curves: where weights come from, which run goes on, and what is drawn."""

import base64
import io
import json
import pathlib
import re

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from ppocr_lessons.cli import app
from ppocr_lessons.config import ConfigError, read_config
from ppocr_lessons.config.find import find_config, find_dictionary, shipped_configs
from ppocr_lessons.det.metric import match_page
from ppocr_lessons.viz.error_page import error_page
from ppocr_lessons.viz.run_curves import running_mean
from ppocr_lessons.viz.worst_cases import OUTLINES, Case, outlines

from .conftest import CONFIGS, ROOT

CLS = CONFIGS / "2024/cls_mv3.yml"


def _call(*arguments):
    return CliRunner().invoke(app, [str(a) for a in arguments])


def _options(values):
    return [part for value in values for part in ("-o", value)]


def test_shipped_configurations_are_found_by_name_from_anywhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("det_db.yml", "det_db", "2022/cls_mv3.yml", "./rec_crnn.yml"):
        path, note = find_config(name)
        assert path.is_file() and note and read_config(path).task
    path, note = find_config("cls_mv3.yml")
    assert path.parent.name == "2024" and "2022/cls_mv3.yml" in note
    (tmp_path / "det_db.yml").write_text("mine")
    assert find_config("det_db.yml") == (tmp_path.relative_to(tmp_path) / "det_db.yml", "")
    with pytest.raises(
        ConfigError, match=r"no_such\.yml: no such file, and .*det_db\.yml.*2024/cls_mv3\.yml"
    ):
        find_config("no_such.yml")
    assert len(shipped_configs()) > 20


def test_weights_that_do_not_exist_are_those_of_the_option(overrides):
    done = _call("train", "-c", CLS, "--check", "--weights", "no: such file", *_options(overrides("cls")))
    assert done.exit_code == 1 and "Global.pretrained_model" in done.stderr and "no: such file" in done.stderr


def test_resume_and_fresh(overrides, tmp_path):
    given = _options([*overrides("cls"), "Global.epoch_num=1"])
    done = _call("train", "-c", CLS, "--resume", *given)
    assert done.exit_code == 1 and "--resume: there is no run in" in done.stderr
    assert not (tmp_path / "run").exists()
    assert _call("train", "-c", CLS, "--resume", "--fresh", *given).exit_code == 1
    assert _call("train", "-c", CLS, "--max-steps", "1", "--weights", "cls", *given).exit_code == 0
    assert "pretrained_model: cls" in (tmp_path / "run/config.yml").read_text(encoding="utf-8")
    changed = _call("train", "-c", CLS, "--resume", *given)
    assert changed.exit_code == 1 and "Global.pretrained_model" in changed.stderr
    done = _call("train", "-c", CLS, "--resume", "--weights", "cls", *given)
    assert done.exit_code == 0 and "resumed at step 1 of 2" in done.stderr and "--fresh" in done.stderr
    done = _call("train", "-c", CLS, "--resume", "--weights", "cls", *given)
    assert done.exit_code == 0 and "is finished, 2 of 2 steps" in done.stderr
    curves = _call("curves", tmp_path / "run", "--out", tmp_path / "figures/curves.png")
    assert curves.exit_code == 0, curves.output
    with Image.open(tmp_path / "figures/curves.png") as image:
        assert image.format == "PNG" and min(image.size) > 300


def test_curves_of_what_is_no_run(tmp_path):
    done = _call("curves", tmp_path, "--out", tmp_path / "c.png")
    assert done.exit_code == 1 and "scalars.csv: is missing" in done.stderr
    done = _call("curves", tmp_path, "--out", tmp_path / "c.jpg")
    assert done.exit_code == 1 and "ends in .png" in done.stderr


def test_the_running_mean():
    np.testing.assert_allclose(running_mean([2, 4, 6, 8], 2), [2, 3, 5, 7])
    np.testing.assert_allclose(running_mean([2, 4], 5), [2, 3])


@pytest.mark.parametrize(("task", "weights"), [("det", "det_pages"), ("cls", "cls"), ("rec", "rec")])
def test_the_worst_cases_of_an_evaluation(task, weights, overrides, tmp_path, small_data):
    from ppocr_lessons.zoo.shipped import weights_file

    if task == "rec":  # the label of the last line is HTML, and wrong
        lines = (small_data / "rec.txt").read_text(encoding="utf-8").splitlines()
        lines[-1] = lines[-1].split("\t")[0] + "\t<b>&x"
        (tmp_path / "rec.txt").write_text("\n".join(lines), encoding="utf-8")
    if task == "cls":  # half of the labels are wrong
        lines = (small_data / "cls.txt").read_text(encoding="utf-8").splitlines()
        lines[:4] = [line.split("\t")[0] + ("\t0" if line.endswith("180") else "\t180") for line in lines[:4]]
        (tmp_path / "cls.txt").write_text("\n".join(lines), encoding="utf-8")
    config = {"det": "det_db.yml", "cls": "cls_mobile.yml", "rec": "rec_crnn.yml"}[task]
    given = overrides(task)
    if task != "det":
        given.append(f"Eval.dataset.label_file_list=['{tmp_path / f'{task}.txt'}']")
    given = [
        g
        for g in given
        if "character_dict_path" not in g and "image_shape" not in g and "EastRandom" not in g
    ]
    page = tmp_path / "out/page.html"
    done = _call(
        "eval",
        "-c",
        config,
        "--weights",
        weights_file(weights),
        "--errors",
        "3",
        "--out",
        page,
        *_options(given),
    )
    assert done.exit_code == 0, done.output
    scores = json.loads(done.stdout)
    text = page.read_text(encoding="utf-8")
    wrong, total = map(int, re.search(r"(\d+) of (\d+) samples have errors", text).groups())
    assert total == {"det": 4, "cls": 8, "rec": 8}[task] and 1 <= wrong <= total
    if task != "det":
        assert wrong == round(total * (1 - scores["acc"]))
    images = re.findall(r'src="data:image/(?:png|jpeg);base64,([^"]+)"', text)
    assert len(images) == min(3, wrong)
    assert all(Image.open(io.BytesIO(base64.b64decode(data))).size for data in images)
    assert not re.search(r'(?:src|href)="(?!data:)', text), "the page needs no other file"
    if task == "rec":
        assert "<b>&x" not in text and "&lt;" in text


def test_the_page_of_errors_escapes_what_others_wrote():
    image = np.zeros((20, 60, 3), np.uint8)
    case = Case("<i>.png", "a<b.txt:1", image, "<script>", "a&b", None, '"note"')
    text = error_page([case], title="<title>", scores={"acc": 0.5}, wrong=1, total=2)
    for raw in ("<script>", "<i>", "a<b.txt", "<title><title>"):
        assert raw not in text
    for escaped in ("&lt;i&gt;.png", "a&lt;b.txt:1", "&quot;note&quot;"):
        assert escaped in text


@pytest.mark.parametrize(
    ("options", "reason"),
    [(("--errors", "3"), "needs --out"), (("--out", "page.png"), "ends in .html")],
)
def test_a_page_of_errors_needs_a_html_file(options, reason):
    done = _call("eval", "-c", CLS, *options)
    assert done.exit_code == 1 and reason in done.stderr


def test_a_dictionary_of_this_package_is_found_from_any_folder(tmp_path, monkeypatch, small_data):
    monkeypatch.chdir(tmp_path)
    name = "ppocr_lessons/config/english.txt"
    assert find_dictionary(name) == ROOT / name
    given = [f"{part}.dataset.{key}={value}" for part in ("Train", "Eval") for key, value in
             (("data_dir", ROOT / "data/rec_en"), ("label_file_list", [str(small_data / "rec.txt")]))]  # fmt: skip
    given += ["Global.save_model_dir=run", "Global.pretrained_model=", "Train.loader.batch_size_per_card=4"]
    done = _call("train", "-c", "rec_crnn.yml", "--check", *_options(given))
    assert done.exit_code == 0, done.stderr
    mine = tmp_path / name
    mine.parent.mkdir(parents=True)
    mine.write_text("a\n")
    assert find_dictionary(name) == pathlib.Path(name)  # a file of the working folder comes first
    assert find_dictionary("nowhere.txt") == pathlib.Path("nowhere.txt")


def test_the_outlines_of_a_page_are_classified_as_the_metric_counts():
    def box(x, y):
        return np.array([[x, y], [x + 30, y], [x + 30, y + 10], [x, y + 10]], np.float32)

    crossed = box(90, 0)[[0, 1, 3, 2]]  # the metric drops outlines that intersect themselves
    labels = [box(0, 0), box(50, 0), box(0, 30), crossed]
    boxes = [box(1, 0), box(0, 60), box(1, 30)]
    matches = match_page(boxes, labels, np.array([False, False, True, False]))
    found = outlines(labels, boxes, matches)
    assert tuple(found) == OUTLINES
    places = {kind: [tuple(polygon[0]) for polygon in polygons] for kind, polygons in found.items()}
    assert places == {
        "does not count": [(0, 30), (90, 0), (1, 30)], "found text": [(0, 0)], "found box": [(1, 0)],
        "missed text": [(50, 0)], "false box": [(0, 60)],
    }  # fmt: skip
    case = Case("a.png", "l.txt:1", np.zeros((80, 120, 3), np.uint8), "", "", found, "note")
    page = error_page([case], title="t", scores={}, wrong=1, total=1)
    assert all(kind in page for kind in OUTLINES) and "label:" not in page


@pytest.mark.parametrize("command", ["train", "eval"])
def test_empty_weights_are_an_error(command):
    done = _call(command, "-c", "det_db.yml", "--weights", "")
    assert done.exit_code == 1 and "--weights is empty" in done.stderr


def test_weights_that_were_not_trained_by_the_run_are_named(overrides, tmp_path):
    given = _options([*overrides("cls"), "Global.pretrained_model=cls"])
    done = _call("export", "-c", "cls_mobile.yml", "--out", tmp_path / "out", *given)
    assert done.exit_code == 0, done.output
    assert "no trained weights there; using those of Global.pretrained_model, cls" in done.stderr
