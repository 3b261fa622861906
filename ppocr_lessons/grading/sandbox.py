"""Isolation of submissions: bubblewrap, or no sandbox on request; in both cases with limits.

bubblewrap gives each run its own user, process, mount, network, IPC and host name namespaces. It sees the system, Python, this
library and the data read-only, and neither the network, the grader, other submissions nor any file of the user. All
writable folders are in memory and vanish with the run; the answers and the executed notebook leave through a pipe.

Without a sandbox there are limits, a separate folder and a clean environment, and all processes that the notebook started
are killed; but a submission can read and change whatever the user of the grader can, and it can use the network.

A sandbox shares the kernel of the machine. It does not protect against vulnerabilities of that kernel, side channels between
processes, and the exhaustion of resources that have no limit here (the CPU within the time limit, and the disk without a
sandbox). For these, run the grader in a virtual machine, or at least in a container, that is discarded afterwards.
"""

import contextlib
import json
import os
import pathlib
import selectors
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from typing import Literal

from . import mounts
from .bubblewrap import SandboxError, bubblewrap_command, find_bubblewrap
from .cgroups import ControlGroups
from .limits import Limits
from .outcome import NO_RESULT, Outcome, parse

LAUNCHER = pathlib.Path(__file__).resolve().with_name("launch.py")
GRACE = 5.0
"""Seconds after the limit for the runner inside to return its results; after that everything is killed."""
PROBE = """
import importlib, importlib.util, ppocr_lessons.answers
for name in ("papermill", "ipykernel"):
    if importlib.util.find_spec(name) is None: importlib.import_module(name)
print("usable")
"""
PROBE_SECONDS = 300
UNPRIVILEGED = 2_000_000_000
"""First user id for submissions when the grader is run by root: outside all ranges assigned to users and containers."""


class Stopped(RuntimeError):
    """The grader was interrupted while a submission ran."""


@dataclass(frozen=True, slots=True)
class Sandbox:
    """How submissions are isolated.

    Args:
        kind: "bubblewrap" or "none".
        program: path of bwrap; "" without a sandbox.
        hidden: folders that submissions must not see.
        threads: number of threads of each library that computes.
        unprivileged: whether submissions run as an unprivileged user, which only root can arrange.
    """

    kind: Literal["bubblewrap", "none"]
    program: str
    hidden: tuple[pathlib.Path, ...] = ()
    threads: int = 1
    unprivileged: bool = False


def _answer(error: bytes) -> str:
    lines = error.decode("utf-8", "replace").strip().splitlines()
    return lines[-1] if lines else "no message"


def open_sandbox(
    kind: Literal["bubblewrap", "none"], *, hidden: tuple[pathlib.Path, ...] = (), threads: int = 1
) -> Sandbox:
    """Set up the isolation and check that it works.

    Args:
        kind: "bubblewrap" or "none".
        hidden: folders that submissions must not see, absolute and without symbolic links.
        threads: number of threads of each library that computes.

    Returns: the sandbox, for `run`.

    Raises:
        SandboxError: bubblewrap is not installed or cannot run here, or a package that runs notebooks is missing.
    """
    program = find_bubblewrap() if kind == "bubblewrap" else ""
    reasons = []
    for unprivileged in (True, False) if os.getuid() == 0 else (False,):
        sandbox = Sandbox(kind, program, hidden, threads, unprivileged)
        probe = [sys.executable, "-c", PROBE]
        with tempfile.TemporaryDirectory(prefix="grade-") as folder:
            command = _launch(sandbox, Limits(), [], folder, probe, slot=0)
            environment = mounts.environment(folder, folder, 1)
            try:
                done = subprocess.run(
                    command, stdin=subprocess.DEVNULL, capture_output=True, env=environment, timeout=PROBE_SECONDS, check=False
                )  # fmt: skip
            except subprocess.TimeoutExpired:
                reasons.append(f"it did not start within {PROBE_SECONDS} s")
                continue
        if done.stdout.strip() == b"usable":
            return sandbox
        reasons.append(_answer(done.stderr))
    if kind == "none" or "ModuleNotFoundError" in reasons[-1]:
        raise SandboxError(f"notebooks cannot be run ({reasons[-1]}); papermill is in the extra `grading`")
    raise SandboxError(
        f"bubblewrap cannot run here ({reasons[-1]}). It needs version 0.8 or later and user namespaces, which some systems and "
        "most containers disable; `--sandbox none` runs submissions without isolation"
    )


def _launch(
    sandbox: Sandbox, limits: Limits, cgroups: list[str], folder: str, inner: list[str], slot: int
) -> list[str]:
    """The whole command line: launcher, bubblewrap, command."""
    watch = sandbox.kind == "none"
    uid = UNPRIVILEGED + slot if sandbox.unprivileged else None
    if uid is not None:
        os.chown(folder, uid, uid)
    if not watch:
        environment = mounts.environment(mounts.INSIDE_HOME, "/tmp", sandbox.threads)
        files = mounts.mount_options(list(sandbox.hidden), limits.scratch)
        inner = bubblewrap_command(sandbox.program, files, environment, inner)
    spec = {
        "cgroups": cgroups,
        "memory": limits.memory,
        "file": limits.file,
        # In a user namespace, the runner inside sets this limit, so that it counts the processes of that namespace only.
        "processes": limits.processes if watch else None,
        "uid": uid,
        "watch": watch,
    }
    return [sys.executable, "-I", "-S", str(LAUNCHER), json.dumps(spec), *inner]


