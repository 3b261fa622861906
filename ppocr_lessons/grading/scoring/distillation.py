"""Scores the assignment on distillation: mutual and dilated losses, and a student that was trained with a teacher."""

from collections.abc import Mapping

import numpy as np
import paddle

from ...coursework import distillation as inputs
from ...det.db_loss import dice_loss
from ...distill.cml import dilate
from ...distill.dml import activated, dml_maps, dml_sequences, dml_sums
from ..assignment import Answer, Assignment, Mark, Question
from .rules import RIGHT, Mistake, Rule, chosen, close, give_marks

ENOUGH = 0.85
"""Largest share of the untrained student's error that may remain for full points; 15 to 20 steps reach 0.6 to 0.75."""

TEACHERS = (
    "it is frozen: no gradient reaches it",
    "it is trained with a smaller learning rate",
    "it is trained with the labels only",
)
STARTS = (
    "they stay equal and learn nothing from each other",
    "the divergence is infinite",
    "they become equal to the teacher",
)

QUESTIONS = (
    Question(
        "mutual",
        3,
        "array",
        "(3,) symmetric divergence of the maps of the two students, for each image",
        shape=(3,),
        dtype="float64",
    ),
    Question(
        "dilated",
        2,
        "array",
        "(3, H, W) map of 0 and 1: the teacher's maps after threshold and dilation",
        shape=(3, None, None),
    ),
    Question("dilated_loss", 3, "number", "the dilated loss of the first student, 5 L_prob + L_binary"),
    Question(
        "sequences", 3, "number", "symmetric KL divergence of the drawn sequences of class probabilities"
    ),
    Question(
        "student_maps",
        5,
        "array",
        "(3, 160, 160) probability maps of your trained student on the held-back pages",
        shape=(3, inputs.SIDE, inputs.SIDE),
    ),
    Question(
        "dilated_pixels", 1, "number", "number of text pixels after the dilation of the given rectangle"
    ),
    Question("total", 1, "number", "total loss of CML for the given terms, all weights 1"),
    Question("teacher_role", 1, "choice", "how the teacher of CML is trained", choices=TEACHERS),
    Question("same_start", 1, "choice", "what happens to two students that start equal", choices=STARTS),
)


def parameters(seed: int) -> dict:
    """Parameters of the notebook.

    Args:
        seed: of all inputs.

    Returns: seed; steps and learning rate of the training; width and height in pixels of a rectangle; loss terms of two
        students and their mutual loss.
    """
    rng = np.random.default_rng([seed, 5])
    return {
        "seed": seed,
        "steps": 16,
        "rate": 0.001,
        "rectangle": [int(rng.integers(10, 60)), int(rng.integers(5, 20))],
        "label_losses": [float(v) for v in rng.integers(100, 300, 2) / 100],
        "dilated_losses": [float(v) for v in rng.integers(100, 400, 2) / 100],
        "mutual_loss": float(rng.integers(5, 30) / 100),
    }


def _student_rule(seed: int) -> Rule:
    def rule(answer):
        if answer.shape != (inputs.BATCH, inputs.SIDE, inputs.SIDE):
            return 0.0, f"The shape is {answer.shape}; {(inputs.BATCH, inputs.SIDE, inputs.SIDE)} is needed."
        teacher, student = (inputs.held_back_maps(net, seed) for net in inputs.teacher_and_student())
        before = float(np.abs(student - teacher).mean())
        after = float(np.abs(answer - teacher).mean())
        if after < 1e-5:
            return 0.0, "These are the maps of the teacher; those of the trained student are asked for."
        left = after / before
        if left <= ENOUGH:
            return 1.0, RIGHT
        reason = (
            f"The mean distance to the teacher's maps is {left:.2f} of that of the untrained student; "
            f"{ENOUGH} is needed for all points."
        )
        return max(0.0, (1 - left) / (1 - ENOUGH)), reason

    return rule


def dilated_loss(maps: inputs.Maps, target: paddle.Tensor, mask: paddle.Tensor) -> float:
    """The dilated loss of the first student.

    Args:
        maps: of the student.
        target: (N, H, W) dilated map of the teacher.
        mask: (N, H, W), 0 on pixels that do not count.
    """
    return float(5 * dice_loss(maps.first, target, mask) + dice_loss(maps.binary, target, mask))


