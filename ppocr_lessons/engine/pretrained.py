"""Weights from elsewhere: those that ship with the package, and PaddleOCR's own.

A `.pdparams` file is a pickle, and a pickle can run any program when it is opened. The reader here builds
arrays, numbers, texts and containers, and refuses everything else by name.
"""

import functools
import importlib.resources
import io
import json
import pathlib
import pickle

import numpy as np

from ..cls.direction import direction_mobile
from ..det.dbnet import db_mobile
from ..det.postprocess import DBPostProcess
from ..rec.crnn import crnn_mobile
from ..rec.ctc import ENGLISH, Alphabet
from .tensors import WeightsError, assign, load_weights, read_tensors

SHIPPED = ("det", "cls", "rec")

_ADMITTED = {
    ("collections", "OrderedDict"),
    ("_codecs", "encode"),  # how protocol 2 writes bytes
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
    *(
        (f"numpy.{core}.multiarray", name)
        for core in ("core", "_core")
        for name in ("_reconstruct", "scalar")
    ),
    *((f"numpy.{core}.numeric", "_frombuffer") for core in ("core", "_core")),
}
_PADDLE_NAMES = "StructuredToParameterName@@"


class ArrayUnpickler(pickle.Unpickler):
    """An unpickler that can make arrays and plain containers, and nothing that acts."""

    def find_class(self, module, name):
        """Resolve a name of the file, if it is one of the few that stand for arrays."""
        if (module, name) not in _ADMITTED:
            raise pickle.UnpicklingError(
                f"it asks for {module}.{name}, which is no array: refused, nothing was run"
            )
        return super().find_class(module, name)

    def persistent_load(self, pid):
        """Refuse references to objects outside the file."""
        raise pickle.UnpicklingError("it refers to an object outside of the file: refused, nothing was run")


def _array(value):
    # Paddle writes a tensor inside a nested object as (name, array).
    if isinstance(value, tuple) and len(value) == 2 and isinstance(value[1], np.ndarray):
        value = value[1]
    is_array = isinstance(value, np.ndarray) and not value.dtype.hasobject
    return value if is_array else None


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
    content = _plain_pickle(path)
    content.pop(_PADDLE_NAMES, None)
    arrays = {name: _array(value) for name, value in content.items()}
    others = [str(name) for name, array in arrays.items() if array is None]
    if others:
        raise WeightsError(f"{path}: entries that are no arrays: {', '.join(others[:20])}")
    return arrays


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


def weights_file(stage: str) -> pathlib.Path:
    """Path of the shipped weights of "det", "cls" or "rec"."""
    if stage not in SHIPPED:
        raise ValueError(f"stage is {stage!r}; known are {list(SHIPPED)}")
    return pathlib.Path(
        str(importlib.resources.files("ppocr_lessons").joinpath("weights", f"{stage}.safetensors"))
    )


def card(stage: str) -> dict:
    """Model card of shipped weights: net, data, time, machine, command, scores."""
    return json.loads(weights_file(stage).with_suffix(".json").read_text(encoding="utf-8"))


@functools.cache
def english() -> Alphabet:
    """Alphabet of the shipped recogniser: printable ASCII and the space."""
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
    """The net that shipped weights fit, untrained."""
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
    path = weights_file(stage)
    net = load_weights(build(stage), path)
    net.eval()
    return net


def read_centers(path, classes: int, width: int) -> np.ndarray:
    """Centres for the centre loss from PaddleOCR's train_center.pkl or a .safetensors file.

    Args:
        path: of a pickle of {class: (D,)}, of which nothing but arrays is admitted, or of a file with an entry a class.
        classes: K.
        width: D.

    Returns: (K, D) float32; classes that are not in the file stay 0.

    Raises:
        WeightsError: unreadable, or classes or widths that do not fit.
    """
    path = pathlib.Path(path)
    arrays = read_tensors(path) if path.suffix == ".safetensors" else _plain_pickle(path)
    centers = np.zeros((classes, width), np.float32)
    for key, array in arrays.items():
        array = np.asarray(array)
        if not str(key).isdigit() or int(key) >= classes or array.shape != (width,):
            raise WeightsError(
                f"{path}: entry {key!r} of shape {array.shape}; classes 0 to {classes - 1} with ({width},) are needed"
            )
        centers[int(key)] = array
    return centers


def _plain_pickle(path: pathlib.Path) -> dict:
    try:
        content = ArrayUnpickler(io.BytesIO(path.read_bytes()), encoding="latin1").load()
    except OSError as error:
        raise WeightsError(f"{path}: cannot be opened: {error.strerror}") from error
    except Exception as error:  # a damaged pickle raises whatever its bytes happen to spell
        raise WeightsError(f"{path}: not read: {error}") from error
    if not isinstance(content, dict):
        raise WeightsError(f"{path}: holds a {type(content).__name__}; a dictionary of arrays is needed")
    return content
