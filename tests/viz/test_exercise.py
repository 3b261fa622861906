"""Answers of readers are judged, and the solution is not given away."""

import pytest

from ppocr_lessons.viz.exercise import check


@pytest.mark.parametrize(
    ("answer", "solution", "tolerance"),
    [(4, 4, 0), (0.31, 0.3, 0.02), (" SE ", "se", 0), (["b", "a"], {"a", "b"}, 0), (True, True, 0)],
)
def test_a_right_answer(answer, solution, tolerance):
    assert check(answer, solution, tolerance=tolerance) == "Correct."


@pytest.mark.parametrize(
    ("answer", "solution", "tolerance"),
    [(5, 4, 0), (0.33, 0.3, 0.02), ("fpgm", "se", 0), (["a"], {"a", "b"}, 0), ("ab", {"a", "b"}, 0), (False, True, 0)],
)  # fmt: skip
def test_a_wrong_answer(answer, solution, tolerance):
    assert check(answer, solution, tolerance=tolerance).startswith("Not yet.")


def test_no_answer_and_no_number():
    assert check(..., 4321).startswith("No answer yet")
    assert "is not one" in check("many", 4321)
    assert "4321" not in check(..., 4321) + check("many", 4321) + check(1, 4321)
