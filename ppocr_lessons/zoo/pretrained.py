"""Pretrained weights: those that ship with the package, and PaddleOCR's.

A `.pdparams` file is a pickle, and Python may execute arbitrary code when it opens a pickle. Here such files are parsed by
pdparams.py, which builds only arrays, numbers, texts and containers and rejects everything else.
"""

import functools
import json
import pathlib

import numpy as np

from ..det.postprocess import DBPostProcess
from ..rec.alphabet import ENGLISH as CHARACTERS
from ..rec.alphabet import Alphabet
from ..training.tensor_files import WeightsError, assign
from .official import FILES, installed, official, official_alphabet, official_file
from .pickle_file import NAMED, array_of, read_pickle
from .shipped import ENGLISH, PAGES, SHIPPED, load_shipped, weights_file

_PADDLE_NAMES = "StructuredToParameterName@@"


def _from_bfloat16(array: np.ndarray) -> np.ndarray:
    """Convert bfloat16, which Paddle writes as uint16 (the upper half of a float32), because NumPy has no such type."""
    return (array.astype(np.uint32) << 16).view(np.float32) if array.dtype == np.uint16 else array


def read_pdparams(path) -> dict[str, np.ndarray]:
    """Read the arrays of a `.pdparams` file.

    Args:
        path: path of the file; the extension may be omitted, as in PaddleOCR's configurations.

    Returns: arrays by name.

    Raises:
        WeightsError: the file is missing, has another format, or contains anything but arrays; names the file.
    """
    path = pathlib.Path(path)
    if not path.is_file() and path.with_name(path.name + ".pdparams").is_file():
        path = path.with_name(path.name + ".pdparams")
    entries = read_pickle(path)
    entries.pop(_PADDLE_NAMES, None)
    arrays, others = {}, []
    while entries:  # one by one, so that no entry is in memory twice
        name, value = entries.popitem()
        array = array_of(value)
        if array is None or not isinstance(name, str):
            others.append(f"{name!s:.80}")
        else:
            arrays[name] = _from_bfloat16(array)
    if others:
        more = f" ... and {len(others) - NAMED} more" if len(others) > NAMED else ""
        raise WeightsError(f"{path}: entries that are no arrays: {', '.join(others[::-1][:NAMED])}{more}")
    return dict(reversed(arrays.items()))


def load_paddleocr_weights(net, path, *, prefix: str = ""):
    """Load a `.pdparams` file of a PaddleOCR training model into a network.

    Args:
        net: DBNet, CRNN or DirectionClassifier of the same architecture; changed in place.
        path: path of the file.
        prefix: prefix of the entries to load, such as "Student." for a distilled model.

    Returns: the network.

    Raises:
        WeightsError: see `read_pdparams`; or entries are missing, unexpected or misshapen. All of them are listed, and the
            network is unchanged.
    """
    arrays = read_pdparams(path)
    if prefix:
        arrays = {k.removeprefix(prefix): v for k, v in arrays.items() if k.startswith(prefix)}
    assign(net, arrays, path)
    return net


def card(stage: str) -> dict:
    """Model card of the shipped weights of a stage.

    Args:
        stage: one of `shipped.FILES`.

    Returns: network, data, training time in minutes, machine, command and scores.
    """
    return json.loads(weights_file(stage).with_suffix(".json").read_text(encoding="utf-8"))


@functools.cache
def english() -> Alphabet:
    """Alphabet of the shipped recognizers: printable ASCII and the space."""
    return Alphabet(CHARACTERS)


def detector_postprocess() -> DBPostProcess:
    """Postprocessing for the pretrained detectors.

    The parameters are PaddleOCR's except score_mode and box_thresh. A curved line fills only a small part of the
    rectangle around it, so the score is the mean inside the region ("slow"). Such scores are higher for text, and 0.8
    rejects noise. The values were chosen on 24 synthetic pages with a separate seed, where the hmean of `det_pages` was
    0.846 with PaddleOCR's "fast" and 0.6, 0.847 with "slow" and 0.6, and 0.879 with "slow" and 0.8.

    Returns: the postprocessing step.
    """
    return DBPostProcess(score_mode="slow", box_thresh=0.8)


