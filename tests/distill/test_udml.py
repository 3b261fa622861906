"""U-DML: losses and gradients against double precision without Paddle, outputs by name, and wrong pairs and sizes."""

import numpy as np
import paddle
import pytest

from ppocr_lessons.datasets.batches import RecBatch
from ppocr_lessons.distill import udml
from ppocr_lessons.distill.dml import MapDMLTerm, SequenceDMLTerm
from ppocr_lessons.distill.udml import (
    UDML,
    DistanceTerm,
    mutual_learning,
    outputs_by_key,
    standard_distillation,
)
from ppocr_lessons.losses.combined import Combined, NetOutput, Weighted, checked_pairs
from ppocr_lessons.losses.ctc_loss import CTCTerm
from ppocr_lessons.rec.crnn import CRNNFeatures, crnn_lcnet, crnn_mobile

LABELS, LENGTHS, STEPS, CLASSES = [[1, 2], [3, 0]], [2, 1], 5, 4


def _batch(width=20):
    images = paddle.to_tensor(np.random.default_rng(0).random((2, 3, 32, width)).astype(np.float32))
    return RecBatch(images, paddle.to_tensor(LABELS, "int32"), paddle.to_tensor(LENGTHS))


class Fixed(paddle.nn.Layer):
    """A recognizer with fixed outputs."""

    def __init__(self, logits, backbone, neck=None):
        super().__init__()
        self.given = logits, CRNNFeatures(backbone, neck, None)

    def forward(self, x):
        return self.given


def _arrays(names, seed=3):
    rng = np.random.default_rng(seed)
    return {
        name: {
            "logits": 2 * rng.normal(size=(2, STEPS, CLASSES)),
            "backbone": rng.normal(size=(2, 3, 1, STEPS)),
        }
        for name in names
    }


def _softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def _ctc(probs, label):
    """-ln P(label): the forward algorithm over blank, label, blank, label, blank."""
    path = [0, *(c for character in label for c in (character, 0))]
    alpha = np.zeros(len(path))
    alpha[:2] = probs[0, path[0]], probs[0, path[1]]
    for step in probs[1:]:
        before = alpha.copy()
        for s, character in enumerate(path):
            alpha[s] = before[s] + (before[s - 1] if s else 0)
            if s > 1 and character and character != path[s - 2]:
                alpha[s] += before[s - 2]
            alpha[s] *= step[character]
    return -np.log(alpha[-2:].sum())


def _parts(arrays, weights):
    ctc, dml, feats = weights
    names, parts = list(arrays), {}
    probs = {name: _softmax(a["logits"]) for name, a in arrays.items()}
    for name in names:
        lines = [_ctc(p, label[:n]) for p, label, n in zip(probs[name], LABELS, LENGTHS, strict=True)]
        parts[f"ctc_{name}"] = ctc * np.mean(lines)
    for i, a in enumerate(names):
        for b in names[i + 1 :]:
            p, q = probs[a] + 1e-10, probs[b] + 1e-10
            parts[f"dml_{a}_{b}"] = dml * ((p - q) * (np.log(p) - np.log(q))).sum() / (2 * len(p))
            parts[f"l2_{a}_{b}"] = feats * ((arrays[a]["backbone"] - arrays[b]["backbone"]) ** 2).mean()
    return parts


@pytest.mark.parametrize("names", [("Student", "Teacher"), ("Student", "Student2", "Teacher")])
@pytest.mark.parametrize("weights", [(1.0, 1.0, 1.0), (2.0, 0.5, 30.0)])
def test_losses_and_gradients_in_double_precision(names, weights):
    arrays = _arrays(names)
    leaves = {
        name: {
            key: paddle.to_tensor(value.astype(np.float32), stop_gradient=False) for key, value in own.items()
        }
        for name, own in arrays.items()
    }
    nets = {name: Fixed(own["logits"], own["backbone"]) for name, own in leaves.items()}
    result = UDML(nets, weights=weights)(_batch())
    assert {k: float(v) for k, v in result.parts.items()} == pytest.approx(_parts(arrays, weights), rel=1e-4)
    result.loss.backward()
    for name, own in arrays.items():
        for key, array in own.items():
            expected = np.empty_like(array)
            for place in np.ndindex(*array.shape):
                kept, sums = array[place], []
                for moved in (kept + 1e-5, kept - 1e-5):
                    array[place] = moved
                    sums.append(sum(_parts(arrays, weights).values()))
                array[place] = kept
                expected[place] = (sums[0] - sums[1]) / 2e-5
            found = leaves[name][key].grad.numpy()
            np.testing.assert_allclose(
                found, expected, atol=2e-5 * np.abs(expected).max(), err_msg=f"{name} {key}"
            )


