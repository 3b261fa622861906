"""For whoever has a card: `pytest -m gpu -s`. Nothing of this can be known on a CPU."""

import math
import os
import pathlib
import subprocess
import sys
import time

import numpy as np
import paddle
import pytest

from ppocr_lessons.cls.direction import PlainCrossEntropy, direction_mobile
from ppocr_lessons.datasets.synthetic import streams
from ppocr_lessons.det.db_loss import PlainDB
from ppocr_lessons.det.dbnet import db_mobile, db_server
from ppocr_lessons.losses.ctc_loss import PlainCTC
from ppocr_lessons.rec.alphabet import ENGLISH, Alphabet
from ppocr_lessons.rec.crnn import crnn_lcnet, crnn_mobile, crnn_server
from ppocr_lessons.training.tensor_files import state_of
from ppocr_lessons.training.trainer import Trainer

pytestmark = pytest.mark.gpu

ALPHABET = Alphabet(ENGLISH)
NETS = {
    "db_mobile": (db_mobile, (8, 3, 320, 320)),
    "db_server": (db_server, (2, 3, 320, 320)),
    "direction_mobile": (direction_mobile, (64, 3, 48, 192)),
    "crnn_mobile": (lambda: crnn_mobile(ALPHABET.classes), (64, 3, 32, 320)),
    "crnn_lcnet": (lambda: crnn_lcnet(ALPHABET.classes), (64, 3, 32, 320)),
    "crnn_server": (lambda: crnn_server(ALPHABET.classes), (16, 3, 32, 320)),
}
"""Every net, and the shape of a batch."""

TASKS = {
    "det": (lambda: PlainDB(db_mobile()), lambda n: streams.det_batch(1, n, size=4, side=160)),
    "cls": (lambda: PlainCrossEntropy(direction_mobile()), lambda n: streams.cls_batch(1, n, size=16)),
    "rec": (
        lambda: PlainCTC(crnn_mobile(ALPHABET.classes)),
        lambda n: streams.rec_batch(1, n, 1000, ALPHABET),
    ),
}
"""A strategy of each task, and its batches."""

JOINT = pathlib.Path(__file__).with_name("joint_batch.py")


def _first(answer):
    found = answer[0]
    return (found.prob if hasattr(found, "prob") else found).numpy()


def _built(name):
    paddle.seed(3)
    build, shape = NETS[name]
    net = build()
    net.eval()
    return net, np.random.default_rng(0).standard_normal(shape).astype(np.float32)


@pytest.mark.parametrize("name", NETS)
def test_cpu_and_gpu_agree(card, name):
    paddle.device.set_device("cpu")
    net, images = _built(name)
    with paddle.no_grad():
        expected = _first(net(paddle.to_tensor(images[:2])))
        weights = {key: tensor.numpy() for key, tensor in state_of(net).items()}
        paddle.device.set_device(card)
        net, _ = _built(name)
        for key, tensor in state_of(net).items():
            tensor.set_value(weights[key])
        found = _first(net(paddle.to_tensor(images[:2])))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


def _losses(task, precision, steps=5):
    strategy_of, batch_at = TASKS[task]
    paddle.seed(3)
    with paddle.utils.unique_name.guard():
        strategy = strategy_of()
        optimizer = paddle.optimizer.Adam(1e-3, parameters=strategy.trained.parameters())
    trainer = Trainer(
        strategy, optimizer, batch_at=batch_at, lr_at=lambda step: 1e-3, precision=precision, progress=False
    )
    history = trainer.run(steps)
    for name, tensor in state_of(strategy.net).items():
        assert np.isfinite(tensor.numpy()).all(), name
    return [row["loss"] for row in history]


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("precision", ["fp16", "bf16"])
def test_half_precision_stays_finite_and_near(card, task, precision):
    if precision == "bf16" and not paddle.amp.is_bfloat16_supported(card):
        pytest.skip("this card has no bfloat16")
    full, half = _losses(task, "fp32"), _losses(task, precision)
    assert all(map(math.isfinite, half))
    assert half[0] == pytest.approx(full[0], rel=0.02)  # the same weights still
    assert half == pytest.approx(full, rel=0.2)


def test_two_cards_make_the_step_of_the_joint_batch(two_cards, tmp_path):
    env = {k: v for k, v in os.environ.items() if not k.startswith(("PADDLE_", "FLAGS_"))}
    launcher = ["-m", "paddle.distributed.launch", "--gpus", "0,1", "--log_dir", str(tmp_path / "log")]
    for start in ([], launcher):
        command = [sys.executable, *start, str(JOINT), str(tmp_path), "gpu"]
        done = subprocess.run(command, env=env, cwd=tmp_path, capture_output=True, text=True, timeout=600)
        logs = "".join(p.read_text() for p in tmp_path.glob("log/workerlog*"))
        assert done.returncode == 0, done.stderr[-2000:] + logs[-4000:]
    one, two = (np.load(tmp_path / f"{n}.npz") for n in (1, 2))
    for name in one.files:
        np.testing.assert_allclose(two[name], one[name], rtol=1e-3, atol=1e-4, err_msg=name)


@pytest.mark.parametrize("name", NETS)
def test_images_per_second(card, name, capsys):
    net, images = _built(name)
    batch = paddle.to_tensor(images)
    with paddle.no_grad():
        for _ in range(5):
            net(batch)
        paddle.device.synchronize()
        start, rounds = time.perf_counter(), 20
        for _ in range(rounds):
            net(batch)
        paddle.device.synchronize()
    speed = rounds * len(images) / (time.perf_counter() - start)
    with capsys.disabled():
        print(f"\n{name:18} {'x'.join(map(str, images.shape)):>16} {speed:10.0f} images a second")
    assert speed > 0
