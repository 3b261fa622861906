"""Objects that a pickle of arrays may contain: names, number types and stand-ins; and the checks that build arrays.

The functions and classes that a file names are never used. Each name is looked up in a table of harmless stand-ins.
"""

import math
from typing import Literal

import numpy as np

MAX_BUILT = 1 << 30
"""Maximum total size of texts and arrays of a file in bytes. Texts of protocol 2 count again as arrays."""

MAX_ITEMS = 64
"""Maximum number of items of a tuple, which is NumPy's maximum number of dimensions."""

MAX_DEPTH = 8
"""Maximum depth of nested containers; weights files have four."""

KINDS = frozenset({"b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8"})
"""Number types of arrays by NumPy's codes. Paddle writes bfloat16 as u2."""

_CORES = ("numpy.core", "numpy._core")
NAMES = {
    ("collections", "OrderedDict"): "OrderedDict",
    ("_codecs", "encode"): "encode",  # how protocol 2 writes bytes
    ("__builtin__", "bytes"): "bytes",
    ("builtins", "bytes"): "bytes",
    ("__builtin__", "tuple"): "tuple",  # Paddle writes a tensor as tuple((name, array))
    ("builtins", "tuple"): "tuple",
    ("numpy", "ndarray"): "ndarray",
    ("numpy", "dtype"): "dtype",
    **{(f"{core}.multiarray", "_reconstruct"): "_reconstruct" for core in _CORES},
    **{(f"{core}.multiarray", "scalar"): "scalar" for core in _CORES},
    **{(f"{core}.numeric", "_frombuffer"): "_frombuffer" for core in _CORES},
}
"""Functions and classes that a file may name, with the names of their stand-ins."""


class PickleError(ValueError):
    """A pickle is damaged or contains more than arrays; says where and why."""


class Name:
    """Name of a function or class in a file; the object itself is never imported.

    Args:
        what: entry of NAMES.
    """

    def __init__(self, what: str):
        self.what = what


class Kind:
    """Number type of an array; its byte order is set afterwards.

    Args:
        code: one of KINDS.
    """

    def __init__(self, code: str):
        self.code, self.order = code, None


class Other:
    """A value that weights files do not need, such as a list; only its kind is stored.

    Args:
        what: the kind.
    """

    def __init__(self, what: str):
        self.what = what


class ArrayEntry:
    """An array of the file.

    Args:
        array: None until its bytes were read.
    """

    def __init__(self, array: np.ndarray | None = None):
        self.array = array


class Items(tuple):
    """A tuple of the file with its depth."""

    depth = 1


class Entries(dict):
    """A dictionary of the file with its depth."""

    depth = 1


def deepest(values) -> int:
    """Depth of the deepest container among some values.

    Args:
        values: built from a pickle: arrays, containers and plain values.

    Raises:
        PickleError: deeper than MAX_DEPTH.
    """
    depth = max((value.depth for value in values if isinstance(value, Items | Entries)), default=0)
    if depth >= MAX_DEPTH:
        raise PickleError(f"more than {MAX_DEPTH} containers within each other")
    return depth


def whole_number(key):
    """Convert a NumPy integer, which is the name of an entry in PaddleOCR's files of centers, to an ordinary integer.

    Args:
        key: name of an entry as the file gives it.

    Returns: an int for an array without dimensions of a kind of integers; any other name unchanged.
    """
    if isinstance(key, ArrayEntry) and key.array is not None and not key.array.shape:
        return int(key.array) if key.array.dtype.kind in "iu" else key
    return key


