"""The folder of a run: a lock against simultaneous runs, and moving an old run aside instead of deleting it."""

import datetime
import json
import os
import pathlib
import socket
import sys

from .checkpoint import candidates
from .run_log import GARBLED

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

LOCK = "run.lock"
WRITTEN = (
    "scalars.csv",
    GARBLED,
    "best.safetensors",
    "latest.safetensors",
    "tensorboard",
    "environment.json",
)
"""Files and folders that a run writes in addition to its checkpoints and its record."""


class FolderInUseError(ValueError):
    """Another process is training into the folder."""


class FolderLock:
    """Context manager that gives this process exclusive access to the folder of a run.

    The operating system releases the lock when the process ends, even if it is killed, so a dead process cannot block the
    folder. Forked worker processes do not inherit the lock. There is no lock on Windows or a file system without locks.

    Args:
        folder: folder of the run; created if necessary.

    Raises:
        FolderInUseError: another process has the lock; names the process.
    """

    def __init__(self, folder):
        self.path, self._file = pathlib.Path(folder) / LOCK, None

    def __enter__(self):
        self.path.parent.mkdir(parents=True, exist_ok=True)
        while self._file is None:
            file = self.path.open("a+", encoding="utf-8")
            try:
                self._lock(file)
            except BlockingIOError:
                file.seek(0)
                holder = _describe(file.read())
                file.close()
                raise FolderInUseError(
                    f"{self.path.parent}: {holder} is training into this folder; wait for it, stop it, or choose "
                    "another Global.save_model_dir"
                ) from None
            # If the previous holder deleted the file in the meantime, this lock is on a deleted file: try again.
            if self.path.exists() and os.path.samestat(os.fstat(file.fileno()), self.path.stat()):
                self._file = file
            else:
                file.close()
        self._file.seek(0)
        self._file.truncate()
        now = datetime.datetime.now().isoformat(timespec="seconds")
        json.dump({"pid": os.getpid(), "host": socket.gethostname(), "since": now}, self._file)
        self._file.flush()
        return self

    def _lock(self, file) -> None:
        if fcntl is None:
            return
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError) as error:
            raise BlockingIOError from error
        except OSError as error:  # a network file system without locks
            print(
                f"{self.path}: cannot be locked ({error.strerror}); make sure that no other run writes to this folder",
                file=sys.stderr,
            )

    def __exit__(self, *error):
        self.path.unlink(missing_ok=True)
        if self._file is not None:
            self._file.close()
            self._file = None


def _describe(text: str) -> str:
    try:
        found = json.loads(text)
        return f"process {found['pid']} on {found['host']} (since {found['since']})"
    except (ValueError, TypeError, KeyError):
        return "another process"


def holds_a_run(folder) -> bool:
    """Whether a folder contains files of a run that a new run would overwrite or extend.

    Args:
        folder: folder that a run would write to.

    Returns: True if there are checkpoints or weights.
    """
    folder = pathlib.Path(folder)
    return bool(candidates(folder)) or any(
        (folder / n).exists() for n in WRITTEN if n.endswith("safetensors")
    )


def move_aside(folder, record: tuple[str, ...]) -> pathlib.Path | None:
    """Move all files of a run into a new subfolder of its folder.

    Args:
        folder: folder of the run.
        record: names of the files that describe the run. They are moved last, so that the folder is still recognized as
            a folder of the run if the move is interrupted.

    Returns: the subfolder, or None if there was nothing to move.
    """
    folder = pathlib.Path(folder)
    there = [*candidates(folder), *(folder / name for name in (*WRITTEN, *record))]
    there = [path for path in there if path.exists()]
    if not there:
        return None
    count = 1
    while (aside := folder / f"earlier-run-{count}").exists():
        count += 1
    aside.mkdir()
    for path in there:
        path.rename(aside / path.name)
    return aside
