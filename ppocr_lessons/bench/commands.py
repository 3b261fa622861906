"""The commands `ppocr-lessons bench infer | ablation`."""

import json
import pathlib
from enum import Enum
from typing import Annotated

import typer

bench = typer.Typer(
    no_args_is_help=True,
    help="Measure on this machine. The runs of all variants are interleaved, so that load affects all variants equally.",
)

Rounds = Annotated[
    int, typer.Option(min=1, help="Number of timed runs of each variant. The median is reported.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


@bench.command("infer")
def infer_command(rounds: Rounds = 15, as_json: Json = False) -> None:
    """Measure latency and memory of each stage."""
    from . import infer

    rows = infer.measure(rounds)
    typer.echo(json.dumps(rows, indent=1) if as_json else infer.table(rows))


class Part(str, Enum):
    """Chapters that have an ablation."""

    det = "det"


@bench.command("ablation")
def ablation_command(
    part: Annotated[Part, typer.Argument(help="det: chapters 2.1 and 3.1.")],
    out: Annotated[
        pathlib.Path, typer.Option(help="Folder of all runs. Finished runs in it are not repeated.")
    ],
    row: Annotated[
        list[str] | None, typer.Option(help="Train only this row. Can be repeated. Default: all rows.")
    ] = None,
    seed: Annotated[
        list[int] | None, typer.Option(help="Train only with this seed. Can be repeated.")
    ] = None,
    rounds: Rounds = 15,
    as_json: Json = False,
) -> None:
    """Train every row of a chapter's table from several seeds.

    This takes hours on a CPU. An interrupted command resumes.
    """
    from . import ablation

    result = ablation.det(out, only=row, seeds=tuple(seed or ablation.SEEDS), rounds=rounds)
    typer.echo(json.dumps(result, indent=1) if as_json else ablation.as_text(result))
