"""The command `ppocr-lessons assignments make`."""

from pathlib import Path
from typing import Annotated

import typer

assignments = typer.Typer(no_args_is_help=True, help="Make the students' notebooks of the assignments.")


@assignments.callback()
def group() -> None:
    """Make the students' notebooks of the assignments."""


@assignments.command("make")
def make_command(
    out: Annotated[Path, typer.Argument(help="Folder of the notebooks. It is created if necessary.")],
    assignment: Annotated[
        list[str] | None, typer.Option(help="Make only this assignment. Can be repeated. Default: all.")
    ] = None,
) -> None:
    """Generate the students' notebooks from the worked ones.

    Notebooks of an earlier call are replaced, unless somebody has edited them.
    """
    from .make import make
    from .registry import NAMES

    for path in make(out, assignment or NAMES):
        typer.echo(path)
