"""PaddleOCR's own configurations, in the spellings of 2022 and 2024: read as they stand, built, and trained."""

import hashlib
import json

import paddle
import pytest
import yaml

from ppocr_lessons.config import read_config
from ppocr_lessons.config.compat import IGNORED
from ppocr_lessons.config.configuration import context
from ppocr_lessons.experiment import prepare, train

from .conftest import CONFIGS, ROOT

FILES = sorted(CONFIGS.glob("*/*.yml"))


def _task(path):
    return "det" if "det_" in path.name else "cls" if path.name.startswith("cls") else "rec"


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


VALUES = {
    "ch_PP-OCRv2_det_cml": "274c44d2cdafec0f",
    "ch_PP-OCRv2_rec": "9d0690c0a77214c0",
    "ch_PP-OCRv2_rec_distillation": "d3cf0a84e4660293",
    "ch_PP-OCRv2_rec_enhanced_ctc_loss": "ca71aa91d12e1090",
    "ch_det_mv3_db_v2.0": "1c0f28b33bb52d16",
    "ch_det_res18_db_v2.0": "4ab1bbf40ab546b9",
    "cls_mv3": "44a537ca633f7d3f",
    "det_res18_db_v2.0": "4ab1bbf40ab546b9",
    "rec_chinese_lite_train_v2.0": "c1dc027fb8a800fd",
}
"""SHA-256, the first 16 digits, of the values in PaddleOCR's own files of 2024: json.dumps(..., sort_keys=True)."""


@pytest.mark.parametrize("name", VALUES)
def test_the_values_of_2024_are_paddleocrs(name):
    values = yaml.safe_load((CONFIGS / f"2024/{name}.yml").read_text())
    assert hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:16] == VALUES[name]


def test_every_file_says_whose_values_it_has():
    for path in FILES:
        head = path.read_text().split("epoch_num")[0]
        theirs = path.parent.name == "2024" and path.stem in VALUES
        assert ("values are those of PaddleOCR's file" if theirs else "ours") in head, path


def test_what_has_no_effect_is_told():
    changes = ["Global.use_amp=true", "Global.amp_level=O2", "Global.amp_custom_white_list=[conv2d]", "Loss.eps=1e-3",
               "Global.use_visualdl=true", "Global.print_batch_step=7"]  # fmt: skip
    notes = "\n".join(read_config(CONFIGS / "2024/ch_det_mv3_db_v2.0.yml", changes).notes)
    for place in (
        "Global.amp_level: 'O2'",
        "Global.amp_custom_white_list",
        "Loss.eps: 0.001",
        "Global.use_visualdl",
    ):
        assert f"{place}" in notes and "has no effect" in notes
    assert "print_batch_step" not in notes
    # Without automatic mixed precision PaddleOCR does not read its lists either.
    assert not read_config(
        CONFIGS / "2024/ch_PP-OCRv2_rec_distillation.yml", ["Global.cal_metric_during_train="]
    ).notes
    assert "cal_metric_during_train" in read_config(CONFIGS / "2024/cls_mv3.yml").notes[0]
    arabic = ["Global.character_dict_path=dict/arabic_dict.txt"]
    assert "Arabic" in read_config(CONFIGS / "2024/ch_PP-OCRv2_rec.yml", arabic).notes[-1]


def test_the_order_of_colors_is_rgb_where_a_file_says_nothing_and_bgr_in_the_courses_own():
    bare = read_config(CONFIGS / "2024/cls_mv3.yml", ["Train.dataset.transforms.DecodeImage="])
    assert bare.train.transforms[0] == ("DecodeImage", {"img_mode": "RGB"})  # PaddleOCR's default
    for path in (ROOT / "ppocr_lessons/config").glob("*.yml"):  # what the shipped nets have learned from
        for part in (read_config(path).train, read_config(path).evaluation):
            assert part.transforms[0] == ("DecodeImage", {"img_mode": "BGR"}), path


def test_every_ignored_key_has_a_reason():
    for keys in IGNORED.values():
        for key, rule in keys.items():
            assert len(rule.why) > 5 and not rule.why.endswith("."), key


def test_a_gpu_that_is_not_there_is_told(overrides, capsys, monkeypatch):
    monkeypatch.setattr(paddle.device, "is_compiled_with_cuda", lambda: False)
    config = read_config(CONFIGS / "2024/cls_mv3.yml", overrides("cls"))
    prepare(config)
    said = capsys.readouterr().err
    assert "use_gpu is true, but Paddle sees no GPU here: this run is on the CPU" in said
    assert "cal_metric_during_train" in said
    prepare(read_config(CONFIGS / "2024/cls_mv3.yml", [*overrides("cls"), "Global.use_gpu=false"]))
    assert "GPU" not in capsys.readouterr().err


@pytest.mark.parametrize("space", ["true", "false"])
def test_without_a_dictionary_there_are_36_characters_and_the_blank(overrides, space):
    path = CONFIGS / "2024/rec_chinese_lite_train_v2.0.yml"
    given = ["Global.character_dict_path=", f"Global.use_space_char={space}"]
    assert context(read_config(path, given)).alphabet.classes == 37


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
