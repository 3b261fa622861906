"""CML, DML and U-DML: values by hand and by an independent route, frozen teachers, weights that take effect."""

import cv2
import numpy as np
import paddle
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ppocr_lessons.datasets.batches import DetBatch, RecBatch
from ppocr_lessons.det.db_head import DBMaps
from ppocr_lessons.det.db_loss import DBLoss
from ppocr_lessons.det.dbnet import db_mobile
from ppocr_lessons.distill.cml import (
    CML,
    DBTerm,
    DilatedTerm,
    dilate,
    mutual_learning,
    standard_distillation,
    student_of,
)
from ppocr_lessons.distill.dml import MapDMLTerm, dml_maps, dml_sequences
from ppocr_lessons.distill.udml import UDML, DistanceTerm, distance
from ppocr_lessons.losses.combined import NetOutput
from ppocr_lessons.rec.crnn import crnn_lcnet
from ppocr_lessons.training.tensor_files import state_of


def _rand(*shape, seed=0):
    return paddle.to_tensor(np.random.default_rng(seed).random(shape).astype(np.float32))


def _maps(seed, shape=(2, 1, 32, 32)):
    return DBMaps(*(_rand(*shape, seed=seed + i) for i in range(3)))


def _det_batch(n=2, side=32):
    rng = np.random.default_rng(3)
    maps = [(rng.random((n, side, side)) > 0.7).astype(np.float32) for _ in range(4)]
    return DetBatch(_rand(n, 3, side, side), *map(paddle.to_tensor, maps))


def test_dml_of_maps_by_hand():
    p, q = paddle.full([1, 1, 1], 0.8), paddle.full([1, 1, 1], 0.2)
    assert dml_maps(p, q).item() == pytest.approx(0.5 * 0.6 * np.log(4), rel=1e-3)
    assert dml_maps(p, p).item() == pytest.approx(0, abs=2e-5)


@given(st.integers(0, 100))
def test_dml_is_symmetric(seed):
    p, q = _rand(3, 4, 5, seed=seed), _rand(3, 4, 5, seed=seed + 1)
    np.testing.assert_allclose(dml_maps(p, q).numpy(), dml_maps(q, p).numpy(), rtol=1e-5)
    assert float(dml_sequences(p, q)) == pytest.approx(float(dml_sequences(q, p)), rel=1e-5)
    assert float(dml_sequences(p, q)) >= 0 and dml_maps(p, q).shape == [3]


def test_dml_of_sequences_sums_steps_and_classes():
    p, q = _rand(2, 7, 5), _rand(2, 7, 5, seed=9)

    def soft(x):
        e = np.exp(x.numpy() - x.numpy().max(-1, keepdims=True))
        return e / e.sum(-1, keepdims=True)

    a, b = soft(p), soft(q)
    expected = 0.5 * ((b * np.log(b / a)).sum() + (a * np.log(a / b)).sum()) / 2
    assert float(dml_sequences(p, q)) == pytest.approx(expected, rel=1e-4)


