"""Limits of the stages."""

import numpy as np
import pytest

from ppocr_lessons.deploy import stages
from ppocr_lessons.deploy.stages import MAX_WIDTH, Recognizer
from ppocr_lessons.rec.alphabet import Alphabet


@pytest.fixture
def asked(monkeypatch):
    """Shapes that a recognizer's net is asked for; the net itself is made believe."""
    shapes = []

    class Net:
        def __init__(self, net, *, threads=None, engine="paddle"):
            pass

        def __call__(self, batch):
            shapes.append(batch.shape)
            return np.zeros((len(batch), batch.shape[3] // 4, 3), np.float32)

    monkeypatch.setattr(stages, "Predictor", Net)
    return shapes


def _line(width, height=8):
    return np.zeros((height, width, 3), np.uint8)


def test_an_endless_line_is_squeezed_into_the_limit(asked):
    recognizer = Recognizer(object(), Alphabet("ab", use_space=False))
    (steps,) = recognizer.probabilities([_line(5000)])  # 20000 pixels at a height of 32
    assert asked == [(1, 3, 32, MAX_WIDTH)] and len(steps) == MAX_WIDTH // 4


def test_below_the_limit_a_line_keeps_its_width(asked):
    recognizer = Recognizer(object(), Alphabet("ab", use_space=False))
    recognizer.probabilities([_line(700), _line(3, 32)])  # 2800 and 3 pixels at that height
    assert asked == [(2, 3, 32, 2816)]
    asked.clear()
    recognizer.probabilities([_line(3, 32)])
    assert asked == [(1, 3, 32, 64)]
