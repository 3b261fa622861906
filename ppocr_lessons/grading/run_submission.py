"""Run one notebook with papermill. This is the only file of this folder that is visible in the sandbox.

It is run as a script: `python run_submission.py` reads a job from stdin (JSON, see `Job`), executes the notebook in a child
process, kills everything that the notebook started, and writes a line of JSON to stdout, followed by the answers file and the
executed notebook. A submission's code runs in the same sandbox, so the reader must not trust any of this output.
"""

import contextlib
import ctypes
import errno
import json
import os
import pathlib
import resource
import signal
import stat
import subprocess
import sys
from typing import TypedDict

LONGEST_MESSAGE = 4000
PR_SET_DUMPABLE = 4


class Job(TypedDict):
    """One run.

    Fields:
        notebook: content of the notebook, as JSON.
        parameters: values of papermill, without the answers file.
        work: folder that the notebook runs in.
        scratch: folder for the notebooks and the sockets of the kernel.
        seconds: limit on the run.
        processes: limit on processes and threads, or None if it has been set.
        alone: whether the run has its own pid namespace, in which all other processes can be killed.
        answers, executed: limits in bytes on the two files that are returned.
    """

    notebook: str
    parameters: dict
    work: str
    scratch: str
    seconds: float
    processes: int | None
    alone: bool
    answers: int
    executed: int


def read_limited(path: str | os.PathLike, limit: int) -> bytes:
    """Read a regular file that untrusted code may have created.

    Args:
        path: of the file.
        limit: maximum length in bytes.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: a symbolic link, a file with several hard links, a folder, a FIFO, a device, or a file that is too long.
    """
    try:
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except FileNotFoundError:
        raise
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise ValueError("it is a symbolic link") from error
        # Without the path, which differs between runs.
        raise ValueError(f"it cannot be opened as a regular file ({error.strerror})") from error
    try:
        about = os.fstat(file)
        if not stat.S_ISREG(about.st_mode):
            raise ValueError("it is not a regular file")
        if about.st_nlink != 1:
            raise ValueError("it has several hard links")
        if about.st_size > limit:
            raise ValueError(f"it is longer than {limit} bytes")
        with os.fdopen(file, "rb", closefd=False) as stream:
            content = stream.read(limit + 1)
    finally:
        os.close(file)
    if len(content) > limit:
        raise ValueError(f"it is longer than {limit} bytes")
    return content


def execute(job: Job) -> dict:
    """Execute the notebook. The kernel is reached through a socket in the scratch folder, not through the network.

    Args:
        job: the run.

    Returns: status "ok", or "error" with the index of the cell, name and text of the exception and its traceback.
    """
    # jsonschema, which papermill imports, would compile a grammar of web addresses with it; that takes over a second.
    sys.modules["rfc3987_syntax"] = None
    import papermill
    from nbclient.exceptions import DeadKernelError
    from papermill.exceptions import PapermillExecutionError
    from traitlets.config import Config

    scratch = pathlib.Path(job["scratch"])
    config = Config()
    if len(job["scratch"]) < 80:  # a longer path does not fit into the address of a socket
        config.KernelManager.transport = "ipc"
        config.KernelManager.ip = str(scratch / "kernel")
    try:
        papermill.execute_notebook(
            scratch / "submitted.ipynb",
            scratch / "executed.ipynb",
            parameters={"answers_file": str(pathlib.Path(job["work"], "answers.json")), **job["parameters"]},
            kernel_name="python3",
            cwd=job["work"],
            progress_bar=False,
            start_timeout=120,
            config=config,
        )
    except PapermillExecutionError as error:
        return {
            "status": "error",
            "cell": error.cell_index,
            "name": str(error.ename),
            "message": str(error.evalue)[:LONGEST_MESSAGE],
            "traceback": "\n".join(map(str, error.traceback))[-LONGEST_MESSAGE:],
        }
    except DeadKernelError:
        return {"status": "error", "name": "", "message": "the kernel died"}
    return {"status": "ok"}


def _in_child(job: Job) -> dict:
    """Execute the notebook in a process of its own, which can be stopped."""
    scratch = pathlib.Path(job["scratch"])
    (scratch / "job.json").write_text(json.dumps(job), encoding="utf-8")
    child = subprocess.Popen(
        [sys.executable, __file__, "--execute", str(scratch)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=not job["alone"],
    )
    try:
        child.wait(job["seconds"])
    except subprocess.TimeoutExpired:
        return {"status": "timeout"}
    finally:
        with contextlib.suppress(OSError):
            # -1 stands for all processes of the pid namespace except this one and the first.
            os.kill(-1 if job["alone"] else -child.pid, signal.SIGKILL)
    try:
        return json.loads(read_limited(scratch / "outcome.json", 100_000))
    except (OSError, ValueError, RecursionError):
        return {"status": "error", "name": "", "message": "the process that ran the notebook died"}


def _content(path: pathlib.Path, limit: int) -> tuple[bytes | None, str]:
    try:
        return read_limited(path, limit), ""
    except FileNotFoundError:
        return None, ""
    except ValueError as error:
        return None, str(error)


def main() -> None:
    """Read a job, run it, and write what it produced."""
    if sys.platform == "linux":  # other processes of the user cannot trace this one or open its files
        ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
    job: Job = json.load(sys.stdin.buffer)
    if job["processes"] is not None:
        resource.setrlimit(resource.RLIMIT_NPROC, (job["processes"], job["processes"]))
    work, scratch = pathlib.Path(job["work"]), pathlib.Path(job["scratch"])
    for folder in (work, scratch):
        folder.mkdir(parents=True, exist_ok=True)
    (scratch / "submitted.ipynb").write_text(job["notebook"], encoding="utf-8")
    outcome = _in_child(job)
    answers, refused = _content(work / "answers.json", job["answers"])
    executed, _ = _content(scratch / "executed.ipynb", job["executed"])
    head = {
        **outcome,
        "answers": None if answers is None else len(answers),
        "refused": refused,
        "executed": None if executed is None else len(executed),
    }
    stream = sys.stdout.buffer
    stream.write(json.dumps(head).encode() + b"\n" + (answers or b"") + (executed or b""))
    stream.flush()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--execute"]:
        folder = pathlib.Path(sys.argv[2])
        result = execute(json.loads((folder / "job.json").read_text(encoding="utf-8")))
        (folder / "outcome.json").write_text(json.dumps(result), encoding="utf-8")
    else:
        main()
