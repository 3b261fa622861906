"""CML, collaborative mutual learning: two students, one frozen teacher, three losses (chapter 3.1.1).

L_gt       the DB loss of each student
L_dml      the symmetric divergence of the students' probability maps
L_distill  gamma l_p(S, f_dila(T)) + l_b(S, f_dila(T)) against the teacher's dilated map
"""

import paddle
import paddle.nn.functional as F

from ..det.db_loss import DBLoss, dice_loss
from ..losses.combined import Combined, NetOutput, Weighted
from .dml import DMLTerm

THRESHOLD = 0.3
"""Of the teacher's map, in dilation."""


def dilate(prob, *, threshold: float = THRESHOLD):
    """1 where the map, or its neighbor above, to the left, or both, is over the threshold: a 2 x 2 dilation.

    Args:
        prob: the teacher's probability map.
        threshold: above which a pixel is text.

    Shape:
        prob: (N, H, W)
        returns: (N, H, W) of 0 and 1, without gradient
    PaddleOCR: cv2.dilate with a 2 x 2 kernel in DistillationDilaDBLoss, on the CPU.
    """
    text = (prob.detach() > threshold).astype("float32").unsqueeze(1)
    return F.max_pool2d(F.pad(text, [1, 0, 1, 0]), 2, stride=1).squeeze(1)


class DBTerm:
    """The DB loss of every student against the labels.

    Args:
        names: of the students.
        loss: weights and kind.
    """

    def __init__(self, names, loss: DBLoss | None = None):
        self.names, self.loss = list(names), loss or DBLoss()

    def __call__(self, outputs: dict[str, NetOutput], batch) -> dict:
        return {f"db_{name}": self.loss(outputs[name].answer, batch)[0] for name in self.names}


class DilatedTerm:
    """Students against the dilated map of a teacher.

    Args:
        pairs: (student, teacher) names.
        loss: its alpha is the chapter's gamma.

    PaddleOCR: DistillationDilaDBLoss in ppocr/losses/distillation_loss.py.
    """

    def __init__(self, pairs, loss: DBLoss | None = None):
        self.pairs, self.loss = [tuple(pair) for pair in pairs], loss or DBLoss()

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
        teacher: a trained detector.
        student, student2: the two that learn; the first is the one wanted.
        loss: weights of the DB loss; its alpha is the chapter's gamma too.
        weights: of the dilated, the mutual and the label loss.

    Claim: hmean 0.759 -> 0.789 at the same size and speed (chapter 3.1.1).
    PaddleOCR: ch_PP-OCRv2_det_cml.yml. The total there is B times this one; see DMLTerm.
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
    ):
        students = ("Student", "Student2")
        dilated, mutual, labels = weights
        terms = [
            Weighted(dilated, DilatedTerm([(name, "Teacher") for name in students], loss)),
            Weighted(mutual, DMLTerm([students])),
            Weighted(labels, DBTerm(students, loss)),
        ]
        nets = {"Teacher": teacher, "Student": student, "Student2": student2}
        super().__init__(nets, terms, main="Student", frozen=("Teacher",))

    @staticmethod
    def check_teacher(teacher_hmean: float, student_hmean: float) -> None:
        """Stop before a run in which there is nothing to learn from the teacher.

        Args:
            teacher_hmean: of the frozen teacher, on the evaluation dataset.
            student_hmean: of the student before it is trained, on the same pages.

        Raises:
            ValueError: the teacher is not better than the student.
        """
        if teacher_hmean <= student_hmean:
            raise ValueError(
                f"the teacher's hmean is {teacher_hmean:.4f}, the student's {student_hmean:.4f}: are the teacher's "
                "weights loaded? A teacher that sees text everywhere teaches just that"
            )


def standard_distillation(teacher, student, *, loss: DBLoss | None = None) -> Combined:
    """One student, the labels and a frozen teacher's dilated map: CML without the second student, to compare with.

    Args:
        teacher: a trained detector.
        student: the one that learns.
        loss: weights of the DB loss.
    """
    terms = [
        Weighted(1.0, DilatedTerm([("Student", "Teacher")], loss)),
        Weighted(1.0, DBTerm(["Student"], loss)),
    ]
    return Combined({"Teacher": teacher, "Student": student}, terms, main="Student", frozen=("Teacher",))


def mutual_learning(student, student2, *, loss: DBLoss | None = None) -> Combined:
    """Two students, the labels and each other: CML without a teacher, to compare with.

    Args:
        student, student2: from different first weights; those that start alike stay alike.
        loss: weights of the DB loss.

    Claim: hmean 0.759 -> 0.777 (chapter 3.1.1).
    """
    students = ("Student", "Student2")
    terms = [
        Weighted(1.0, DMLTerm([students])),
        Weighted(1.0, DBTerm(students, loss)),
    ]
    return Combined({"Student": student, "Student2": student2}, terms, main="Student")


def student_of(cml: Combined, name: str = "Student") -> paddle.nn.Layer:
    """A student by name, in evaluation mode, to be saved and used alone.

    Args:
        cml: after its training, or one of the two strategies that it is compared with.
        name: of the student.

    Raises:
        ValueError: no such student.
    """
    if name not in cml.nets or name in cml.frozen:
        raise ValueError(f"student {name!r}; known are {[n for n in cml.nets if n not in cml.frozen]}")
    cml.nets[name].eval()
    return cml.nets[name]
