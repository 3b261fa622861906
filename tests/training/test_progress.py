"""Progress of a training: a bar on a terminal, one line every 30 seconds in a log file."""

import io
import sys
from types import SimpleNamespace

import pytest

from ppocr_lessons.training import progress
from ppocr_lessons.training.progress import Progress


class Terminal(io.StringIO):
    """Text that says that it is a terminal."""

    def isatty(self):
        return True


@pytest.fixture
def clock(monkeypatch):
    """Seconds that the progress reads from the clock; a test sets them."""
    seconds = [100.0]
    monkeypatch.setattr(progress, "time", SimpleNamespace(monotonic=lambda: seconds[0]))
    return seconds


def _train(clock, capsys, **options):
    """Ten steps of 6 seconds each, from step 5 on. Returns what was printed."""
    with Progress(5, 20, **options) as shown:
        for step in range(6, 16):
            clock[0] += 6
            shown.show_loss(step, 10 / step)
            shown.advance()
    return capsys.readouterr().err


def test_a_log_file_gets_a_line_every_30_seconds(clock, capsys):
    assert _train(clock, capsys).splitlines() == [
        "step 6 of 20: loss 1.667, 0.167 steps/s, 01:24 left",
        "step 11 of 20: loss 0.909, 0.167 steps/s, 00:54 left",
    ]


def test_a_terminal_gets_a_bar(monkeypatch, clock, capsys):
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    _train(clock, capsys)
    shown = stream.getvalue()
    assert "15/20" in shown and "loss=0.667" in shown and "\n" not in shown.rstrip("\n")
    assert "steps/s" not in shown


def test_nothing_is_shown_if_it_is_not_wanted(clock, capsys):
    assert _train(clock, capsys, shown=False) == ""
