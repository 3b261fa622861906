"""Two processes on the CPU make the same step as one with the joint batch, and agree on when to stop."""

import json
import os
import pathlib
import subprocess
import sys

import numpy as np
import paddle
import pytest

from ppocr_lessons.training import parallel
from ppocr_lessons.training.tensor_files import read_tensors
from ppocr_lessons.zoo.fine_tuning import freeze

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
    assert done.returncode == 0, done.stderr[-2000:] + logs[-4000:]


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Folders of the script run in one process and in two."""
    folders = {}
    for processes in (1, 2):
        folders[processes] = tmp_path_factory.mktemp(f"in{processes}")
        _launch(folders[processes], processes)
    return folders


def _seen(runs, what):
    return [json.loads((runs[2] / f"seen-{rank}-of-2.json").read_text())[what] for rank in (0, 1)]


@pytest.mark.parametrize("accumulate", [1, 2])
def test_gradients_of_two_are_those_of_the_joint_batch(runs, accumulate):
    one, two = (np.load(runs[n] / f"gradients-{accumulate}.npz") for n in (1, 2))
    assert {"conv.weight", "head.fc.weight"} <= set(one.files) and "frozen.weight" not in two.files
    for name in one.files:
        np.testing.assert_allclose(one[name], two[name], rtol=1e-4, atol=1e-6, err_msg=name)
    place = f"accumulate-{accumulate}/step-00000003/model.safetensors"
    weights = [read_tensors(runs[n] / place) for n in (1, 2)]
    for name in weights[0]:
        np.testing.assert_allclose(weights[0][name], weights[1][name], rtol=1e-4, atol=1e-5, err_msg=name)


def test_a_bad_loss_in_one_process_ends_both_at_the_same_step(runs):
    (first, said), (second, cause) = _seen(runs, "diverges")
    assert first == second == 4
    assert "another process" in said and "loss is nan at step 3" in cause
    assert not (runs[2] / "diverges/step-00000004").exists()


def test_sigterm_at_one_process_stops_both_at_the_same_step(runs):
    assert _seen(runs, "stops") == [[5, 143, True], [5, 143, True]]


def test_the_first_process_alone_reads_the_folder(runs):
    for step, same, count, wrote in _seen(runs, "resumes"):
        assert step == 3 and same and count >= 20 and not wrote


def test_a_failure_of_the_first_process_is_everyones(runs):
    first, second = _seen(runs, "fails")
    assert first == ["a folder that cannot be read", ""]
    assert second == [f"the first process failed: {reason}" for reason in (first[0], "AssertionError")]


def test_numbers_of_all_processes(runs):
    assert _seen(runs, "total") == [[2.0], [2.0]]
    assert _seen(runs, "highest") == [[1, 0], [1, 0]]
    assert _seen(runs, "shared") == [{"from": 0}, {"from": 0}]


def test_alone_nothing_happens():
    assert parallel.world() == (0, 1)
    assert parallel.highest([3, 4]) == [3, 4] and parallel.total([0.5]) == [0.5]
    assert parallel.share({"a": 1}) == {"a": 1} and parallel.on_first(lambda: 7) == 7


def test_frozen_batch_norms_are_not_synchronized():
    def block():
        return paddle.nn.Sequential(paddle.nn.Conv2D(3, 4, 3), paddle.nn.BatchNorm2D(4))

    net = paddle.nn.Sequential(block(), block(), block())
    freeze(net, ["0"])
    for parameter in net[1].parameters():
        parameter.stop_gradient = True
    before = {name: id(p) for name, p in net.state_dict().items()}
    parallel.synchronize_batch_norms(net)
    kinds = [type(net[i][1]).__name__ for i in range(3)]
    assert kinds == ["BatchNorm2D", "BatchNorm2D", "SyncBatchNorm"]
    # The tensors stay the same ones: the optimizer and the checkpoints know them.
    assert {name: id(p) for name, p in net.state_dict().items()} == before


@pytest.mark.parametrize("device", ["tpu", "gpu:x", "gpu"])
def test_unknown_device(device):
    with pytest.raises(ValueError, match="device is"):
        parallel.start(device)


def test_the_device_is_named():
    assert parallel.start("cpu") == "cpu"
