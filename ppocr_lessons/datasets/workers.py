"""Processes that prepare batches ahead, and what becomes of them: an error in one is one error here, and none stays behind.

Paddle's loader does the work. What it leaves open is settled here: an error in a worker is a traceback on stderr and
the news that a queue was closed; a worker that died is an exception wherever the program happens to be; a worker that
died while it held a lock leaves the others waiting for ever.
"""

import contextlib
import gc
import os
import signal
import threading
import time

import numpy as np
import paddle

from .labels import LabelError

WATCH_SECONDS = 0.5
CLOSE_SECONDS = 2


class LoaderError(RuntimeError):
    """A worker that prepares batches died, or met an unexpected error."""


class _HandedOver(paddle.io.Dataset):
    """Rows of another data set, an error as a text in the place of a row."""

    def __init__(self, rows):
        super().__init__()
        self.rows = rows

    def __getitem__(self, key):
        try:
            return self.rows[key]
        except Exception as error:
            return f"{type(error).__name__}\n{error}"

    def __len__(self):
        return len(self.rows)


def stack(rows) -> list[np.ndarray]:
    """Rows of arrays as one array for each column.

    Args:
        rows: tuples or lists of arrays.
    """
    return [np.stack(column) for column in zip(*rows, strict=True)]


def _stack_or_text(rows):
    """The batch, or a single array with the text of an error; batches have two arrays at least."""
    failed = [row for row in rows if isinstance(row, str)]
    return [np.frombuffer(failed[0].encode(), np.uint8)] if failed else stack(rows)


def _raise_for(text: str) -> None:
    kind, said = text.split("\n", 1)
    known = {"LabelError": LabelError, "LmdbError": LabelError, "MemoryError": MemoryError}
    raise known[kind](said) if kind in known else LoaderError(f"{kind} in a worker: {said}")


def _leave_with_the_parent(worker_id: int) -> None:
    """Set a worker up: signals are the parent's business, and when the parent is gone, so is the worker.

    Ctrl-C reaches every process of a terminal, and the launcher's SIGTERM every process of a group. Paddle's own watch
    looks between two batches only; a worker blocked on handing over a batch would never exit.
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
    """Batches of a data set, prepared by workers before they are asked for.

    Args:
        rows: data set of tuples of arrays.
        batches: the keys of each batch, in order; what Paddle calls a batch sampler.
        workers: processes.
        shared_memory: hand batches over in shared memory.
    """

    def __init__(self, rows, batches, *, workers: int, shared_memory: bool):
        before = signal.getsignal(signal.SIGCHLD) if hasattr(signal, "SIGCHLD") else None
        # What an earlier loader left behind must not be collected in a worker: Paddle's destructor would wait there for
        # a thread that did not come along with the fork.
        gc.collect()
        gc.freeze()
        try:
            self._batches = iter(
                paddle.io.DataLoader(
                    _HandedOver(rows),
                    batch_sampler=batches,
                    collate_fn=_stack_or_text,
                    num_workers=workers,
                    use_shared_memory=shared_memory,
                    return_list=True,
                    worker_init_fn=_leave_with_the_parent,
                )
            )
        finally:
            gc.unfreeze()
        if before is not None:
            # Paddle's handler raises where a worker dies, in the middle of anything; the watch below does it in order.
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
                self._batches._exit_thread_unexpectedly()  # wakes whoever waits for a batch
                return

    def __next__(self):
        """The next batch.

        Raises:
            LabelError, MemoryError: a worker met it.
            LoaderError: a worker died, or met another error.
        """
        try:
            arrays = next(self._batches)
        except (SystemError, RuntimeError) as error:  # Paddle's words for a queue that was closed
            self.close()
            how = self._died or " ".join(str(error).split())[:200]
            raise LoaderError(
                f"a worker that prepares batches died ({how}); if memory ran out, fewer of them "
                "(num_workers in the section loader) or smaller batches help"
            ) from error
        if len(arrays) == 1:
            _raise_for(np.asarray(arrays[0]).tobytes().decode())
        return arrays

    def close(self) -> None:
        """Stop the workers and wait until they have exited."""
        self._closed.set()
        if self._died:
            for worker in self._workers:  # they may wait for a lock that the dead one holds
                worker.kill()
            # Half a message of the dead one may be in the pipe; with nobody left to write, reading on ends.
            self._batches._data_queue._writer.close()
        if self._workers:
            self._batches._try_shutdown_all(CLOSE_SECONDS)
        for worker in self._workers:
            if worker.is_alive():
                worker.kill()
                worker.join()
        self._workers = []
