"""A run goes on under its own configuration, and under another one only if that is asked for."""

import json
import pathlib
import shutil
import signal

import pytest
from typer.testing import CliRunner

from ppocr_lessons import experiment
from ppocr_lessons.cli import app
from ppocr_lessons.config import read_config
from ppocr_lessons.config.problems import ConfigError
from ppocr_lessons.config.record import agreement
from ppocr_lessons.det.dbnet import db_server
from ppocr_lessons.training.tensor_files import save_weights, sha256

from .conftest import CONFIGS, ROOT

CLS, REC, CML = (
    CONFIGS / f"2022/{n}.yml" for n in ("cls_mv3", "rec_chinese_lite_train_v2.0", "ch_PP-OCRv2_det_cml")
)


@pytest.fixture
def begun(overrides, tmp_path):
    """A run of two steps of the classifier, and its overrides; data and label file are copies that may be changed."""
    labels = tmp_path / "labels.txt"
    shutil.copy(ROOT / "data/cls_en/label.txt", labels)
    labels.write_text("\n".join(labels.read_text().splitlines()[:8]))
    given = [*overrides("cls", **{"Global.epoch_num": 2}), f"Train.dataset.label_file_list=['{labels}']"]
    experiment.train(read_config(CLS, given), max_steps=2, progress=False)
    return given


