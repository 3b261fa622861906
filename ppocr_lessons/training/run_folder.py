"""A run's folder belongs to one process at a time, and what a run wrote there is moved aside, never deleted."""

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
"""What a run writes beside its checkpoints and its record."""


class FolderInUseError(ValueError):
    """Another process trains into the folder."""


class FolderLock:
    """Context manager: this process alone writes into the folder of a run.

    The operating system holds the lock and drops it when the process ends, however it ends, so that the lock of a dead
    process never stands in the way. Workers that were forked do not inherit it.

    Args:
        folder: of the run; made if need be.

    Raises:
        FolderInUseError: another process has it; names the process.
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
            # Whoever held it before has removed the file on leaving: then this lock is on a file without a name.
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
                f"{self.path}: cannot be locked ({error.strerror}); see that no second run writes here",
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
    """Whether something of a run is there that a new one would add to or overwrite.

    Args:
        folder: that a run would write to.
    """
    folder = pathlib.Path(folder)
    return bool(candidates(folder)) or any(
        (folder / n).exists() for n in WRITTEN if n.endswith("safetensors")
    )


def move_aside(folder, record: tuple[str, ...]) -> pathlib.Path | None:
    """Move all that a run wrote into a new folder inside its own; that folder, or None if there was nothing.

    Args:
        folder: of the run.
        record: names of the files that say what the run is; they go last, so that a move that is cut off half-way
            leaves a folder that still knows its run.
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
