"""Progress of a training: a bar on a terminal, and one line every 30 seconds in a log file."""

import sys
import time

from tqdm import tqdm

EVERY = 30.0
"""Minimum number of seconds between two lines of a log file."""


class Progress:
    """Shows the progress of a training on stderr. Use it as a context manager, which closes the bar.

    Args:
        first: number of steps that an earlier run has finished.
        steps: total number of steps.
        shown: if False, nothing is shown.
    """

    def __init__(self, first: int, steps: int, *, shown: bool = True):
        self.first, self.steps = first, steps
        # disable=None shows a bar on terminals only. In a file, all updates of a bar would end up in one long line.
        self._bar = tqdm(initial=first, total=steps, disable=None if shown else True, file=sys.stderr)
        self._lines = shown and self._bar.disable
        self._begin = self._next = time.monotonic()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self._bar.close()

    def advance(self) -> None:
        """Count a finished step."""
        self._bar.update()

    def show_loss(self, step: int, loss: float) -> None:
        """Show the loss; in a log file, at most one line every EVERY seconds.

        Args:
            step: number of finished steps.
            loss: of the last step.
        """
        self._bar.set_postfix(loss=f"{loss:.3f}")
        now = time.monotonic()
        if self._lines and now >= self._next:
            self._next = now + EVERY
            rate = (step - self.first) / max(now - self._begin, 1e-9)
            left = tqdm.format_interval((self.steps - step) / rate)
            print(
                f"step {step} of {self.steps}: loss {loss:.3f}, {rate:.3g} steps/s, {left} left",
                file=sys.stderr,
                flush=True,
            )
