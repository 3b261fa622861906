"""Every command that fails says so in one line, whatever the reason; --debug shows the traceback."""

import errno
import io
import json
import os
import pathlib
import signal
import subprocess
import sys

import pytest
import typer
from PIL import Image
from typer.testing import CliRunner

from ppocr_lessons import cli, strategies
from ppocr_lessons.command_errors import describe
from ppocr_lessons.datasets.labels import LabelError
from ppocr_lessons.datasets.pictures import PictureError

PADDLE = """

--------------------------------------
C++ Traceback (most recent call last):
--------------------------------------
0   paddle::something()

----------------------
Error Message Summary:
----------------------
ResourceExhaustedError: Out of memory on GPU 0.
  [Hint: use less] (at /paddle/x.cc:1)
"""
WORKER = """DataLoader worker(0) caught LabelError with message:
Traceback (most recent call last):
  File "worker.py", line 1, in _worker_loop
ValueError: first

Traceback (most recent call last):
  File "loader.py", line 2, in sample
ppocr_lessons.datasets.labels.LabelError: label.txt:3: invalid JSON
"""


def _call(*arguments):
    return CliRunner().invoke(cli.app, [str(a) for a in arguments])


class _Odd(Exception):
    pass


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (LabelError("Train: 2 bad entries\n  a:1: x\n  a:2: y"), "Train: 2 bad entries\n  a:1: x\n  a:2: y"),
        (LabelError(WORKER), "label.txt:3: invalid JSON\n"),
        (PictureError("a.png: not an image"), "a.png: not an image"),
        (ValueError("limit is 3;\n 32 is needed"), "limit is 3; 32 is needed"),
        (ImportError("install lmdb"), "install lmdb"),
        (MemoryError(), "out of memory"),
        (MemoryError("Unable to allocate 9 GiB"), "out of memory: Unable to allocate 9 GiB"),
        (OSError(errno.ENOSPC, "No space left on device", "runs/x"), "runs/x: No space left on device"),
        (OSError(errno.ENOSPC, "No space left on device"), "No space left on device"),
        (PermissionError("cache: belongs to another user"), "cache: belongs to another user"),
        (RuntimeError("a\n  b"), "RuntimeError: a b (run with --debug for the traceback)"),
        (KeyError("x"), "KeyError: 'x' (run with --debug for the traceback)"),
        (UnicodeDecodeError("utf-8", b"x", 0, 1, "bad"), "UnicodeDecodeError: 'utf-8' codec can't decode byte 0x78"),
        (_Odd(), "_Odd (run with --debug for the traceback)"),
        (RuntimeError(PADDLE), "RuntimeError: ResourceExhaustedError: Out of memory on GPU 0. [Hint: use less]"),
        (RecursionError("maximum depth"), "RecursionError: maximum depth"),
        (RuntimeError("x" * 5000), "RuntimeError: " + "x" * 496 + " ..."),
    ],
)  # fmt: skip
def test_one_line_for_every_error(error, said, monkeypatch):
    def fail():
        raise error

    monkeypatch.setattr(strategies, "as_json", fail)
    result = _call("strategies", "--json")
    assert result.exit_code == 1 and result.stderr.startswith(f"error: {said}")
    if not isinstance(error, LabelError):
        assert result.stderr.count("\n") == 1
    assert "Traceback" not in result.output and result.stdout == ""
    debug = _call("--debug", "strategies", "--json")
    assert (
        debug.exit_code == 1
        and "Traceback (most recent call last)" in debug.stderr
        and "in fail" in debug.stderr
    )


@pytest.mark.parametrize(
    ("error", "code"), [(KeyboardInterrupt(), 130), (SystemExit(143), 143), (typer.Exit(7), 7)]
)
def test_exit_codes(error, code, monkeypatch):
    def fail():
        raise error

    monkeypatch.setattr(strategies, "as_json", fail)
    result = _call("strategies", "--json")
    assert result.exit_code == code and "Traceback" not in result.output