def build(stage: str):
    """Build the untrained network of a shipped stage.

    Args:
        stage: "det", "cls" or "rec".

    Returns: DBNet, DirectionClassifier or CRNN.
    """
    # Imported here, because the networks are not needed where an export of them is in the cache.
    from ..cls.direction import direction_mobile
    from ..det.dbnet import db_mobile
    from ..rec.crnn import crnn_mobile

    if stage == "det":
        return db_mobile()
    return direction_mobile() if stage == "cls" else crnn_mobile(english().classes)


WEIGHTS = ("english", "course", "pages", "official")
"""Sets of weights.

`english`: the recognizer of english.py, with the official detector and classifier if they are installed, otherwise with
those of `course`. `course`: trained by this project from scratch, shipped with the package. `pages`: the same, but the
detector has only seen pages of text and therefore finds text in railings and leaves; the chapters on detection use it.
`official`: PP-OCRv2's, see official.py.
"""

BEST = "english"
"""The weights that read real English pictures best, which are the default of the OCR system."""


def pretrained(stage: str, weights: str = "course"):
    """Build a network with trained weights, in evaluation mode.

    Args:
        stage: "det", "cls" or "rec".
        weights: one of WEIGHTS. The three recognizers have different architectures or alphabets; see
            `pretrained_alphabet`.

    Returns: DBNet, DirectionClassifier or CRNN.

    Raises:
        ValueError: unknown stage or weights.
        ImportError: the package with the official weights is not installed; says how to install it.
        WeightsError: a file is damaged or of another version.
    """
    _check_weights(weights)
    if weights == "english" and stage == "rec":
        from ..rec.crnn import crnn_lcnet

        return load_shipped(crnn_lcnet(english().classes), ENGLISH)
    if weights == "english" and stage in SHIPPED:
        weights = "official" if installed() else "course"
    if weights == "official":
        return official(stage)
    return load_shipped(build(stage), PAGES if (weights, stage) == ("pages", "det") else stage)


def pretrained_alphabet(weights: str = "course") -> Alphabet:
    """Alphabet of a pretrained recognizer.

    Args:
        weights: one of WEIGHTS.

    Raises:
        ValueError: unknown weights.
        ImportError: see `pretrained`.
    """
    _check_weights(weights)
    return official_alphabet() if weights == "official" else english()


def weights_mb(weights: str = "course") -> float:
    """Size of the weights of detector, classifier and recognizer together, as they are distributed.

    Args:
        weights: one of WEIGHTS.

    Returns: size in megabytes (10^6 bytes).
    """
    return sum(source_file(stage, weights).stat().st_size for stage in SHIPPED) / 1e6


def source_file(stage: str, weights: str = "course") -> pathlib.Path:
    """File that the weights of a pretrained network come from.

    Args:
        stage: "det", "cls" or "rec".
        weights: one of WEIGHTS.

    Returns: path of a .safetensors file that ships with this package, or of an ONNX file of the official weights.

    Raises:
        ValueError: unknown stage or weights.
        ImportError: the package with the official weights is not installed; the message says how to install it.
    """
    _check_weights(weights)
    if stage not in SHIPPED:
        raise ValueError(f"stage is {stage!r}; known are {', '.join(SHIPPED)}")
    if weights == "english" and stage == "rec":
        return weights_file(ENGLISH)
    if weights == "official" or (weights == "english" and installed()):
        return official_file(FILES[stage].name)
    return weights_file(PAGES if (weights, stage) == ("pages", "det") else stage)


def _check_weights(weights: str) -> None:
    if weights not in WEIGHTS:
        raise ValueError(f"weights is {weights!r}; known are {', '.join(WEIGHTS)}")
