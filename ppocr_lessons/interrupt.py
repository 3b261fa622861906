"""Handling of Ctrl-C and SIGTERM during a run: the step is finished and a checkpoint saved before the process ends."""

import contextlib
import os
import signal
import sys
import threading

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupted(KeyboardInterrupt):
    """A signal ended the run. Like KeyboardInterrupt, this is not caught by `except Exception`.

    Args:
        number: number of the signal.
        message: how far the run got and how to resume it.
    """

    def __init__(self, number: int, message: str = ""):
        super().__init__(message or f"stopped by {signal.Signals(number).name}")
        self.number = int(number)

    @property
    def exit_code(self) -> int:
        """128 plus the number of the signal, as shells report it: 130 for Ctrl-C, 143 for SIGTERM."""
        return 128 + self.number


class _Handlers:
    """Context manager that installs a handler for SIGNALS. Outside the main thread it does nothing."""

    def __init__(self):
        self._before: dict[int, object] = {}

    def handle(self, number, frame) -> None:
        """Handle a signal."""
        raise NotImplementedError

    def __enter__(self):
        self.arm()
        return self

    def arm(self) -> None:
        """Install the handler. Call it again after importing Paddle, which replaces the handler of SIGTERM."""
        if threading.current_thread() is threading.main_thread():
            for number in SIGNALS:
                self._before.setdefault(number, signal.getsignal(number))
                signal.signal(number, self.handle)

    def __exit__(self, *error):
        for number, before in self._before.items():
            # getsignal returns None for a handler that was not installed from Python.
            signal.signal(number, signal.SIG_DFL if before is None else before)
        self._before = {}


class Held(_Handlers):
    """Hold SIGNALS back: the previous handlers receive them at the end of the context.

    A signal mask (`signal.pthread_sigmask`) is not enough, because it applies to one thread only: the system delivers
    the signal to another thread, such as one of NumPy's, and Python then calls the handler in the main thread.
    """

    def __init__(self):
        super().__init__()
        self._arrived: list[int] = []

    def handle(self, number, frame) -> None:
        """Store the signal.

        Args:
            number: number of the signal.
            frame: current stack frame; not used.
        """
        self._arrived.append(number)

    def __exit__(self, *error):
        super().__exit__(*error)
        for number in dict.fromkeys(self._arrived):
            signal.raise_signal(number)


class StopAtOnce(_Handlers):
    """Raise Interrupted as soon as a signal arrives. Used while there is nothing to save yet."""

    def handle(self, number, frame) -> None:
        """Raise Interrupted.

        Args:
            number: number of the signal.
            frame: current stack frame; not used.

        Raises:
            Interrupted: always.
        """
        raise Interrupted(number)


class FinishTheStep(_Handlers):
    """Store the first signal in `number`; a second Ctrl-C raises Interrupted immediately.

    A second SIGTERM has no effect, because Paddle's launcher sends several.

    Args:
        quiet: print no message about the signal on stderr.
    """

    def __init__(self, *, quiet: bool = False):
        super().__init__()
        self.number, self.quiet = 0, quiet

    def handle(self, number, frame) -> None:
        """Store the signal, or raise Interrupted.

        Args:
            number: number of the signal.
            frame: current stack frame; not used.

        Raises:
            Interrupted: a second Ctrl-C.
        """
        if self.number and number == signal.SIGINT:
            raise Interrupted(
                number, "stopped by a second Ctrl-C; the steps since the last checkpoint are lost"
            )
        if not self.number and not self.quiet:
            print(
                f"{signal.Signals(number).name}: finishing the step and saving a checkpoint; press Ctrl-C to stop immediately",
                file=sys.stderr,
                flush=True,
            )
        self.number = self.number or int(number)


def say_once(text: str, *, file=None) -> None:
    """Print a line; under Paddle's launcher, only in the first process.

    Args:
        text: line to print.
        file: stream; stdout if None.
    """
    if os.environ.get("PADDLE_TRAINER_ID", "0") == "0":
        print(text, file=file or sys.stdout, flush=True)


@contextlib.contextmanager
def signals_as_exit_codes():
    """Context in which Ctrl-C and SIGTERM print a message and exit with the codes 130 and 143.

    Yields: the installed StopAtOnce.

    Raises:
        SystemExit: with 128 plus the number of the signal.
    """
    try:
        with StopAtOnce() as signals:
            yield signals
    except Interrupted as stop:
        say_once(str(stop), file=sys.stderr)
        raise SystemExit(stop.exit_code) from stop
