"""Measurements of the stages."""

import subprocess
import sys

import numpy as np

from ppocr_lessons.bench.infer import peak_mb


def test_peak_memory_excludes_the_parent_process():
    block = np.ones(100_000_000)  # 800 MB, which a notebook may well have
    own = peak_mb()
    code = "from ppocr_lessons.bench.infer import peak_mb; print(peak_mb())"
    child = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert 10 < float(child.stdout.splitlines()[-1]) < own - 400, "the peak of a child starts anew"
    assert own > block.nbytes / 1e6
