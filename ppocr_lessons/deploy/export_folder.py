"""An exported net with what belongs to it: a folder that `ppocr-lessons read --det FOLDER` can use."""

import pathlib
from typing import Annotated, Literal

import numpy as np
import pydantic

from ..det.postprocess import DBPostProcess
from ..rec.ctc import Alphabet
from .export import export
from .export_record import ABOUT, FolderError, read_record
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
    sha256: dict[str, str]


NEEDED = {"det": "postprocess", "rec": "characters"}
"""What a record has to say of a stage besides its name."""

PROBES = {"det": (1, 3, 64, 64), "rec": (1, 3, 32, 64)}
"""Shape of the input that a loaded net is tried with."""


def write_folder(
    net, folder, stage: str, *, alphabet: Alphabet | None = None, postprocess: DBPostProcess | None = None
) -> pathlib.Path:
    """Export a net and write down its stage, characters and thresholds beside it.

    Args:
        net: DBNet, CRNN or DirectionClassifier.
        folder: made if need be; an older export in it is replaced.
        stage: "det", "cls" or "rec".
        alphabet: of a recogniser.
        postprocess: of a detector.

    Raises:
        FolderError: the folder holds something that no export made.
    """
    about: dict[str, object] = {"stage": stage}
    if alphabet is not None:
        about["characters"] = alphabet.characters
    if postprocess is not None:
        about["postprocess"] = {name: getattr(postprocess, name) for name in _Postprocess.model_fields}
    return export(net, folder, about=about)


def _about(folder: pathlib.Path, stage: str) -> _About:
    try:
        about = _About.model_validate(read_record(folder))
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "content"
        raise FolderError(f"{folder / ABOUT}: {place:.60}: {first['msg']}") from error
    if about.stage != stage:
        raise FolderError(f"{folder}: holds {about.stage!r}, {stage!r} with its program is needed")
    if getattr(about, NEEDED[stage]) is None:
        raise FolderError(f"{folder / ABOUT}: {NEEDED[stage]} is missing")
    return about


def _loaded(folder, stage: str, make):
    """A stage from a folder, tried once.

    Raises:
        FolderError: whatever keeps it from being used.
    """
    folder = pathlib.Path(folder)
    about = _about(folder, stage)
    try:
        made = make(folder, about)
        answer = made.predict(np.zeros(PROBES[stage], np.float32))
    except Exception as error:  # Paddle raises every kind for a program that it cannot run
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        raise FolderError(
            f"{folder}: cannot be used: {lines[0][:300] if lines else type(error).__name__}"
        ) from error
    if stage == "det" and answer.shape != (1, 1, *PROBES["det"][2:]):
        raise FolderError(
            f"{folder}: the net answers with shape {answer.shape}; a detector answers with a map"
        )
    if stage == "rec" and (answer.ndim != 3 or answer.shape[-1] != made.alphabet.classes):
        raise FolderError(
            f"{folder}: the net answers with {answer.shape[-1]} classes, {ABOUT} has characters for {made.alphabet.classes}"
        )
    return made


def detector_of(folder) -> Detector:
    """A detector from a folder.

    Args:
        folder: of `ppocr-lessons export`.

    Raises:
        FolderError: not such a folder, or a damaged one.
    """

    def make(folder, about):
        return Detector(folder, postprocess=DBPostProcess(**about.postprocess.model_dump()), upscale_below=0)

    return _loaded(folder, "det", make)


def recognizer_of(folder) -> Recognizer:
    """A recogniser from a folder.

    Args:
        folder: of `ppocr-lessons export`.

    Raises:
        FolderError: not such a folder, or a damaged one.
    """
    return _loaded(
        folder, "rec", lambda folder, about: Recognizer(folder, Alphabet(about.characters, use_space=False))
    )
