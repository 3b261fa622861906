"""Training resumes exactly, checkpoints are whole, and a bad loss stops the run."""

import json

import numpy as np
import paddle
import pytest

from ppocr_lessons.cls import ClsBatch, PlainCrossEntropy, direction_mobile
from ppocr_lessons.datasets.draws import rng_for
from ppocr_lessons.engine.checkpoint import CheckpointError, newest_checkpoint
from ppocr_lessons.engine.cosine_warmup import lr_at
from ppocr_lessons.engine.tensors import WeightsError, sha256, state_of
from ppocr_lessons.engine.trainer import Trainer, TrainingDiverged


def _batch(step):
    rng = rng_for(7, step)
    images = rng.standard_normal((4, 3, 16, 32)).astype(np.float32)
    return ClsBatch(paddle.to_tensor(images), paddle.to_tensor(rng.integers(0, 2, 4)))


def _trainer(out, **options):
    paddle.seed(3)
    with paddle.utils.unique_name.guard():
        strategy = PlainCrossEntropy(direction_mobile())
        optimizer = paddle.optimizer.Adam(1e-3, parameters=strategy.trained.parameters())
    defaults = {
        "batch_at": _batch,
        "lr_at": lambda step: lr_at(step, peak=1e-3, steps=6, warmup_steps=1),
        "out": out,
        "save_every": 2,
        "progress": False,
    }
    return Trainer(strategy, optimizer, **defaults | options)


def _numbers(trainer):
    return {k: v.numpy() for k, v in state_of(trainer.strategy.net).items()}


def test_resumed_run_is_bit_exact(tmp_path):
    whole = _trainer(tmp_path / "whole")
    whole.run(6)
    part = _trainer(tmp_path / "part")
    part.run(4)
    paddle.rand([7])  # something else happens in between
    later = _trainer(tmp_path / "part")
    assert later.resume() == 4
    later.run(6)
    for name, array in _numbers(whole).items():
        np.testing.assert_array_equal(array, _numbers(later)[name], err_msg=name)
    hashes = [sha256(tmp_path / run / "step-00000006/model.safetensors") for run in ("whole", "part")]
    assert hashes[0] == hashes[1]
    assert whole.history == later.history


def test_running_the_cell_twice_gives_the_same(tmp_path):
    runs = []
    for _ in range(2):
        trainer = _trainer(None)
        trainer.run(3)
        runs.append(_numbers(trainer))
    for name in runs[0]:
        np.testing.assert_array_equal(runs[0][name], runs[1][name])


def test_scalars_and_scores_are_written(tmp_path):
    trainer = _trainer(tmp_path, evaluate=lambda net: {"acc": 0.5 if not net.training else -1}, eval_every=3)
    trainer.run(6)
    lines = (tmp_path / "scalars.csv").read_text().splitlines()
    assert lines[0].split(",") == ["step", "samples", "lr", "loss", "cross_entropy", "acc"]
    assert len(lines) == 7 and lines[3].endswith(",0.5") and trainer.strategy.net.training
    assert sorted(p.name for p in tmp_path.iterdir()) == ["scalars.csv", "step-00000004", "step-00000006"]


@pytest.mark.parametrize("damage", ["cut", "changed", "missing"])
def test_damaged_checkpoints_are_passed_over(tmp_path, damage, capsys):
    _trainer(tmp_path).run(6)
    victim = tmp_path / "step-00000006/model.safetensors"
    data = victim.read_bytes()
    if damage == "missing":
        victim.unlink()
    else:
        victim.write_bytes(data[: len(data) // 2] if damage == "cut" else data[:-4] + b"\0\0\0\1")
    assert newest_checkpoint(tmp_path).path.name == "step-00000004"
    assert "step-00000006" in capsys.readouterr().err
    assert _trainer(tmp_path).resume() == 4


def test_only_damaged_checkpoints_is_an_error(tmp_path):
    _trainer(tmp_path).run(2)
    (tmp_path / "step-00000002/state.json").write_text("{")
    with pytest.raises(CheckpointError, match="none of its 1"):
        _trainer(tmp_path).resume()


def test_a_save_that_was_cut_off_is_invisible(tmp_path):
    _trainer(tmp_path).run(2)
    (tmp_path / ".partial-step-00000004").mkdir()
    assert _trainer(tmp_path).resume() == 2
    _trainer(tmp_path).run(6)
    assert not (tmp_path / ".partial-step-00000004").exists()


def test_another_net_is_refused(tmp_path):
    _trainer(tmp_path).run(2)
    other = _trainer(tmp_path)
    other.strategy.trained = direction_mobile(scale=0.5)
    with pytest.raises(WeightsError, match="misshapen"):
        other.resume()


def test_nothing_to_resume(tmp_path):
    assert _trainer(tmp_path / "new").resume() == 0
    assert _trainer(None).resume() == 0


def test_diverged(tmp_path, monkeypatch):
    trainer, calls = _trainer(tmp_path), []
    strategy, plain = trainer.strategy, PlainCrossEntropy.__call__

    def worse(batch):
        calls.append(1)
        result = plain(strategy, batch)
        return result._replace(loss=result.loss * float("nan")) if len(calls) == 3 else result

    monkeypatch.setattr(PlainCrossEntropy, "__call__", lambda self, batch: worse(batch), raising=True)
    with pytest.raises(TrainingDiverged, match="step 2"):
        trainer.run(6)
    assert json.loads((tmp_path / "step-00000002/state.json").read_text())["step"] == 2


def test_generators_differ_by_place():
    draws = {rng_for(*place).integers(1 << 60) for place in ((1, 2), (2, 1), (1, 2, 0), (1, 2, 1))}
    assert len(draws) == 4
