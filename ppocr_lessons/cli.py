"""The command line: `ppocr-lessons read | train | eval | export | convert | synth | strategies | bench`."""

import json
import pathlib
import sys
from enum import Enum
from typing import Annotated

import typer
from tqdm import tqdm

from .bench.commands import bench
from .command_errors import OneLine, describe
from .interrupt import say_once, signals_as_exit_codes

app = typer.Typer(cls=OneLine, add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)
app.add_typer(bench, name="bench")


@app.callback()
def program(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """PP-OCR and PP-OCRv2, strategy by strategy."""


class Only(str, Enum):
    """Stages that `read` can stop after."""

    det = "det"


class Kind(str, Enum):
    """Kinds of synthetic data sets."""

    det = "det"
    rec = "rec"
    cls = "cls"


class Fonts(str, Enum):
    """Font sets that `synth` can draw with."""

    course = "course"
    system = "system"


class Language(str, Enum):
    """Languages of synthetic text."""

    en = "en"
    zh = "zh"


def _plain(line) -> dict:
    polygon = [[round(float(x), 1), round(float(y), 1)] for x, y in line.polygon]
    return {"text": line.text, "score": round(line.score, 4), "polygon": polygon, "direction": line.direction}


def _system(ocr, detector, recognizer):
    """The default system, or one with stages of the user's own."""
    if detector is None and recognizer is None:
        return ocr.default()
    return ocr.OCR(detector=detector, recognizer=recognizer)


def _boxes(system, image):
    """Lines with a polygon and a score alone, of the detector."""
    from .ocr import TextLine

    found = system.detector(image)
    return [TextLine(p, "", float(s), 0) for p, s in zip(found.polygons, found.scores, strict=True)]


def _drawing_paths(out: pathlib.Path, pictures: list[pathlib.Path]) -> list[pathlib.Path]:
    """Where the drawing of each picture goes.

    Raises:
        ValueError: a kind of file that cannot be written, or one of the pictures themselves; named before any is read.
    """
    from PIL import Image

    if len(pictures) > 1 or not out.suffix or out.is_dir():
        out.mkdir(parents=True, exist_ok=True)
        return [out / f"{picture.stem}.read.png" for picture in pictures]
    Image.init()
    if Image.EXTENSION.get(out.suffix.lower()) not in Image.SAVE:
        raise ValueError(f"--draw {out}: unknown picture format {out.suffix!r}; use .png, for example")
    if out.exists() and pictures[0].exists() and out.samefile(pictures[0]):
        raise ValueError(f"--draw {out}: the picture itself, which would be lost; name another file")
    return [out]


def _draw(image, lines, out: pathlib.Path) -> None:
    from PIL import Image

    from .deploy.draw import draw_reading

    Image.fromarray(draw_reading(image, lines)).save(out)


@app.command()
def read(
    context: typer.Context,
    pictures: Annotated[list[pathlib.Path], typer.Argument(help="Image files.")],
    as_json: Annotated[bool, typer.Option("--json", help="JSON on stdout instead of text.")] = False,
    draw: Annotated[
        pathlib.Path | None,
        typer.Option(help="File for one picture, folder for several: boxes and texts as PNG."),
    ] = None,
    only: Annotated[Only | None, typer.Option(help="Stop after this stage.")] = None,
    det: Annotated[
        pathlib.Path | None, typer.Option(help="Detector of your own: a folder of `export`.")
    ] = None,
    rec: Annotated[
        pathlib.Path | None, typer.Option(help="Recognizer of your own: a folder of `export`.")
    ] = None,
) -> None:
    """Read the text in pictures. Exit code 1 if one of them could not be read; the others still are."""
    from . import ocr
    from .datasets.pictures import read_picture
    from .deploy.export_folder import detector_of, recognizer_of

    drawings = _drawing_paths(draw, pictures) if draw else [None] * len(pictures)
    system = _system(ocr, det and detector_of(det), rec and recognizer_of(rec))
    results, failed = [], False
    pairs = list(zip(pictures, drawings, strict=True))
    for picture, drawing in tqdm(pairs, disable=len(pictures) < 2, file=sys.stderr, unit="picture"):
        try:
            image = read_picture(picture)
            lines = _boxes(system, image) if only else system.read(image)
            if drawing:
                _draw(image, lines, drawing)
        except Exception as error:  # whatever one picture does, the others are read
            if context.find_root().params["debug"]:
                raise
            failed = True
            typer.echo(f"error: {describe(error)}", err=True)
            results.append({"picture": str(picture), "lines": [], "error": describe(error)})
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
    language: Annotated[Language, typer.Option(help="Chinese needs the extra zh.")] = Language.en,
    fonts: Annotated[
        Fonts,
        typer.Option(help="course: the same pictures on every machine; system: this machine's fonts too."),
    ] = Fonts.course,
    size: Annotated[int, typer.Option(min=64, max=4096, help="Side of a page in pixels.")] = 640,
) -> None:
    """Write a synthetic data set in PaddleOCR's label formats."""
    from .datasets.synthetic.write import write_set

    labels = write_set(
        kind.value,
        out,
        count=count,
        seed=seed,
        language=language.value,
        fonts=fonts.value,
        size=(size, size),
        progress=True,
    )
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