def test_usage_is_left_to_the_command_line():
    assert _call("strategies", "--no-such-option").exit_code == 2
    assert _call("no-such-command").exit_code == 2
    assert _call("synth", "det", "x", "--count", "0").exit_code == 2
    assert "--debug" in _call("--help").output


IN_A_COMMAND = """
import os, signal
from ppocr_lessons import cli, strategies
strategies.as_json = lambda: os.kill(os.getpid(), signal.SIGINT)
cli.app(["strategies", "--json"])
"""

WHILE_THE_COMMANDS_ARE_IMPORTED = """
import sys
class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == "ppocr_lessons.cli": raise KeyboardInterrupt
sys.meta_path.insert(0, Finder())
from ppocr_lessons.__main__ import main
main()
"""


@pytest.mark.parametrize("code", [IN_A_COMMAND, WHILE_THE_COMMANDS_ARE_IMPORTED])
def test_ctrl_c_is_a_code_and_no_traceback(code):
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (128 + signal.SIGINT, "interrupted\n")


def test_a_reader_that_goes_away():
    """`ppocr-lessons strategies | head -0`"""
    reads, writes = os.pipe()
    os.close(reads)
    command = [sys.executable, "-m", "ppocr_lessons", "strategies"]
    done = subprocess.run(command, stdout=writes, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    os.close(writes)
    assert done.returncode == 1 and "Traceback" not in done.stderr


@pytest.fixture
def picture(tmp_path):
    path = tmp_path / "page.png"
    Image.new("RGB", (120, 80), "white").save(path)
    return path


@pytest.mark.parametrize("name", ["out.xyz", "out.", "out.psd", "out.png.bak", "out.tar.gz"])
def test_formats_that_cannot_be_drawn_are_named_before_anything_is_read(name, picture, tmp_path):
    result = _call("read", picture, "--draw", tmp_path / name)
    if name == "out.":
        assert result.exit_code == 0  # no ending: a folder
        return
    assert result.exit_code == 1 and "unknown image format" in result.stderr
    assert result.stderr.count("\n") == 1 and [p.name for p in tmp_path.iterdir()] == ["page.png"]


def test_a_drawing_does_not_replace_its_picture(picture):
    before = picture.read_bytes()
    result = _call("read", picture, "--draw", picture)
    assert (
        result.exit_code == 1 and "would be overwritten" in result.stderr and picture.read_bytes() == before
    )


def test_a_picture_that_fails_does_not_stop_the_others(picture, tmp_path, monkeypatch):
    from ppocr_lessons import ocr

    (tmp_path / "bad.png").write_bytes(b"no picture")
    real, calls = ocr.OCR.read, []

    def read(system, image):
        calls.append(1)
        if len(calls) == 1:
            raise MemoryError("Unable to allocate 9 GiB")
        return real(system, image)

    monkeypatch.setattr(ocr.OCR, "read", read)
    result = _call("read", "--json", picture, tmp_path / "bad.png", tmp_path / "gone.png", picture)
    found = json.loads(result.stdout)
    assert result.exit_code == 1 and len(calls) == 2
    assert [f.get("error", "").replace(str(tmp_path), "") for f in found] == [
        "out of memory: Unable to allocate 9 GiB", "/bad.png: not an image, or the image format is not supported",
        "/gone.png: no such file", "",
    ]  # fmt: skip


def test_a_full_disk_while_drawing(picture, tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Image.Image, "save", full)
    out = tmp_path / "out.png"
    result = _call("read", picture, "--draw", out)
    assert result.exit_code == 1 and result.stderr == f"error: {out}: No space left on device\n"


def test_describe_never_fails():
    class Worst(Exception):
        def __str__(self):
            return "Traceback (most recent call last)"

    assert describe(Worst()).startswith("Worst: Traceback")
    assert describe(io.UnsupportedOperation("fileno")) == "fileno"
    assert isinstance(
        describe(
            pathlib.UnsupportedOperation("x") if hasattr(pathlib, "UnsupportedOperation") else OSError()
        ),
        str,
    )
