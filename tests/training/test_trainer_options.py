"""Accumulation, averaged weights, precision, the best weights, scalars, hints."""

import math
import re

import numpy as np
import paddle
import pytest

from ppocr_lessons.cls.direction import ClsHead
from ppocr_lessons.datasets.batches import ClsBatch
from ppocr_lessons.datasets.seeding import rng_for
from ppocr_lessons.losses.objective import Objective
from ppocr_lessons.training.ema import EMA
from ppocr_lessons.training.run_log import TensorBoard, hints, read_scalars, write_scalars
from ppocr_lessons.training.tensor_files import read_tensors, state_of
from ppocr_lessons.training.trainer import Trainer


class Plain:
    """A net without batch norm and its cross entropy."""

    def __init__(self):
        paddle.seed(3)
        self.net = self.trained = paddle.nn.Sequential(paddle.nn.Conv2D(3, 4, 3), ClsHead(4))

    def __call__(self, batch):
        loss = paddle.nn.functional.cross_entropy(self.net(batch.images), batch.labels)
        return Objective(loss, {"ce": loss}, None)


def _images(number, size):
    rng = rng_for(1, number)
    return rng.standard_normal((size, 3, 6, 6)).astype(np.float32), rng.integers(0, 2, size)


def _trainer(**options):
    with paddle.utils.unique_name.guard():
        strategy = Plain()
        optimizer = paddle.optimizer.Momentum(0.1, parameters=strategy.trained.parameters())
    defaults = {
        "batch_at": lambda n: ClsBatch(*map(paddle.to_tensor, _images(n, 4))),
        "lr_at": lambda step: 0.1,
        "progress": False,
    }
    return Trainer(strategy, optimizer, **defaults | options)


def _numbers(trainer):
    return {k: v.numpy() for k, v in state_of(trainer.strategy.net).items()}


def test_two_small_batches_make_the_step_of_a_large_one():
    def joint(n):
        parts = [_images(2 * n + i, 4) for i in range(2)]
        return ClsBatch(*(paddle.to_tensor(np.concatenate(p)) for p in zip(*parts, strict=True)))

    small, large = _trainer(accumulate=2), _trainer(batch_at=joint)
    for one, other in zip(small.run(3), large.run(3), strict=True):
        assert one["samples"] == other["samples"] == 8
        assert one["loss"] == pytest.approx(other["loss"], rel=1e-5)
    for name, array in _numbers(large).items():
        np.testing.assert_allclose(array, _numbers(small)[name], rtol=1e-4, atol=1e-6)


def test_average_by_hand_and_its_resume(tmp_path):
    ema = EMA(0.5)
    trainer = _trainer(callbacks=[ema], out=tmp_path, save_every=2)
    expected, weights = None, []
    trainer.callbacks.append(
        type("Watch", (), {"after_update": lambda self, t: weights.append(_numbers(t))})()
    )
    trainer.run(2)
    for count, now in enumerate(weights):
        decay = min(0.5, (1 + count) / (10 + count))
        expected = now if expected is None else {k: decay * expected[k] + (1 - decay) * now[k] for k in now}
    for name, array in expected.items():
        np.testing.assert_allclose(ema.average[name].numpy(), array, rtol=1e-5)
    again = EMA(0.5)
    _trainer(callbacks=[again], out=tmp_path).resume()
    for name in expected:
        np.testing.assert_array_equal(again.average[name].numpy(), ema.average[name].numpy())
    own = _numbers(trainer)
    with ema.in_place_of_weights(trainer.strategy.net):
        np.testing.assert_allclose(_numbers(trainer)["0.weight"], expected["0.weight"], rtol=1e-5)
    np.testing.assert_array_equal(_numbers(trainer)["0.weight"], own["0.weight"])


def test_bf16_says_that_a_cpu_has_none(capsys):
    assert _trainer(precision="bf16").run(3) == _trainer().run(3)
    assert "no effect on a CPU" in capsys.readouterr().err


@pytest.mark.parametrize(
    "options",
    [{"accumulate": 0}, {"precision": "fp8"}, {"precision": "fp16"}, {"read_every": 0}, {"save_minutes": -1}],
)
def test_refused(options):
    with pytest.raises(ValueError, match=r"accumulate is 0|fp16|read_every 0|save_minutes -1"):
        _trainer(**options)


def test_best_weights_are_kept(tmp_path):
    scores = iter([0.2, 0.9, 0.4])
    trainer = _trainer(out=tmp_path, evaluate=lambda net: {"acc": next(scores)}, eval_every=1, best_by="acc")
    seen = []
    trainer.callbacks.append(type("Watch", (), {"after_update": lambda self, t: seen.append(_numbers(t))})())
    trainer.run(3)
    best = read_tensors(tmp_path / "best.safetensors")
    np.testing.assert_array_equal(best["0.weight"], seen[1]["0.weight"])
    assert trainer.best == 0.9


