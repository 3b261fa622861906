"""Files of centers for the center loss: .safetensors, or PaddleOCR's train_center.pkl (chapter 3.2.3).

Both have one entry per class that has a center. A .safetensors file also says how many classes the recognizer has.
"""

import pathlib
import pickle
from collections.abc import Mapping

import numpy as np
import safetensors

from ..training.tensor_files import WeightsError, read_tensors, save_tensors
from .pickle_file import NAMED, array_of, read_pickle

SUFFIXES = (".safetensors", ".pkl")
_CLASSES = "classes"
"""Key of the number of classes in the metadata of a .safetensors file."""


def check_writable(path) -> None:
    """Check before a long computation that its centers can be written to a file.

    Args:
        path: path of the file.

    Raises:
        ValueError: another suffix than SUFFIXES, no such folder, or a file that contains something other than centers.
    """
    path = pathlib.Path(path)
    if path.suffix not in SUFFIXES:
        raise ValueError(
            f"{path}: a file of centers ends with {' or '.join(SUFFIXES)}, not with {path.suffix!r}"
        )
    if not path.parent.is_dir():
        raise ValueError(f"{path}: there is no folder {path.parent}")
    if path.exists() and not _holds_centers(path):
        raise ValueError(
            f"{path}: exists and does not contain centers, so it is not replaced; name another file"
        )


def _holds_centers(path: pathlib.Path) -> bool:
    try:
        arrays = read_pickle(path) if path.suffix == ".pkl" else read_tensors(path)
    except WeightsError:
        return False
    return all(str(key).isdecimal() for key in arrays)


def write_centers(path, centers: Mapping[int, np.ndarray], classes: int) -> None:
    """Write centers to a .safetensors file, or to a .pkl file for PaddleOCR.

    Args:
        path: path of the file, whose suffix selects the format.
        centers: (D,) array by class.
        classes: number of classes K of the recognizer.

    Raises:
        ValueError: see `check_writable`.
        OSError: the file cannot be written; names the file.
    """
    check_writable(path)
    path, arrays = pathlib.Path(path), {int(k): np.asarray(v, np.float32) for k, v in sorted(centers.items())}
    if path.suffix == ".safetensors":
        save_tensors(path, {str(k): v for k, v in arrays.items()}, {_CLASSES: str(classes)})
        return
    # Protocol 2 stores the name of NumPy's module as a line of text before the first array. NumPy 1, which PaddleOCR of the
    # time of the chapter needs, has the module under the old name only; NumPy 2 reads both names.
    data = pickle.dumps(arrays, protocol=2).replace(b"cnumpy._core.", b"cnumpy.core.", 1)
    partial = path.with_name(f".partial-{path.name}")
    partial.write_bytes(data)
    partial.replace(path)


def read_centers(path, classes: int, width: int) -> np.ndarray:
    """Read the centers of the center loss from PaddleOCR's train_center.pkl or a .safetensors file.

    Args:
        path: pickle of {class: (D,) array}, which is parsed and may contain only arrays, or .safetensors file with one
            entry per class.
        classes: number of classes K.
        width: length D of a center.

    Returns: (K, D) float32; rows of classes that are not in the file are NaN, which `CenterLoss` ignores.

    Raises:
        WeightsError: the file cannot be read or has no centers, or classes or widths do not fit.
    """
    path = pathlib.Path(path)
    is_pickle = path.suffix != ".safetensors"
    arrays = read_pickle(path) if is_pickle else read_tensors(path)
    if not arrays:
        raise WeightsError(f"{path}: contains no centers")
    written_for = None if is_pickle else _classes_of(path)
    if written_for not in (None, str(classes)):
        raise WeightsError(
            f"{path}: centers of a recognizer with {written_for} classes; this recognizer has {classes}"
        )
    centers, problems = np.full((classes, width), np.nan, np.float32), []
    for key, value in arrays.items():
        array = value if isinstance(value, np.ndarray) else array_of(value)
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


def _classes_of(path: pathlib.Path) -> str | None:
    """Number of classes that a .safetensors file was written for, or None if it does not say."""
    with safetensors.safe_open(path, "np") as file:
        return (file.metadata() or {}).get(_CLASSES)
