"""The command `ppocr-lessons centers`."""

import json
from pathlib import Path
from typing import Annotated

import typer

from ..runtime import require_paddle
from .train import ConfigPath, Overrides, Weights, settings_of


def centers(
    config: ConfigPath,
    out: Annotated[
        Path, typer.Option(help="File to write: .safetensors, or .pkl, which PaddleOCR can read too.")
    ],
    override: Overrides = None,
    weights: Weights = None,
) -> None:
    """Compute the centers of Enhanced CTC: the mean feature of each class, over training lines that are read correctly.

    Prints the counts as JSON. CenterLoss.center_file_path takes the file.
    """
    require_paddle()
    from .. import experiment
    from ..config.centers import check_recognizer, collect_centers, named
    from ..interrupt import say_once
    from ..zoo.center_files import check_writable, write_centers

    check_writable(out)
    settings = settings_of(config, override)
    check_recognizer(settings)
    net, shared = experiment.trained_net(settings, weights)
    found = collect_centers(settings, net, shared, progress=True)
    write_centers(out, found.centers, shared.alphabet.classes)
    summary = found.summary(shared.alphabet)
    missing = summary["without_center"]
    if missing:
        typer.echo(f"classes without a center ({len(missing)}): {named(missing)}", err=True)
    typer.echo(f"centers of {len(found.centers)} of {summary['classes']} classes in {out}", err=True)
    say_once(json.dumps(summary, ensure_ascii=False))
