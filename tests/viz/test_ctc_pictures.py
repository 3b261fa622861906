"""Figures of chapter 11b."""

import io
import json
import pathlib

import numpy as np
import pytest
from PIL import Image

from ppocr_lessons.rec.alphabet import Alphabet
from ppocr_lessons.viz import ctc, ctc_lattice, ctc_training

AB = Alphabet("ab", use_space=False)
RECORD = pathlib.Path(__file__).parents[2] / "data/results/ctc_plateau.json"


def _is_figure(shown):
    assert np.asarray(Image.open(io.BytesIO(shown.data)).convert("L")).std() > 1
    return shown.alt


@pytest.fixture
def log_probs(rng):
    logits = rng.standard_normal((5, 3))
    logits[2, 0] = 9.0
    return logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)


@pytest.mark.parametrize("text", ["", "a", "aab"])
def test_the_lattice_is_drawn(log_probs, text):
    label = AB.encode(text)
    alt = _is_figure(ctc_lattice.show_lattice(log_probs, label, AB))
    assert f"Lattice of {2 * len(text) + 1} states" in alt and "step 3 blank" in alt
    assert "posterior" in _is_figure(ctc_lattice.show_forward_backward(log_probs, label, AB))


def test_the_gradient_names_its_lowest_place():
    log_probs = np.log(np.array([[0.98, 0.01, 0.01], [0.01, 0.98, 0.01]]))
    alt = _is_figure(ctc_lattice.show_gradient(log_probs, AB.encode("ba"), AB))
    assert "-0.99, for b at step 1" in alt
    chosen = _is_figure(ctc_lattice.show_gradient(log_probs, AB.encode("ba"), AB, classes=[0, 1]))
    assert "blank, a at 2" in chosen


def test_long_lines_are_drawn_without_numbers():
    assert "at 30 time steps" in _is_figure(
        ctc_lattice.show_gradient(np.log(np.full((30, 3), 1 / 3)), AB.encode("ab"), AB)
    )


def test_the_plateau_is_drawn():
    record = json.loads(RECORD.read_text(encoding="utf-8"))
    assert "1.00 at step 100" in _is_figure(ctc_training.show_plateau(record))
    assert "at step 100 it reads ''" in _is_figure(ctc_training.show_answers(record, (0, 100)))


def test_focal_weights_and_counts_are_drawn():
    assert "2 of 3 lines" in _is_figure(ctc_training.show_focal(np.array([0.01, 0.02, 3.0])))
    alt = _is_figure(
        ctc_training.show_counts(["blank", "a"], np.array([20, 1]), {"net": np.array([18.5, 1.2])})
    )
    assert "the text asks for: 20.0 1.0" in alt and "net: 18.5 1.2" in alt


def test_weights_of_the_model_are_drawn():
    alt = _is_figure(ctc.show_weights({"sharp": [0.8, 0.81, 0.85], "blurred": [0.5, 0.6, 0.7]}, (0.0, 0.2)))
    assert "sharp: greedy 0.800, beam 0.810 0.850" in alt
