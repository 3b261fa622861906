"""Pickles of arrays as files: weights of PaddleOCR and centers of the center loss."""

import pathlib

import numpy as np

from ..training.tensor_files import WeightsError
from .array_checks import ArrayEntry, Entries, Items, PickleError
from .pdparams import MAX_FILE, read_entries

NAMED = 20
"""Number of entries that an error message lists."""


def array_of(value) -> np.ndarray | None:
    """Array of an entry.

    Args:
        value: entry of `read_pickle`. Paddle writes a tensor as (name, array).

    Returns: the array, or None if the entry is not an array.
    """
    if isinstance(value, Items) and len(value) == 2:
        value = value[1]
    return value.array if isinstance(value, ArrayEntry) else None


def read_pickle(path: pathlib.Path) -> Entries:
    """Parse a pickle of arrays; nothing in it is run.

    Args:
        path: path of the file.

    Returns: entries by name; see `pdparams.read_entries`.

    Raises:
        WeightsError: the file cannot be opened or parsed, or contains more than arrays; names the file.
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