def _state(folder):
    return {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.mark.parametrize(
    "change",
    [
        "Global.seed=7",
        "Optimizer.lr.learning_rate=0.5",
        "Optimizer.name=SGD",
        "Optimizer.regularizer.factor=0.5",
        "Architecture.Backbone.scale=0.5",
        "Global.label_list=['180', '0']",
        "Train.loader.batch_size_per_card=2",
        "Train.dataset.data_dir=COPY",
        "Global.accumulate=2",
        "Global.ema_decay=0.5",
    ],
)
def test_another_configuration_is_one_error_that_lists_the_keys(begun, tmp_path, change):
    before = _state(tmp_path / "run")
    if change.endswith("COPY"):
        shutil.copytree(ROOT / "data/cls_en", tmp_path / "copy")
        change = change.replace("COPY", str(tmp_path / "copy"))
    given = [*begun, change, "Global.seed=7"]
    with pytest.raises(ConfigError) as error:
        experiment.train(read_config(CLS, given), progress=False)
    message = str(error.value)
    assert (
        "contains a run of another configuration" in message
        and "Global.seed: 1024 in the run, 7 now" in message
    )
    assert change.partition("=")[0].replace("label_list", "label_list[0]") in message
    assert "--fresh" in message and "--resume-changed" in message
    after = _state(tmp_path / "run")
    assert after == before  # config.yml above all


def test_labels_and_dictionaries_are_compared_by_content(begun, overrides, tmp_path):
    moved = tmp_path / "moved.txt"
    shutil.copy(tmp_path / "labels.txt", moved)
    experiment.train(read_config(CLS, [*begun, f"Train.dataset.label_file_list=['{moved}']"]), progress=False)
    lines = moved.read_text().splitlines()
    swapped = [line.replace("\t180", "\tx").replace("\t0", "\t180").replace("\tx", "\t0") for line in lines]
    (tmp_path / "labels.txt").write_text("\n".join(swapped))
    with pytest.raises(ConfigError, match=r"Train\.dataset\.label_file_list: the content differs"):
        experiment.train(read_config(CLS, begun), progress=False)
    given = [*overrides("rec"), f"Global.save_model_dir={tmp_path / 'rec'}"]
    words = tmp_path / "dict.txt"
    source = next(g.partition("=")[2] for g in given if "character_dict_path" in g)
    characters = pathlib.Path(source).read_text(encoding="utf-8").splitlines()
    words.write_text("\n".join(characters), encoding="utf-8")
    given.append(f"Global.character_dict_path={words}")
    experiment.train(read_config(REC, given), max_steps=1, progress=False)
    words.write_text("\n".join(reversed(characters)), encoding="utf-8")
    with pytest.raises(ConfigError, match=r"Global\.character_dict_path: the content differs"):
        experiment.train(read_config(REC, given), progress=False)


def test_what_may_change_does_not_stand_in_the_way(begun, tmp_path, capsys):
    free = ["Global.epoch_num=3", "Global.save_batch_step=1", "Global.eval_batch_step=[0, 50]", "Global.device=cpu",
            "Global.print_batch_step=3", "Train.loader.num_workers=1", "Train.loader.use_shared_memory=False",
            "Global.use_gpu=False", "Eval.loader.batch_size_per_card=3", "Global.seed=1024"]  # fmt: skip
    experiment.train(read_config(CLS, [*begun, *free]), progress=False)
    assert (tmp_path / "run/step-00000006").is_dir() and "resumed at step 2 of 6" in capsys.readouterr().err
    assert "epoch_num: 3" in (tmp_path / "run/config.yml").read_text()


def test_fresh_moves_the_old_run_aside(begun, tmp_path, capsys):
    old = {p.name: sha256(p) for p in (tmp_path / "run").glob("*.safetensors")}
    before = _state(tmp_path / "run")
    experiment.train(read_config(CLS, [*begun, "Global.seed=7"]), max_steps=1, progress=False, fresh=True)
    aside = _state(tmp_path / "run/earlier-run-1")
    assert aside == before and old
    assert sorted(p.name for p in (tmp_path / "run").glob("step-*")) == ["step-00000001"]
    assert "earlier-run-1" in capsys.readouterr().err
    experiment.train(
        read_config(CLS, [*begun, "Global.seed=7"]), max_steps=2, progress=False
    )  # its own configuration now


def test_resume_changed_goes_on_and_says_so(begun, tmp_path, capsys):
    given = [*begun, "Global.seed=7", "Optimizer.name=SGD"]
    experiment.train(read_config(CLS, given), progress=False, resume_changed=True)
    errors = capsys.readouterr().err
    assert "resumed at step 2" in errors and "the moments of Adam do not fit SGD" in errors
    record = json.loads((tmp_path / "run/record.json").read_text())
    assert any("Global.seed: 1024 in the run, 7 now" in line for line in record["changes"][0])
    experiment.train(read_config(CLS, given), progress=False)  # now its own
    assert len(json.loads((tmp_path / "run/record.json").read_text())["changes"]) == 1


def test_both_ways_out_at_once_are_refused(begun):
    with pytest.raises(ConfigError, match="one of them"):
        experiment.train(read_config(CLS, begun), fresh=True, resume_changed=True, progress=False)


@pytest.mark.parametrize("damage", ["gone", "{", "[1]"])
def test_a_run_without_its_record_is_not_overwritten(begun, tmp_path, damage):
    path = tmp_path / "run" / ("config.yml" if damage == "gone" else "record.json")
    path.unlink()
    if damage != "gone":
        path.write_text(damage)
    with pytest.raises(ConfigError, match=r"cannot be read"):
        experiment.train(read_config(CLS, begun), progress=False)


def test_a_trial_does_not_make_the_teacher_check_go_away(overrides, tmp_path):
    save_weights(db_server(), tmp_path / "teacher.safetensors")
    given = [*overrides("det"), f"Architecture.Models.Teacher.pretrained={tmp_path / 'teacher.safetensors'}",
             "Architecture.Models.Student.pretrained=", "Architecture.Models.Student2.pretrained="]  # fmt: skip
    experiment.train(read_config(CML, given), max_steps=1, progress=False)
    assert json.loads((tmp_path / "run/record.json").read_text())["teachers_checked"] is False
    with pytest.raises(ConfigError, match=r"the teacher's hmean is 0\.0000"):
        experiment.train(read_config(CML, given), progress=False)
    with pytest.raises(ConfigError, match=r"the teacher's hmean is 0\.0000"):  # and again
        experiment.train(read_config(CML, given), progress=False)


def test_options_on_the_command_line(begun, tmp_path):
    options = [part for value in [*begun, "Global.seed=7"] for part in ("-o", value)]
    result = CliRunner().invoke(app, ["train", "-c", str(CLS), *options])
    assert result.exit_code == 1 and "Global.seed" in result.output and "Traceback" not in result.output
    result = CliRunner().invoke(app, ["train", "-c", str(CLS), "--fresh", "--max-steps", "1", *options])
    assert result.exit_code == 0 and (tmp_path / "run/earlier-run-1/step-00000002").is_dir()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_every_key_of_a_configuration_is_compared_or_free():
    for path in sorted(CONFIGS.rglob("*.yml")):
        keys = agreement(read_config(path))
        assert any(k.startswith("Architecture") for k in keys) and "Global.seed" in keys, path
        assert "Optimizer.name" in keys and "Train.loader.batch_size_per_card" in keys
        assert not any("epoch_num" in k or "num_workers" in k for k in keys)


@pytest.mark.parametrize("use_gpu", [False, None])
def test_evaluation_honors_the_device(begun, monkeypatch, use_gpu):
    asked = []
    monkeypatch.setattr(experiment.parallel, "start", lambda device: asked.append(device) or "cpu")
    given = [*begun, "Global.device=gpu:1", *(["Global.use_gpu=False"] if use_gpu is False else [])]
    experiment.evaluate_config(read_config(CLS, given))
    assert asked == ["cpu" if use_gpu is False else "gpu:1"]