def score(given: Mapping, answers: Mapping[str, Answer]) -> list[Mark]:
    """Score a submission.

    Args:
        given: parameters of the notebook.
        answers: checked answers by the id of the question.

    Returns: marks of the answered questions.
    """
    seed = given["seed"]
    maps = inputs.draw_maps(seed)
    first, second = inputs.draw_logits(seed)
    target, only_threshold = dilate(maps.teacher), (maps.teacher > 0.3).astype("float32")
    own = answers.get("dilated")
    dilated_rule = _dilated_rule(target.numpy(), only_threshold.numpy())
    # The loss is scored with the student's own target, so that a mistake there costs points only once.
    if own is not None and dilated_rule(own)[0] > 0:
        target = paddle.to_tensor(np.asarray(own, np.float32))
    one_way = [float((q * (q / p).log()).mean()) for p, q in zip(maps.first, maps.second, strict=True)]
    summed = float(dml_sums(activated(first, "softmax"), activated(second, "softmax")))
    without_softmax = float(paddle.abs(first - second).mean())
    width, height = given["rectangle"]
    terms = given["label_losses"] + given["dilated_losses"]
    rules = {
        "mutual": close(
            dml_maps(maps.first, maps.second).numpy(),
            relative=2e-3,
            mistakes=(
                Mistake(one_way, "Only one direction is there; the divergence is symmetric.", 0.4),
                Mistake(
                    2 * dml_maps(maps.first, maps.second).numpy(),
                    "The mean of both directions is asked for, not the sum.",
                    0.6,
                ),
            ),
        ),
        "dilated": dilated_rule,
        "dilated_loss": close(
            dilated_loss(maps, target, maps.mask),
            relative=2e-3,
            mistakes=(
                Mistake(
                    dilated_loss(maps, target, paddle.ones_like(maps.mask)),
                    "The mask is not used: pixels that do not count change the loss.",
                    0.5,
                ),
                Mistake(
                    dilated_loss(maps, maps.teacher, maps.mask),
                    "The target is the teacher's map itself; it has to be thresholded and dilated.",
                    0.4,
                ),
            ),
        ),
        "sequences": close(
            float(dml_sequences(first, second)),
            relative=2e-3,
            mistakes=(
                Mistake(summed / first.shape[1], "The mean runs over the time steps; they are summed.", 0.5),
                Mistake(summed * first.shape[0], "The sum runs over the lines; their mean is taken.", 0.5),
                Mistake(without_softmax, "The logits have to become probabilities first.", 0.1),
            ),
        ),
        "student_maps": _student_rule(seed),
        "dilated_pixels": close(
            (width + 1) * (height + 1),
            relative=0,
            absolute=0.01,
            mistakes=(
                Mistake(
                    (width + 2) * (height + 2), "A kernel of 2 x 2 adds one row and one column, not two.", 0.5
                ),
                Mistake(width * height, "The dilation adds a row and a column.", 0.25),
            ),
        ),
        "total": close(
            sum(terms) + given["mutual_loss"],
            mistakes=(Mistake(sum(terms), "The mutual loss is missing.", 0.5),),
        ),
        "teacher_role": chosen(TEACHERS[0], "The teacher is a finished network that only gives targets."),
        "same_start": chosen(
            STARTS[0], "Equal networks have equal outputs and equal gradients, so they stay equal."
        ),
    }
    return give_marks(QUESTIONS, rules, answers)


def _dilated_rule(right: np.ndarray, only_threshold: np.ndarray) -> Rule:
    def rule(answer):
        if answer.shape != right.shape:
            return 0.0, f"The shape is {answer.shape}; {right.shape} is needed."
        wrong = np.abs(answer - right) > 0.5
        if not wrong.any() and np.isin(answer, (0, 1)).all():
            return 1.0, RIGHT
        if np.abs(answer - only_threshold).max() < 0.01:
            return 0.4, "The maps are thresholded, but not dilated."
        bigger = np.zeros_like(right)
        bigger[:, :-1, :-1] = right[:, 1:, 1:]
        if (answer == bigger)[:, :-1, :-1].all():
            return 0.6, "The dilation goes up and left; a pixel looks at its upper and left neighbors."
        share = max(0.0, 1 - 10 * float(wrong.mean())) / 2
        return share, f"{int(wrong.sum())} of {wrong.size} pixels are wrong; all have to be 0 or 1."

    return rule


ASSIGNMENT = Assignment(
    "distillation", "Distillation: losses, teacher and student", QUESTIONS, parameters, score
)