ConfigPath = Annotated[pathlib.Path, typer.Option("-c", "--config", help="Configuration (YAML).")]
Overrides = Annotated[
    list[str] | None, typer.Option("-o", "--override", help="Section.key=value, as often as needed.")
]
Weights = Annotated[
    str | None,
    typer.Option(help="Weights file or folder of a run; the best of the configuration's own if left out."),
]


@app.command()
def train(
    config: ConfigPath,
    override: Overrides = None,
    check: Annotated[
        bool, typer.Option("--check", help="Read, validate and build everything; train nothing.")
    ] = False,
    max_steps: Annotated[int | None, typer.Option(min=1, help="Stop after this many steps in all.")] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Start anew; move the folder's run aside.")] = False,
    changed: Annotated[bool, typer.Option("--resume-changed", help="Resume under another config.")] = False,
) -> None:
    """Train what a configuration says, or go on with a run that was interrupted.

    Ctrl-C and SIGTERM: the step is finished and saved first; exit code 130 or 143.
    """
    with signals_as_exit_codes() as signals:
        from . import experiment
        from .config import read_config

        signals.arm()
        settings = read_config(config, override or [], everything=True)
        if check:
            prepared = experiment.prepare(settings, dry=True)
            typer.echo(
                f"{config}: good: {settings.task}, {prepared.steps} steps, {len(prepared.loader.dataset)} samples",
                err=True,
            )
            return
        scores = experiment.train(settings, max_steps=max_steps, fresh=fresh, resume_changed=changed)
        say_once(json.dumps(scores))


@app.command("eval")
def evaluate(config: ConfigPath, override: Overrides = None, weights: Weights = None) -> None:
    """Score trained weights on the Eval set of a configuration; JSON on stdout."""
    from . import experiment
    from .config import read_config

    say_once(json.dumps(experiment.evaluate_config(read_config(config, override or []), weights)))


@app.command()
def export(
    config: ConfigPath,
    out: Annotated[pathlib.Path, typer.Option(help="Folder; made if need be.")],
    override: Overrides = None,
    weights: Weights = None,
) -> None:
    """Write a trained net for Paddle's inference engine, and for `read --det` and `--rec`."""
    from . import experiment
    from .config import read_config
    from .config.evaluation import build_postprocess
    from .deploy.export_folder import write_folder
    from .deploy.export_record import refuse_to_replace

    refuse_to_replace(out)
    settings = read_config(config, override or [])
    net, shared = experiment.trained_net(settings, weights)
    postprocess = build_postprocess(settings) if settings.task == "det" else None
    write_folder(net, out, settings.task, alphabet=shared.alphabet, postprocess=postprocess)
    typer.echo(f"{settings.task} net in {out}", err=True)


class Foreign(str, Enum):
    """Label formats that `convert` reads."""

    icdar = "icdar"


@app.command()
def convert(
    kind: Annotated[Foreign, typer.Argument(help="icdar: ICDAR 2015, one gt_NAME.txt a picture.")],
    labels: Annotated[pathlib.Path, typer.Argument(help="Folder of the label files.")],
    pictures: Annotated[pathlib.Path, typer.Argument(help="Folder of the pictures.")],
    out: Annotated[pathlib.Path, typer.Argument(help="Label file to write.")],
) -> None:
    """Write a label file of PaddleOCR's kind from another format."""
    from .datasets.icdar import convert_icdar

    count = convert_icdar(labels, pictures, out)
    typer.echo(f"{count} pictures in {out}", err=True)


if __name__ == "__main__":
    app()
