"""The command line: every command of `ppocr-lessons` is registered here and defined in `commands/` or in its package.

A new command is a function in a module `commands.py` of the package that owns it, or in `commands/`; it is registered with
one import and one line here. Modules that are slow to import are imported inside the function.
"""

from typing import Annotated

import typer

from . import __version__
from .bench.commands import bench, claims_command
from .command_errors import OneLine
from .commands import data, index, train
from .commands.centers import centers
from .commands.read import read
from .grading.commands import assignments
from .grading.grade_commands import grade_command

app = typer.Typer(cls=OneLine, add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)

app.command("read")(read)
app.command("train")(train.train)
app.command("eval")(train.evaluate)
app.command("curves")(train.curves)
app.command("export")(train.export)
app.command("convert")(data.convert)
app.command("split")(data.split)
app.command("dictionary")(data.dictionary)
app.command("synth")(data.synth)
app.command("strategies")(index.strategies)
app.command("claims")(claims_command)
app.add_typer(bench, name="bench")
app.command("centers")(centers)
app.command("grade")(grade_command)
app.add_typer(assignments, name="assignments")


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"ppocr-lessons {__version__}")
        raise typer.Exit()


@app.callback()
def program(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback when a command fails.")] = False,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit."),
    ] = False,
) -> None:
    """Read text with PP-OCR, and train, evaluate and measure its networks."""


if __name__ == "__main__":
    app()
