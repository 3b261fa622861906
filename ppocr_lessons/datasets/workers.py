"""Worker processes that prefetch batches: an error raises one exception here, and no process is left running.

Paddle's DataLoader does the work. This module adds what it lacks. In Paddle, an error in a worker prints a traceback and
raises an exception that says only that a queue was closed; the death of a worker raises an exception at an arbitrary place
of the program; and a worker that dies while it holds a lock makes the others wait forever.
"""

import contextlib
import gc
import os
import signal
import threading
import time

import cv2
import numpy as np
import paddle

from .labels import LabelError
from .slots import Slots

WATCH_SECONDS = 0.5
CLOSE_SECONDS = 2

PREFETCHED = 2
"""Batches that each worker prepares ahead."""


class LoaderError(RuntimeError):
    """A worker that prefetches batches died or had an unexpected error."""


class _HandedOver(paddle.io.Dataset):
    """Rows of another dataset with the number of the slot for their batch; an error is returned as a string in place of the
    row."""

    def __init__(self, rows):
        super().__init__()
        self.rows = rows

    def __getitem__(self, key):
        slot, own_key = key
        try:
            return slot, self.rows[own_key]
        except Exception as error:
            return slot, f"{type(error).__name__}\n{error}"

    def __len__(self):
        return len(self.rows)


def stack(rows) -> list[np.ndarray]:
    """Stack rows of arrays.

    Args:
        rows: N tuples or lists of K arrays.

    Returns: K arrays with a first axis of length N.
    """
    return [np.stack(column) for column in zip(*rows, strict=True)]


class _Numbered:
    """Batches of keys in which each key has the number of its batch's slot; a batch sampler in Paddle's terms."""

    def __init__(self, batches, slots: int):
        self.batches, self.slots = batches, slots

    def __iter__(self):
        for number, keys in enumerate(self.batches):
            yield [(number % self.slots, key) for key in keys]

    def __len__(self):
        return len(self.batches)


class _Collate:
    """Stack a batch into its slot, and return a single array with the text that describes it. If a row is an error, return
    a single array with the error's text. Without slots return the stacked arrays, of which batches have at least two."""

    def __init__(self, slots: Slots | None):
        self.slots = slots

    def __call__(self, numbered):
        slot, rows = numbered[0][0], [row for _, row in numbered]
        failed = [row for row in rows if isinstance(row, str)]
        if not failed and self.slots is None:
            return stack(rows)
        text = failed[0] if failed else self.slots.write(slot, rows)
        return [np.frombuffer(text.encode(), np.uint8)]


def _raise_for(text: str) -> None:
    kind, said = text.split("\n", 1)
    known = {"LabelError": LabelError, "LmdbError": LabelError, "MemoryError": MemoryError}
    raise known[kind](said) if kind in known else LoaderError(f"{kind} in a worker: {said}")


def _leave_with_the_parent(worker_id: int) -> None:
    """Initialize a worker: it ignores SIGINT and SIGTERM, and exits when its parent has exited.

    Ctrl-C is sent to all processes of a terminal, and the launcher's SIGTERM to all processes of a group, but only the
    parent should react. Paddle checks for the parent only between two batches, so a worker that is blocked while it
    sends a batch would never exit.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    parent = os.getppid()

    def watch():
        while os.getppid() == parent:
            time.sleep(WATCH_SECONDS)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


class Ahead:
    """Iterator over batches that workers prefetch.

    Args:
        rows: dataset of tuples of arrays.
        batches: keys of each batch in order; a batch sampler in Paddle's terms.
        workers: number of processes.
        shared_memory: transfer batches in shared memory.
    """

    def __init__(self, rows, batches, *, workers: int, shared_memory: bool):
        # While a batch is read from its slot, the workers are at most PREFETCHED * workers batches further.
        own_slots = shared_memory and Slots.available()
        self._slots = Slots(PREFETCHED * workers + 1) if own_slots else None
        # The threads of OpenCV do not survive the fork, and the workers already use all cores.
        threads = cv2.getNumThreads()
        cv2.setNumThreads(1)
        before = signal.getsignal(signal.SIGCHLD) if hasattr(signal, "SIGCHLD") else None
        # Remains of an earlier loader must not be garbage-collected in a worker: Paddle's destructor would wait there
        # for a thread that does not exist after the fork.
        gc.collect()
        gc.freeze()
        try:
            self._batches = iter(
                paddle.io.DataLoader(
                    _HandedOver(rows),
                    batch_sampler=_Numbered(batches, len(self._slots) if self._slots else 1),
                    collate_fn=_Collate(self._slots),
                    num_workers=workers,
                    prefetch_factor=PREFETCHED,
                    use_shared_memory=shared_memory and not own_slots,
                    return_list=True,
                    worker_init_fn=_leave_with_the_parent,
                )
            )
        finally:
            gc.unfreeze()
            cv2.setNumThreads(threads)
        if before is not None:
            # Paddle's handler raises an exception in the middle of any statement; _watch below reports in order.
            with contextlib.suppress(ValueError):  # not the main thread
                signal.signal(signal.SIGCHLD, before)
        self._workers = list(getattr(self._batches, "_workers", ()))
        self._closed = threading.Event()
        self._died = ""
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        while not self._closed.wait(WATCH_SECONDS):
            codes = [worker.exitcode for worker in self._workers if worker.exitcode]
            if codes:
                self._died = f"killed by signal {-codes[0]}" if codes[0] < 0 else f"exit code {codes[0]}"
                self._batches._exit_thread_unexpectedly()  # wakes the thread that waits for a batch
                return

    def __next__(self):
        """Wait for the next batch.

        Returns: list of tensors, one per field.

        Raises:
            LabelError, MemoryError: raised in a worker.
            LoaderError: a worker died or had another error.
        """
        try:
            arrays = next(self._batches)
        except (SystemError, RuntimeError) as error:  # what Paddle raises for a closed queue
            self.close()
            how = self._died or " ".join(str(error).split())[:200]
            raise LoaderError(
                f"a worker that prefetches batches died ({how}); if memory ran out, use fewer workers "
                "(num_workers in the section loader) or smaller batches"
            ) from error
        if len(arrays) > 1:
            return arrays
        text = arrays[0].numpy().tobytes().decode()
        if self._slots is None or not text.startswith("["):
            _raise_for(text)
        return [paddle.to_tensor(array) for array in self._slots.read(text)]  # copies

    def close(self) -> None:
        """Stop the workers and wait until they have exited."""
        self._closed.set()
        if self._died:
            for worker in self._workers:  # they may wait for a lock that the dead worker holds
                worker.kill()
            # The pipe may contain part of a message of the dead worker; without a writer, reading it ends.
            self._batches._data_queue._writer.close()
        if self._workers:
            self._batches._try_shutdown_all(CLOSE_SECONDS)
        for worker in self._workers:
            if worker.is_alive():
                worker.kill()
                worker.join()
        self._workers = []
        if self._slots is not None:
            self._slots.close()
