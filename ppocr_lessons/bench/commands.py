"""The commands `ppocr-lessons bench infer | ablation | read | systems | integers` and `ppocr-lessons claims`."""

import json
import pathlib
from enum import Enum
from typing import Annotated

import typer

from ..output_files import refuse_to_overwrite

bench = typer.Typer(
    no_args_is_help=True,
    help="Measure on this machine. The runs of all variants are interleaved, so that load affects all variants equally.",
)

Rounds = Annotated[
    int, typer.Option(min=1, help="Number of timed runs of each variant. The median is reported.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
RECORDED = '"machine"', '"date"'
"""Keys of every record, by which its file is recognized."""


def _check(out: pathlib.Path | None) -> None:
    if out is not None:
        refuse_to_overwrite(out, *RECORDED)


@bench.command("infer")
def infer_command(rounds: Rounds = 15, as_json: Json = False) -> None:
    """Measure latency and memory of each stage."""
    from . import infer

    rows = infer.measure(rounds)
    typer.echo(json.dumps(rows, indent=1) if as_json else infer.table(rows))


class Part(str, Enum):
    """Chapters that have an ablation."""

    det = "det"
    cls = "cls"
    rec = "rec"
    rec_v2 = "rec_v2"
    labels = "labels"
    quant = "quant"


@bench.command("ablation")
def ablation_command(
    part: Annotated[
        Part,
        typer.Argument(
            help="det: chapters 2.1 and 3.1; cls: chapter 2.2; rec: chapter 2.3; rec_v2: chapter 3.2; "
            "labels: chapter 2.3.6, from 50 to 5,000 labeled lines; quant: chapters 2.2.4 and 2.3.5."
        ),
    ],
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
    from . import ablation, ablation_cls, ablation_rec, quantization

    if part is Part.quant:
        result = quantization.quant(out, only=row, seeds=tuple(seed or quantization.SEEDS))
        text = quantization.as_text(result)
    elif part in (Part.rec, Part.rec_v2, Part.labels):
        seeds = tuple(seed or ablation_rec.SEEDS)
        result = ablation_rec.rec(out, part.value, only=row, seeds=seeds, rounds=rounds)
        text = ablation_rec.as_text(result)
    elif part is Part.cls:
        result = ablation_cls.cls(out, only=row, seeds=tuple(seed or ablation_cls.SEEDS), rounds=rounds)
        text = ablation_cls.as_text(result)
    else:
        result = ablation.det(out, only=row, seeds=tuple(seed or ablation.SEEDS), rounds=rounds)
        text = ablation.as_text(result)
    typer.echo(json.dumps(result, indent=1) if as_json else text)


@bench.command("read")
def read_command(
    labels: Annotated[
        pathlib.Path, typer.Argument(help="Labeled images: a label file in PaddleOCR's detection format.")
    ],
    words: Annotated[
        pathlib.Path | None,
        typer.Option(help="Crops of words or lines: a label file in the recognition format."),
    ] = None,
    system: Annotated[
        list[str] | None,
        typer.Option(help="Compare only this system. Can be repeated. Default: all that are installed."),
    ] = None,
    rounds: Rounds = 3,
    out: Annotated[
        pathlib.Path | None,
        typer.Option(help="Also write the scores, with machine and date, to this JSON file."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Compare whole systems on labeled images: detection, words, characters, time and size."""
    _check(out)
    from . import read
    from .systems import SYSTEMS, available

    unknown = sorted(set(system or ()) - set(available()))
    if unknown:
        raise ValueError(
            f"not installed or unknown: {', '.join(unknown)}; available are {', '.join(available())}"
        )
    systems = {name: SYSTEMS[name]() for name in system or available()}
    crops = read.read_words(words) if words else []
    pages = read.read_pages(labels)
    rows = read.measure(pages, crops, systems, rounds=rounds)
    if out is not None:
        out.write_text(json.dumps(read.record(rows, pages, crops), indent=1), encoding="utf-8")
    typer.echo(json.dumps(rows, indent=1) if as_json else read.as_text(rows))


@bench.command("systems")
def systems_command(
    folder: Annotated[pathlib.Path, typer.Argument(help="Labeled pages, such as data/det_en.")],
    pages: Annotated[int, typer.Option(min=1, help="Number of pages.")] = 5,
    rounds: Rounds = 5,
    out: Annotated[pathlib.Path | None, typer.Option(help="Also write the result to this JSON file.")] = None,
) -> None:
    """Compare the sizes and latencies of PP-OCR mobile, PP-OCR server and PP-OCRv2, stage by stage."""
    _check(out)
    from ..datasets.shipped import shipped_page
    from . import whole_systems

    try:
        chosen = [shipped_page(folder, i) for i in range(pages)]
    except IndexError as error:
        raise ValueError(f"--pages {pages}: {error}") from error
    result = whole_systems.record(chosen, rounds=rounds)
    if out is not None:
        out.write_text(json.dumps(result, indent=1), encoding="utf-8")
    typer.echo(whole_systems.as_text(result))


@bench.command("end-to-end")
def end_to_end_command(
    det: Annotated[pathlib.Path, typer.Option(help="Folder of `bench ablation det`.")],
    rec: Annotated[pathlib.Path, typer.Option(help="Folder of `bench ablation rec`.")],
    rec_v2: Annotated[pathlib.Path, typer.Option(help="Folder of `bench ablation rec_v2`.")],
    out: Annotated[pathlib.Path | None, typer.Option(help="Also write the result to this JSON file.")] = None,
    as_json: Json = False,
) -> None:
    """Score PP-OCR mobile, PP-OCR server and PP-OCRv2 on pages of short words, with the networks of the ablations."""
    _check(out)
    from . import end_to_end

    result = end_to_end.record({"det": det, "rec": rec, "rec_v2": rec_v2})
    if out is not None:
        out.write_text(json.dumps(result, indent=1), encoding="utf-8")
    typer.echo(json.dumps(result, indent=1) if as_json else end_to_end.as_text(result))


@bench.command("integers")
def integers_command(
    folder: Annotated[pathlib.Path, typer.Argument(help="Folder of the committed sets, data.")],
    stage: Annotated[
        list[str] | None,
        typer.Option(help="Compare only this network: det, cls or rec. Can be repeated. Default: all."),
    ] = None,
    rounds: Rounds = 15,
    out: Annotated[pathlib.Path | None, typer.Option(help="Also write the result to this JSON file.")] = None,
) -> None:
    """Compare the networks in floating point with 8-bit integers: scores, files and latency. Needs the extra `int8`."""
    _check(out)
    from . import integers
    from .provenance import known_rows

    stages = known_rows(stage, integers.STAGES)
    result = integers.record(folder, stages=stages, rounds=rounds)
    if out is not None:
        out.write_text(json.dumps(result, indent=1), encoding="utf-8")
    typer.echo(integers.as_text(result))


def claims_command(as_json: Json = False) -> None:
    """Show for each of the 24 strategies what the papers claim, what was recorded here, and a verdict by a fixed rule."""
    from . import claims

    found = claims.claims()
    typer.echo(json.dumps(claims.as_rows(found), indent=1) if as_json else claims.as_text(found))
