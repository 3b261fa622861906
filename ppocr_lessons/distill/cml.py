"""CML, collaborative mutual learning: two students, one frozen teacher, three losses (chapter 3.1.1).

L_gt       DB loss of each student against the labels
L_dml      symmetric divergence of the probability maps of the students
L_distill  gamma l_p(S, f_dila(T)) + l_b(S, f_dila(T)) against the dilated probability map of the teacher
"""

from collections.abc import Sequence

import paddle
import paddle.nn.functional as F

from ..det.db_loss import DBLoss, dice_loss
from ..losses.combined import Combined, NetOutput, Weighted, checked_pairs
from .dml import MapDMLTerm

THRESHOLD = 0.3
"""Probability above which a pixel of the teacher's map counts as text in the dilation."""

NAMES = ("Teacher", "Student", "Student2")
"""Default names of the networks of CML."""


def dilate(prob, *, threshold: float = THRESHOLD):
    """Threshold a probability map and dilate it with a 2 x 2 kernel.

    A pixel is 1 if itself, its upper, its left or its upper left neighbor is above the threshold.

    Args:
        prob: probability maps of the teacher.
        threshold: probability above which a pixel is text.

    Shape:
        prob: (N, H, W)
        returns: (N, H, W) of 0 and 1, without gradient
    PaddleOCR: cv2.dilate with a 2 x 2 kernel in DistillationDilaDBLoss, on the CPU.
    """
    text = (prob.detach() > threshold).astype("float32").unsqueeze(1)
    return F.max_pool2d(F.pad(text, [1, 0, 1, 0]), 2, stride=1).squeeze(1)


class DBTerm:
    """Term of a combined loss: the DB loss of every student against the labels.

    Args:
        names: names of the students.
        loss: DB loss; by default the one of the chapter.

    PaddleOCR: DistillationDBLoss in ppocr/losses/distillation_loss.py.
    """

    def __init__(self, names, loss: DBLoss | None = None):
        self.names, self.loss = list(names), loss or DBLoss()

    def __call__(self, outputs: dict[str, NetOutput], batch) -> dict:
        return {f"db_{name}": self.loss(outputs[name].answer, batch)[0] for name in self.names}


class DilatedTerm:
    """Term of a combined loss: students against the dilated probability map of a teacher.

    Args:
        pairs: names as (student, teacher).
        loss: DB loss; its alpha is gamma in the chapter.

    Raises:
        ValueError: wrong pairs; see `checked_pairs`.
    PaddleOCR: DistillationDilaDBLoss in ppocr/losses/distillation_loss.py.
    """

    def __init__(self, pairs, loss: DBLoss | None = None):
        self.pairs, self.loss = checked_pairs(pairs), loss or DBLoss()

    def __call__(self, outputs: dict[str, NetOutput], batch) -> dict:
        parts = {}
        for student, teacher in self.pairs:
            target = dilate(outputs[teacher].answer.prob.squeeze(1))
            maps = outputs[student].answer
            prob = self.loss.prob_loss(maps.prob.squeeze(1), target, batch.shrink_mask)
            binary = dice_loss(maps.binary.squeeze(1), target, batch.shrink_mask)
            parts[f"dila_{student}_{teacher}"] = self.loss.alpha * prob + binary
        return parts


class CML(Combined):
    """Train two detectors with the labels, with each other and with a frozen teacher.

    Args:
        teacher: trained detector, frozen.
        student: detector to train.
        student2: second detector to train, with other initial weights.
        loss: DB loss; its alpha is also gamma in the chapter.
        weights: weights of the dilated loss, the mutual loss and the label loss.
        terms: terms over the three networks that replace the default three, as a configuration lists them; `loss` and
            `weights` are then not used.
        names: names of teacher, student and second student in the terms and in the log.
        main: name of the student that is evaluated and exported; by default the first one.

    Claim: hmean 0.759 -> 0.789 at the same size and speed (chapter 3.1.1).
    PaddleOCR: ch_PP-OCRv2_det_cml.yml. Gradients there are B times as large; see MapDMLTerm.
    Paper: Du et al. 2021, arXiv 2109.03144.
    """

    def __init__(
        self,
        teacher,
        student,
        student2,
        *,
        loss: DBLoss | None = None,
        weights: tuple[float, float, float] = (1.0, 1.0, 1.0),
        terms: Sequence[Weighted] | None = None,
        names: tuple[str, str, str] = NAMES,
        main: str | None = None,
    ):
        students = names[1:]
        if terms is None:
            dilated, mutual, labels = weights
            terms = [
                Weighted(dilated, DilatedTerm([(name, names[0]) for name in students], loss)),
                Weighted(mutual, MapDMLTerm([students])),
                Weighted(labels, DBTerm(students, loss)),
            ]
        nets = dict(zip(names, (teacher, student, student2), strict=True))
        super().__init__(nets, terms, main=main or students[0], frozen=names[:1])

    @staticmethod
    def check_teacher(teacher_hmean: float, student_hmean: float) -> None:
        """Refuse a teacher that is not better than the untrained student.

        Args:
            teacher_hmean: hmean of the frozen teacher on the evaluation dataset.
            student_hmean: hmean of the student before training, on the same pages.

        Raises:
            ValueError: the teacher is not better than the student.
        """
        if teacher_hmean <= student_hmean:
            raise ValueError(
                f"the teacher's hmean is {teacher_hmean:.4f}, the student's {student_hmean:.4f}: are the teacher's "
                "weights loaded? Students of an untrained teacher learn to see text everywhere"
            )


def standard_distillation(teacher, student, *, loss: DBLoss | None = None) -> Combined:
    """CML without the second student, for comparison: one student, the labels and a frozen teacher.

    Args:
        teacher: trained detector, frozen.
        student: detector to train.
        loss: DB loss; by default the one of the chapter.

    Returns: the training strategy.
    """
    terms = [
        Weighted(1.0, DilatedTerm([("Student", "Teacher")], loss)),
        Weighted(1.0, DBTerm(["Student"], loss)),
    ]
    return Combined({"Teacher": teacher, "Student": student}, terms, main="Student", frozen=("Teacher",))


def mutual_learning(student, student2, *, loss: DBLoss | None = None) -> Combined:
    """CML without the teacher, for comparison: two students that learn from the labels and from each other.

    Args:
        student: detector to train.
        student2: second detector, with other initial weights; detectors that start equal stay equal.
        loss: DB loss; by default the one of the chapter.

    Returns: the training strategy.
    Claim: hmean 0.759 -> 0.777 (chapter 3.1.1).
    """
    students = ("Student", "Student2")
    terms = [
        Weighted(1.0, MapDMLTerm([students])),
        Weighted(1.0, DBTerm(students, loss)),
    ]
    return Combined({"Student": student, "Student2": student2}, terms, main="Student")


def student_of(cml: Combined, name: str = "Student") -> paddle.nn.Layer:
    """A trained student in evaluation mode, to be saved and used alone.

    Args:
        cml: CML after training, or one of the two strategies that it is compared with.
        name: name of the student.

    Returns: the detector.

    Raises:
        ValueError: there is no student of this name.
    """
    if name not in cml.nets or name in cml.frozen:
        raise ValueError(f"student {name!r}; known are {[n for n in cml.nets if n not in cml.frozen]}")
    cml.nets[name].eval()
    return cml.nets[name]
