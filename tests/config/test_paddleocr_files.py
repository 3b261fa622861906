"""PaddleOCR's own configurations, in the spellings of 2022 and 2024: read as they stand, built, and trained."""

import json

import pytest

from ppocr_lessons.config import read_config
from ppocr_lessons.config.run import prepare, train

from .conftest import CONFIGS, ROOT

FILES = sorted(CONFIGS.glob("*/*.yml"))


def _task(path):
    return "det" if "_det_" in path.name else "cls" if path.name.startswith("cls") else "rec"


def _more(path):
    if "cml" in path.name:
        return {f"Architecture.Models.{name}.pretrained": "" for name in ("Teacher", "Student", "Student2")}
    return {"Loss.loss_config_list.CenterLoss.center_file_path": ""} if "enhanced" in path.name else {}


@pytest.mark.parametrize("path", FILES, ids=lambda p: f"{p.parent.name}-{p.stem}")
def test_two_steps_with_nothing_but_places_and_sizes_changed(path, overrides, tmp_path):
    config = read_config(path, overrides(_task(path), **_more(path)))
    train(config, max_steps=2, progress=False)
    rows = (tmp_path / "run/scalars.csv").read_text().splitlines()
    assert len(rows) in (2, 3) and "loss" in rows[0]
    assert json.loads((tmp_path / "run/environment.json").read_text())["processes"] == "1"


@pytest.mark.parametrize("path", FILES, ids=lambda p: f"{p.parent.name}-{p.stem}")
def test_read_as_they_stand(path):
    assert read_config(path).task == _task(path)


@pytest.mark.parametrize(
    ("name", "count"),
    [("ch_det_mv3_db_v2.0", 595_794), ("cls_mv3", 133_628), ("rec_chinese_lite_train_v2.0", 454_321 - 97)],
)
def test_the_nets_are_the_chapters(name, count, overrides):
    path = CONFIGS / f"2022/{name}.yml"  # 96 classes: 97 weights fewer than with 97
    net = prepare(read_config(path, overrides(_task(path))), progress=False).trainer.strategy.net
    assert sum(p.size for p in net.parameters()) == count


def test_schedule_of_the_chapter(overrides):
    run = prepare(
        read_config(CONFIGS / "2022/ch_PP-OCRv2_rec_distillation.yml", overrides("rec")), progress=False
    )
    assert run.schedule.peak == 0.001 and run.schedule.warmup_steps == 5 * run.loader.steps_per_epoch


@pytest.mark.parametrize("path", sorted((ROOT / "ppocr_lessons/config").glob("*.yml")), ids=lambda p: p.stem)
def test_the_courses_own_files(path, overrides, tmp_path, monkeypatch):
    head = path.read_text().split("Global:")[0]
    assert "ppocr-lessons train -c" in head and "minute" in head and "measured" in head
    monkeypatch.chdir(ROOT)  # their paths start at the repository
    task = path.stem.split("_")[0]
    given = [
        o for o in overrides(task) if "transforms" not in o and "pretrained" not in o and "dict" not in o
    ]
    given += ["Eval.dataset.transforms.DetResizeForTest.limit_side_len=160"] if task == "det" else []
    train(read_config(path, given), max_steps=1, progress=False)
    assert (tmp_path / "run/best.safetensors").is_file()
