"""SIGKILL at any moment, also inside a save: the run resumes, and its result is bit-identical."""

import os
import pathlib
import random
import signal
import subprocess
import sys
import time

import pytest

from ppocr_lessons.training.checkpoint import newest_checkpoint
from ppocr_lessons.training.tensor_files import sha256

SCRIPT = pathlib.Path(__file__).with_name("killed_run.py")
QUIET = {**os.environ, "PYTHONWARNINGS": "ignore", "OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}


def _start(folder, steps):
    command = [sys.executable, str(SCRIPT), str(folder), str(steps)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=QUIET)


def _stopped(process):
    """Suspend the process and wait until it stands still. Returns False when it has ended instead."""
    process.send_signal(signal.SIGSTOP)
    state = os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
    return state.si_code == os.CLD_STOPPED


def _stop_inside_a_save(process, folder):
    """Suspend the process while a half-written checkpoint lies in the folder, however fast the disk is."""
    while _stopped(process) and not any(folder.glob(".partial-step-*")):
        process.send_signal(signal.SIGCONT)
        time.sleep(0.0005)


def _run(folder, steps, kills, capsys):
    """Kill `kills` times, every second time inside a save, then let the run end; (kills, kills inside a save)."""
    rng, done, inside = random.Random(5), 0, 0
    while True:
        process = _start(folder, steps)
        assert process.stdout.readline() == "ready\n", process.stderr.read()
        if done < kills:
            time.sleep(rng.uniform(0.0, 0.05))
            if done % 2:
                _stop_inside_a_save(process, folder)
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
    assert inside >= kills // 2, "every second kill comes inside a save"
    for name in ("model", "optimizer", "ema"):
        file = f"step-{steps:08d}/{name}.safetensors"
        assert sha256(whole / file) == sha256(killed / file), name
    assert (whole / "scalars.csv").read_text() == (killed / "scalars.csv").read_text()


def test_ten_kills_some_of_them_inside_a_save(tmp_path, capsys):
    _compare(tmp_path, capsys, steps=60, kills=10)  # a run gets two to four steps far before it is killed


@pytest.mark.slow
def test_two_hundred_kills(tmp_path, capsys):
    _compare(tmp_path, capsys, steps=2500, kills=200)
