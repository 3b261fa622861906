"""The command line: `ppocr-lessons read | synth | strategies | bench`."""

import json
import pathlib
import sys
from enum import Enum
from typing import Annotated

import typer
from tqdm import tqdm

app = typer.Typer(
    add_completion=False, no_args_is_help=True, help="PP-OCR and PP-OCRv2, strategy by strategy."
)


class Only(str, Enum):
    """Stages that `read` can stop after."""

    det = "det"


class Kind(str, Enum):
    """Kinds of synthetic data sets."""

    det = "det"
    rec = "rec"
    cls = "cls"


class Language(str, Enum):
    """Languages of synthetic text."""

    en = "en"
    zh = "zh"


def _fail(message) -> None:
    typer.echo(f"error: {message}", err=True)


def _plain(line) -> dict:
    polygon = [[round(float(x), 1), round(float(y), 1)] for x, y in line.polygon]
    return {"text": line.text, "score": round(line.score, 4), "polygon": polygon, "direction": line.direction}


def _boxes(image):
    """Lines with a polygon and a score alone, of the detector."""
    from .det import detect
    from .ocr import TextLine

    found = detect(image)
    return [TextLine(p, "", float(s), 0) for p, s in zip(found.polygons, found.scores, strict=True)]


def _drawing_path(out: pathlib.Path, picture: pathlib.Path, many: bool) -> pathlib.Path:
    if not many and out.suffix and not out.is_dir():
        return out
    out.mkdir(parents=True, exist_ok=True)
    return out / f"{picture.stem}.read.png"


@app.command()
def read(
    pictures: Annotated[list[pathlib.Path], typer.Argument(help="Image files.")],
    as_json: Annotated[bool, typer.Option("--json", help="JSON on stdout instead of text.")] = False,
    draw: Annotated[
        pathlib.Path | None,
        typer.Option(help="File for one picture, folder for several: boxes and texts as PNG."),
    ] = None,
    only: Annotated[Only | None, typer.Option(help="Stop after this stage.")] = None,
) -> None:
    """Read the text in pictures. Exit code 1 if one of them could not be read; the others still are."""
    from PIL import Image

    from . import ocr
    from .datasets.pictures import PictureError, read_picture
    from .viz.page import draw_reading

    results, failed = [], False
    for picture in tqdm(pictures, disable=len(pictures) < 2, file=sys.stderr, unit="picture"):
        try:
            image = read_picture(picture)
            lines = _boxes(image) if only else ocr.read(image)
            if draw is not None:
                Image.fromarray(draw_reading(image, lines)).save(
                    _drawing_path(draw, picture, len(pictures) > 1)
                )
        except (PictureError, OSError) as error:
            failed = True
            _fail(error)
            results.append({"picture": str(picture), "lines": [], "error": str(error)})
            continue
        results.append({"picture": str(picture), "lines": [_plain(line) for line in lines]})
        if not as_json:
            if len(pictures) > 1:
                typer.echo(f"== {picture}")
            for line in lines:
                typer.echo(line.text if not only else " ".join(f"{x:.0f},{y:.0f}" for x, y in line.polygon))
    if as_json:
        typer.echo(json.dumps(results, ensure_ascii=False, indent=1))
    if failed:
        raise typer.Exit(1)


@app.command()
def synth(
    kind: Annotated[Kind, typer.Argument(help="det, rec or cls.")],
    out: Annotated[pathlib.Path, typer.Argument(help="Folder; made if need be, must be empty.")],
    count: Annotated[int, typer.Option(min=1, help="Pictures.")] = 100,
    seed: Annotated[int, typer.Option(min=0)] = 0,
    language: Annotated[Language, typer.Option()] = Language.en,
    size: Annotated[int, typer.Option(min=64, max=4096, help="Side of a page in pixels.")] = 640,
) -> None:
    """Write a synthetic data set in PaddleOCR's label formats."""
    from .datasets.write import write_set

    try:
        labels = write_set(
            kind.value, out, count=count, seed=seed, language=language.value, size=(size, size), progress=True
        )
    except (ValueError, LookupError, OSError) as error:
        _fail(error)
        raise typer.Exit(1) from error
    typer.echo(f"{count} pictures, labels in {labels}", err=True)


@app.command()
def strategies(
    as_json: Annotated[bool, typer.Option("--json", help="JSON on stdout instead of a table.")] = False,
) -> None:
    """List the strategies of both editions: what, where, claim."""
    from . import strategies as index

    if as_json:
        typer.echo(index.as_json())
        return
    for s in index.STRATEGIES:
        place = s.symbol if s.done else f"{s.symbol} (to come)"
        typer.echo(f"{s.key:22} ed. {s.edition}  {'+'.join(s.stages):4} {s.section:6} {place:45} {s.claim}")


class Bench(str, Enum):
    """Benchmarks that the package carries."""

    infer = "infer"


@app.command()
def bench(
    name: Annotated[Bench, typer.Argument(help="infer: latency and memory by stage.")],
    rounds: Annotated[int, typer.Option(min=1, help="Timed runs of each variant; the median is shown.")] = 15,
    as_json: Annotated[bool, typer.Option("--json", help="JSON on stdout instead of a table.")] = False,
) -> None:
    """Measure on this machine. Variants run in turn, so that its moods hit all alike."""
    from .bench import infer

    rows = infer.measure(rounds)
    typer.echo(json.dumps(rows, indent=1) if as_json else infer.table(rows))


if __name__ == "__main__":
    app()
