"""Defaults, refusals, frozen nets and shortcuts."""

import numpy as np
import paddle
import pytest

from ppocr_lessons.losses.center_loss import CenterLoss
from ppocr_lessons.losses.combined import Combined, NetOutput, Weighted
from ppocr_lessons.losses.ctc_loss import CTCTerm
from ppocr_lessons.losses.enhanced_ctc import CenterTerm, EnhancedCTC


def test_defaults(defaults_of):
    assert defaults_of(EnhancedCTC) == {"weight": 0.05, "ctc_weight": 1.0}
    assert defaults_of(CenterLoss) == {"centers": None}
    assert defaults_of(Combined) == {"frozen": ()}


class Net(paddle.nn.Layer):
    """One weight, one batch norm, and the answer as its own features."""

    def __init__(self, value):
        super().__init__()
        self.linear = paddle.nn.Linear(1, 1)
        self.linear.weight.set_value(np.full((1, 1), value, np.float32))
        self.linear.bias.set_value(np.zeros(1, np.float32))
        self.norm = paddle.nn.BatchNorm1D(1)

    def forward(self, x):
        answer = self.linear(x)
        return answer, answer


class Mean:
    """The mean answer of a net."""

    def __init__(self, name):
        self.name = name

    def __call__(self, outputs, batch):
        return {f"mean_{self.name}": outputs[self.name].answer.mean()}


class Batch:
    """A batch of ones."""

    images = paddle.ones([4, 1])


def test_weights_and_parts_add_up():
    nets = {"A": Net(2.0), "B": Net(3.0)}
    combined = Combined(nets, [Weighted(0.5, Mean("A")), Weighted(4.0, Mean("B"))], main="B")
    result = combined(Batch)
    assert {k: float(v) for k, v in result.parts.items()} == {"mean_A": 1.0, "mean_B": 12.0}
    assert float(result.loss) == 13.0 and set(result.outputs) == {"A", "B"} and combined.net is nets["B"]
    assert float(result.outputs["A"].answer.mean()) == 2.0
    trained = {id(p) for p in combined.trained.parameters()}
    assert trained == {id(p) for net in nets.values() for p in net.parameters()}


def test_a_single_net_is_trained_under_its_own_names():
    net = Net(2.0)
    assert Combined({"A": net}, [], main="A").trained is net


def test_frozen_nets_teach_and_learn_nothing():
    nets = {"A": Net(2.0), "B": Net(3.0)}
    combined = Combined(nets, [Weighted(1.0, Mean("A")), Weighted(1.0, Mean("B"))], main="A", frozen=["B"])
    combined.trained.train()
    assert nets["A"].training and not nets["B"].training
    assert all(p.stop_gradient for p in nets["B"].parameters())
    assert not any(p.stop_gradient for p in nets["A"].linear.parameters())
    assert {id(p) for p in combined.trained.parameters()} == {id(p) for p in nets["A"].parameters()}
    result = combined(Batch)
    assert result.outputs["B"].answer.stop_gradient and not result.outputs["A"].answer.stop_gradient
    result.loss.backward()
    assert nets["B"].linear.weight.grad is None and nets["A"].linear.weight.grad is not None


def test_a_shortcut_answers_in_place_of_its_net():
    combined = Combined({"A": Net(2.0), "B": Net(3.0)}, [Weighted(1.0, Mean("B"))], main="A", frozen=["B"])
    assert combined.shortcuts == {}
    combined.shortcuts["B"] = lambda images: NetOutput(images * 7, None)
    assert float(combined(Batch).loss) == 7.0


@pytest.mark.parametrize(
    ("options", "said"),
    [({"main": "C"}, r"\['C'\]"), ({"main": "A", "frozen": ["C"]}, r"\['C'\]"), ({"main": "A", "frozen": ["A", "B"]}, "at least one has to be trained")],
)  # fmt: skip
def test_refused(options, said):
    with pytest.raises(ValueError, match=said):
        Combined({"A": Net(1.0), "B": Net(1.0)}, [], **options)