def run(
    sandbox: Sandbox,
    notebook: str,
    parameters: dict,
    limits: Limits,
    *,
    slot: int = 0,
    stop: threading.Event | None = None,
) -> Outcome:
    """Run one notebook.

    Args:
        sandbox: from `open_sandbox`.
        notebook: JSON of the notebook.
        parameters: of papermill, without the answers file.
        limits: of the run.
        slot: number of the run among those that run at the same time.
        stop: event after which the run is killed.

    Returns: status, answers and executed notebook.

    Raises:
        SandboxError: the sandbox could not be started.
        Stopped: the event was set.
    """
    with (
        ControlGroups(limits) as groups,
        tempfile.TemporaryDirectory(prefix="grade-", ignore_cleanup_errors=True) as folder,
    ):
        alone = sandbox.kind == "bubblewrap"
        home, scratch = (mounts.INSIDE_HOME, "/tmp") if alone else (f"{folder}/home", f"{folder}/tmp")
        runner = mounts.INSIDE_RUNNER if alone else str(mounts.RUNNER)
        job = {
            "notebook": notebook,
            "parameters": parameters,
            "work": f"{home}/{mounts.COURSE}",
            "scratch": f"{scratch}/run",
            "seconds": limits.seconds,
            "processes": limits.processes if alone else None,
            "alone": alone,
            "answers": limits.answers,
            "executed": limits.executed,
        }
        command = _launch(
            sandbox, limits, list(map(str, groups.folders)), folder, [sys.executable, runner], slot
        )
        if not alone:
            _prepare_home(pathlib.Path(folder), sandbox, slot)
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=folder,
            env=mounts.environment(home, scratch, sandbox.threads),
            start_new_session=True,
        )
        try:
            output, said, in_time = _exchange(process, json.dumps(job).encode(), limits, stop)
        finally:
            _end(process, groups, gently=not alone)
    if stop is not None and stop.is_set():
        raise Stopped("stopped")
    if not in_time:
        return Outcome("timeout")
    if not output and said.startswith(b"bwrap:"):
        raise SandboxError(f"bubblewrap failed: {_answer(said)}")
    return parse(output) if output else NO_RESULT


def _prepare_home(folder: pathlib.Path, sandbox: Sandbox, slot: int) -> None:
    """Folders of a run without a sandbox; the data has the same relative path as in a sandbox."""
    work = folder / "home" / mounts.COURSE
    work.mkdir(parents=True)
    (folder / "tmp").mkdir()
    if (mounts.ROOT / "data").is_dir():
        (folder / "home" / "course" / "data").symlink_to(mounts.ROOT / "data")
    if sandbox.unprivileged:
        for path in folder.rglob("*"):
            os.chown(path, UNPRIVILEGED + slot, UNPRIVILEGED + slot, follow_symlinks=False)


def _exchange(process, job: bytes, limits: Limits, stop) -> tuple[bytes, bytes, bool]:
    """Write the job and read the result, up to the limits.

    Returns: stdout, the beginning of stderr, and whether the process ended in time.
    """
    end = time.monotonic() + limits.seconds + GRACE
    longest = limits.answers + limits.executed + 200_000
    output, said = bytearray(), bytearray()
    for stream in (process.stdin, process.stdout, process.stderr):
        os.set_blocking(stream.fileno(), False)
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdin, selectors.EVENT_WRITE)
        selector.register(process.stdout, selectors.EVENT_READ, output)
        selector.register(process.stderr, selectors.EVENT_READ, said)
        left = memoryview(job)
        while process.stdout in [key.fileobj for key in selector.get_map().values()]:
            if time.monotonic() > end or (stop is not None and stop.is_set()):
                return b"", bytes(said), False
            for key, _ in selector.select(0.2):
                if key.fileobj is process.stdin:
                    try:
                        left = left[os.write(process.stdin.fileno(), left[:65536]) :]
                    except BrokenPipeError:
                        left = left[:0]
                    if not left:
                        selector.unregister(process.stdin)
                        process.stdin.close()
                    continue
                piece = os.read(key.fileobj.fileno(), 65536)
                if not piece:
                    selector.unregister(key.fileobj)
                elif key.fileobj is process.stdout:
                    output += piece
                    if len(output) > longest:
                        return b"", bytes(said), True
                elif len(said) < 65536:
                    said += piece
    return bytes(output), bytes(said), True


def _end(process, groups: ControlGroups, *, gently: bool) -> None:
    """Kill the run: bubblewrap kills the processes in its namespaces, and the launcher kills its descendants."""
    if gently:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(GRACE)
    process.kill()
    groups.kill()
    process.wait()
    for stream in (process.stdin, process.stdout, process.stderr):
        if not stream.closed:
            with contextlib.suppress(OSError):
                stream.close()
