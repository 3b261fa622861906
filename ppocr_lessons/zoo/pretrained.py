"""Weights from elsewhere: those that ship with the package, and PaddleOCR's own.

A `.pdparams` file is a pickle, and a pickle can run any program when Python opens it. It is read by an interpreter of
this project's own (pdparams.py), which can build arrays, numbers, texts and containers and refuses everything else.
"""

import functools
import json
import pathlib

import numpy as np

from ..cls.direction import direction_mobile
from ..det.dbnet import db_mobile
from ..det.postprocess import DBPostProcess
from ..rec.alphabet import ENGLISH, Alphabet
from ..rec.crnn import crnn_mobile
from ..training.tensor_files import WeightsError, assign, read_tensors
from .array_checks import ArrayEntry, Entries, Items, PickleError
from .pdparams import MAX_FILE, read_entries
from .shipped import load_shipped, weights_file

_PADDLE_NAMES = "StructuredToParameterName@@"
NAMED = 20
"""Entries that an error spells out."""


def _array(value) -> np.ndarray | None:
    # Paddle writes a tensor as (name, array).
    if isinstance(value, Items) and len(value) == 2:
        value = value[1]
    return value.array if isinstance(value, ArrayEntry) else None


def _from_bfloat16(array: np.ndarray) -> np.ndarray:
    """Paddle writes bfloat16 as uint16, the upper half of a float32, because NumPy has no such kind."""
    return (array.astype(np.uint32) << 16).view(np.float32) if array.dtype == np.uint16 else array


def read_pdparams(path) -> dict[str, np.ndarray]:
    """Arrays of a `.pdparams` file by name.

    Args:
        path: of the file; the ending may be left out, as in PaddleOCR's configurations.

    Raises:
        WeightsError: no such file, not such a file, or one that asks for more than arrays; names it.
    """
    path = pathlib.Path(path)
    if not path.is_file() and path.with_name(path.name + ".pdparams").is_file():
        path = path.with_name(path.name + ".pdparams")
    entries = _entries(path)
    entries.pop(_PADDLE_NAMES, None)
    arrays, others = {}, []
    while entries:  # one by one, so that no entry is held twice
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
    """Read a `.pdparams` file of a PaddleOCR training model into a net and return the net.

    Args:
        net: DBNet, CRNN or DirectionClassifier of the same architecture.
        path: of the file.
        prefix: of the sub-net wanted, "Student." for a distilled model; other entries are left alone.

    Raises:
        WeightsError: see `read_pdparams`; or missing, unexpected and misshapen entries, all listed in one
            error, the net untouched.
    """
    arrays = read_pdparams(path)
    if prefix:
        arrays = {k.removeprefix(prefix): v for k, v in arrays.items() if k.startswith(prefix)}
    assign(net, arrays, path)
    return net


def card(stage: str) -> dict:
    """Model card of shipped weights: net, data, time, machine, command, scores.

    Args:
        stage: "det", "cls" or "rec".
    """
    return json.loads(weights_file(stage).with_suffix(".json").read_text(encoding="utf-8"))


@functools.cache
def english() -> Alphabet:
    """Alphabet of the shipped recognizer: printable ASCII and the space."""
    return Alphabet(ENGLISH)


def detector_postprocess() -> DBPostProcess:
    """Post-processing that suits the shipped detector.

    PaddleOCR's thresholds but for the score: a line that bends fills little of the rectangle around it, so
    the mean is taken inside the region ("slow"), where real texts score higher and 0.8 keeps noise out.
    Chosen on 24 synthetic pages of a seed of their own: there the shipped net has hmean 0.846 with
    PaddleOCR's "fast" and 0.6, 0.847 with "slow" and 0.6, 0.879 with both.
    """
    return DBPostProcess(score_mode="slow", box_thresh=0.8)


def build(stage: str):
    """The net that shipped weights fit, untrained.

    Args:
        stage: "det", "cls" or "rec".
    """
    if stage == "det":
        return db_mobile()
    return direction_mobile() if stage == "cls" else crnn_mobile(english().classes)


def pretrained(stage: str):
    """A net with this project's weights, in evaluation mode.

    Args:
        stage: "det", "cls" or "rec".

    Raises:
        ValueError: unknown stage.
        WeightsError: the package's file is damaged.
    """
    return load_shipped(build(stage), stage)


def read_centers(path, classes: int, width: int) -> np.ndarray:
    """Centers for the center loss from PaddleOCR's train_center.pkl or a .safetensors file.

    Args:
        path: of a pickle of {class: (D,)}, of which nothing but arrays is admitted, or of a file with an entry a class.
        classes: K.
        width: D.

    Returns: (K, D) float32; classes that are not in the file stay 0.

    Raises:
        WeightsError: unreadable, or classes or widths that do not fit.
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
    """Entries of a pickle.

    Raises:
        WeightsError: cannot be opened, or see `read_entries`; names the file.
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
