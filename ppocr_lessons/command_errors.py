"""Error reporting of the commands: one line and exit code 1; the traceback only with --debug."""

import errno
import re
import traceback

import typer
from typer.core import TyperGroup

from .__main__ import INTERRUPTED

LONGEST = 500
"""Maximum number of characters of the message of an unexpected error."""

_TRACEBACK = re.compile(r"^Traceback \(most recent call last\)", re.M)
_RAISED = re.compile(r"^(?:[\w.]+\.)?(\w*(?:Error|Exception|Diverged)): ", re.M)
_SUMMARY = re.compile(r"Error Message Summary:\s*-*\s*(.*)", re.S)


def _of_a_worker(text: str) -> str:
    """The message of an error, without the traceback that a worker process may have sent as part of it."""
    if not _TRACEBACK.search(text):
        return text
    raised = list(_RAISED.finditer(text))
    return text[raised[-1].end() :] if raised else text.strip().splitlines()[-1]


def _one_line(text: str) -> str:
    summary = _SUMMARY.search(text)  # Paddle prints the summary below its C++ stack
    line = " ".join((summary.group(1) if summary else text).split())
    return line if len(line) <= LONGEST else line[: LONGEST - 4] + " ..."


def describe(error: BaseException) -> str:
    """Describe an error in one line. Messages of this package stay unchanged, because some list several problems.

    Args:
        error: exception that a command ended with.

    Returns: the message for stderr, without the prefix "error:".
    """
    text = _of_a_worker(str(error))
    if type(error).__module__.split(".")[0] == __package__:
        return text
    if isinstance(error, MemoryError):
        return _one_line(f"out of memory: {text}" if text else "out of memory")
    if isinstance(error, OSError):
        place = f"{error.filename}: " if error.filename is not None and error.strerror else ""
        return _one_line(place + (error.strerror or text or type(error).__name__))
    if isinstance(error, ImportError) or type(error) in (ValueError, LookupError):
        return _one_line(text)  # an invalid value, or an extra that is not installed
    said = ": ".join(part for part in (type(error).__name__, _one_line(text)) if part)
    return f"{said} (run with --debug for the traceback)"


class OneLine(TyperGroup):
    """The group of all commands. Every error of a command is reported here."""

    def invoke(self, ctx):
        """Run a command and report its error.

        Args:
            ctx: context of the command, from typer.

        Raises:
            typer.Exit: with code 130 after Ctrl-C and 1 after an error.
        """
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as error:
            typer.echo("interrupted", err=True)
            raise typer.Exit(INTERRUPTED) from error
        except Exception as error:
            # typer handles its own exceptions, which have an exit code, and a closed pipe (`| head`).
            is_its_own = isinstance(error, typer.Abort) or hasattr(error, "exit_code")
            if is_its_own or getattr(error, "errno", None) == errno.EPIPE:
                raise
            if ctx.params.get("debug"):
                typer.echo("".join(traceback.format_exception(error)), err=True, nl=False)
            else:
                typer.echo(f"error: {describe(error)}", err=True)
            raise typer.Exit(1) from error
