"""kill -9 at any moment, also inside a save: the run goes on, and ends in the same bytes."""

import os
import pathlib
import random
import signal
import subprocess
import sys
import time

import pytest

from ppocr_lessons.engine.checkpoint import newest_checkpoint
from ppocr_lessons.engine.tensors import sha256

SCRIPT = pathlib.Path(__file__).with_name("killed_run.py")
QUIET = {**os.environ, "PYTHONWARNINGS": "ignore", "OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}


def _start(folder, steps):
    command = [sys.executable, str(SCRIPT), str(folder), str(steps)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=QUIET)


def _run(folder, steps, kills, capsys):
    """Kill as often as wished while the run lasts, then let it end; how often, and how often within a save."""
    rng, done, inside = random.Random(5), 0, 0
    while True:
        process = _start(folder, steps)
        assert process.stdout.readline() == "ready\n", process.stderr.read()
        if done < kills:
            time.sleep(rng.uniform(0.0, 0.15))
            process.send_signal(signal.SIGKILL)
        _, errors = process.communicate(timeout=300)
        if process.returncode == 0:
            return done, inside
        assert process.returncode == -signal.SIGKILL, errors
        done += 1
        inside += any(folder.glob(".partial-step-*"))
        if folder.is_dir():
            newest_checkpoint(folder)
            assert "damaged" not in capsys.readouterr().err


def _compare(tmp_path, capsys, steps, kills):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    assert _run(whole, steps, 0, capsys) == (0, 0)
    done, inside = _run(killed, steps, kills, capsys)
    assert done == kills
    assert inside > 0, "some kills have to come inside a save"
    for name in ("model", "optimizer", "ema"):
        file = f"step-{steps:08d}/{name}.safetensors"
        assert sha256(whole / file) == sha256(killed / file), name
    assert (whole / "scalars.csv").read_text() == (killed / "scalars.csv").read_text()


def test_ten_kills_some_of_them_inside_a_save(tmp_path, capsys):
    _compare(tmp_path, capsys, steps=150, kills=10)


@pytest.mark.slow
def test_two_hundred_kills(tmp_path, capsys):
    _compare(tmp_path, capsys, steps=2500, kills=200)