def test_a_vector_that_meets_scalars_makes_every_term_count_once_a_picture():
    """PaddleOCR's total: scalar terms are broadcast onto a vector of length B, and backward() sums it."""
    size, batch = 3, _det_batch(3)
    logits = [_rand(size, 1, 32, 32, seed=i) for i in range(2)]
    for tensor in logits:
        tensor.stop_gradient = False
    maps = [DBMaps(*[paddle.nn.functional.sigmoid(x)] * 3) for x in logits]
    outputs = {name: NetOutput(answer, None) for name, answer in zip("ab", maps, strict=True)}
    labels = sum(DBTerm(["a", "b"])(outputs, batch).values())
    ours = labels + MapDMLTerm([("a", "b")])(outputs, batch)["dml_a_b"]
    theirs = labels + dml_maps(maps[0].prob.squeeze(1), maps[1].prob.squeeze(1))
    assert theirs.shape == [size]
    for mine, other in zip(
        paddle.grad(ours, logits, retain_graph=True), paddle.grad(theirs, logits), strict=True
    ):
        np.testing.assert_allclose(other.numpy(), size * mine.numpy(), rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("act", ["softmax", "sigmoid"])
@pytest.mark.parametrize("use_log", [False, True])
def test_act_of_maps(act, use_log):
    """Beside a route through numpy alone."""
    outputs = {name: NetOutput(_maps(i), None) for i, name in enumerate(("a", "b"))}
    x, y = (outputs[n].answer.prob.numpy()[:, 0].astype(np.float64) for n in "ab")
    if act == "softmax":  # over the last axis, a row of the map
        p, q = (np.exp(v) / np.exp(v).sum(-1, keepdims=True) for v in (x, y))
    else:
        p, q = (1 / (1 + np.exp(-v)) for v in (x, y))
    if use_log:
        expected = 0.5 * (q * np.log(q / p) + p * np.log(p / q)).sum() / len(p)
    else:
        s = 1e-5
        expected = 0.5 * (q * np.log((q + s) / (p + s) + s) + p * np.log((p + s) / (q + s) + s)).mean()
    term = MapDMLTerm([("a", "b")], act=act, use_log=use_log)
    assert float(term(outputs, None)["dml_a_b"]) == pytest.approx(expected, rel=1e-3)
    assert float(term(outputs, None)["dml_a_b"]) != pytest.approx(
        float(MapDMLTerm([("a", "b")])(outputs, None)["dml_a_b"]), rel=1e-2
    )


def test_unknown_act():
    with pytest.raises(ValueError, match="known are"):
        MapDMLTerm([("a", "b")], act="relu")


@pytest.mark.parametrize("seed", range(5))
def test_dilation_is_opencvs(seed):
    prob = _rand(2, 37, 41, seed=seed)
    expected = [cv2.dilate((p > 0.3).astype(np.uint8), np.ones((2, 2), np.uint8)) for p in prob.numpy()]
    sparse = paddle.to_tensor((np.random.default_rng(seed).random((2, 37, 41)) > 0.97).astype(np.float32))
    np.testing.assert_array_equal(dilate(prob).numpy(), np.array(expected, np.float32))
    again = [cv2.dilate(p.astype(np.uint8), np.ones((2, 2), np.uint8)) for p in sparse.numpy()]
    np.testing.assert_array_equal(dilate(sparse).numpy(), np.array(again, np.float32))


def test_teacher_of_ones_gives_the_losses_of_the_chapters_log():
    """The chapter's log shows 1.99 = 6 x 0.332: Dice of a student at 0.5 everywhere against a map full of ones."""
    half, ones = paddle.full([1, 1, 64, 64], 0.5), paddle.ones([1, 1, 64, 64])
    batch = _det_batch(1, 64)._replace(shrink_mask=paddle.ones([1, 64, 64]))
    outputs = {"S": NetOutput(DBMaps(half, half, half), None), "T": NetOutput(DBMaps(ones, ones, ones), None)}
    assert float(DilatedTerm([("S", "T")])(outputs, batch)["dila_S_T"]) == pytest.approx(6 / 3, rel=1e-3)


def test_every_weight_takes_effect():
    nets = [db_mobile(fpn_channels=16) for _ in range(3)]
    batch = _det_batch()

    def parts(weights):
        paddle.seed(1)
        return {k: float(v) for k, v in CML(*nets, weights=weights)(batch).parts.items()}

    plain = parts((1.0, 1.0, 1.0))
    assert set(plain) == {"dila_Student_Teacher", "dila_Student2_Teacher", "dml_Student_Student2",
                          "db_Student", "db_Student2"}  # fmt: skip
    for place, prefix in enumerate(("dila", "dml", "db")):
        weights = [1.0] * 3
        weights[place] = 3.0
        for name, value in parts(tuple(weights)).items():
            assert value == pytest.approx(plain[name] * (3 if name.startswith(prefix) else 1), rel=2e-2), name


def test_gamma_is_alpha_of_the_loss():
    outputs = {"S": NetOutput(_maps(1), None), "T": NetOutput(_maps(7), None)}
    five, ten = (DilatedTerm([("S", "T")], DBLoss(alpha=a))(outputs, _det_batch()) for a in (5, 10))
    zero = DilatedTerm([("S", "T")], DBLoss(alpha=0))(outputs, _det_batch())
    b = float(zero["dila_S_T"])
    assert float(ten["dila_S_T"]) - b == pytest.approx(2 * (float(five["dila_S_T"]) - b), rel=1e-4)


def test_a_frozen_teacher_keeps_everything():
    nets = [db_mobile(fpn_channels=16) for _ in range(3)]
    cml = CML(*nets)
    before = {k: v.numpy().copy() for k, v in state_of(nets[0]).items()}
    optimizer = paddle.optimizer.Adam(1e-2, parameters=cml.trained.parameters())
    cml.trained.train()
    for _ in range(2):
        cml(_det_batch()).loss.backward()
        optimizer.step()
        optimizer.clear_grad()
    for name, tensor in state_of(nets[0]).items():  # batch statistics are among them
        np.testing.assert_array_equal(tensor.numpy(), before[name], err_msg=name)
    assert all(p.grad is None for p in nets[0].parameters()) and not nets[0].training and nets[1].training
    assert not {id(p) for p in nets[0].parameters()} & {id(p) for p in cml.trained.parameters()}


def test_students_learn_and_one_is_taken_out():
    nets = [db_mobile(fpn_channels=16) for _ in range(3)]
    cml = CML(*nets)
    cml(_det_batch()).loss.backward()
    assert all(net.head.binarize.conv1.weight.grad is not None for net in nets[1:])
    assert student_of(cml) is nets[1] and student_of(cml, "Student2") is nets[2] and not nets[1].training
    with pytest.raises(ValueError, match="known are"):
        student_of(cml, "Teacher")


def test_distillation_and_mutual_learning_are_parts_of_cml():
    nets = [db_mobile(fpn_channels=16) for _ in range(3)]
    whole, alone, together = CML(*nets), standard_distillation(*nets[:2]), mutual_learning(*nets[1:])
    for strategy in (whole, alone, together):
        strategy.trained.eval()  # the same batch statistics for all three
    maps = [_maps(i) for i in range(3)]
    for net, answer in zip(nets, maps, strict=True):
        net.forward = lambda x, answer=answer: (answer, None)
    parts = {k: float(v) for k, v in whole(_det_batch()).parts.items()}
    for strategy, names in (
        (alone, {"dila_Student_Teacher", "db_Student"}),
        (together, {"dml_Student_Student2", "db_Student", "db_Student2"}),
    ):
        assert {k: float(v) for k, v in strategy(_det_batch()).parts.items()} == {k: parts[k] for k in names}
    assert student_of(alone) is nets[1] and student_of(together, "Student2") is nets[2]


def test_a_poor_teacher_is_refused():
    CML.check_teacher(0.8, 0.7)
    with pytest.raises(ValueError, match="are the teacher's weights loaded"):
        CML.check_teacher(0.0, 0.0)


def test_distances_by_hand():
    a, b = paddle.to_tensor([0.0, 0.0]), paddle.to_tensor([0.5, 3.0])
    assert float(distance(a, b, "l2")) == pytest.approx((0.25 + 9) / 2)
    assert float(distance(a, b, "l1")) == pytest.approx(1.75)
    assert float(distance(a, b, "smooth_l1")) == pytest.approx((0.125 + 2.5) / 2)
    with pytest.raises(ValueError, match="known are"):
        DistanceTerm([("a", "b")], mode="l3")


def _rec_batch():
    return RecBatch(
        _rand(2, 3, 32, 64), paddle.to_tensor([[1, 2], [3, 0]], "int32"), paddle.to_tensor([2, 1])
    )


@pytest.mark.parametrize("names", [("Teacher", "Student"), ("Teacher", "Student", "Student2")])
def test_udml_learns_in_all_nets(names):
    udml = UDML({name: crnn_lcnet(7) for name in names})
    result = udml(_rec_batch())
    pairs = len(names) * (len(names) - 1) // 2
    assert sum(k.startswith("ctc") for k in result.parts) == len(names)
    assert (
        sum(k.startswith("dml") for k in result.parts)
        == sum(k.startswith("l2") for k in result.parts)
        == pairs
    )
    assert float(result.loss) == pytest.approx(sum(map(float, result.parts.values())), rel=1e-5)
    result.loss.backward()
    assert all(net.head.fc2.weight.grad is not None for net in udml.nets.values())


def test_udml_refused():
    with pytest.raises(ValueError, match="at least two"):
        UDML({"Student": crnn_lcnet(7)})
    with pytest.raises(ValueError, match="known are"):
        UDML({"A": crnn_lcnet(7), "B": crnn_lcnet(7)})