def test_center_loss_over_lines_and_steps():
    centers = [[0.0, 0], [1, 1], [2, 4]]
    feats = np.array([[[1, 0], [1, 2]], [[2, 2], [0, 0]]], np.float32)
    logits = np.array([[[5, 0, 1], [0, 5, 1]], [[0, 1, 5], [3, 1, 1]]], np.float32)
    loss = CenterLoss(3, 2, centers=centers)(paddle.to_tensor(feats), paddle.to_tensor(logits))
    assert float(loss) == pytest.approx((1 + 1 + 4 + 0) / 4)


@pytest.mark.parametrize(("width", "classes"), [(3, 2), (1, 2), (2, 3), (2, 1)])
def test_center_loss_refuses_other_widths_or_classes(width, classes):
    loss = CenterLoss(2, 2)
    with pytest.raises(ValueError, match=f"features of {width} and {classes} classes; 2 and 2 are needed"):
        loss(paddle.ones([1, 1, width]), paddle.ones([1, 1, classes]))


def test_random_centers_differ_and_are_no_parameters():
    loss = CenterLoss(50, 20)
    assert loss.centers.shape == [50, 20] and 0.9 < loss.centers.numpy().std() < 1.1
    assert not loss.parameters() and "centers" in loss.state_dict()
    for centers in ([[1.0, 2]], [[1.0], [2]], [1.0, 2]):
        with pytest.raises(ValueError, match=r"\(2, 2\) is needed"):
            CenterLoss(2, 2, centers=centers)


def test_center_loss_and_its_gradient_are_those_of_numpy():
    """K classes, some without a center: the mean counts their time steps with a distance and a gradient of 0."""
    rng = np.random.default_rng(7)
    for classes, width, lines, steps in ((2, 1, 1, 1), (6, 3, 2, 5), (96, 96, 4, 20)):
        centers = rng.normal(size=(classes, width)).astype(np.float32)
        centers[rng.permutation(classes)[: classes // 3]] = np.nan
        feats = rng.normal(size=(lines, steps, width)).astype(np.float32)
        logits = rng.normal(size=(lines, steps, classes)).astype(np.float32)
        away = np.nan_to_num(feats - centers[logits.argmax(-1)])  # NaN where there is no center
        given = paddle.to_tensor(feats, stop_gradient=False)
        loss = CenterLoss(classes, width, centers=centers)(given, paddle.to_tensor(logits))
        loss.backward()
        np.testing.assert_allclose(float(loss), (away**2).sum(-1).mean(), rtol=1e-5, atol=1e-7)
        np.testing.assert_allclose(given.grad.numpy(), 2 * away / (lines * steps), rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("row", [[np.nan, 1.0], [np.inf, 1.0]])
def test_centers_that_are_partly_numbers_are_refused(row):
    with pytest.raises(ValueError, match=r"not finite.*row of NaN"):
        CenterLoss(2, 2, centers=[[0.0, 0.0], row])


def test_the_center_term_looks_at_the_head_of_its_net():
    class Feats:
        head = paddle.to_tensor([[[1.0, 0.0]]], "float64")

    outputs = {"A": NetOutput(paddle.to_tensor([[[0.0, 5.0]]], "float64"), Feats), "B": None}
    loss = CenterLoss(2, 2, centers=[[9, 9], [1, 3]])
    parts = CenterTerm("A", loss)(outputs, None)
    assert {k: float(v) for k, v in parts.items()} == {"center": 9.0} and parts[
        "center"
    ].dtype == paddle.float32


def test_enhanced_ctc_has_two_terms():
    center = CenterLoss(3, 2)
    enhanced = EnhancedCTC(Net(1.0), center, weight=0.25, ctc_weight=2.0)
    assert [term.weight for term in enhanced.terms] == [2.0, 0.25]
    assert [type(term.term) for term in enhanced.terms] == [CTCTerm, CenterTerm]
    assert enhanced.terms[1].term.loss is center and enhanced.terms[1].term.name == "Model"
