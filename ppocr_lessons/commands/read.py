"""`ppocr-lessons read`: files, folders and patterns in; text, JSON and drawings out."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer
from tqdm import tqdm

from ..command_errors import describe
from .choices import Engine, Only, Trained


def read(
    context: typer.Context,
    pictures: Annotated[
        list[str],  # a path would turn an empty argument into the working folder
        typer.Argument(help="Image files, folders of images, and patterns such as 'scans/**/*.jpg'."),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
    draw: Annotated[
        Path | None, typer.Option(help="Draw boxes and texts; a folder for several images.")
    ] = None,
    lines: Annotated[
        bool,
        typer.Option("--lines", help="Every image is a single line of text: read it without the detector."),
    ] = False,
    only: Annotated[Only | None, typer.Option(help="Run only this stage.")] = None,
    det: Annotated[Path | None, typer.Option(help="Exported detector to use, a folder.")] = None,
    cls: Annotated[Path | None, typer.Option(help="Exported direction classifier to use, a folder.")] = None,
    rec: Annotated[Path | None, typer.Option(help="Exported recognizer to use, a folder.")] = None,
    weights: Annotated[
        Trained,
        typer.Option(
            help="english: reads English photographs best; course: trained by this project from scratch; "
            "pages: as course, with a detector that has seen no photographs; "
            "official: PP-OCRv2's, which read Chinese."
        ),
    ] = Trained.english,
    engine: Annotated[
        Engine,
        typer.Option(help="Program that runs the networks; the last two come with the extra `engines`."),
    ] = Engine.paddle,
    jobs: Annotated[
        int,
        typer.Option(min=1, help="Number of processes that read images side by side, at most one per core."),
    ] = 1,
) -> None:
    """Read the text in images. If an image cannot be read, the others still are, and the exit code is 1."""
    from ..datasets.picture_files import find_pictures
    from .reading import Options, chunks, drawing_paths, outcomes

    if lines and (det or only):
        raise ValueError(
            f"--lines reads every image without the detector, and --{'det' if det else 'only det'} needs one: "
            "use only one of them"
        )
    found = find_pictures(pictures)
    options = Options(
        det, cls, rec, weights.value, engine.value, bool(only), lines, context.find_root().params["debug"]
    )
    pairs = list(zip(found, drawing_paths(draw, found) if draw else [None] * len(found), strict=True))
    results, failed = [], False
    hidden = None if len(pairs) > 1 else True  # None: only a terminal shows a bar
    try:
        with tqdm(total=len(pairs), disable=hidden, file=sys.stderr, unit="image") as bar:
            for outcome in outcomes(options, chunks(options, pairs), jobs):
                entry: dict[str, object] = {
                    "picture": str(outcome.picture),
                    "lines": [_plain(line) for line in outcome.lines],
                }
                if outcome.error is not None:
                    failed = True
                    entry["error"] = describe(outcome.error)
                    tqdm.write(f"error: {describe(outcome.error)}", file=sys.stderr)
                elif not outcome.lines:
                    tqdm.write(f"{outcome.picture}: no text found{_hint(lines, only)}", file=sys.stderr)
                results.append(entry)
                if not as_json and outcome.error is None:
                    if len(found) > 1:
                        typer.echo(f"== {outcome.picture}")
                    for line in outcome.lines:
                        typer.echo(
                            line.text if not only else " ".join(f"{x:.0f},{y:.0f}" for x, y in line.polygon)
                        )
                bar.update()
    finally:
        # After Ctrl-C or an error, what was read until then.
        if as_json and results:
            typer.echo(json.dumps(results, ensure_ascii=False, indent=1))
    if failed:
        raise typer.Exit(1)


def _plain(line) -> dict:
    polygon = [[round(float(x), 1), round(float(y), 1)] for x, y in line.polygon]
    return {"text": line.text, "score": round(line.score, 4), "polygon": polygon, "direction": line.direction}


def _hint(lines: bool, only) -> str:
    if lines:
        return "; the image was read as a single line, and without --lines the detector looks for lines first"
    return "" if only else "; if the image is a crop of a single line, use --lines"
