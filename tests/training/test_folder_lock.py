"""A lock goes with its owner, and is not missed when it went before."""

import json
import os

from ppocr_lessons.training.run_folder import LOCK, FolderLock


def test_the_lock_says_whose_it_is_and_goes(tmp_path):
    with FolderLock(tmp_path / "run"):
        assert json.loads((tmp_path / "run" / LOCK).read_text())["pid"] == os.getpid()
    assert not (tmp_path / "run" / LOCK).exists()


def test_a_lock_that_somebody_removed(tmp_path):
    with FolderLock(tmp_path):
        (tmp_path / LOCK).unlink()
    with FolderLock(tmp_path):
        assert (tmp_path / LOCK).exists()
