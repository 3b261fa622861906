"""train, resume, eval, export and read, from a configuration, as a shell would call them."""

import json
import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from ppocr_lessons.cli import app
from ppocr_lessons.config import read_config
from ppocr_lessons.deploy.export_folder import classifier_of
from ppocr_lessons.det.dbnet import db_server
from ppocr_lessons.experiment import prepare, train
from ppocr_lessons.training.tensor_files import read_tensors, save_weights, sha256

from .conftest import CONFIGS, ROOT
from .stepping import moved_by

DET, REC, CLS = (
    CONFIGS / f"2022/{n}.yml" for n in ("ch_det_mv3_db_v2.0", "rec_chinese_lite_train_v2.0", "cls_mv3")
)
CML = CONFIGS / "2022/ch_PP-OCRv2_det_cml.yml"


def _call(*arguments):
    result = CliRunner().invoke(app, [str(a) for a in arguments])
    assert not result.exception or isinstance(result.exception, SystemExit), result.exception
    return result


def _options(values):
    return [part for value in values for part in ("-o", value)]


def test_check_trains_nothing(overrides, tmp_path):
    result = _call("train", "-c", REC, "--check", *_options(overrides("rec")))
    assert result.exit_code == 0 and "no errors: rec" in result.output and not (tmp_path / "run").exists()


def test_train_eval_export_read(overrides, tmp_path):
    for task, path in (("det", DET), ("rec", REC)):
        run, given = tmp_path / task, [*overrides(task), f"Global.save_model_dir={tmp_path / task}"]
        assert _call("train", "-c", path, "--max-steps", 1, *_options(given)).exit_code == 0
        assert {"config.yml", "environment.json", "scalars.csv", "best.safetensors"} <= {
            p.name for p in run.iterdir()
        }
        scores = _call("eval", "-c", path, *_options(given))
        assert {"hmean", "acc"} & set(json.loads(scores.output))
        assert _call("export", "-c", path, "--out", tmp_path / f"{task}_net", *_options(given)).exit_code == 0
    picture = ROOT / "data/reading.png"
    read = _call("read", picture, "--json", "--det", tmp_path / "det_net", "--rec", tmp_path / "rec_net")
    assert read.exit_code == 0 and json.loads(read.stdout)[0]["picture"] == str(picture)
    wrong = _call("read", picture, "--det", tmp_path / "rec_net")
    assert wrong.exit_code == 1 and "'det' with its" in wrong.output
    assert _call("read", picture, "--rec", tmp_path / "nowhere").exit_code == 1


def _rotated_lines(folder):
    """Eight lines in each of the four directions, with their label file."""
    lines = []
    for index in range(8):
        image = Image.open(ROOT / f"data/cls_en/images/{index:05d}.jpg")
        for angle in (0, 90, 180, 270):
            image.rotate(angle, expand=True).save(folder / f"{index}_{angle}.png")
            lines.append(f"{index}_{angle}.png\t{angle}")
    (folder / "label.txt").write_text("\n".join(lines), encoding="utf-8")
    return folder / "label.txt"


def test_four_directions_are_trained_exported_and_read(overrides, tmp_path):
    labels = _rotated_lines(tmp_path)
    given = overrides("cls", **{
        "Global.label_list": "['0', '90', '180', '270']", "Architecture.Head.class_dim": 4,
        **{f"{part}.dataset.data_dir": tmp_path for part in ("Train", "Eval")},
        **{f"{part}.dataset.label_file_list": f"['{labels}']" for part in ("Train", "Eval")},
        "Eval.dataset.transforms.ClsResizeImg.image_shape": "[3, 48, 96]",
    })  # fmt: skip
    assert _call("train", "-c", CLS, "--max-steps", 1, *_options(given)).exit_code == 0
    assert _call("export", "-c", CLS, "--out", tmp_path / "net", *_options(given)).exit_code == 0
    loaded = classifier_of(tmp_path / "net")
    assert loaded.angles_deg == (0, 90, 180, 270) and loaded.size == (48, 96)
    picture = ROOT / "data/reading.png"
    read = _call("read", picture, "--json", "--cls", tmp_path / "net")
    assert read.exit_code == 0 and json.loads(read.stdout)[0]["lines"] is not None
    wrong = _call("read", picture, "--rec", tmp_path / "net")
    assert wrong.exit_code == 1 and "holds 'cls'" in wrong.output


def test_labels_that_are_not_declared_are_listed(overrides, tmp_path):
    labels = _rotated_lines(tmp_path)
    given = overrides("cls", **{
        "Train.dataset.data_dir": tmp_path, "Train.dataset.label_file_list": f"['{labels}']",
    })  # fmt: skip
    result = _call("train", "-c", CLS, "--max-steps", 1, *_options(given))
    assert result.exit_code == 1
    assert "label.txt:2: label '90'; known are ['0', '180']" in result.output


