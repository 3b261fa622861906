"""Definition of an assignment: its questions, its parameters for grading, and the function that scores answers.

Only the scoring process imports these modules. The sandbox in which submissions run hides the whole folder
`ppocr_lessons/grading/`, so that no submission can read how its answers are scored.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

Answer = int | float | str | list | np.ndarray
"""A checked answer: a finite number, a text, a list of numbers or texts, or an array of a known type."""


@dataclass(frozen=True, slots=True)
class Question:
    """One answer that a submission hands in.

    Args:
        id: key of the answer, unique in the assignment.
        points: maximum number of points.
        kind: "number" (finite, no boolean), "choice" (one of `choices`), "text", "texts" (list of strings) or "array"
            (NumPy array of `dtype`).
        contract: what is asked for, in one sentence, with units and shape. Students see it.
        choices: the values allowed for a choice.
        shape: shape of an array; None stands for any length.
        dtype: type that an array is converted to; only safe conversions between numbers are made.
    """

    id: str
    points: float
    kind: Literal["number", "choice", "text", "texts", "array"]
    contract: str
    choices: tuple[str, ...] = ()
    shape: tuple[int | None, ...] | None = None
    dtype: str = "float32"


class Mark(NamedTuple):
    """Points for one question.

    Fields:
        id: of the question.
        points: between 0 and the question's points.
        reason: one sentence, for the student.
    """

    id: str
    points: float
    reason: str


@dataclass(frozen=True, slots=True)
class Assignment:
    """One assignment. Its worked notebook is `worked/NAME.ipynb` in this folder.

    Args:
        name: file name of the notebook without its ending.
        title: heading of the notebook.
        questions: in the order of the notebook.
        parameters: function from a seed to the JSON values of the `parameters` cell. The students' notebook has
            the values of seed 0, grading uses another seed.
        score: returns one mark for each answered question, given the parameters and the checked answers. Questions
            without an answer are absent from `answers` and receive no points. It recomputes the right answers from the
            parameters, and runs no code of a submission.
    """

    name: str
    title: str
    questions: tuple[Question, ...]
    parameters: Callable[[int], dict]
    score: Callable[[Mapping[str, object], Mapping[str, Answer]], list[Mark]]

    @property
    def points(self) -> float:
        """Maximum number of points of the whole assignment."""
        return sum(question.points for question in self.questions)
