"""OpenVINO as an engine: what it does to the process that uses it."""

import subprocess
import sys

import pytest

from ppocr_lessons.cls.direction import direction_mobile
from ppocr_lessons.quant.onnx_nets import onnx_model

SIGNAL = """
import os
import signal
import sys
import numpy as np
from ppocr_lessons.quant.integer_engine import IntegerEngine

first, second = (IntegerEngine(sys.argv[1]) for _ in range(2))
del first  # in the order in which they were made
del second
signal.signal(signal.SIGINT, lambda number, frame: print("handled"))
os.kill(os.getpid(), signal.SIGINT)
"""


def test_signals_are_handled_after_engines_were_freed(tmp_path):
    """OpenVINO replaces the stack of signal handlers; a process that had freed it crashed at Ctrl-C."""
    pytest.importorskip("openvino")
    path = tmp_path / "cls.onnx"
    path.write_bytes(onnx_model(direction_mobile()).SerializeToString())
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", SIGNAL, str(path)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "handled\n"), done.stderr
