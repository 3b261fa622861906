"""Figures of chapter 05."""

import io

import numpy as np
from PIL import Image

from ppocr_lessons.viz import training
from ppocr_lessons.viz.schedules import show_starts, smoothed


def test_means_by_hand():
    np.testing.assert_allclose(smoothed([2, 4, 9, 1], 3), [2, 3, 5, 14 / 3])
    np.testing.assert_allclose(smoothed([2, 4], 1), [2, 4])


def test_starts_tell_the_last_losses():
    rows = {seed: [{"loss": float(seed + step), "lr": 0.1} for step in range(6)] for seed in (1, 2)}
    shown = show_starts({"cosine": rows, "warm-up": {1: rows[1]}}, lost=4.0, window=2)
    assert "cosine 6.00, warm-up 5.50" in shown.alt
    assert np.asarray(Image.open(io.BytesIO(shown.data)).convert("L")).std() > 1


def test_the_legend_of_a_schedule_stands_outside_the_curves(monkeypatch):
    drawn = []
    monkeypatch.setattr(training, "show", lambda figure, alt: drawn.append(figure))
    training.show_schedule({"constant": lambda step: 0.1, "ramp": lambda step: step / 100}, 100, zoom=20)
    figure = drawn[0]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["constant", "ramp"]
    assert all(axis.get_legend() is None for axis in figure.axes)