def test_every_weight_changes_the_gradient_of_the_student():
    def gradient(weights):
        leaves = {
            n: [
                paddle.to_tensor(a[k].astype(np.float32), stop_gradient=False) for k in ("logits", "backbone")
            ]
            for n, a in _arrays(("Student", "Teacher")).items()
        }
        UDML({n: Fixed(*own) for n, own in leaves.items()}, weights=weights)(_batch()).loss.backward()
        return np.concatenate([leaf.grad.numpy().ravel() for leaf in leaves["Student"]])

    base = gradient((1.0, 1.0, 1.0))
    for place in range(3):
        only = gradient(tuple(float(i == place) for i in range(3)))
        doubled = gradient(tuple(1.0 + (i == place) for i in range(3)))
        assert np.abs(only).max() > 1e-3
        np.testing.assert_allclose(doubled, base + only, rtol=1e-4, atol=1e-6)


def test_outputs_have_the_names_of_the_chapter():
    assert udml.KEYS == ("backbone_out", "neck_out", "head_out")
    output = NetOutput(*crnn_lcnet(7)(_batch(64).images))
    named = outputs_by_key(output)
    assert {key: tensor.shape for key, tensor in named.items()} == {
        "backbone_out": [2, 512, 1, 16], "neck_out": [2, 16, 128], "head_out": [2, 16, 7],
    }  # fmt: skip
    assert named["head_out"] is output.answer and named["neck_out"] is output.feats.neck


def test_the_key_selects_what_is_compared():
    rng = np.random.default_rng(5)
    tensors = [paddle.to_tensor(rng.random((2, 5, 6)).astype(np.float32)) for _ in range(6)]
    outputs = {
        name: NetOutput(logits, CRNNFeatures(backbone, neck, None))
        for name, (logits, backbone, neck) in (("a", tensors[:3]), ("b", tensors[3:]))
    }
    for key, place in (("backbone_out", 1), ("neck_out", 2), ("head_out", 0)):
        (part,) = DistanceTerm([("a", "b")], key=key)(outputs, None).values()
        expected = ((tensors[place].numpy() - tensors[3 + place].numpy()) ** 2).mean()
        assert float(part) == pytest.approx(float(expected), rel=1e-5)
    with pytest.raises(ValueError, match="key is 'feats'; known are"):
        DistanceTerm([("a", "b")], key="feats")


def test_standard_distillation_trains_the_student_alone():
    arrays = _arrays(("Teacher", "Student"))
    leaves = {
        n: [paddle.to_tensor(a[k].astype(np.float32), stop_gradient=False) for k in ("logits", "backbone")]
        for n, a in arrays.items()
    }
    strategy = standard_distillation(*(Fixed(*leaves[n]) for n in ("Teacher", "Student")))
    expected = _parts(arrays, (1, 1, 1))
    found = {k: float(v) for k, v in strategy(_batch()).parts.items()}
    assert found == pytest.approx(
        {"ctc_Student": expected["ctc_Student"], "dml_Student_Teacher": expected["dml_Teacher_Student"]},
        rel=1e-4,
    )
    assert strategy.frozen == ("Teacher",) and strategy.net is strategy.nets["Student"]


def test_mutual_learning_is_udml_without_features():
    arrays = _arrays(("A", "B", "C"))
    nets = {
        n: Fixed(*(paddle.to_tensor(a[k].astype(np.float32)) for k in ("logits", "backbone")))
        for n, a in arrays.items()
    }
    found = mutual_learning(nets, main="B")
    expected = {k: v for k, v in _parts(arrays, (1, 1, 1)).items() if not k.startswith("l2")}
    assert {k: float(v) for k, v in found(_batch()).parts.items()} == pytest.approx(expected, rel=1e-4)
    assert found.net is nets["B"] and not found.frozen


