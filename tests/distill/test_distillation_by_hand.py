"""Divergences in NumPy's double precision, weights and names of every term."""

import numpy as np
import paddle
import pytest

from ppocr_lessons.datasets.batches import DetBatch, RecBatch
from ppocr_lessons.det.db_head import DBMaps
from ppocr_lessons.det.db_loss import DBLoss, dice_loss
from ppocr_lessons.distill import cml, dml, udml
from ppocr_lessons.distill.cml import (
    CML,
    DBTerm,
    DilatedTerm,
    dilate,
    mutual_learning,
    standard_distillation,
)
from ppocr_lessons.distill.dml import MapDMLTerm, SequenceDMLTerm, dml_maps, dml_sequences
from ppocr_lessons.distill.udml import UDML, DistanceTerm, distance
from ppocr_lessons.losses.combined import NetOutput
from ppocr_lessons.losses.ctc_loss import CTCTerm, ctc_losses
from ppocr_lessons.rec.crnn import CRNNFeatures


def _rand(*shape, seed=0):
    return paddle.to_tensor(np.random.default_rng(seed).random(shape).astype(np.float32))


def test_constants_and_defaults(defaults_of):
    assert (cml.THRESHOLD, dml.MAP_EPS, dml.PROB_EPS) == (0.3, 1e-5, 1e-10)
    assert udml.MODES == ("l1", "l2", "smooth_l1")
    assert defaults_of(dilate) == {"threshold": 0.3} and defaults_of(distance) == {"mode": "l2"}
    assert defaults_of(UDML) == {"weights": (1.0, 1.0, 1.0), "terms": None, "main": "Student"}
    assert defaults_of(DistanceTerm) == {"mode": "l2", "key": "backbone_out"}
    assert defaults_of(CML) == {
        "loss": None, "weights": (1.0, 1.0, 1.0), "terms": None, "names": ("Teacher", "Student", "Student2"), "main": None,
    }  # fmt: skip


def test_divergence_of_maps_in_double_precision():
    p, q = _rand(3, 4, 5), _rand(3, 4, 5, seed=1)
    a, b, eps = p.numpy().astype(float), q.numpy().astype(float), 1e-5
    forth = b * np.log((b + eps) / (a + eps) + eps)
    back = a * np.log((a + eps) / (b + eps) + eps)
    np.testing.assert_allclose(dml_maps(p, q).numpy(), ((forth + back) / 2).mean((1, 2)), rtol=1e-4)


def test_maps_of_zeros_have_a_divergence():
    """Where one map is 0 the other's share counts in full, and nothing is infinite."""
    p, q = paddle.zeros([1, 1, 1]), paddle.full([1, 1, 1], 0.5)
    assert dml_maps(p, q).item() == pytest.approx(0.25 * np.log(0.5 / 1e-5), rel=1e-3)
    assert dml_maps(p, p).item() == 0


def test_divergence_of_sure_sequences_stays_finite():
    """Where one net is sure of what the other excludes, the divergence is that of the 1e-10 that is added."""
    p, q = paddle.to_tensor([[[200.0, 0]]]), paddle.to_tensor([[[0, 200.0]]])
    assert float(dml_sequences(p, q)) == pytest.approx(np.log(1e10), rel=0.05)
    assert float(dml_sequences(p, p)) == pytest.approx(0, abs=1e-6)
    assert float(dml_sequences(paddle.concat([p, p]), paddle.concat([q, q]))) == pytest.approx(
        np.log(1e10), rel=0.05
    )


def test_terms_have_a_part_for_each_pair():
    maps = {
        n: NetOutput(DBMaps(*(_rand(2, 1, 8, 8, seed=s + i) for i in range(3))), None)
        for s, n in enumerate("abc")
    }
    parts = MapDMLTerm([("a", "b"), ("c", "a")])(maps, None)
    assert list(parts) == ["dml_a_b", "dml_c_a"]
    for first, second in (("a", "b"), ("c", "a")):
        p, q = (maps[n].answer.prob.squeeze(1) for n in (first, second))
        assert float(parts[f"dml_{first}_{second}"]) == pytest.approx(float(dml_maps(p, q).mean()), rel=1e-5)
    logits = {n: NetOutput(_rand(2, 5, 4, seed=s), None) for s, n in enumerate("ab")}
    (part,) = SequenceDMLTerm([["a", "b"]])(logits, None).values()
    assert float(part) == pytest.approx(
        float(dml_sequences(logits["a"].answer, logits["b"].answer)), rel=1e-6
    )


