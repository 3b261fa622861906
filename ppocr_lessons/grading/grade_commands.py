"""The command `ppocr-lessons grade`."""

import os
import pathlib
import sys
from enum import Enum
from typing import Annotated

import typer

from ..interrupt import signals_as_exit_codes


class Isolation(str, Enum):
    """Kinds of isolation of submissions."""

    bubblewrap = "bubblewrap"
    none = "none"


WARNING = (
    "warning: --sandbox none: submissions can read and change everything that this user can, and use the network; grade only "
    "notebooks that you trust, or work in a virtual machine"
)


ROOT_WARNING = "warning: submissions run as root, because an unprivileged user cannot read this Python; run the grader as an ordinary user"


def distrust(folder: pathlib.Path) -> None:
    """Remove the folder of submissions from the module search path, even if it is the current folder.

    Args:
        folder: of submissions.
    """
    folder = folder.resolve()
    places = [pathlib.Path(entry or ".").resolve() for entry in sys.path]
    sys.path[:] = [
        entry for entry, place in zip(sys.path, places, strict=True) if folder not in (place, *place.parents)
    ]


def grade_command(
    submissions: Annotated[
        pathlib.Path, typer.Argument(help="Folder of notebooks, or of one folder per student.")
    ],
    assignment: Annotated[
        str, typer.Option(help="Name of the assignment, or MODULE:ATTRIBUTE for one of your own.")
    ],
    report: Annotated[
        pathlib.Path,
        typer.Option(help="CSV file to write. REPORT.runs beside it keeps results and executed notebooks."),
    ],
    html: Annotated[pathlib.Path | None, typer.Option(help="Folder for one page per student.")] = None,
    json_file: Annotated[pathlib.Path | None, typer.Option("--json", help="JSON file to write.")] = None,
    jobs: Annotated[int, typer.Option(min=1, max=64, help="Submissions that run at the same time.")] = 2,
    timeout: Annotated[float, typer.Option(min=1, help="Limit on each submission, in seconds.")] = 600.0,
    seed: Annotated[
        int,
        typer.Option(
            min=1, help="Seed of the parameters for grading. Students see the parameters of seed 0."
        ),
    ] = 1,
    sandbox: Annotated[
        Isolation, typer.Option(help="bubblewrap isolates submissions; none does not.")
    ] = Isolation.bubblewrap,
    reproducible: Annotated[
        bool, typer.Option("--reproducible", help="Leave times out of the reports.")
    ] = False,
) -> None:
    """Run submitted notebooks with other parameters, and score the answers that they hand in.

    A submission that fails does not stop the others. An interrupted command resumes. The exit code is 1 only if the grader
    itself failed for a submission.
    """
    distrust(submissions)
    with signals_as_exit_codes() as signals:
        from .grade import Reports, grade_all
        from .grade_one import Task
        from .limits import Limits
        from .sandbox import open_sandbox
        from .score_submission import load_assignment
        from .submissions import find_submissions

        known = load_assignment(assignment)
        signals.arm()  # a scorer may have imported Paddle, which replaces the handler of SIGTERM
        reports = Reports(report, html, json_file, reproducible)
        hidden = [submissions, reports.kept, *([html] if html else [])]
        hidden = tuple(folder.resolve() for folder in hidden)
        found = find_submissions(submissions, known.name, hidden[1:])
        reports.prepare()
        if sandbox is Isolation.none:
            typer.echo(WARNING, err=True)
        threads = max(1, (os.cpu_count() or 1) // jobs)
        isolation = open_sandbox(sandbox.value, hidden=hidden, threads=threads)
        if os.getuid() == 0 and not isolation.unprivileged:
            typer.echo(ROOT_WARNING, err=True)
        task = Task(
            known, assignment, known.parameters(seed), Limits(seconds=timeout), isolation, reports.kept
        )
        results = grade_all(task, found, jobs=jobs)
        reports.write(task, found, results)
    _say(results, report)


def _say(results: list, report: pathlib.Path) -> None:
    """Name every submission that was not scored, with the reason."""
    from .report import on_one_line

    for result in results:
        if result["row"]["status"] != "ok":
            line = f"{result['row']['submission']}: {result['row']['status']}: {result['reason']}"
            typer.echo(on_one_line(line), err=True)
    typer.echo(f"{len(results)} submissions in {report}", err=True)
    if any(result["row"]["status"] == "failed" for result in results):
        raise typer.Exit(1)
