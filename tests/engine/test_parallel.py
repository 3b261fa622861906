"""Two processes on the CPU make the same step as one with the joint batch."""

import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest

from ppocr_lessons.engine import parallel
from ppocr_lessons.engine.tensors import read_tensors

SCRIPT = pathlib.Path(__file__).with_name("parallel_run.py")


def _launch(out, processes):
    env = {k: v for k, v in os.environ.items() if not k.startswith(("PADDLE_", "FLAGS_"))}
    env |= {"PYTHONWARNINGS": "ignore", "OMP_NUM_THREADS": "1"}
    launcher = [
        "-m",
        "paddle.distributed.launch",
        f"--nproc_per_node={processes}",
        "--log_dir",
        str(out / "log"),
    ]
    command = [sys.executable, *(launcher if processes > 1 else []), str(SCRIPT), str(out)]
    done = subprocess.run(command, capture_output=True, text=True, env=env, timeout=300, cwd=out)
    logs = "".join(p.read_text() for p in (out / "log").glob("workerlog*")) if processes > 1 else ""
    assert done.returncode == 0, done.stderr[-2000:] + logs[-2000:]


def test_gradients_of_two_are_those_of_the_joint_batch(tmp_path):
    for processes in (1, 2):
        (tmp_path / str(processes)).mkdir()
        _launch(tmp_path / str(processes), processes)
    one, two = (np.load(tmp_path / f"{n}/gradients-{n}.npz") for n in (1, 2))
    assert len(one.files) == 4
    for name in one.files:
        np.testing.assert_allclose(one[name], two[name], rtol=1e-5, atol=1e-7)
    weights = [read_tensors(tmp_path / f"{n}/step-00000003/model.safetensors") for n in (1, 2)]
    for name in weights[0]:
        np.testing.assert_allclose(weights[0][name], weights[1][name], rtol=1e-5, atol=1e-6)


def test_alone_nothing_happens():
    assert parallel.world() == (0, 1)
    parallel.average_gradients([])


@pytest.mark.parametrize("device", ["tpu", "gpu:x", "gpu"])
def test_unknown_device(device):
    with pytest.raises(ValueError, match="device is"):
        parallel.start(device)


def test_the_device_is_named():
    assert parallel.start("cpu") == "cpu"