def test_dilation_reaches_to_the_right_and_below():
    prob = paddle.zeros([1, 4, 5])
    prob[0, 1, 2] = 0.31
    expected = np.zeros((4, 5))
    expected[1:3, 2:4] = 1
    np.testing.assert_array_equal(dilate(prob).numpy()[0], expected)
    assert not dilate(prob * 0 + 0.3).numpy().any() and dilate(prob * 0 + 0.3, threshold=0.2).numpy().all()
    prob.stop_gradient = False
    assert dilate(prob).stop_gradient and dilate(prob).shape == [1, 4, 5]


def _det():
    batch = DetBatch(None, *((_rand(2, 8, 8, seed=20 + i) > 0.4).astype("float32") for i in range(4)))
    outputs = {
        n: NetOutput(DBMaps(*(_rand(2, 1, 8, 8, seed=3 * s + i) for i in range(3))), None)
        for s, n in enumerate("STU")
    }
    return outputs, batch


def test_students_are_compared_with_the_dilated_teacher():
    outputs, batch = _det()
    parts = DilatedTerm([("S", "T"), ("U", "T")], DBLoss(alpha=3))(outputs, batch)
    target = dilate(outputs["T"].answer.prob.squeeze(1))
    for student in "SU":
        prob, _, binary = (m.squeeze(1) for m in outputs[student].answer)
        expected = 3 * dice_loss(prob, target, batch.shrink_mask) + dice_loss(
            binary, target, batch.shrink_mask
        )
        assert float(parts[f"dila_{student}_T"]) == pytest.approx(float(expected), rel=1e-5)
    assert set(parts) == {"dila_S_T", "dila_U_T"} and DilatedTerm([("S", "T")]).loss.alpha == 5


def test_students_are_compared_with_the_labels():
    outputs, batch = _det()
    parts = DBTerm(["S", "U"], DBLoss(beta=2))(outputs, batch)
    assert {k: float(v) for k, v in parts.items()} == {
        f"db_{n}": pytest.approx(float(DBLoss(beta=2)(outputs[n].answer, batch)[0]), rel=1e-6) for n in "SU"
    }
    assert DBTerm(["S"]).loss.beta == 10


class Net(paddle.nn.Layer):
    """A net that answers what it was given."""

    def __init__(self, answer, feats=None):
        super().__init__()
        self.weight = self.create_parameter([1])
        self.answer, self.feats = answer, feats

    def forward(self, x):
        return self.answer, self.feats


def test_cml_and_its_parts_by_name_and_weight():
    outputs, batch = _det()
    batch = batch._replace(images=paddle.zeros([2, 3, 8, 8]))
    nets = [Net(outputs[n].answer) for n in "TSU"]
    strategy = CML(*nets, loss=DBLoss(alpha=2), weights=(2.0, 3.0, 4.0))
    assert strategy.frozen == ("Teacher",) and strategy.net is nets[1]
    named = {"Teacher": outputs["T"], "Student": outputs["S"], "Student2": outputs["U"]}
    expected = {}
    for weight, term in (
        (2, DilatedTerm([("Student", "Teacher"), ("Student2", "Teacher")], DBLoss(alpha=2))),
        (3, MapDMLTerm([("Student", "Student2")])),
        (4, DBTerm(["Student", "Student2"], DBLoss(alpha=2))),
    ):
        expected |= {k: weight * float(v) for k, v in term(named, batch).items()}
    result = strategy(batch)
    assert {k: float(v) for k, v in result.parts.items()} == pytest.approx(expected, rel=1e-5)
    assert float(result.loss) == pytest.approx(sum(expected.values()), rel=1e-5)


