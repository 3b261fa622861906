"""Control groups: limits on the memory and the number of processes of a whole run, where they are writable."""

import contextlib
import os
import pathlib
import signal
import time

from .limits import Limits

ROOT = pathlib.Path("/sys/fs/cgroup")
SECONDS_TO_EMPTY = 5.0


def _own_places() -> dict[str, pathlib.Path]:
    """Folder of this process's control group by controller; the controller of version 2 is the empty string."""
    places = {}
    for line in pathlib.Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        for controller in controllers.split(","):
            base = ROOT / controller if controller else ROOT
            if not controller and (ROOT / "unified").is_dir():
                base = ROOT / "unified"
            places[controller] = base / path.lstrip("/")
    return places


def _make(parent: pathlib.Path, settings: dict[str, int | str], needed: set[str]) -> pathlib.Path | None:
    """A new group below a folder, or None if the folder cannot be written or lacks a controller."""
    folder = parent / f"ppocr-lessons-{os.getpid()}-{time.monotonic_ns()}"
    try:
        folder.mkdir()
    except OSError:
        return None
    try:
        for name, value in settings.items():
            if name in needed or (folder / name).exists():
                (folder / name).write_text(str(value))
        (folder / "cgroup.procs").read_text()
    except OSError:
        with contextlib.suppress(OSError):
            folder.rmdir()
        return None
    return folder


class ControlGroups:
    """The groups of one run. Use it as a context manager: at its end, all processes in the groups are killed.

    Args:
        limits: of the run.
    """

    def __init__(self, limits: Limits):
        self.limits = limits
        self.folders: list[pathlib.Path] = []

    def __enter__(self):
        with contextlib.suppress(OSError):
            own = _own_places()
            self._version_1(own)
            if not self.folders and "" in own:
                self._version_2(own[""])
        return self

    def _version_1(self, own: dict[str, pathlib.Path]) -> None:
        settings = {
            "memory": {"memory.limit_in_bytes": self.limits.memory, "memory.memsw.limit_in_bytes": self.limits.memory},
            "pids": {"pids.max": self.limits.processes},
        }  # fmt: skip
        for controller, values in settings.items():
            if controller in own:
                folder = _make(own[controller], values, {next(iter(values))})
                self.folders += [folder] if folder else []

    def _version_2(self, own: pathlib.Path) -> None:
        settings = {
            "memory.max": self.limits.memory,
            "memory.swap.max": 0,
            "pids.max": self.limits.processes,
        }
        for parent in (own, *own.parents):
            if ROOT not in (parent, *parent.parents):
                return
            folder = _make(parent, settings, {"memory.max", "pids.max"})
            if folder:
                self.folders = [folder]
                return

    @property
    def limits_memory(self) -> bool:
        """Whether one of the groups limits memory."""
        names = ("memory.max", "memory.limit_in_bytes")
        return any((folder / name).exists() for folder in self.folders for name in names)

    @property
    def limits_processes(self) -> bool:
        """Whether one of the groups limits the number of processes."""
        return any((folder / "pids.max").exists() for folder in self.folders)

    def kill(self) -> None:
        """Kill all processes in the groups."""
        for folder in self.folders:
            with contextlib.suppress(OSError):
                if (folder / "cgroup.kill").exists():
                    (folder / "cgroup.kill").write_text("1")
                for process in (folder / "cgroup.procs").read_text().split():
                    # 0 stands for a process that is invisible in this pid namespace.
                    with contextlib.suppress(OSError):
                        if int(process) > 0:
                            os.kill(int(process), signal.SIGKILL)

    def __exit__(self, *error):
        end = time.monotonic() + SECONDS_TO_EMPTY
        while self.folders and time.monotonic() < end:
            self.kill()
            remaining = []
            for folder in self.folders:
                try:
                    folder.rmdir()
                except FileNotFoundError:
                    pass
                except OSError:
                    remaining.append(folder)
            self.folders = remaining
            if remaining:
                time.sleep(0.05)
