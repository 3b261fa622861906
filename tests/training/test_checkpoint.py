"""What is read, counted and deleted in a run's folder, and what is left alone."""

import json
import shutil

import numpy as np
import paddle
import pytest

from ppocr_lessons.training.checkpoint import (
    CheckpointError,
    newest_checkpoint,
    read_state,
    restore_optimizer,
    save_checkpoint,
)
from ppocr_lessons.training.run_folder import holds_a_run, move_aside
from ppocr_lessons.training.tensor_files import WeightsError, save_tensors, sha256


def _files(value=1.0):
    return {
        "model": {"a": np.full(3, value, np.float32)},
        "optimizer": {"a/moment1": np.zeros(3, np.float32)},
    }


def _save(folder, step, **options):
    return save_checkpoint(folder, _files(step), {"step": step, "best": None}, **options)


def _names(folder):
    return sorted(p.name for p in folder.iterdir())


def test_foreign_names_do_not_count_and_stay(tmp_path):
    (tmp_path / "step-99999999").mkdir()
    (tmp_path / "step-foo").mkdir()
    (tmp_path / "step-foo/thesis.txt").write_text("all of it")
    (tmp_path / "step-7").mkdir()
    (tmp_path / "step-00000001").mkdir()
    (tmp_path / "step-00000001/thesis.txt").write_text("all of it")
    (tmp_path / "step-00000002").write_text("a file")
    foreign = _names(tmp_path)
    for step in (10, 20, 30, 40):
        _save(tmp_path, step)
    assert _names(tmp_path) == sorted([*foreign, "step-00000030", "step-00000040"])
    assert (tmp_path / "step-00000001/thesis.txt").read_text() == "all of it"
    assert newest_checkpoint(tmp_path).state["step"] == 40


def test_damaged_ones_do_not_count(tmp_path):
    """Two newer checkpoints that are damaged do not push the good one out."""
    for step in (10, 20, 30):
        _save(tmp_path, step, keep=3)
    for step in (20, 30):
        (tmp_path / f"step-000000{step}/model.safetensors").write_bytes(b"")
    _save(tmp_path, 15, keep=2)
    assert read_state(tmp_path / "step-00000010") and read_state(tmp_path / "step-00000015")
    assert newest_checkpoint(tmp_path).state["step"] == 15


@pytest.mark.parametrize("keep", [0, 1])
def test_the_last_good_one_is_never_removed(tmp_path, keep):
    _save(tmp_path, 10, keep=keep)
    _save(tmp_path, 20, keep=keep)
    assert _names(tmp_path) == ["step-00000020"]


def test_a_checkpoint_with_something_else_in_it_stays(tmp_path):
    _save(tmp_path, 10)
    (tmp_path / "step-00000010/notes.txt").write_text("mine")
    for step in (20, 30, 40):
        _save(tmp_path, step)
    assert (tmp_path / "step-00000010/notes.txt").exists()


def test_what_stands_where_a_checkpoint_has_to_go_gives_way(tmp_path, capsys):
    (tmp_path / "step-00000010").mkdir()
    (tmp_path / "step-00000010/thesis.txt").write_text("all of it")
    _save(tmp_path, 10)
    assert (tmp_path / "not-a-checkpoint-1-step-00000010/thesis.txt").read_text() == "all of it"
    assert "not-a-checkpoint-1" in capsys.readouterr().err
    _save(tmp_path, 10)  # one of its own is replaced
    assert _names(tmp_path) == ["not-a-checkpoint-1-step-00000010", "step-00000010"]


@pytest.mark.parametrize(
    "state",
    [
        "[]", "7", "null", '"step"', "{}", '{"step": 20}', "\udcff",
        *({"step": step} for step in ("20", -20, True, 20.0, None, 21, [20], 10**30)),
        *({"best": best} for best in ("0.5", [1], float("nan"), True)),
        *({"sha256": sums} for sums in ([], "x", {}, {"model.safetensors": "0"}, None)),
        {"sha256": {"../step-00000010/model.safetensors": "0"}}, {"scaler": [1]}, "[" * 100_000,
    ],
    ids=lambda value: repr(value)[:40],
)  # fmt: skip
def test_a_state_of_another_kind_falls_back(tmp_path, state, capsys):
    _save(tmp_path, 10)
    path = _save(tmp_path, 20) / "state.json"
    if isinstance(state, dict):
        good = json.loads(path.read_text())
        outside = isinstance(state.get("sha256"), dict) and any("/" in name for name in state["sha256"])
        state = json.dumps(good | (state if not outside else {"sha256": good["sha256"] | state["sha256"]}))
    path.write_text(state, encoding="utf-8", errors="surrogateescape")
    assert newest_checkpoint(tmp_path).state["step"] == 10
    assert "step-00000020" in capsys.readouterr().err


@pytest.mark.parametrize("file", ["model", "optimizer"])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_neither_saved_nor_read(tmp_path, file, bad, capsys):
    _save(tmp_path, 10)
    files = _files()
    next(iter(files[file].values()))[1] = bad
    with pytest.raises(ValueError, match=f"{file}: a.* is not finite; nothing was saved"):
        save_checkpoint(tmp_path, files, {"step": 20})
    assert _names(tmp_path) == ["step-00000010"]
    path = _save(tmp_path, 20)
    save_tensors(path / f"{file}.safetensors", files[file])
    state = json.loads((path / "state.json").read_text())
    state["sha256"][f"{file}.safetensors"] = sha256(path / f"{file}.safetensors")
    (path / "state.json").write_text(json.dumps(state))
    assert newest_checkpoint(tmp_path).state["step"] == 10
    assert "not finite" in capsys.readouterr().err
    shutil.rmtree(tmp_path / "step-00000010")
    with pytest.raises(CheckpointError, match="none of its 1"):
        newest_checkpoint(tmp_path)


@pytest.mark.parametrize(
    ("key", "shape", "reason"),
    [
        ("weight/moment1_0", (2, 4), "the parameter has"),
        ("weight/moment1_0", (24,), "the parameter has"),
        ("gone/moment1_0", (3, 8), "no such parameter"),
        ("moment1_0", (3, 8), "no such parameter"),
    ],
)
def test_moments_that_do_not_fit_are_refused_by_name(key, shape, reason):
    net = paddle.nn.Linear(3, 8)
    optimizer = paddle.optimizer.Adam(parameters=net.parameters())
    with pytest.raises(WeightsError, match=reason) as error:
        restore_optimizer(optimizer, net, {key: np.zeros(shape, np.float32)}, "run/optimizer.safetensors")
    assert str(error.value).startswith("run/optimizer.safetensors") and key in str(error.value)


def test_moving_aside_loses_nothing(tmp_path):
    assert move_aside(tmp_path, ("record.json",)) is None and not holds_a_run(tmp_path)
    for round_ in (1, 2):
        _save(tmp_path, 10)
        for name in ("scalars.csv", "best.safetensors", "record.json", "notes.txt"):
            (tmp_path / name).write_text(f"{name} {round_}")
        assert holds_a_run(tmp_path)
        aside = move_aside(tmp_path, ("record.json",))
        assert aside.name == f"earlier-run-{round_}" and not holds_a_run(tmp_path)
        assert _names(aside) == ["best.safetensors", "record.json", "scalars.csv", "step-00000010"]
    assert (tmp_path / "earlier-run-1/record.json").read_text() == "record.json 1"
    assert (tmp_path / "notes.txt").exists()
