"""The command line: `ppocr-lessons read | train | eval | export | convert | synth | strategies | bench`."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer
from tqdm import tqdm

from .bench.commands import bench
from .cli_choices import Foreign, Kind, Language, Only, Style, Trained
from .command_errors import OneLine, describe
from .grading.commands import assignments
from .interrupt import say_once, signals_as_exit_codes

app = typer.Typer(cls=OneLine, add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)
app.add_typer(bench, name="bench")
app.add_typer(assignments, name="assignments")


@app.callback()
def program(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback when a command fails.")] = False,
) -> None:
    """Read text with PP-OCR, and train, evaluate and measure its networks."""


def _plain(line) -> dict:
    polygon = [[round(float(x), 1), round(float(y), 1)] for x, y in line.polygon]
    return {"text": line.text, "score": round(line.score, 4), "polygon": polygon, "direction": line.direction}


def _system(ocr, stages: dict, weights: str):
    """The system with pretrained networks, or one with stages that the user exported."""
    return ocr.OCR(**stages, weights=weights) if any(stages.values()) else ocr.system(weights)


def _boxes(system, image):
    """Text lines of the detector alone: each has a polygon and a score, and no text."""
    from .ocr import TextLine

    found = system.detector(image)
    return [TextLine(p, "", float(s), 0) for p, s in zip(found.polygons, found.scores, strict=True)]


def _drawing_paths(out: Path, pictures: list[Path]) -> list[Path]:
    """Files that the drawings are written to, checked before any image is read.

    Raises:
        ValueError: a file format that cannot be written, or a file that is the image itself.
    """
    from PIL import Image

    if len(pictures) > 1 or not out.suffix or out.is_dir():
        out.mkdir(parents=True, exist_ok=True)
        return [out / f"{picture.stem}.read.png" for picture in pictures]
    Image.init()
    if Image.EXTENSION.get(out.suffix.lower()) not in Image.SAVE:
        raise ValueError(f"--draw {out}: unknown image format {out.suffix!r}; use .png, for example")
    if out.exists() and pictures[0].exists() and out.samefile(pictures[0]):
        raise ValueError(
            f"--draw {out}: this is the image itself, which would be overwritten; name another file"
        )
    return [out]


def _draw(image, lines, out: Path) -> None:
    from PIL import Image

    from .deploy.draw import draw_reading

    Image.fromarray(draw_reading(image, lines)).save(out)


@app.command()
def read(
    context: typer.Context,
    pictures: Annotated[list[Path], typer.Argument(help="Image files to read.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
    draw: Annotated[
        Path | None, typer.Option(help="Draw boxes and texts; a folder for several images.")
    ] = None,
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
) -> None:
    """Read the text in images. If an image cannot be read, the others still are, and the exit code is 1."""
    from . import ocr
    from .datasets.pictures import read_picture
    from .deploy.export_folder import classifier_of, detector_of, recognizer_of

    drawings = _drawing_paths(draw, pictures) if draw else [None] * len(pictures)
    stages = {
        "detector": det and detector_of(det),
        "classifier": cls and classifier_of(cls),
        "recognizer": rec and recognizer_of(rec),
    }
    system = _system(ocr, stages, weights.value)
    results, failed = [], False
    pairs = list(zip(pictures, drawings, strict=True))
    for picture, drawing in tqdm(pairs, disable=len(pictures) < 2, file=sys.stderr, unit="image"):
        try:
            image = read_picture(picture)
            lines = _boxes(system, image) if only else system.read(image)
            if drawing:
                _draw(image, lines, drawing)
        except Exception as error:  # the other images are read, whatever is wrong with this one
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
    kind: Annotated[
        Kind, typer.Argument(help="det: pages, rec: words and lines, cls: lines and directions.")
    ],
    out: Annotated[Path, typer.Argument(help="Folder, which must be empty or is created.")],
    count: Annotated[int, typer.Option(min=1, help="Number of images.")] = 100,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same images.")] = 0,
    language: Annotated[Language, typer.Option(help="Of the text; zh needs the extra `zh`.")] = Language.en,
    fonts: Annotated[
        str,
        typer.Option(
            help="course: the same images on every machine; system: the fonts of this machine too; "
            "or a folder of font files."
        ),
    ] = "course",
    style: Annotated[
        Style, typer.Option(help="print: pages and lines; photo: signs, receipts, scenes, crowded lines.")
    ] = Style.print,
    size: Annotated[int, typer.Option(min=64, max=4096, help="Width and height of a page in pixels.")] = 640,
) -> None:
    """Generate a synthetic data set in PaddleOCR's label format."""
    from .datasets.synthetic.write import write_set

    labels = write_set(
        kind.value,
        out,
        count=count,
        seed=seed,
        language=language.value,
        fonts=fonts,
        style=style.value,
        size=(size, size),
        progress=True,
    )
    typer.echo(f"{count} images; labels in {labels}", err=True)


