"""`pytest --nbval` compares the chapters with their outputs and leaves the students' notebooks alone."""

import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).parents[2]


def test_nbval_collects_chapters_and_no_students_notebooks():
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--nbval", "--collect-only", "-q", "notebooks"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:]
    assert "02_det_backbone.ipynb" in done.stdout
    assert "assignments" not in done.stdout
