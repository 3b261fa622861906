"""Commands that need a configuration: `ppocr-lessons train | eval | export`; and `curves` of a run."""

import io
import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from ..interrupt import say_once, signals_as_exit_codes
from ..output_files import MARK, refuse_to_overwrite, save_picture
from ..runtime import require_paddle

ConfigPath = Annotated[
    Path,
    typer.Option(
        "-c", "--config", help="Configuration file (YAML), or the name of one of this package: det_db.yml."
    ),
]
Overrides = Annotated[
    list[str] | None, typer.Option("-o", "--override", help="Section.key=value, can be repeated.")
]


def _not_empty(value: str | None) -> str | None:
    if value == "":
        raise ValueError("--weights is empty: name a file, or leave the option out")
    return value


Weights = Annotated[
    str | None,
    typer.Option(
        callback=_not_empty,
        help="Weights file or folder of a run; default: the best weights of the configured run, else those that it starts from.",
    ),
]

SHOWN_ERRORS = 20
"""Number of samples on the page of errors, if no other number is given."""


def settings_of(config: Path, override: list[str] | None, *, everything: bool = False):
    """Find and read a configuration. Print which one it is if it is part of this package.

    Args:
        config: path or name; see `config.find.find_config`.
        override: overrides as after `-o`.
        everything: see `config.read_config`.

    Returns: the configuration.

    Raises:
        ConfigError: there is no such configuration, or it has errors.
    """
    from ..config import read_config
    from ..config.find import find_config

    path, note = find_config(config)
    if note:
        say_once(note, file=sys.stderr)
    return read_config(path, override or [], everything=everything)


def train(
    config: ConfigPath,
    override: Overrides = None,
    check: Annotated[
        bool, typer.Option("--check", help="Read, validate and build everything, but train nothing.")
    ] = False,
    max_steps: Annotated[int | None, typer.Option(min=1, help="Stop after this many steps in total.")] = None,
    weights: Annotated[
        str | None,
        typer.Option(
            callback=_not_empty,
            help="Weights to start from, instead of Global.pretrained_model: a file, a folder of a run, or det, cls, rec.",
        ),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Resume the run in the output folder, which must be there.")
    ] = False,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Move an old run aside and start a new one.")
    ] = False,
    changed: Annotated[
        bool, typer.Option("--resume-changed", help="Resume although the configuration or labels changed.")
    ] = False,
) -> None:
    """Train a network as configured. A run that was interrupted is resumed; --resume and --fresh insist on one of the two.

    Ctrl-C and SIGTERM finish the current step and save a checkpoint first; the exit code is 130 or 143.
    """
    if resume and fresh:
        raise ValueError("--resume continues a run and --fresh starts a new one: use only one of them")
    with signals_as_exit_codes():
        require_paddle()
        from .. import experiment
        from ..training.run_folder import holds_a_run

        # In JSON, a text is quoted as YAML quotes it.
        start = [f"Global.pretrained_model={json.dumps(weights)}"] if weights is not None else []
        settings = settings_of(config, [*(override or []), *start], everything=True)
        if resume and not holds_a_run(settings.folder):
            raise ValueError(
                f"--resume: there is no run in {settings.folder}; without --resume one is started"
            )
        if check:
            prepared = experiment.prepare(settings, dry=True)
            typer.echo(
                f"{config}: no errors: {settings.task}, {prepared.steps} steps, {len(prepared.loader.dataset)} samples",
                err=True,
            )
            return
        scores = experiment.train(settings, max_steps=max_steps, fresh=fresh, resume_changed=changed)
        say_once(json.dumps(scores))


def evaluate(
    config: ConfigPath,
    override: Overrides = None,
    weights: Weights = None,
    errors: Annotated[
        int | None,
        typer.Option(
            min=1, help=f"Draw this many of the worst samples; {SHOWN_ERRORS} if only --out is given."
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="HTML file for the worst samples.")] = None,
) -> None:
    """Evaluate trained weights on the evaluation dataset of a configuration; print JSON."""
    if errors is not None and out is None:
        raise ValueError(f"--errors {errors} needs --out PAGE.html, the file to draw them in")
    if out is not None and out.suffix.lower() not in (".html", ".htm"):
        raise ValueError(f"--out {out}: the page of errors is HTML; name a file that ends in .html")
    if out is not None:
        refuse_to_overwrite(out, MARK)
    require_paddle()
    from .evaluating import Watch

    settings = settings_of(config, override)
    watch = Watch(settings, (errors or SHOWN_ERRORS) if out else 0)
    scores = watch.evaluate(weights)
    say_once(json.dumps(scores))  # before the page is written, so that they are not lost if that fails
    if out is not None:
        watch.write_page(out, title=f"Errors of {config}", scores=scores)


def export(
    config: ConfigPath,
    out: Annotated[Path, typer.Option(help="Folder for the export. It is created if necessary.")],
    override: Overrides = None,
    weights: Weights = None,
    onnx: Annotated[
        bool, typer.Option("--onnx", help="Also write inference.onnx, for other inference engines.")
    ] = False,
) -> None:
    """Export a trained network for Paddle's inference engine and for `read --det`, `--cls` and `--rec`."""
    require_paddle()
    from .. import experiment
    from ..config.evaluation import build_postprocess, input_size
    from ..deploy.export_folder import write_folder
    from ..deploy.export_record import refuse_to_replace

    refuse_to_replace(out)
    settings = settings_of(config, override)
    net, shared = experiment.trained_net(settings, weights)
    postprocess = build_postprocess(settings) if settings.task == "det" else None
    labels, size = (shared.labels, input_size(settings)) if settings.task == "cls" else (None, None)
    about = {"alphabet": shared.alphabet, "postprocess": postprocess, "labels": labels, "size": size}
    write_folder(net, out, settings.task, **about, onnx=onnx)
    also = ", with inference.onnx" if onnx else ""
    typer.echo(f"{settings.task} network exported to {out}{also}", err=True)


def curves(
    run: Annotated[Path, typer.Argument(help="Folder of a training run.")],
    out: Annotated[Path, typer.Option(help="PNG file to write.")],
) -> None:
    """Draw the curves of a training run: loss, learning rate and scores."""
    if out.suffix.lower() != ".png":
        raise ValueError(f"--out {out}: the curves are drawn as PNG; name a file that ends in .png")
    refuse_to_overwrite(out, MARK)
    from PIL import Image

    from ..viz.run_curves import curves_png

    data = io.BytesIO(curves_png(run))
    out.parent.mkdir(parents=True, exist_ok=True)
    with Image.open(data) as drawn:
        save_picture(drawn, out)
    typer.echo(f"curves of {run} in {out}", err=True)
