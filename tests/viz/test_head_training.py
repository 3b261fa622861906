"""Figures of the trainings of neck and head tell norms and accuracies."""

from ppocr_lessons.viz import head_training as figures


def _run(last_norm, accuracies):
    rows = [
        {"step": step, "norms": {"LSTM": norm, "head.fc2": 4.0}, "acc": acc}
        for step, norm, acc in zip((0, 10), (2.0, last_norm), accuracies, strict=True)
    ]
    return {"rows": rows, "losses": [3.0, 2.0, 1.0], "rates": [0.1, 0.2, 0.1]}


def test_norms_are_relative_to_the_start():
    shown = figures.show_norms({"none": _run(2.2, (0.5, 0.6)), "strong": _run(1.0, (0.5, 0.4))})
    assert "none: LSTM 1.10, head.fc2 1.00; strong: LSTM 0.50, head.fc2 1.00" in shown.alt
    assert "Accuracy: none: 0.50, 0.60; strong: 0.50, 0.40" in shown.alt


def test_schedules_tell_the_accuracies():
    assert "cosine: 0.50, 0.70" in figures.show_schedules({"cosine": _run(2.0, (0.5, 0.7))}, window=2).alt
