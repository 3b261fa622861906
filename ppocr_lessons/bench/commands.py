"""The commands `ppocr-lessons bench infer | ablation`."""

import json
import pathlib
from enum import Enum
from typing import Annotated

import typer

bench = typer.Typer(
    no_args_is_help=True,
    help="Measure on this machine. Variants run in turn, so that its moods hit all alike.",
)

Rounds = Annotated[int, typer.Option(min=1, help="Timed runs of each variant; the median is shown.")]
Json = Annotated[bool, typer.Option("--json", help="JSON on stdout instead of a table.")]


@bench.command("infer")
def infer_command(rounds: Rounds = 15, as_json: Json = False) -> None:
    """Latency and memory by stage."""
    from . import infer

    rows = infer.measure(rounds)
    typer.echo(json.dumps(rows, indent=1) if as_json else infer.table(rows))


class Part(str, Enum):
    """Chapters that have an ablation."""

    det = "det"


@bench.command("ablation")
def ablation_command(
    part: Annotated[Part, typer.Argument(help="det: chapters 2.1 and 3.1.")],
    out: Annotated[pathlib.Path, typer.Option(help="Folder of all runs; what is done in it stays done.")],
    row: Annotated[
        list[str] | None, typer.Option(help="Only this row, as often as needed; all if left out.")
    ] = None,
    seed: Annotated[list[int] | None, typer.Option(help="Only this seed, as often as needed.")] = None,
    rounds: Rounds = 15,
    as_json: Json = False,
) -> None:
    """Train every row of a chapter's table from several seeds: hours on a CPU; resumes."""
    from . import ablation

    result = ablation.det(out, only=row, seeds=tuple(seed or ablation.SEEDS), rounds=rounds)
    typer.echo(json.dumps(result, indent=1) if as_json else ablation.as_text(result))
