"""Processes that prepare batches ahead: what they are given, what they send back, and how they end."""

import os
import re
import signal
import sys
import threading
import time

import numpy as np
import paddle

from .labels import LabelError

WATCH_SECONDS = 0.5
"""A worker looks this often whether its parent is still there."""

CLOSE_SECONDS = 2
"""A worker has this long to leave by itself."""


class Keys:
    """Batches as lists of (epoch, index), from one batch on and without end; what Paddle calls a batch sampler.

    Args:
        loader: with `keys`, a function from the number of a batch to its list.
        first: number of the first batch.
    """

    def __init__(self, loader, first: int):
        self.loader, self.first = loader, first

    def __iter__(self):
        batch = self.first
        while True:
            yield self.loader.keys(batch)
            batch += 1

    def __len__(self):
        return sys.maxsize


class Rows(paddle.io.Dataset):
    """Samples as lists of arrays, by (epoch, index).

    Args:
        dataset: of samples.
        fields: of a sample that make up a row.
    """

    def __init__(self, dataset, fields):
        super().__init__()
        self.dataset, self.fields = dataset, fields

    def __getitem__(self, key):
        epoch, index = key
        sample = self.dataset.sample(index, epoch)
        return [np.asarray(getattr(sample, field)) for field in self.fields]

    def __len__(self):
        return len(self.dataset)


class LoaderError(RuntimeError):
    """Workers that prepare batches are gone, or one met an error that nobody foresaw."""


def how_it_died(error: Exception) -> str:
    """The signal or exit code that Paddle's message names, or the message itself.

    Args:
        error: that Paddle raised.
    """
    found = re.search(r"killed by signal: \w[\w ]*|exited unexpectedly with code \d+", str(error))
    return found.group() if found else " ".join(str(error).split())[:200]


class WorkerRows(Rows):
    """`Rows` for a worker, where an error is handed over as what comes out.

    Raised there, it would reach this process as a traceback on stderr and the news that a queue was closed.
    """

    def __getitem__(self, key):
        try:
            return super().__getitem__(key)
        except Exception as error:
            return f"{type(error).__name__}\n{error}"


def stack_in_worker(rows):
    """The batch, or a single array with the text of an error.

    Args:
        rows: of the batch, each a list of arrays or the text of an error.
    """
    failed = [row for row in rows if isinstance(row, str)]
    return [np.frombuffer(failed[0].encode(), np.uint8)] if failed else stack(rows)


def raise_for_worker(batch) -> None:
    """Raise what a worker met, if its batch is the text of an error; batches have two arrays at least.

    Args:
        batch: list of arrays.

    Raises:
        LabelError, MemoryError, LoaderError: what the worker met.
    """
    if len(batch) == 1:
        kind, text = np.asarray(batch[0]).tobytes().decode().split("\n", 1)
        known = {"LabelError": LabelError, "LmdbError": LabelError, "MemoryError": MemoryError}
        raise known[kind](text) if kind in known else LoaderError(f"{kind} in a worker: {text}")


def stack(rows) -> list[np.ndarray]:
    """Rows to the arrays of a batch.

    Args:
        rows: lists of arrays, the same shapes in each.
    """
    return [np.stack(column) for column in zip(*rows, strict=True)]


def leave_with_the_parent(worker_id: int) -> None:
    """Set a worker up: signals are the parent's business, and when the parent is gone, so is the worker.

    Ctrl-C reaches every process of a terminal, and the launcher's SIGTERM every process of a group. Paddle's own watch
    looks between two batches only; a worker that waits to hand a batch over would wait for ever.

    Args:
        worker_id: Paddle's number of the worker; not used.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    parent = os.getppid()

    def watch():
        while os.getppid() == parent:
            time.sleep(WATCH_SECONDS)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
