"""Entries of an LMDB data base by key, without the lmdb library.

The library maps the file and trusts every offset in it: one that was cut off ends the process with SIGBUS, a damaged
page with SIGSEGV. This reader knows just enough of the format to find a key, reads with ordinary calls, and checks
each offset against the page and each page against the file.

The file is a sequence of pages. Pages 0 and 1 describe the data base, and the one with the higher transaction number
counts. From its root, branch pages lead to leaf pages by key; a value that does not fit a leaf lies in overflow pages.
"""

import os
import pathlib
import struct
from typing import NamedTuple

from .labels import LabelError

MAGIC, VERSION = 0xBEEFC0DE, 1
BRANCH, LEAF, OVERFLOW, META = 1, 2, 4, 8
"""Kinds of pages."""

KINDS = 0x6F
"""Bits that tell them, those of data bases with several values for a key among them."""

HEADER = struct.Struct("<QHHHH")
"""Of a page: number, unused, kind, end of the offsets, start of the nodes; the last two are a count in overflow pages."""

TABLE = struct.Struct("<IHHQQQQQ")
"""Of a tree: page size, flags, depth; branch, leaf and overflow pages; entries; root."""

DESCRIPTION = struct.Struct("<IIQQ")
"""Start of a description: magic number, version, address, size of the map; two trees follow."""

TAIL = struct.Struct("<QQ")
"""End of a description: last page, transaction."""

NODE = struct.Struct("<HHHH")
"""Of a node: lower and upper half of its size, flags, length of its key."""

IN_OVERFLOW = 1
"""Flag of a node whose value is the number of an overflow page."""

NO_ROOT = (1 << 64) - 1
MAX_DEPTH = 32
"""Levels of a tree; the library has the same limit."""

MAX_VALUE = 1 << 28
"""Bytes of a value; a picture has a thousandth of it."""

LEAST_ENTRY = 16
"""Bytes that an entry takes at least."""


class LmdbError(LabelError):
    """A data base that is damaged or cut off; names the file and the place."""


class _Description(NamedTuple):
    page: int
    used: int
    entries: int
    root: int
    transaction: int