@pytest.mark.parametrize(
    ("teacher", "student", "good"),
    [(0.5, 0.4, True), (0.5, 0.5, False), (0.4, 0.5, False), (0.0, 0.0, False), (0.01, 0.0, True)],
)
def test_which_teachers_are_good_enough(teacher, student, good):
    if good:
        CML.check_teacher(teacher, student)
    else:
        with pytest.raises(ValueError, match="teacher"):
            CML.check_teacher(teacher, student)


def test_who_is_frozen_and_who_is_wanted():
    outputs, _ = _det()
    nets = [Net(outputs[n].answer) for n in "TSU"]
    alone, together = standard_distillation(*nets[:2]), mutual_learning(*nets[1:])
    assert (
        alone.frozen == ("Teacher",)
        and alone.net is nets[1]
        and together.frozen == ()
        and together.net is nets[1]
    )


def _rec():
    batch = RecBatch(
        paddle.zeros([2, 3, 32, 20]), paddle.to_tensor([[1, 2], [3, 0]], "int32"), paddle.to_tensor([2, 1])
    )
    answers = {
        n: (_rand(2, 5, 6, seed=s), CRNNFeatures(_rand(2, 4, 1, 5, seed=50 + s), None, None))
        for s, n in enumerate(("Teacher", "Student", "Third"))
    }
    return batch, answers


def test_udml_by_hand():
    batch, answers = _rec()
    nets = {name: Net(*given) for name, given in answers.items()}
    strategy = UDML(nets, weights=(2.0, 3.0, 4.0))
    expected = {}
    for name, (logits, _) in answers.items():
        expected[f"ctc_{name}"] = 2 * float(ctc_losses(logits, batch.labels, batch.lengths).mean())
    for a, b in (("Teacher", "Student"), ("Teacher", "Third"), ("Student", "Third")):
        expected[f"dml_{a}_{b}"] = 3 * float(dml_sequences(answers[a][0], answers[b][0]))
        squared = (answers[a][1].backbone.numpy() - answers[b][1].backbone.numpy()) ** 2
        expected[f"l2_{a}_{b}"] = 4 * float(squared.mean())
    result = strategy(batch)
    assert {k: float(v) for k, v in result.parts.items()} == pytest.approx(expected, rel=1e-4)
    assert strategy.net is nets["Student"]
    result = UDML({n: nets[n] for n in ("Teacher", "Student")})(batch)
    assert float(result.parts["ctc_Teacher"]) == pytest.approx(expected["ctc_Teacher"] / 2, rel=1e-4)
    assert float(result.parts["dml_Teacher_Student"]) == pytest.approx(
        expected["dml_Teacher_Student"] / 3, rel=1e-4
    )
    assert float(result.parts["l2_Teacher_Student"]) == pytest.approx(
        expected["l2_Teacher_Student"] / 4, rel=1e-4
    )


@pytest.mark.parametrize("mode", udml.MODES)
def test_distances_of_features(mode):
    _, answers = _rec()
    outputs = {name: NetOutput(*given) for name, given in answers.items()}
    parts = DistanceTerm([["Student", "Third"]], mode=mode)(outputs, None)
    a, b = answers["Student"][1].backbone, answers["Third"][1].backbone
    assert {k: float(v) for k, v in parts.items()} == {
        f"{mode}_Student_Third": pytest.approx(float(distance(a, b, mode)))
    }
    gap = np.abs(a.numpy() - b.numpy())
    by_hand = {"l1": gap, "l2": gap**2, "smooth_l1": np.where(gap < 1, gap**2 / 2, gap - 0.5)}[mode].mean()
    assert float(distance(a, b, mode)) == pytest.approx(by_hand, rel=1e-5)


def test_ctc_term_has_a_part_for_each_net():
    batch, answers = _rec()
    outputs = {name: NetOutput(*given) for name, given in answers.items()}
    assert set(CTCTerm(["Third", "Student"])(outputs, batch)) == {"ctc_Third", "ctc_Student"}
