"""Ctrl-C and SIGTERM during a run: the step is finished and saved before the process leaves."""

import contextlib
import os
import signal
import sys
import threading

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupted(KeyboardInterrupt):
    """A run that a signal ended. No `except Exception` swallows it, like the KeyboardInterrupt that it is.

    Args:
        number: of the signal.
        message: where the run stands and how to resume it.
    """

    def __init__(self, number: int, message: str = ""):
        super().__init__(message or f"stopped by {signal.Signals(number).name}")
        self.number = int(number)

    @property
    def exit_code(self) -> int:
        """128 + the signal's number, as shells report it: 130 for Ctrl-C, 143 for SIGTERM."""
        return 128 + self.number


class _Handlers:
    """Context manager that puts a handler in place of those of SIGNALS. Outside the main thread it does nothing."""

    def __init__(self):
        self._before: dict[int, object] = {}

    def handle(self, number, frame) -> None:
        """React to a signal."""
        raise NotImplementedError

    def __enter__(self):
        self.arm()
        return self

    def arm(self) -> None:
        """Install the handler, again if need be: importing Paddle replaces the one of SIGTERM."""
        if threading.current_thread() is threading.main_thread():
            for number in SIGNALS:
                self._before.setdefault(number, signal.getsignal(number))
                signal.signal(number, self.handle)

    def __exit__(self, *error):
        for number, before in self._before.items():
            # None stands for a handler that was not installed from Python.
            signal.signal(number, signal.SIG_DFL if before is None else before)
        self._before = {}


class StopAtOnce(_Handlers):
    """While there is nothing to save yet, a signal raises Interrupted where the program stands."""

    def handle(self, number, frame) -> None:
        """Raise.

        Args:
            number: of the signal.
            frame: where the program stood; not used.
        """
        raise Interrupted(number)


class FinishTheStep(_Handlers):
    """The first signal is noted in `number`, a second Ctrl-C raises Interrupted at once.

    A second SIGTERM changes nothing: Paddle's launcher sends several.

    Args:
        quiet: do not say on stderr that the signal was noted.
    """

    def __init__(self, *, quiet: bool = False):
        super().__init__()
        self.number, self.quiet = 0, quiet

    def handle(self, number, frame) -> None:
        """Note the signal, or raise.

        Args:
            number: of the signal.
            frame: where the program stood; not used.
        """
        if self.number and number == signal.SIGINT:
            raise Interrupted(
                number, "stopped by a second Ctrl-C; what came after the last checkpoint is lost"
            )
        if not self.number and not self.quiet:
            print(
                f"{signal.Signals(number).name}: finishing the step and saving; press Ctrl-C to stop at once",
                file=sys.stderr,
                flush=True,
            )
        self.number = self.number or int(number)


def say_once(text: str, *, file=None) -> None:
    """Print a line; under Paddle's launcher, in the first process alone.

    Args:
        text: of the line.
        file: a stream; stdout if None.
    """
    if os.environ.get("PADDLE_TRAINER_ID", "0") == "0":
        print(text, file=file or sys.stdout, flush=True)


@contextlib.contextmanager
def signals_as_exit_codes():
    """A block that Ctrl-C and SIGTERM leave with a sentence and the exit codes 130 and 143; gives a StopAtOnce."""
    try:
        with StopAtOnce() as signals:
            yield signals
    except Interrupted as stop:
        say_once(str(stop), file=sys.stderr)
        raise SystemExit(stop.exit_code) from stop