class LmdbFile:
    """A data base, opened for reading.

    Args:
        path: of data.mdb.

    Raises:
        LmdbError: no data base of LMDB, one of another version or with other kinds of keys, or one that is cut off.
    """

    def __init__(self, path):
        self.path, self._file = pathlib.Path(path), None
        try:
            self._file = self.path.open("rb", buffering=0)
            self.size = os.fstat(self._file.fileno()).st_size
        except OSError as error:
            raise LmdbError(f"{path}: cannot be opened: {error.strerror}") from error
        self._page = 0
        first = self._description(0)
        self._page = first.page
        found = max(first, self._description(1), key=lambda description: description.transaction)
        self.entries, self._root = found.entries, found.root
        pages = self.size // self._page
        if found.used > pages:
            raise self._error(f"cut off: {found.used:,} pages are in use, {pages:,} are there")
        if found.entries * LEAST_ENTRY > self.size:
            raise self._error(f"{found.entries:,} entries in {self.size:,} bytes: damaged")

    def close(self) -> None:
        """Close the file; nothing can be read any more."""
        self._file.close()

    def _error(self, reason: str) -> LmdbError:
        return LmdbError(f"{self.path}: {reason}")

    def _read(self, start: int, count: int) -> bytes:
        if count > self.size - start:
            raise self._error(f"cut off: byte {start + count:,} is needed, {self.size:,} are there")
        if hasattr(os, "pread"):  # workers that were forked share the file's place, which this leaves alone
            data = os.pread(self._file.fileno(), count, start)
        else:
            self._file.seek(start)
            data = self._file.read(count)
        if len(data) < count:  # shortened since it was opened
            raise self._error("cut off while it was read")
        return data

    def _description(self, number: int) -> _Description:
        start = number * self._page
        data = self._read(start, HEADER.size + DESCRIPTION.size + 2 * TABLE.size + TAIL.size)
        kind = HEADER.unpack_from(data)[2]
        magic, version, _, _ = DESCRIPTION.unpack_from(data, at := HEADER.size)
        if not kind & META or magic != MAGIC:
            raise self._error("not a data base of LMDB")
        if version != VERSION:
            raise self._error(f"version {version} of LMDB; {VERSION} is known")
        free = TABLE.unpack_from(data, at := at + DESCRIPTION.size)
        main = TABLE.unpack_from(data, at := at + TABLE.size)
        page, flags = free[0], main[1]
        if page not in (512 << shift for shift in range(8)) or (self._page and page != self._page):
            raise self._error(f"pages of {page:,} bytes: damaged")
        if flags:
            raise self._error(f"keys of another kind than PaddleOCR's (flags {flags:#x})")
        used = 2 + sum(free[3:6]) + sum(main[3:6])
        return _Description(page, used, main[6], main[7], TAIL.unpack_from(data, at + TABLE.size)[1])

    def _nodes(self, number: int) -> tuple[bytes, int, tuple[int, ...]]:
        """A page, its kind, and where its nodes start."""
        page = self._read(number * self._page, self._page)
        own, _, kind, end, _ = HEADER.unpack_from(page)
        count = (end - HEADER.size) // 2
        if (
            own != number
            or kind & 0xF not in (BRANCH, LEAF)
            or not HEADER.size < end <= self._page - NODE.size
        ):
            raise self._error(f"page {number:,} is damaged")
        return page, kind & KINDS, struct.unpack_from(f"<{count}H", page, HEADER.size)

    def _node(self, page: bytes, start: int) -> tuple[int, int, bytes, int]:
        """Size or page of a node, its flags, its key, and where its value starts."""
        if start > len(page) - NODE.size:
            raise self._error("a node outside of its page: damaged")
        low, high, flags, length = NODE.unpack_from(page, start)
        value = start + NODE.size + length
        if value > len(page):
            raise self._error("a key outside of its page: damaged")
        return low | high << 16, flags, page[value - length : value], value

    def get(self, key: bytes) -> bytes | None:
        """Value of a key, or None.

        Args:
            key: to look for.

        Raises:
            LmdbError: a page on the way is damaged or missing.
        """
        number = self._root
        for _ in range(MAX_DEPTH if number != NO_ROOT else 0):
            page, kind, starts = self._nodes(number)
            # The first key of a branch page stands for everything below the second one, and is empty.
            low, high = (1, len(starts)) if kind == BRANCH else (0, len(starts))
            while low < high:
                middle = (low + high) // 2
                if self._node(page, starts[middle])[2] <= key:
                    low = middle + 1
                else:
                    high = middle
            if kind == LEAF:
                return self._value(page, starts[low - 1], key) if low else None
            size, flags, _, _ = self._node(page, starts[low - 1])
            number = size | flags << 32
        if number == NO_ROOT:
            return None
        raise self._error(f"more than {MAX_DEPTH} levels: damaged")

    def _value(self, page: bytes, start: int, key: bytes) -> bytes | None:
        size, flags, found, value = self._node(page, start)
        if found != key:
            return None
        if size > MAX_VALUE:
            raise self._error(f"{key!r:.40} has {size:,} bytes; at most {MAX_VALUE:,} are read")
        if flags == IN_OVERFLOW:
            if value + 8 > len(page):
                raise self._error(f"{key!r:.40} is damaged")
            number = int.from_bytes(page[value : value + 8], "little")
            own, _, kind, low, high = HEADER.unpack(self._read(number * self._page, HEADER.size))
            room = (low | high << 16) * self._page - HEADER.size
            if own != number or kind & KINDS != OVERFLOW or room < size:
                raise self._error(f"{key!r:.40} leads to page {number:,}, which is not its value: damaged")
            return self._read(number * self._page + HEADER.size, size)
        if flags or value + size > len(page):
            raise self._error(f"{key!r:.40} is damaged")
        return page[value : value + size]