class ArrayBuilder:
    """Builds the arrays of one file and limits their total size."""

    def __init__(self):
        self.built = 0

    def count(self, size: int) -> None:
        """Count bytes that are about to be allocated.

        Args:
            size: number of bytes.
        """
        self.built += size
        if self.built > MAX_BUILT:
            raise PickleError(f"asks for more than {MAX_BUILT:,} bytes of texts and arrays")

    def call(self, what: str, arguments: Items):
        """Result of the instruction REDUCE for a name and its arguments.

        Args:
            what: the stand-in that the file names.
            arguments: tuple that the file passes to it.
        """
        match (what, *arguments):
            case ("OrderedDict",):
                return Entries()
            case ("bytes",):
                return b""
            case ("encode", str(text), "latin1"):
                return self.narrow(text)
            case ("tuple", Items() as items):
                return items
            case ("dtype", str(code), *_) if code in KINDS:
                return Kind(code)
            case ("dtype", str(code), *_):
                raise PickleError(
                    f"an array of kind {code!r:.40}; known are {sorted(KINDS)}: refused, nothing was run"
                )
            case ("_reconstruct", Name(what="ndarray"), (0,), _):
                return ArrayEntry()
            case ("scalar", kind, data):
                return ArrayEntry(self.array(data, kind, Items(), "C"))
            case ("_frombuffer", data, kind, shape, "C" | "F" as order):
                return ArrayEntry(self.array(data, kind, shape, order))
            case ("_frombuffer", data, kind, shape, "K", Items() as axes):
                array = self.array(data, kind, shape, "C")
                if not all(type(axis) is int for axis in axes) or sorted(axes) != list(range(array.ndim)):
                    raise PickleError("an array with axes that are not its own")
                return ArrayEntry(array.transpose(axes))
        raise PickleError(f"{what} with arguments that make no array: refused, nothing was run")

    def narrow(self, text: str) -> bytes:
        """Convert a text to bytes. Protocol 2 writes bytes as characters below 256.

        Args:
            text: text with one character for each byte.
        """
        try:
            data = text.encode("latin1")
        except UnicodeEncodeError as error:
            raise PickleError("bytes with characters that are none") from error
        self.count(len(data))
        return data

    def set_state(self, target, state) -> None:
        """Carry out the instruction BUILD: set the byte order of a number type, or shape, type and bytes of an array.

        Args:
            target: object that the state belongs to.
            state: state from the file.
        """
        if isinstance(target, Kind) and isinstance(state, Items):
            # Version, byte order, then fields and sizes of structured types, and flags, which all have to be empty.
            if len(state) != 8 or state[0] != 3 or tuple(state[2:]) != (None, None, None, -1, -1, 0):
                raise PickleError("a kind of array with fields or flags: refused")
            if state[1] not in ("<", ">", "|", "=") or target.order not in (None, state[1]):
                raise PickleError("an order of bytes that is not known")
            target.order = state[1]
        elif isinstance(target, ArrayEntry) and isinstance(state, Items) and target.array is None:
            if len(state) != 5 or state[0] != 1 or not isinstance(state[3], bool | int):
                raise PickleError("an array in a form that is not known")
            data = self.narrow(state[4]) if isinstance(state[4], str) else state[4]  # Python 2 wrote texts
            target.array = self.array(data, state[2], state[1], "F" if state[3] else "C")
        else:
            raise PickleError("changes something that is no array: refused, nothing was run")

    def array(self, data, kind, shape, order: Literal["C", "F"]) -> np.ndarray:
        """Create an array, if number type, shape and number of bytes agree.

        Args:
            data: bytes of the values.
            kind: type of the values.
            shape: of the array.
            order: "C" or "F", the layout of the bytes.
        """
        if not isinstance(data, memoryview | bytes) or not isinstance(kind, Kind):
            raise PickleError("an array without bytes or without a kind")
        if not isinstance(shape, Items) or not all(type(side) is int and side >= 0 for side in shape):
            raise PickleError("an array whose shape is not one of sizes")
        if len(shape) > 32 or max(shape, default=0) > MAX_BUILT:
            raise PickleError(f"an array of {len(shape)} dimensions, {tuple(shape)!r:.80}")
        needed = math.prod(shape) * int(kind.code[1:])
        if needed != len(data):
            raise PickleError(
                f"{needed:,} bytes for shape {tuple(shape)!r:.80} of kind {kind.code}, {len(data):,} are there"
            )
        self.count(needed)
        stored = np.dtype(kind.code).newbyteorder(kind.order or "=")
        # Copied, because the bytes of the file may be unaligned and are read-only.
        return np.array(
            np.frombuffer(data, stored).reshape(shape, order=order), stored.newbyteorder("="), order="C"
        )