def test_clipping_bounds_the_step():
    strategy = Plain()
    before = {k: v.numpy().copy() for k, v in state_of(strategy.net).items()}
    clip = paddle.nn.ClipGradByGlobalNorm(1e-3)
    optimizer = paddle.optimizer.SGD(1.0, parameters=strategy.trained.parameters(), grad_clip=clip)
    trainer = _trainer()
    trainer.strategy, trainer.optimizer = strategy, optimizer
    trainer.lr_at = lambda step: 1.0
    trainer.run(1)
    moved = sum(((v.numpy() - before[k]) ** 2).sum() for k, v in state_of(strategy.net).items())
    assert moved**0.5 == pytest.approx(1e-3, rel=1e-3)


def test_scalars_come_back_and_grow(tmp_path):
    path = tmp_path / "scalars.csv"
    rows = [{"step": 0, "loss": 1 / 3}, {"step": 1, "loss": 1e-7}]
    write_scalars(path, rows)
    rows.append({"step": 2, "loss": 0.5, "acc": 0.25})
    write_scalars(path, rows)
    assert read_scalars(path) == rows
    write_scalars(path, [*rows[:2], {"step": 2, "loss": 9.0, "acc": 0.5}, {"step": 3, "loss": 1.0}])
    assert read_scalars(path)[3] == {"step": 3, "loss": 1.0}
    path.write_text(path.read_text() + "4,0.")
    assert len(read_scalars(path)) == 4
    assert read_scalars(tmp_path / "none.csv") == []


@pytest.mark.parametrize(
    ("line", "reason"),
    [("2,abc,0.5", "could not convert"), ("2,0.5", "2 values under 3 names"), ("2,1,2,3", "4 values"),
     ("-1,1,2", "above 1"), ("0,1,2", "above 1"), ("two,1,2", "could not convert"), ("2.5,1,2", "step is 2.5"),
     ('2,"1,2', "unexpected end"), ("", "0 values"), ("\x00\x00\x00", "values|NUL")],
)  # fmt: skip
def test_a_garbled_row_is_named_and_kept(tmp_path, capsys, line, reason):
    path = tmp_path / "scalars.csv"
    rows = [{"step": s, "loss": 1.0 + s, "lr": 0.1} for s in (0, 1, 5)]
    write_scalars(path, rows)
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines[:3], line, *lines[3:]]) + "\n")
    for _ in range(2):
        assert read_scalars(path) == rows
    error = capsys.readouterr().err.splitlines()[0]
    assert error.startswith(f"{path}:4: ") and re.search(reason, error)
    assert (tmp_path / "scalars.garbled.csv").read_text().splitlines() == [line]
    write_scalars(path, rows)
    assert read_scalars(path) == rows and capsys.readouterr().err == ""


def test_a_file_without_a_header_is_kept_whole(tmp_path, capsys):
    path = tmp_path / "scalars.csv"
    path.write_bytes(b"\xff\xfe\n" + b"1,2\n" * 100)
    assert read_scalars(path) == []
    assert len(capsys.readouterr().err.splitlines()) == 21
    assert (tmp_path / "scalars.garbled.csv").read_text().count("1,2") == 100


def test_a_killed_run_that_went_further_is_written_anew(tmp_path):
    path = tmp_path / "scalars.csv"
    write_scalars(path, [{"step": s, "loss": 1.0} for s in range(5)])
    write_scalars(path, [{"step": s, "loss": 2.0} for s in range(3)])
    assert [row["step"] for row in read_scalars(path)] == [0, 1, 2]


def test_tensorboard(tmp_path):
    pytest.importorskip("tensorboardX")
    from tensorboardX.proto.event_pb2 import Event

    board = TensorBoard(tmp_path)
    trainer = _trainer(callbacks=[board])
    trainer.run(3)
    board.writer.close()
    data, events, place = next(tmp_path.glob("events*")).read_bytes(), [], 0
    while place < len(data):  # records: length (8 bytes), its checksum (4), the event, its checksum (4)
        length = int.from_bytes(data[place : place + 8], "little")
        events.append(Event.FromString(data[place + 12 : place + 12 + length]))
        place += 16 + length
    losses = {e.step: v.simple_value for e in events for v in e.summary.value if v.tag == "loss"}
    assert losses == pytest.approx({row["step"]: row["loss"] for row in trainer.history}, rel=1e-6)


def test_hints():
    falling = [{"step": s, "loss": 10 - s / 10} for s in range(100)]
    assert hints(falling, "acc") == []
    assert "not fall" in hints([{"step": s, "loss": 5.0} for s in range(100)])[0]
    assert "learning rate" in hints([*falling, {"step": 100, "loss": math.nan}])[0]
    stuck = [{**row, "hmean": 0.0} for row in falling]
    assert (
        "###" in hints(stuck, "hmean")[0]
        and "dictionary" in hints([{**r, "acc": 0.0} for r in falling], "acc")[0]
    )
    assert hints([{**row, "acc": 0.1} for row in falling], "acc") == []
