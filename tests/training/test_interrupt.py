"""Ctrl-C and SIGTERM: the step is finished and saved, no file is left over, and the resumed run is bit-identical."""

import os
import pathlib
import random
import signal
import subprocess
import sys
import threading
import time

import pytest
import yaml

from ppocr_lessons.interrupt import SIGNALS, FinishTheStep, Held, Interrupted, say_once, signals_as_exit_codes
from ppocr_lessons.training.checkpoint import newest_checkpoint
from ppocr_lessons.training.tensor_files import sha256

SCRIPT = pathlib.Path(__file__).with_name("killed_run.py")
ROOT = pathlib.Path(__file__).parents[2]
QUIET = {**os.environ, "PYTHONWARNINGS": "ignore", "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}


def _until_the_end(folder, steps, signals):
    """Send SIGTERM as often as wished while the run lasts, then let it end; how often it left with 143."""
    rng, done = random.Random(7), 0
    while True:
        process = subprocess.Popen(
            [sys.executable, str(SCRIPT), str(folder), str(steps), "1000"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=QUIET,
        )
        assert process.stdout.readline() == "ready\n", process.stderr.read()
        if done < signals:
            time.sleep(rng.uniform(0.0, 0.15))
            process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=120)
        if process.returncode == 0:
            return done
        assert process.returncode == 143, errors
        done += 1
        # Nothing saves every step here: what is there, the signal has written.
        checkpoint = newest_checkpoint(folder)
        assert (
            f"stopped at step {checkpoint.state['step']} of {steps}" in errors
            and str(checkpoint.path) in errors
        )


def _compare(tmp_path, steps, signals):
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    assert _until_the_end(whole, steps, 0) == 0
    assert _until_the_end(stopped, steps, signals) == signals
    for name in ("model", "optimizer", "ema"):
        file = f"step-{steps:08d}/{name}.safetensors"
        assert sha256(whole / file) == sha256(stopped / file), name
    assert (whole / "scalars.csv").read_text() == (stopped / "scalars.csv").read_text()


def test_two_sigterms(tmp_path):
    _compare(tmp_path, steps=60, signals=2)


@pytest.mark.slow
def test_twenty_sigterms(tmp_path):
    _compare(tmp_path, steps=600, signals=20)


def _config(tmp_path, workers):
    """The course's classifier on the shipped lines, for more epochs than anybody waits for."""
    values = yaml.safe_load((ROOT / "ppocr_lessons/config/cls_mobile.yml").read_text())
    values["Global"] |= {"epoch_num": 1000, "save_model_dir": str(tmp_path / "run"), "pretrained_model": None}
    values["Global"]["eval_batch_step"] = 100_000
    for part in ("Train", "Eval"):
        files = {
            "data_dir": str(ROOT / "data/cls_en"),
            "label_file_list": [str(ROOT / "data/cls_en/label.txt")],
        }
        values[part]["dataset"] |= files
        values[part]["loader"]["batch_size_per_card"] = 8
    values["Train"]["loader"] |= {"num_workers": workers, "use_shared_memory": False}
    (tmp_path / "config.yml").write_text(yaml.safe_dump(values))
    return tmp_path / "config.yml"


def _train(config, *options):
    command = [sys.executable, "-m", "ppocr_lessons", "train", "-c", str(config), *options]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=QUIET, start_new_session=True
    )


def _wait_for(condition, process, seconds=90):
    end = time.monotonic() + seconds
    while not condition():
        assert process.poll() is None and time.monotonic() < end, process.communicate()[1][-2000:]
        time.sleep(0.05)


def _session(leader):
    """Processes of the session that a process leads, zombies apart."""
    found = []
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, _, session = stat.read_text().rpartition(")")[2].split()[:4]
        except OSError:
            continue
        if int(session) == leader and state != "Z":
            found.append(int(stat.parent.name))
    return found


