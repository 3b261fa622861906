"""Reusable shared memory: workers write batches to it, and this process reads them.

Paddle's DataLoader creates a new piece of shared memory for each array of each batch. The operating system then clears
every memory page and maps it in both processes: 23,000 page faults for eight images of 640 x 640 pixels, which take
a worker longer than preparing the batch. Here a fixed number of slots is created before the workers start, and the pages
are mapped when a slot is used for the first time.
"""

import json
import mmap
import os

import numpy as np

ALIGNMENT = 64
"""Arrays start at multiples of this number of bytes, the length of a cache line."""


class Slots:
    """A fixed number of slots for one batch each; a slot grows with the largest batch that it has held.

    Each process maps the slots itself, so the object has to be created before the processes that share it are forked.

    Args:
        count: number of slots.

    Raises:
        OSError: the operating system has no anonymous files in memory; see `available`.
    """

    def __init__(self, count: int):
        self._files = [os.memfd_create("batch") for _ in range(count)]
        self._maps: list[mmap.mmap | None] = [None] * count

    @staticmethod
    def available() -> bool:
        """Whether the operating system has anonymous files in memory, as Linux does."""
        return hasattr(os, "memfd_create")

    def __len__(self) -> int:
        return len(self._files)

    def write(self, slot: int, rows) -> str:
        """Stack rows of arrays into a slot, whose previous batch is lost.

        Args:
            slot: number of the slot.
            rows: N tuples or lists of K arrays.

        Returns: description of the place and layout of the batch, for `read`.

        Raises:
            ValueError: the rows differ in their number of arrays or in the shapes of these.
        """
        columns, layout, end = list(zip(*rows, strict=True)), [], 0
        for column in columns:
            shape, dtype = (len(column), *np.shape(column[0])), np.result_type(*column)
            layout.append([end, dtype.str, shape])
            end += -(-int(np.prod(shape)) * dtype.itemsize // ALIGNMENT) * ALIGNMENT
        for column, array in zip(columns, self._arrays(slot, layout, end), strict=True):
            np.stack(column, out=array)
        return json.dumps([slot, end, layout])

    def read(self, place: str) -> list[np.ndarray]:
        """Find a batch.

        Args:
            place: result of `write` in this or another process.

        Returns: K arrays with a first axis of length N. They are views of the slot and change when it is written again.
        """
        slot, end, layout = json.loads(place)
        return self._arrays(slot, layout, end)

    def close(self) -> None:
        """Release the memory as soon as no array refers to it any more."""
        for file in self._files:
            os.close(file)
        self._files, self._maps = [], []

    def _arrays(self, slot, layout, end):
        mapped = self._maps[slot]
        if mapped is None or len(mapped) < end:
            file = self._files[slot]
            if os.fstat(file).st_size < end:
                os.ftruncate(file, end)
            mapped = self._maps[slot] = mmap.mmap(file, max(end, ALIGNMENT))
        return [np.ndarray(tuple(shape), dtype, mapped, start) for start, dtype, shape in layout]
