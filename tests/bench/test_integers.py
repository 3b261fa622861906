"""Networks as integers: calibrated on other lines than are scored, scored by their labels, and written as one table."""

import numpy as np
import pytest

from ppocr_lessons.bench import integers
from ppocr_lessons.rec.ctc_decode import Reading


def _perfect():
    """Stands for a classifier that knows the order of the turned lines."""
    calls = iter(range(1000))
    return lambda x: np.eye(2, dtype=np.float32)[[next(calls) % 2]]


def test_a_classifier_is_scored_on_turned_lines(repository, monkeypatch):
    monkeypatch.setattr(integers, "LINES", 6)
    score, labels = integers.score("cls", _perfect(), repository / "data")
    assert score == 1.0 and labels.tolist() == [0, 1] * 3
    score, _ = integers.score("cls", lambda x: np.array([[1.0, 0.0]]), repository / "data")
    assert score == 0.5


def test_a_recognizer_is_scored_by_whole_lines_and_compared_by_time_steps(repository, monkeypatch):
    monkeypatch.setattr(integers, "LINES", 2)
    monkeypatch.setattr(integers, "greedy_decode", lambda probs, alphabet: [Reading("", 1.0)])
    score, labels = integers.score("rec", lambda x: np.ones((1, x.shape[-1] // 4, 3)), repository / "data")
    assert score == 0.0 and len(labels) % 8 == 0 and not labels.any()


@pytest.mark.parametrize("stage", integers.STAGES)
def test_calibration_does_not_depend_on_the_scored_sets(stage, monkeypatch):
    monkeypatch.setattr(integers, "CALIBRATION", 8)
    first, again = integers.calibration_inputs(stage), integers.calibration_inputs(stage)
    assert len(first) == (1 if stage == "det" else 8)
    assert all(x.shape[:2] == (1, 3) and x.dtype == np.float32 for x in first)
    assert all((a == b).all() for a, b in zip(first, again, strict=True))


def test_a_classifier_of_integers_answers_as_its_simulation(repository, monkeypatch):
    pytest.importorskip("openvino")
    monkeypatch.setattr(integers, "CALIBRATION", 16)
    monkeypatch.setattr(integers, "LINES", 40)
    row = integers.measure_stage("cls", repository / "data", rounds=1)
    assert row["agreement"] >= 0.95 and abs(row["scores"]["float"] - row["scores"]["running"]) <= 0.1
    assert row["mb"] < 0.18 and set(row["ms"]) == {"paddle", "openvino_float", "openvino_integers"}
    sizes = {"float32_lstm": 1.739, "float16_lstm": 1.368}
    text = integers.as_text({"rows": [row], "chinese_mb": sizes})
    assert text.splitlines()[1].startswith("cls ") and "1.37 MB with a float16 LSTM" in text