def _fixed(classes=CLASSES, width=3, steps=STEPS):
    return Fixed(paddle.zeros([2, steps, classes]), paddle.zeros([2, width, 1, steps]))


@pytest.mark.parametrize(
    ("term", "words"),
    [
        (
            lambda: SequenceDMLTerm([("Student", "Techer")]),
            r"SequenceDMLTerm\) uses nets \['Techer'\]; known are",
        ),
        (lambda: DistanceTerm([("Student2", "Teacher")]), r"DistanceTerm\) uses nets \['Student2'\]"),
        (
            lambda: CTCTerm(["Student", "Pupil"]),
            r"CTCTerm\) uses nets \['Pupil'\]; known are \['Student', 'Teacher'\]",
        ),
    ],
)
def test_a_term_over_a_net_that_is_not_there_is_named(term, words):
    terms = [Weighted(1.0, CTCTerm(["Student"])), Weighted(1.0, term())]
    with pytest.raises(ValueError, match="term 1 .*" + words):
        UDML({"Student": _fixed(), "Teacher": _fixed()}, terms=terms)


def test_a_term_without_names_is_accepted():
    strategy = Combined(
        {"Model": _fixed()}, [Weighted(2.0, lambda outputs, batch: {"one": paddle.ones([])})], main="Model"
    )
    assert float(strategy(_batch()).loss) == 2


@pytest.mark.parametrize("kind", [SequenceDMLTerm, DistanceTerm, MapDMLTerm])
@pytest.mark.parametrize(
    ("pairs", "words"),
    [
        (("Student", "Teacher"), "'Student' is not a pair of names"),
        ([("Student", "Teacher", "Third")], "is not a pair of names"),
        ([("Student",)], "is not a pair of names"),
        ([("Student", "Student")], "'Student' is paired with itself"),
    ],
)
def test_wrong_pairs_are_named(kind, pairs, words):
    with pytest.raises(ValueError, match=words):
        kind(pairs)


def test_pairs_may_be_lists():
    assert checked_pairs([["a", "b"], ("b", "c")]) == [("a", "b"), ("b", "c")]


def test_nets_with_other_classes_are_refused_before_any_loss():
    strategy = UDML({"Student": crnn_mobile(7), "Teacher": crnn_mobile(3)})
    with pytest.raises(
        ValueError, match=r"numbers of classes, {'Student': 7, 'Teacher': 3}; they need one alphabet"
    ):
        strategy(_batch(32))  # label 3 is no class of the teacher
    distillation = standard_distillation(_fixed(classes=9), _fixed())
    with pytest.raises(
        ValueError, match=r"logits .*'Student' has the shape \[2, 5, 4\] and 'Teacher' \[2, 5, 9\]"
    ):
        distillation(_batch())


@pytest.mark.parametrize("width", [1, 2])  # a width of 1 would be broadcast without an error
def test_features_of_other_widths_are_refused(width):
    strategy = UDML({"Student": _fixed(), "Teacher": _fixed(width=width)})
    with pytest.raises(
        ValueError,
        match=rf"backbone_out: 'Student' has the shape \[2, 3, 1, 5\] and 'Teacher' \[2, {width}, 1, 5\]",
    ):
        strategy(_batch())


def test_nets_with_other_time_steps_are_refused():
    with pytest.raises(ValueError, match=r"logits .*'Teacher' \[2, 1, 4\]; only tensors of the same shape"):
        mutual_learning({"Student": _fixed(), "Teacher": _fixed(steps=1)})(_batch())


def test_maps_of_other_sizes_are_refused():
    outputs = {
        name: NetOutput(type("Maps", (), {"prob": paddle.full([2, 1, size, 8], 0.5)}), None)
        for name, size in (("a", 8), ("b", 1))
    }
    with pytest.raises(
        ValueError, match=r"probability maps: 'a' has the shape \[2, 1, 8, 8\] and 'b' \[2, 1, 1, 8\]"
    ):
        MapDMLTerm([("a", "b")])(outputs, None)


def test_one_net_under_two_names_is_refused():
    net = _fixed()
    with pytest.raises(ValueError, match="same network has two names"):
        UDML({"Student": net, "Teacher": net})