def test_paddleocrs_classifier_trains_with_only_paths_and_workers_changed(tmp_path):
    """Batches of 512 need as many labels: they name each image of a small set several times. Eight processes that load
    batches take minutes to start on a small machine, so this process loads them, which does not change the batches."""
    lines = (ROOT / "data/cls_en/label.txt").read_text(encoding="utf-8").splitlines()
    (tmp_path / "train.txt").write_text("\n".join((lines * 3)[:512]), encoding="utf-8")
    (tmp_path / "test.txt").write_text("\n".join(lines[:8]), encoding="utf-8")
    changes = [f"Global.save_model_dir={tmp_path / 'run'}"]
    for part, name in (("Train", "train.txt"), ("Eval", "test.txt")):
        changes += [f"{part}.dataset.data_dir={ROOT / 'data/cls_en'}", f"{part}.loader.num_workers=0",
                    f"{part}.dataset.label_file_list=['{tmp_path / name}']"]  # fmt: skip
    given = _options(changes)
    assert _call("train", "-c", CONFIGS / "2024/cls_mv3.yml", "--max-steps", 1, *given).exit_code == 0
    assert (tmp_path / "run/scalars.csv").read_text(encoding="utf-8").splitlines()[1].split(",")[1] == "512"


def test_the_written_config_is_the_one_that_ran(overrides, tmp_path):
    train(read_config(CLS, overrides("cls")), max_steps=1, progress=False)
    assert read_config(tmp_path / "run/config.yml").values == read_config(CLS, overrides("cls")).values


def test_stopped_and_resumed_is_the_whole(overrides, tmp_path):
    more = {"Global.epoch_num": 3, "Global.save_batch_step": 1, "Global.ema_decay": 0.9}
    for folder, stops in (("whole", [None]), ("parts", [2, 3, None])):
        given = [*overrides("cls", **more), f"Global.save_model_dir={tmp_path / folder}"]
        for stop in stops:
            train(read_config(CLS, given), max_steps=stop or 99, progress=False)
    for name in ("model", "optimizer", "ema"):
        file = f"step-00000006/{name}.safetensors"
        assert sha256(tmp_path / "whole" / file) == sha256(tmp_path / "parts" / file)
    latest = read_tensors(tmp_path / "whole/latest.safetensors")
    average = read_tensors(tmp_path / "whole/step-00000006/ema.safetensors")
    for name, array in latest.items():  # what is exported is what was scored
        np.testing.assert_array_equal(array, average[f"average/{name}"])
    assert not list((tmp_path / "whole").glob(".partial*"))


def test_running_the_cell_twice_gives_the_same(overrides, tmp_path):
    for folder in ("one", "two"):
        given = [*overrides("rec"), f"Global.save_model_dir={tmp_path / folder}"]
        train(read_config(REC, given), max_steps=2, progress=False)
    assert sha256(tmp_path / "one/latest.safetensors") == sha256(tmp_path / "two/latest.safetensors")


def test_workers_do_not_change_the_run(overrides, tmp_path):
    augmented = {"Train.dataset.transforms.RecAug": "{}", "Train.loader.use_shared_memory": False}
    for workers in (0, 2):
        given = overrides("rec", **augmented, **{"Train.loader.num_workers": workers})
        given.append(f"Global.save_model_dir={tmp_path / str(workers)}")
        train(read_config(REC, given), max_steps=2, progress=False)
    rows = [(tmp_path / f"{workers}/scalars.csv").read_text().splitlines() for workers in (0, 2)]
    assert len(rows[0]) == 3 and rows[0] == rows[1]
    weights = [sha256(tmp_path / f"{workers}/latest.safetensors") for workers in (0, 2)]
    assert weights[0] == weights[1]


def test_options_reach_the_trainer(overrides):
    given = overrides("cls", **{
        "Global.accumulate": 2, "Global.ema_decay": 0.99, "Optimizer.name": "SGD", "Optimizer.clip_norm_global": 1.0,
        "Optimizer.regularizer": "{name: L2, factor: 1e-4, decoupled: true}",
        "Optimizer.lr": "{name: Linear, learning_rate: 0.01, reach_zero: true}", "Global.freeze": "[backbone]",
    })  # fmt: skip
    run = prepare(read_config(CLS, given), progress=False)
    assert run.trainer.accumulate == 2 and run.trainer.ema and len(run.trainer.callbacks) == 2
    assert run.steps == 1 and run.schedule(0) == 0.01 and run.schedule(1) == 0
    assert all(p.stop_gradient for p in run.nets["Model"].backbone.parameters())
    moved = moved_by(run.trainer, 10.0)
    assert sum((change**2).sum() for change in moved) ** 0.5 == pytest.approx(1.0, rel=1e-3)


def test_frozen_parts_are_reported_only_with_progress(overrides, capsys):
    config = read_config(CLS, overrides("cls", **{"Global.freeze": "[backbone]"}))
    prepare(config, progress=False)
    assert capsys.readouterr().err == ""
    prepare(config, progress=True)
    assert "parameters are frozen" in capsys.readouterr().err


