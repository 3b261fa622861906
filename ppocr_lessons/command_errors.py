"""What a command says when it fails: one line and exit code 1, whatever it was; the traceback only with --debug."""

import errno
import re
import traceback

import typer
from typer.core import TyperGroup

LONGEST = 500
"""Characters of the message of an unexpected error."""

INTERRUPTED = 130
"""Exit code after Ctrl-C, as of shells: 128 and the number of the signal."""

_TRACEBACK = re.compile(r"^Traceback \(most recent call last\)", re.M)
_RAISED = re.compile(r"^(?:[\w.]+\.)?(\w*(?:Error|Exception|Diverged)): ", re.M)
_SUMMARY = re.compile(r"Error Message Summary:\s*-*\s*(.*)", re.S)


def _of_a_worker(text: str) -> str:
    """The message itself, where a worker process sent its whole traceback as one."""
    if not _TRACEBACK.search(text):
        return text
    raised = list(_RAISED.finditer(text))
    return text[raised[-1].end() :] if raised else text.strip().splitlines()[-1]


def _one_line(text: str) -> str:
    summary = _SUMMARY.search(text)  # Paddle puts it below its own stack of calls
    line = " ".join((summary.group(1) if summary else text).split())
    return line if len(line) <= LONGEST else line[: LONGEST - 4] + " ..."


def describe(error: BaseException) -> str:
    """An error in one line; those of this package as they are, because some of them list several problems.

    Args:
        error: that a command ended with.
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
        return _one_line(text)  # a constructor that refuses a value, or an extra that is not installed
    said = ": ".join(part for part in (type(error).__name__, _one_line(text)) if part)
    return f"{said} (run with --debug for the traceback)"


class OneLine(TyperGroup):
    """The commands of the program; an error in any of them is reported here and nowhere else."""

    def invoke(self, ctx):
        """Run the command that was asked for.

        Args:
            ctx: of the command, from typer.
        """
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as error:
            typer.echo("interrupted", err=True)
            raise typer.Exit(INTERRUPTED) from error
        except Exception as error:
            # What the library of the command line raises itself knows its exit code; a reader that
            # went away (`| head`) is its business too.
            is_its_own = isinstance(error, typer.Abort) or hasattr(error, "exit_code")
            if is_its_own or getattr(error, "errno", None) == errno.EPIPE:
                raise
            if ctx.params.get("debug"):
                typer.echo("".join(traceback.format_exception(error)), err=True, nl=False)
            else:
                typer.echo(f"error: {describe(error)}", err=True)
            raise typer.Exit(1) from error
