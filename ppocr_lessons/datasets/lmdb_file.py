"""Read values of an LMDB database by key, without the lmdb library.

The library is not used because it maps the file into memory and trusts every offset in it. A damaged or hostile dataset
crashes the Python process (SIGBUS if the file is truncated, SIGSEGV if a page is damaged), and no exception names the
file. This reader implements only what is needed to find a key. It reads with ordinary system calls and checks each offset
against its page and each page number against the file, so such a file raises an LmdbError.

The format: the file is a sequence of pages. Pages 0 and 1 are meta pages, and the one with the higher transaction number
is valid. From its root, branch pages lead to leaf pages by key. A value that does not fit into a leaf page is stored in
overflow pages.
"""

import os
import pathlib
import struct
from typing import NamedTuple

from .labels import LabelError

MAGIC, VERSION = 0xBEEFC0DE, 1
BRANCH, LEAF, OVERFLOW, META = 1, 2, 4, 8
"""Flags of a page that give its type."""

KINDS = 0x6F
"""Mask of all type flags, including those of databases with several values per key."""

HEADER = struct.Struct("<QHHHH")
"""Page header: page number, unused, flags, end of the offsets, start of the nodes. In overflow pages the last two fields
are the low and high half of the number of pages."""

TABLE = struct.Struct("<IHHQQQQQ")
"""Record of a tree: page size, flags, depth; numbers of branch, leaf and overflow pages; number of entries; root page."""

DESCRIPTION = struct.Struct("<IIQQ")
"""Start of a meta page: magic number, version, address, size of the map. Two tree records follow."""

TAIL = struct.Struct("<QQ")
"""End of a meta page: last used page, transaction number."""

NODE = struct.Struct("<HHHH")
"""Node header: low and high half of the size of the value, flags, length of the key."""

IN_OVERFLOW = 1
"""Flag of a node whose data is the number of the overflow page that holds its value."""

NO_ROOT = (1 << 64) - 1
MAX_DEPTH = 32
"""Greatest depth of a tree; the lmdb library has the same limit."""

MAX_VALUE = 1 << 28
"""Greatest size of a value in bytes; a typical image is a thousand times smaller."""

LEAST_ENTRY = 16
"""Smallest size of an entry in bytes."""


class LmdbError(LabelError):
    """The database is damaged or truncated; the message names the file and the place."""


class _Description(NamedTuple):
    page: int
    used: int
    entries: int
    root: int
    transaction: int


class LmdbFile:
    """An LMDB database, opened for reading.

    Args:
        path: of data.mdb.

    Raises:
        LmdbError: the file cannot be opened, is not an LMDB database, has another version or other kinds of keys, or is
            truncated.
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
            raise self._error(f"truncated: {found.used:,} pages are in use, but the file has {pages:,}")
        if found.entries * LEAST_ENTRY > self.size:
            raise self._error(f"damaged: {found.entries:,} entries do not fit into {self.size:,} bytes")

    def close(self) -> None:
        """Close the file; values can no longer be read."""
        self._file.close()

    def _error(self, reason: str) -> LmdbError:
        return LmdbError(f"{self.path}: {reason}")

    def _read(self, start: int, count: int) -> bytes:
        if count > self.size - start:
            raise self._error(
                f"truncated: {start + count:,} bytes are needed, but the file has {self.size:,}"
            )
        if hasattr(os, "pread"):  # forked workers share the file position, which pread does not use
            data = os.pread(self._file.fileno(), count, start)
        else:
            self._file.seek(start)
            data = self._file.read(count)
        if len(data) < count:  # the file was shortened after it was opened
            raise self._error("truncated while it was being read")
        return data

    def _description(self, number: int) -> _Description:
        start = number * self._page
        data = self._read(start, HEADER.size + DESCRIPTION.size + 2 * TABLE.size + TAIL.size)
        kind = HEADER.unpack_from(data)[2]
        magic, version, _, _ = DESCRIPTION.unpack_from(data, at := HEADER.size)
        if not kind & META or magic != MAGIC:
            raise self._error("not an LMDB database")
        if version != VERSION:
            raise self._error(f"version {version} of the LMDB format; only version {VERSION} is supported")
        free = TABLE.unpack_from(data, at := at + DESCRIPTION.size)
        main = TABLE.unpack_from(data, at := at + TABLE.size)
        page, flags = free[0], main[1]
        if page not in (512 << shift for shift in range(8)) or (self._page and page != self._page):
            raise self._error(f"damaged: the page size is {page:,} bytes")
        if flags:
            raise self._error(f"the keys are of another kind than PaddleOCR's (flags {flags:#x})")
        used = 2 + sum(free[3:6]) + sum(main[3:6])
        return _Description(page, used, main[6], main[7], TAIL.unpack_from(data, at + TABLE.size)[1])

    def _nodes(self, number: int) -> tuple[bytes, int, tuple[int, ...]]:
        """Read a page: its bytes, its flags, and the offsets of its nodes."""
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
        """Parse a node: size of its value or lower page number, flags, key, and offset of its value."""
        if start > len(page) - NODE.size:
            raise self._error("damaged: a node lies outside of its page")
        low, high, flags, length = NODE.unpack_from(page, start)
        value = start + NODE.size + length
        if value > len(page):
            raise self._error("damaged: a key lies outside of its page")
        return low | high << 16, flags, page[value - length : value], value

    def get(self, key: bytes) -> bytes | None:
        """Find the value of a key.

        Args:
            key: to look for.

        Returns: the value, or None if the key is not in the database.

        Raises:
            LmdbError: a page on the way from the root is damaged or missing.
        """
        number = self._root
        for _ in range(MAX_DEPTH if number != NO_ROOT else 0):
            page, kind, starts = self._nodes(number)
            # The first key of a branch page is empty; it stands for all keys below the second one.
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
        raise self._error(f"damaged: the tree has more than {MAX_DEPTH} levels")

    def _value(self, page: bytes, start: int, key: bytes) -> bytes | None:
        size, flags, found, value = self._node(page, start)
        if found != key:
            return None
        if size > MAX_VALUE:
            raise self._error(f"the value of {key!r:.40} has {size:,} bytes; at most {MAX_VALUE:,} are read")
        if flags == IN_OVERFLOW:
            if value + 8 > len(page):
                raise self._error(f"the value of {key!r:.40} is damaged")
            number = int.from_bytes(page[value : value + 8], "little")
            own, _, kind, low, high = HEADER.unpack(self._read(number * self._page, HEADER.size))
            room = (low | high << 16) * self._page - HEADER.size
            if own != number or kind & KINDS != OVERFLOW or room < size:
                raise self._error(
                    f"damaged: {key!r:.40} refers to page {number:,}, which does not hold its value"
                )
            return self._read(number * self._page + HEADER.size, size)
        if flags or value + size > len(page):
            raise self._error(f"the value of {key!r:.40} is damaged")
        return page[value : value + size]
