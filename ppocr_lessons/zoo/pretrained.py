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
from ..training.tensor_files import WeightsError, assign, read_tensors
from .array_checks import ArrayEntry, Entries, Items, PickleError
from .official import FILES, installed, official, official_alphabet, official_file
from .pdparams import MAX_FILE, read_entries
from .shipped import ENGLISH, PAGES, SHIPPED, load_shipped, weights_file

_PADDLE_NAMES = "StructuredToParameterName@@"
NAMED = 20
"""Number of entries that an error message lists."""


def _array(value) -> np.ndarray | None:
    # Paddle writes a tensor as (name, array).
    if isinstance(value, Items) and len(value) == 2:
        value = value[1]
    return value.array if isinstance(value, ArrayEntry) else None


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
    entries = _entries(path)
    entries.pop(_PADDLE_NAMES, None)
    arrays, others = {}, []
    while entries:  # one by one, so that no entry is in memory twice
        name, value = entries.popitem()
        array = _array(value)
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

    The thresholds are PaddleOCR's except those of the score. A curved line fills only a small part of the rectangle around
    it, so the score is the mean inside the region ("slow"). Such scores are higher for text, and 0.8 rejects noise. The
    values were chosen on 24 synthetic pages with a separate seed, where hmean of the detector of pages (`det_pages`) was 0.846 with
    PaddleOCR's "fast" and 0.6, 0.847 with "slow" and 0.6, and 0.879 with "slow" and 0.8.

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

`english`: the recognizer of english.py, with the official detector and classifier if they are installed and the course's
if not. `course`: trained by this project from scratch, shipped with the package. `pages`: the same with a detector that
has seen pages of text only and therefore finds text in railings and leaves; the chapters on detection work with it.
`official`: PP-OCRv2's, see official.py.
"""

BEST = "english"
"""The weights that read real English pictures best; the OCR system uses them when none are named."""


def pretrained(stage: str, weights: str = "course"):
    """Build a network with trained weights, in evaluation mode.

    Args:
        stage: "det", "cls" or "rec".
        weights: one of WEIGHTS. The three recognizers have different architectures or alphabets; see
            `pretrained_alphabet`.

    Returns: DBNet, DirectionClassifier or CRNN.

    Raises:
        ValueError: unknown stage or weights.
        ImportError: the package with the official weights is not installed; the message says how to install it.
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


def read_centers(path, classes: int, width: int) -> np.ndarray:
    """Read the centers of the center loss from PaddleOCR's train_center.pkl or a .safetensors file.

    Args:
        path: pickle of {class: (D,) array}, which is parsed and may contain only arrays, or .safetensors file with one
            entry per class.
        classes: number of classes K.
        width: length D of a center.

    Returns: (K, D) float32; centers of classes that are not in the file are 0.

    Raises:
        WeightsError: the file cannot be read, or classes or widths do not fit.
    """
    path = pathlib.Path(path)
    arrays = read_tensors(path) if path.suffix == ".safetensors" else _entries(path)
    centers, problems = np.zeros((classes, width), np.float32), []
    for key, value in arrays.items():
        array = value if isinstance(value, np.ndarray) else _array(value)
        is_class = str(key).isdecimal() and len(str(key)) < 10 and int(key) < classes
        if array is None or not is_class or array.shape != (width,):
            shape = "no array" if array is None else f"shape {array.shape}"
            problems.append(f"entry {key!r:.40} of {shape}")
        elif array.dtype.kind not in "fiu" or not np.isfinite(array).all():
            problems.append(f"entry {key!r:.40} has values that are no finite numbers")
        else:
            centers[int(key)] = array
    if problems:
        more = f" ... and {len(problems) - NAMED} more" if len(problems) > NAMED else ""
        needed = f"classes 0 to {classes - 1} with ({width},) are needed"
        raise WeightsError(f"{path}: {'; '.join(problems[:NAMED])}{more}; {needed}")
    return centers


def _entries(path: pathlib.Path) -> Entries:
    """Parse the entries of a pickle.

    Raises:
        WeightsError: the file cannot be opened or parsed; names the file.
    """
    try:
        if path.is_file() and path.stat().st_size > MAX_FILE:
            raise WeightsError(
                f"{path}: {path.stat().st_size:,} bytes; a weights file has at most {MAX_FILE:,}"
            )
        return read_entries(path.read_bytes())
    except OSError as error:
        raise WeightsError(f"{path}: cannot be opened: {error.strerror}") from error
    except PickleError as error:
        raise WeightsError(f"{path}: not read: {error}") from error