@pytest.mark.skipif(not pathlib.Path("/proc/self/stat").exists(), reason="needs /proc to look for workers")
@pytest.mark.parametrize(
    ("number", "to_all", "code"),
    [(signal.SIGINT, True, 130), (signal.SIGTERM, True, 143), (signal.SIGKILL, False, -9)],
    ids=["ctrl-c", "sigterm", "kill-9"],
)
def test_no_worker_is_left(tmp_path, number, to_all, code):
    """Ctrl-C and the launcher's SIGTERM reach the workers too; after kill -9 they have to notice by themselves."""
    process = _train(_config(tmp_path, workers=2))
    # Importing Paddle starts processes too, so the workers are not counted before the run has its lock.
    _wait_for((tmp_path / "run/run.lock").exists, process)
    _wait_for(lambda: len(_session(process.pid)) >= 3, process)
    time.sleep(1.5)
    (os.killpg if to_all else os.kill)(process.pid, number)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == code, errors[-2000:]
    if code > 0:
        assert "Traceback" not in errors
        checkpoint = newest_checkpoint(tmp_path / "run")
        assert checkpoint.state["step"] > 0 and str(checkpoint.path) in errors
    end = time.monotonic() + 10
    while _session(process.pid) and time.monotonic() < end:
        time.sleep(0.1)
    assert _session(process.pid) == []


def test_a_second_run_into_the_folder_is_refused_and_a_dead_ones_lock_is_taken_over(tmp_path):
    config = _config(tmp_path, workers=0)
    first = _train(config)
    _wait_for((tmp_path / "run/run.lock").exists, first)
    second = _train(config, "--max-steps", "1")
    _, errors = second.communicate(timeout=90)
    assert second.returncode == 1 and f"process {first.pid} on " in errors and "Traceback" not in errors
    first.kill()
    first.communicate(timeout=30)
    assert (tmp_path / "run/run.lock").exists()
    third = _train(config, "--max-steps", "1")
    out, errors = third.communicate(timeout=90)
    assert third.returncode == 0, errors
    assert out.startswith("{") and not (tmp_path / "run/run.lock").exists()


def test_a_second_ctrl_c_stops_at_once_and_a_second_sigterm_does_not(capsys):
    with pytest.raises(Interrupted, match="second Ctrl-C") as stop, FinishTheStep() as watch:
        for _ in range(3):
            signal.raise_signal(signal.SIGTERM)
        assert watch.number == signal.SIGTERM
        signal.raise_signal(signal.SIGINT)
    assert stop.value.exit_code == 130
    assert capsys.readouterr().err.count("finishing the step") == 1
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_before_the_first_step_a_signal_ends_it_with_its_code(number, code, capsys):
    with pytest.raises(SystemExit) as stop, signals_as_exit_codes():
        signal.raise_signal(number)
        time.sleep(1)
    assert stop.value.code == code
    assert signal.Signals(number).name in capsys.readouterr().err


def test_only_the_first_process_speaks(monkeypatch, capsys):
    for rank in ("0", "1"):
        monkeypatch.setenv("PADDLE_TRAINER_ID", rank)
        say_once(f"from {rank}")
    assert capsys.readouterr().out == "from 0\n"


@pytest.fixture
def idle_thread():
    """A second thread, which the system may choose to receive a signal of this process."""
    end = threading.Event()
    thread = threading.Thread(target=end.wait)
    thread.start()
    yield thread
    end.set()
    thread.join()


def test_a_signal_that_is_held_arrives_at_the_end(idle_thread):
    reached = []
    with pytest.raises(KeyboardInterrupt):
        with Held():
            signal.pthread_kill(idle_thread.ident, signal.SIGINT)
            time.sleep(0.1)
            os.kill(os.getpid(), signal.SIGINT)
            reached.append("inside")
        reached.append("behind")  # pragma: no cover
    assert reached == ["inside"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_without_a_signal_nothing_arrives():
    before = [signal.getsignal(number) for number in SIGNALS]
    with Held():
        assert [signal.getsignal(number) for number in SIGNALS] != before
    assert [signal.getsignal(number) for number in SIGNALS] == before


INTERRUPTED_IMPORT = """
import os, signal, sys, threading
class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == "paddle.base.core": os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Finder())
signal.signal(signal.SIGINT, signal.default_int_handler)
from ppocr_lessons.runtime import require_paddle
threading.Thread(target=threading.Event().wait, daemon=True).start()
try: require_paddle()
except KeyboardInterrupt: print("paddle" in sys.modules, signal.getsignal(signal.SIGTERM) == signal.SIG_DFL)
"""


def test_ctrl_c_waits_for_the_end_of_the_import_of_paddle():
    command = [sys.executable, "-W", "ignore", "-c", INTERRUPTED_IMPORT]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=QUIET, check=False)
    assert (done.returncode, done.stdout) == (0, "True True\n"), done.stderr
