"""Start one submission under limits and, without a sandbox, kill all processes that it leaves running.

This file is run as a script, `python -I -S launch.py SPECIFICATION COMMAND...`, outside of the sandbox and before any code of
a submission. It imports the standard library only. The specification is JSON, see `Specification`.
"""

import contextlib
import ctypes
import json
import os
import pathlib
import resource
import signal
import sys
import time
from typing import TypedDict

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
SECONDS_TO_KILL = 5.0


class Specification(TypedDict):
    """What is set before the command starts.

    Fields:
        cgroups: folders of control groups that the process joins.
        memory: bytes of writable memory of each process.
        file: bytes of each file.
        processes: number of processes and threads, or None if it is not limited here.
        uid: user and group that the command runs as, or None for the user of the grader.
        watch: whether to stay as the parent of the command and to kill all of its descendants at the end.
    """

    cgroups: list[str]
    memory: int
    file: int
    processes: int | None
    uid: int | None
    watch: bool


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def _tasks_of(uid: int) -> int:
    """Number of processes and threads of a user, which RLIMIT_NPROC counts."""
    count = 0
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if folder.stat().st_uid == uid:
                count += sum(1 for _ in (folder / "task").iterdir())
    return count


def _parents() -> dict[int, int]:
    """The parent of every process."""
    found = {}
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            # The name of the program, in parentheses, may contain spaces and parentheses.
            found[int(folder.name)] = int((folder / "stat").read_bytes().rpartition(b")")[2].split()[1])
    return found


def descendants(root: int) -> list[int]:
    """All processes below one, parents first.

    Args:
        root: process id; it is not in the result.
    """
    parents = _parents()
    found, level = [], [root]
    while level:
        level = [child for child, parent in parents.items() if parent in level]
        found += level
    return found


def kill_descendants() -> None:
    """Kill everything below this process; orphans are its children because it is a subreaper.

    All are stopped before the first is killed, so that none can start another in the meantime.
    """
    end = time.monotonic() + SECONDS_TO_KILL
    while time.monotonic() < end:
        remaining = descendants(os.getpid())
        for number in (signal.SIGSTOP, signal.SIGKILL):
            for process in remaining:
                with contextlib.suppress(OSError):
                    os.kill(process, number)
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return
        time.sleep(0.02)


def restrict(spec: Specification) -> None:
    """Set the limits of this process, and change its user.

    Args:
        spec: limits and user.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    limits = {resource.RLIMIT_DATA: spec["memory"], resource.RLIMIT_FSIZE: spec["file"]}
    if spec["processes"] is not None:
        user = os.getuid() if spec["uid"] is None else spec["uid"]
        limits[resource.RLIMIT_NPROC] = spec["processes"] + _tasks_of(user)
    for kind, value in limits.items():
        hard = resource.getrlimit(kind)[1]
        allowed = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (allowed, allowed))
    if spec["uid"] is not None:
        os.setgroups([])
        os.setresgid(spec["uid"], spec["uid"], spec["uid"])
        os.setresuid(spec["uid"], spec["uid"], spec["uid"])


def _watch(spec: Specification, command: list[str]) -> int:
    _prctl(PR_SET_CHILD_SUBREAPER, 1)
    _prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    child = os.fork()
    if child == 0:
        os.setsid()
        restrict(spec)
        os.execv(command[0], command)

    def stop(number, frame):
        kill_descendants()
        os._exit(1)

    signal.signal(signal.SIGTERM, stop)
    while True:
        ended, status = os.waitpid(-1, 0)
        if ended == child:
            kill_descendants()
            return os.waitstatus_to_exitcode(status) & 255


def main(arguments: list[str]) -> int:
    """Start the command.

    Args:
        arguments: the specification, then the command with an absolute path.

    Returns: exit code of the command; without `watch` it does not return.
    """
    spec, command = json.loads(arguments[0]), arguments[1:]
    for cgroup in spec["cgroups"]:
        pathlib.Path(cgroup, "cgroup.procs").write_text("0")
    with contextlib.suppress(OSError):  # killed first if the machine runs out of memory
        pathlib.Path("/proc/self/oom_score_adj").write_text("1000")
    if spec["watch"]:
        return _watch(spec, command)
    restrict(spec)
    os.execv(command[0], command)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