@app.command()
def strategies(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """List the strategies of PP-OCR and PP-OCRv2: section, implementation and published effect."""
    from . import strategies as index

    if as_json:
        typer.echo(index.as_json())
        return
    for s in index.STRATEGIES:
        place = s.symbol if s.done else f"{s.symbol} (to come)"
        typer.echo(f"{s.key:22} ed. {s.edition}  {'+'.join(s.stages):4} {s.section:6} {place:45} {s.claim}")


ConfigPath = Annotated[Path, typer.Option("-c", "--config", help="Configuration file (YAML).")]
Overrides = Annotated[
    list[str] | None, typer.Option("-o", "--override", help="Section.key=value, can be repeated.")
]
Weights = Annotated[
    str | None,
    typer.Option(help="Weights file or folder of a run; default: the best weights of the configured run."),
]


@app.command()
def train(
    config: ConfigPath,
    override: Overrides = None,
    check: Annotated[
        bool, typer.Option("--check", help="Read, validate and build everything, but train nothing.")
    ] = False,
    max_steps: Annotated[int | None, typer.Option(min=1, help="Stop after this many steps in total.")] = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Move an old run aside and start a new one.")
    ] = False,
    changed: Annotated[
        bool, typer.Option("--resume-changed", help="Resume although the configuration or labels changed.")
    ] = False,
) -> None:
    """Train a network as configured, or resume an interrupted run.

    Ctrl-C and SIGTERM finish the current step and save a checkpoint first; the exit code is 130 or 143.
    """
    with signals_as_exit_codes() as signals:
        from . import experiment
        from .config import read_config

        signals.arm()
        settings = read_config(config, override or [], everything=True)
        if check:
            prepared = experiment.prepare(settings, dry=True)
            typer.echo(
                f"{config}: no errors: {settings.task}, {prepared.steps} steps, {len(prepared.loader.dataset)} samples",
                err=True,
            )
            return
        scores = experiment.train(settings, max_steps=max_steps, fresh=fresh, resume_changed=changed)
        say_once(json.dumps(scores))


@app.command("eval")
def evaluate(config: ConfigPath, override: Overrides = None, weights: Weights = None) -> None:
    """Evaluate trained weights on the evaluation dataset of a configuration; print JSON."""
    from . import experiment
    from .config import read_config

    say_once(json.dumps(experiment.evaluate_config(read_config(config, override or []), weights)))


@app.command()
def export(
    config: ConfigPath,
    out: Annotated[Path, typer.Option(help="Folder for the export. It is created if necessary.")],
    override: Overrides = None,
    weights: Weights = None,
) -> None:
    """Export a trained network for Paddle's inference engine and for `read --det`, `--cls` and `--rec`."""
    from . import experiment
    from .config import read_config
    from .config.evaluation import build_postprocess, input_size
    from .deploy.export_folder import write_folder
    from .deploy.export_record import refuse_to_replace

    refuse_to_replace(out)
    settings = read_config(config, override or [])
    net, shared = experiment.trained_net(settings, weights)
    postprocess = build_postprocess(settings) if settings.task == "det" else None
    labels, size = (shared.labels, input_size(settings)) if settings.task == "cls" else (None, None)
    about = {"alphabet": shared.alphabet, "postprocess": postprocess, "labels": labels, "size": size}
    write_folder(net, out, settings.task, **about)
    typer.echo(f"{settings.task} network exported to {out}", err=True)


@app.command()
def convert(
    kind: Annotated[Foreign, typer.Argument(help="icdar: ICDAR 2015, a file gt_NAME.txt per image.")],
    labels: Annotated[Path, typer.Argument(help="Folder of the label files.")],
    pictures: Annotated[Path, typer.Argument(help="Folder of the images.")],
    out: Annotated[Path, typer.Argument(help="Label file to write.")],
) -> None:
    """Convert labels of another format to a PaddleOCR label file."""
    from .datasets.icdar import convert_icdar

    count = convert_icdar(labels, pictures, out)
    typer.echo(f"{count} images in {out}", err=True)


if __name__ == "__main__":
    app()
