"""Exported networks with their characters, labels and thresholds, for `ppocr-lessons read --det`, `--cls` and `--rec`."""

import pathlib
from collections.abc import Sequence
from typing import Annotated, Literal

import numpy as np
import pydantic

from ..det.postprocess import DBPostProcess
from ..rec.alphabet import Alphabet
from .export_record import ABOUT, FolderError, read_record
from .line_direction import Classifier
from .stages import Detector, Recognizer

_Number = Annotated[float, pydantic.Field(allow_inf_nan=False)]


class _Strict(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(strict=True, extra="forbid")


class _Postprocess(_Strict):
    thresh: _Number
    box_thresh: _Number
    unclip_ratio: Annotated[float, pydantic.Field(gt=0, le=100)]
    max_candidates: Annotated[int, pydantic.Field(ge=1, le=1_000_000)]
    use_dilation: bool
    score_mode: str
    box_type: str


class _About(_Strict):
    stage: Literal["det", "cls", "rec"]
    characters: list[Annotated[str, pydantic.Field(min_length=1, max_length=1)]] | None = None
    postprocess: _Postprocess | None = None
    labels: Annotated[list[str], pydantic.Field(min_length=2, max_length=4)] | None = None
    size: (
        Annotated[
            list[Annotated[int, pydantic.Field(ge=1, le=10_000)]], pydantic.Field(min_length=2, max_length=2)
        ]
        | None
    ) = None
    sha256: dict[str, str]


NEEDED = {"det": ("postprocess",), "cls": ("labels", "size"), "rec": ("characters",)}
"""Entries that the record of a stage must contain in addition to its name."""

PROBES = {"det": (1, 3, 64, 64), "rec": (1, 3, 32, 64)}
"""Input shapes for the test run of a loaded network; a classifier is tested with its own input size."""


def write_folder(
    net,
    folder,
    stage: str,
    *,
    alphabet: Alphabet | None = None,
    postprocess: DBPostProcess | None = None,
    labels: Sequence[str] | None = None,
    size: tuple[int, int] | None = None,
    onnx: bool = False,
) -> pathlib.Path:
    """Export a network with a record of its stage, characters and thresholds.

    Args:
        net: DBNet, CRNN or DirectionClassifier.
        folder: created if necessary; an older export in it is replaced.
        stage: "det", "cls" or "rec".
        alphabet: alphabet of a recognizer.
        postprocess: postprocessing of a detector.
        labels: directions of the classes of a classifier.
        size: (height, width) of the input of a classifier, in pixels.
        onnx: write `inference.onnx` as well, for other inference engines.

    Returns: the folder.

    Raises:
        FolderError: the folder contains files that are not part of an export.
        ImportError: the package onnx is not installed.
    """
    from .export import export  # loading an export needs none of its code

    about: dict[str, object] = {"stage": stage}
    if alphabet is not None:
        about["characters"] = alphabet.characters
    if postprocess is not None:
        about["postprocess"] = {name: getattr(postprocess, name) for name in _Postprocess.model_fields}
    if labels is not None:
        about["labels"] = list(labels)
    if size is not None:
        about["size"] = list(size)
    return export(net, folder, about=about, onnx=onnx, size=size)


def _about(folder: pathlib.Path, stage: str) -> _About:
    try:
        about = _About.model_validate(read_record(folder))
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "content"
        raise FolderError(f"{folder / ABOUT}: {place:.60}: {first['msg']}") from error
    if about.stage != stage:
        raise FolderError(f"{folder}: holds {about.stage!r}, {stage!r} with its program is needed")
    missing = [name for name in NEEDED[stage] if getattr(about, name) is None]
    if missing:
        raise FolderError(f"{folder / ABOUT}: {missing[0]} is missing")
    return about


def _loaded(folder, stage: str, make):
    """Load a stage from a folder and run it once.

    Raises:
        FolderError: the stage cannot be used; gives the reason.
    """
    folder = pathlib.Path(folder)
    about = _about(folder, stage)
    try:
        made = make(folder, about)
        # The ONNX file of a classifier accepts only the size that it was trained with.
        shape = (1, 3, *about.size) if about.size else PROBES[stage]
        answer = made.predict(np.zeros(shape, np.float32))
    except (FolderError, ImportError):
        raise  # the engine is not installed, or the folder has no ONNX file
    except Exception as error:  # Paddle raises many types of errors for invalid programs
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        raise FolderError(
            f"{folder}: cannot be used: {lines[0][:300] if lines else type(error).__name__}"
        ) from error
    if stage == "det" and answer.shape != (1, 1, *PROBES["det"][2:]):
        raise FolderError(
            f"{folder}: the net answers with shape {answer.shape}; a detector answers with a map"
        )
    if stage == "cls" and answer.shape != (1, len(made.angles_deg)):
        raise FolderError(
            f"{folder}: the net answers with shape {answer.shape}, {ABOUT} has {len(made.angles_deg)} labels"
        )
    if stage == "rec" and (answer.ndim != 3 or answer.shape[-1] != made.alphabet.classes):
        raise FolderError(
            f"{folder}: the net answers with {answer.shape[-1]} classes, {ABOUT} has characters for {made.alphabet.classes}"
        )
    return made


def detector_of(folder, *, engine: str = "paddle", threads: int | None = None) -> Detector:
    """Load an exported detector.

    Args:
        folder: folder written by `ppocr-lessons export`.
        engine: one of `engines.ENGINES`; others than "paddle" need an export with `--onnx`.
        threads: number of CPU threads; all cores if None.

    Returns: the detector.

    Raises:
        FolderError: the folder is not an export of a detector, or it is damaged.
        ImportError: the engine is not installed.
    """

    def make(folder, about):
        postprocess = DBPostProcess(**about.postprocess.model_dump())
        return Detector(folder, postprocess=postprocess, upscale_below=0, engine=engine, threads=threads)

    return _loaded(folder, "det", make)


def classifier_of(folder, *, engine: str = "paddle", threads: int | None = None) -> Classifier:
    """Load an exported direction classifier.

    Args:
        folder: folder written by `ppocr-lessons export`.
        engine: one of `engines.ENGINES`; others than "paddle" need an export with `--onnx`.
        threads: number of CPU threads; all cores if None.

    Returns: the classifier, with the labels and the input size that it was trained with.

    Raises:
        FolderError: the folder is not an export of a classifier, it is damaged, or its labels are not directions.
        ImportError: the engine is not installed.
    """

    def make(folder, about):
        size = (about.size[0], about.size[1])
        return Classifier(folder, labels=about.labels, size=size, engine=engine, threads=threads)

    return _loaded(folder, "cls", make)


def recognizer_of(folder, *, engine: str = "paddle", threads: int | None = None) -> Recognizer:
    """Load an exported recognizer.

    Args:
        folder: folder written by `ppocr-lessons export`.
        engine: one of `engines.ENGINES`; others than "paddle" need an export with `--onnx`.
        threads: number of CPU threads; all cores if None.

    Returns: the recognizer.

    Raises:
        FolderError: the folder is not an export of a recognizer, or it is damaged.
        ImportError: the engine is not installed.
    """

    def make(folder, about):
        alphabet = Alphabet(about.characters, use_space=False)
        return Recognizer(folder, alphabet, engine=engine, threads=threads)

    return _loaded(folder, "rec", make)