def test_shipped_weights_as_a_start(overrides, capsys):
    config = read_config(REC, overrides("rec", **{"Global.pretrained_model": "rec"}))
    prepare(config, progress=False)
    assert capsys.readouterr().err == ""  # every entry fits


def test_icdar_on_the_command_line(tmp_path):
    assert _call("convert", "icdar", tmp_path / "gt", tmp_path, tmp_path / "out.txt").exit_code == 1


def _launch(log, *command):
    """Two processes on the CPU, started as two cards would be, from a folder that knows nothing of this package."""
    launcher = ["-m", "paddle.distributed.launch", "--nproc_per_node=2", "--log_dir", str(log)]
    env = {k: v for k, v in os.environ.items() if not k.startswith(("PADDLE_", "FLAGS_"))}
    env |= {"PYTHONWARNINGS": "ignore", "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    log.mkdir()
    done = subprocess.run(
        [sys.executable, *launcher, *map(str, command)], cwd=log, env=env, capture_output=True, text=True, timeout=300
    )  # fmt: skip
    logs = [(log / f"workerlog.{rank}").read_text() for rank in (0, 1)]
    assert done.returncode == 0, done.stderr[-2000:] + "".join(logs)[-4000:]
    return logs


def test_the_launcher_line_of_the_readme(overrides, tmp_path):
    """The README gives the launcher the installed command's path; this is what such a script holds, anywhere."""
    script = pathlib.Path(sys.executable).with_name("ppocr-lessons")
    if not script.exists():  # the tests run without an installation
        script = tmp_path / "ppocr-lessons"
        script.write_text(f"#!{sys.executable}\nfrom ppocr_lessons.cli import app\napp()\n")
        script.chmod(0o755)
    given = overrides("cls", **{"Train.loader.batch_size_per_card": 2})
    logs = _launch(tmp_path / "log", script, "train", "-c", CLS, "--max-steps", 1, *_options(given))
    assert json.loads((tmp_path / "run/environment.json").read_text())["processes"] == "2"
    assert (tmp_path / "run/step-00000001/model.safetensors").is_file()
    assert ['"acc"' in log for log in logs] == [True, False], "the first process alone prints the result"


def test_a_classifier_trains_with_every_augmentation_of_single_images(overrides):
    augmentations = ("TextbookBDA: {prob: 1}", "AutoAugment: {policy: [[[rotate, 0.5, 3], [equalize, 1.0, 0]]]}", "CutOut: {holes: 2}",
                     "RandomErasing: {area: [0.1, 0.2]}", "HideAndSeek: {sizes: [0.5]}", "GridMask:")  # fmt: skip
    steps = ("DecodeImage: {img_mode: BGR}", "ClsLabelEncode:", *augmentations, "ClsResizeImg: {image_shape: [3, 48, 192]}",
             "KeepKeys: {keep_keys: [image, label]}")  # fmt: skip
    given = overrides("cls", **{"Train.dataset.transforms": "[" + ", ".join(f"{{{s}}}" for s in steps) + "]"})
    config = read_config(CLS, given)
    names = [name for name, _ in config.train.transforms]
    assert names[2:8] == ["TextbookBDA", "AutoAugment", "CutOut", "RandomErasing", "HideAndSeek", "GridMask"]
    assert 0 <= train(config, max_steps=1, progress=False)["acc"] <= 1


def test_two_processes_score_as_one(tmp_path):
    """Shares of the set, added up: the same scores to the last bit, in both of them."""
    script = pathlib.Path(__file__).with_name("evaluated.py")
    _launch(tmp_path / "log", script, tmp_path)
    command = [sys.executable, "-W", "ignore", str(script), str(tmp_path)]
    subprocess.run(command, check=True, timeout=300, env=os.environ | {"OMP_NUM_THREADS": "1"})
    one, *two = (json.loads((tmp_path / name).read_text()) for name in ("0-of-1", "0-of-2", "1-of-2"))
    assert two[0] == two[1]
    for task, scores in one.items():
        near = scores.pop("norm_edit_dis", 0.0), two[0][task].pop("norm_edit_dis", 0.0)
        assert near[0] == pytest.approx(near[1], abs=1e-12)  # a sum of fractions, whose order differs
        assert two[0][task] == scores and max(scores.values()) > 0.5, task


def test_a_frozen_detector_with_weights_teaches_through_the_engine(overrides, tmp_path):
    save_weights(db_server(), tmp_path / "teacher.safetensors")
    given = [*overrides("det"), f"Architecture.Models.Teacher.pretrained={tmp_path / 'teacher.safetensors'}",
             "Architecture.Models.Student.pretrained=", "Architecture.Models.Student2.pretrained="]  # fmt: skip
    with_weights = prepare(read_config(CML, given), dry=True, progress=False)
    without = prepare(
        read_config(CML, [*given, "Architecture.Models.Teacher.pretrained="]), dry=True, progress=False
    )
    assert list(with_weights.trainer.strategy.shortcuts) == ["Teacher"]
    assert not without.trainer.strategy.shortcuts
