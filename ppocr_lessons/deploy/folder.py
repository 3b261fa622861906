"""An exported net with what belongs to it: a folder that `ppocr-lessons read --det FOLDER` can use."""

import json
import pathlib

from ..det.postprocess import DBPostProcess
from ..rec.ctc import Alphabet
from .export import NAME, export
from .stages import Detector, Recognizer

ABOUT = "lessons.json"
POSTPROCESS = (
    "thresh",
    "box_thresh",
    "unclip_ratio",
    "max_candidates",
    "use_dilation",
    "score_mode",
    "box_type",
)


class FolderError(ValueError):
    """A folder that holds no exported net, or one for another stage."""


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
    """
    folder = export(net, folder)
    about = {"stage": stage}
    if alphabet is not None:
        about["characters"] = alphabet.characters
    if postprocess is not None:
        about["postprocess"] = {name: getattr(postprocess, name) for name in POSTPROCESS}
    (folder / ABOUT).write_text(json.dumps(about, ensure_ascii=False, indent=1), encoding="utf-8")
    return folder


def _about(folder, stage: str) -> dict:
    folder = pathlib.Path(folder)
    try:
        about = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
        found = about["stage"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FolderError(f"{folder}: not a folder of `ppocr-lessons export`: {error}") from error
    if found != stage or not (folder / f"{NAME}.pdiparams").is_file():
        raise FolderError(f"{folder}: holds {found!r}, {stage!r} with its {NAME}.pdiparams is needed")
    return about


def detector_of(folder) -> Detector:
    """A detector from a folder.

    Raises:
        FolderError: not such a folder.
    """
    about = _about(folder, "det")
    return Detector(pathlib.Path(folder), postprocess=DBPostProcess(**about["postprocess"]), upscale_below=0)


def recognizer_of(folder) -> Recognizer:
    """A recogniser from a folder.

    Raises:
        FolderError: not such a folder.
    """
    about = _about(folder, "rec")
    return Recognizer(pathlib.Path(folder), Alphabet(about["characters"], use_space=False))
