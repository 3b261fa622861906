"""Training resumes exactly, checkpoints are whole, and a bad loss stops the run."""

import json
from types import SimpleNamespace

import numpy as np
import paddle
import pytest

from ppocr_lessons.cls import PlainCrossEntropy, direction_mobile
from ppocr_lessons.datasets.batches import ClsBatch
from ppocr_lessons.datasets.seeding import rng_for
from ppocr_lessons.training.checkpoint import CheckpointError, newest_checkpoint
from ppocr_lessons.training.cosine_warmup import lr_at
from ppocr_lessons.training.tensor_files import WeightsError, sha256, state_of
from ppocr_lessons.training.trainer import Trainer, TrainingDiverged


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


def test_numbers_are_read_back_every_few_steps(monkeypatch):
    trainer, seen = _trainer(None, read_every=4), []
    trainer.callbacks.append(
        type("Watch", (), {"after_update": lambda self, t: seen.append(len(t.history))})()
    )
    history = trainer.run(10)
    assert seen == [0, 0, 0, 0, 4, 4, 4, 4, 8, 8] and len(history) == 10
    every = _trainer(None, read_every=1).run(10)
    assert history == every  # to the last bit


@pytest.mark.parametrize("option", ["save_every", "eval_every"])
def test_nothing_that_came_of_a_bad_loss_is_saved(tmp_path, monkeypatch, option):
    """The loss of step 1 is bad, and nobody looks before step 100: saving and evaluating look first."""
    trainer, plain = _trainer(tmp_path, read_every=100, save_every=100, **{}), PlainCrossEntropy.__call__
    setattr(trainer, option, 3)
    trainer.best_by, trainer.evaluate = "acc", lambda net: {"acc": 1.0}

    def worse(self, batch):
        result = plain(self, batch)
        return result._replace(loss=result.loss * float("nan")) if trainer.step == 1 else result

    monkeypatch.setattr(PlainCrossEntropy, "__call__", worse)
    with pytest.raises(TrainingDiverged, match="at step 1"):
        trainer.run(6)
    assert trainer.step == 3 and not list(tmp_path.glob("*"))


def test_bad_weights_behind_a_good_loss_are_not_saved(tmp_path):
    trainer = _trainer(tmp_path, save_every=2)
    bias = trainer.strategy.net.head.fc.bias

    def spoil(self, t):
        bias.set_value(bias * float("inf")) if t.step == 3 else None

    trainer.callbacks.append(type("Spoil", (), {"after_update": spoil})())
    with pytest.raises(TrainingDiverged, match=r"head\.fc\.bias is not finite after step 3"):
        trainer.run(6)
    assert [p.name for p in tmp_path.glob("step-*")] == ["step-00000002"]


def test_a_save_every_few_minutes_too(tmp_path, monkeypatch):
    now = iter(range(0, 10_000, 100))  # a clock that is read once or twice a step, 100 s further each time
    monkeypatch.setattr("ppocr_lessons.training.trainer.time", SimpleNamespace(monotonic=lambda: next(now)))
    trainer, saved = _trainer(tmp_path, save_every=1000, save_minutes=5), []
    save = trainer.save
    trainer.save = lambda: (saved.append(trainer.step), save())
    trainer.run(10)
    assert len(saved) == 3 and saved[0] == 4 and saved[-1] == 10


def test_an_optimizer_of_another_kind_is_refused_or_left_out(tmp_path, capsys):
    _trainer(tmp_path).run(2)
    other = _trainer(tmp_path)
    other.optimizer = paddle.optimizer.SGD(0.1, parameters=other.strategy.trained.parameters())
    with pytest.raises(ValueError, match="saved with the optimizer Adam, but the optimizer is SGD"):
        other.resume()
    assert other.resume(changed=True) == 2
    assert "Adam" in capsys.readouterr().err


def test_generators_differ_by_place():
    draws = {rng_for(*place).integers(1 << 60) for place in ((1, 2), (2, 1), (1, 2, 0), (1, 2, 1))}
    assert len(draws) == 4


def test_saving_without_a_folder_is_an_error():
    with pytest.raises(ValueError, match="no folder to save to"):
        _trainer(None).save()
