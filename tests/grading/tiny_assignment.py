"""A tiny assignment, so that the tests of the grader depend on no real one."""

import json

import numpy as np

from ppocr_lessons.grading.assignment import Assignment, Mark, Question

QUESTIONS = (
    Question("total", 2, "number", "the sum of the numbers"),
    Question("squares", 2, "array", "(5,) the squares of the numbers", shape=(5,), dtype="float64"),
    Question("parity", 1, "choice", "whether the sum is even or odd", choices=("even", "odd")),
)


def parameters(seed):
    return {"numbers": [int(n) for n in np.random.default_rng([seed, 7]).integers(10, 1000, 5)]}


def score(parameters, answers):
    numbers = parameters["numbers"]
    right = {
        "total": sum(numbers),
        "squares": np.square(np.array(numbers, float)),
        "parity": ("even", "odd")[sum(numbers) % 2],
    }
    marks = []
    for question in QUESTIONS:
        if question.id in answers:
            is_right = bool(np.all(answers[question.id] == right[question.id]))
            marks.append(
                Mark(question.id, question.points * is_right, "right" if is_right else "another value")
            )
    return marks


ASSIGNMENT = Assignment("tiny", "Sums and squares", QUESTIONS, parameters, score)

HONEST = """
import numpy as np
from ppocr_lessons.answers import hand_in
answers = {
    "total": sum(numbers),
    "squares": np.square(numbers),
    "parity": ("even", "odd")[sum(numbers) % 2],
}
hand_in(answers_file, answers)
"""


def cell(source, *tags):
    tagged = {"tags": list(tags)} if tags else {}
    return {"cell_type": "code", "source": source, "metadata": tagged, "outputs": [], "execution_count": None}


def notebook(*sources, tags=("parameters",), seed=0, metadata=None):
    """JSON of a notebook: the parameters of the students, then a cell for each source."""
    values = "".join(f"{name} = {value!r}\n" for name, value in parameters(seed).items())
    first = cell(f"answers_file = 'answers.json'\n{values}", *tags)
    cells = [first, *(source if isinstance(source, dict) else cell(source) for source in sources)]
    return json.dumps({"cells": cells, "metadata": metadata or {}, "nbformat": 4, "nbformat_minor": 5})
