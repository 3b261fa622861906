"""Names, counts, files and frozen parts of small nets."""

import hashlib

import numpy as np
import paddle
import pytest

from ppocr_lessons.training.tensor_files import (
    WeightsError,
    assign,
    count_parameters,
    load_weights,
    read_tensors,
    save_tensors,
    save_weights,
    sha256,
    state_of,
    unusable,
)
from ppocr_lessons.zoo.fine_tuning import Loaded, freeze, load_matching, read_weights


class Net(paddle.nn.Layer):
    """A backbone with a batch norm, an LSTM and a head."""

    def __init__(self, classes=4):
        super().__init__()
        self.backbone = paddle.nn.Sequential(paddle.nn.Conv2D(1, 2, 1), paddle.nn.BatchNorm2D(2))
        self.neck = paddle.nn.LSTM(2, 3)
        self.head = paddle.nn.Linear(3, classes)


def _arrays(net):
    return {k: v.numpy().copy() for k, v in state_of(net).items()}


def test_every_tensor_once_and_all_of_them_counted():
    net = Net()
    state = state_of(net)
    assert len({id(t) for t in state.values()}) == len(state) < len(net.state_dict())
    lstm = 4 * 3 * 2 + 4 * 3 * 3 + 2 * 4 * 3
    assert count_parameters(net) == (2 + 2) + 4 * 2 + lstm + (12 + 4)


def test_files_come_back(tmp_path):
    arrays = {"a": np.arange(6, dtype=np.float32).reshape(2, 3).T, "b": np.array([1], np.int64)}
    save_tensors(tmp_path / "t.safetensors", arrays, {"step": "3"})
    for name, array in read_tensors(tmp_path / "t.safetensors").items():
        np.testing.assert_array_equal(array, arrays[name])
    assert [p.name for p in tmp_path.iterdir()] == ["t.safetensors"]
    data = (tmp_path / "t.safetensors").read_bytes()
    assert sha256(tmp_path / "t.safetensors") == hashlib.sha256(data).hexdigest() and b'"step":"3"' in data
    one, two = Net(), Net()
    save_weights(one, tmp_path / "w.safetensors")
    assert load_weights(two, tmp_path / "w.safetensors") is two
    for name, array in _arrays(one).items():
        np.testing.assert_array_equal(array, _arrays(two)[name])
    with pytest.raises(WeightsError, match=r"none\.safetensors"):
        read_tensors(tmp_path / "none.safetensors")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda a: a.pop("head.bias"), r"missing \(1\): head.bias"),
        (lambda a: a.update(extra=np.zeros(1, np.float32)), r"unexpected \(1\): extra"),
        (
            lambda a: a.update({"head.bias": np.zeros(5, np.float32)}),
            r"misshapen \(1\): head.bias: \(5,\) in the file, \(4,\) in",
        ),
    ],
)
def test_what_does_not_fit_is_said_and_nothing_is_changed(change, said):
    net = Net()
    before, arrays = _arrays(net), {k: v + 1 for k, v in _arrays(net).items()}
    change(arrays)
    with pytest.raises(WeightsError, match=f"(?s)a file.*{said}"):
        assign(net, arrays, "a file")
    for name, array in _arrays(net).items():
        np.testing.assert_array_equal(array, before[name])


@pytest.mark.parametrize(
    ("values", "said"),
    [([np.nan] * 4, "nothing but NaN"), ([np.nan, 1, 2, 3], "25.0% of it NaN or infinite"),
     ([np.inf] * 4, "100.0% of it NaN or infinite"), ([1, 2, 3, 4], None)],
)  # fmt: skip
def test_values_that_are_no_numbers(values, said):
    assert unusable(np.array(values, np.float32), paddle.zeros([4])) == said
    assert unusable(np.array([1, 2]), paddle.zeros([2])) == "int64 in the file, float32 in the net"


def test_assigned_values_take_the_type_of_the_net():
    net = Net()
    assign(net, {k: (v * 0 + 2).astype(np.float64) for k, v in _arrays(net).items()}, "a file")
    assert net.head.weight.dtype == paddle.float32 and (net.head.weight.numpy() == 2).all()


def test_what_a_matching_load_did(tmp_path):
    donor, net = Net(7), Net(4)
    arrays = _arrays(donor)
    arrays["other"] = np.zeros(1, np.float32)
    del arrays["backbone.0.bias"]
    save_tensors(tmp_path / "w.safetensors", arrays)
    done = load_matching(net, tmp_path / "w.safetensors")
    assert done.missing == ["backbone.0.bias"] and done.unused == ["other"]
    assert done.misshapen == ["head.weight (3, 7) -> (3, 4)", "head.bias (7,) -> (4,)"]
    assert set(done.loaded) == set(_arrays(net)) - {"backbone.0.bias", "head.weight", "head.bias"}
    np.testing.assert_array_equal(net.backbone[0].weight.numpy(), donor.backbone[0].weight.numpy())
    said = done.report("w").splitlines()
    assert said[0] == f"w: {len(done.loaded)} entries loaded" and len(said) == 4


def test_reports_are_short():
    assert Loaded(["a"], [], [], []).report("w") == ""
    eight = Loaded([], [], [f"n{i}" for i in range(8)], []).report("w")
    nine = Loaded([], [], [f"n{i}" for i in range(9)], []).report("w")
    assert "not in the file" in eight and eight.endswith("n7") and nine.endswith("n7 ...") and "(9)" in nine
    assert "in the file, not in the net (1): x" in Loaded([], [], [], ["x"]).report("w")


def test_a_prefix_that_no_entry_has_is_left_alone(tmp_path):
    donor = Net()
    save_tensors(tmp_path / "w.safetensors", _arrays(donor))
    assert not load_matching(Net(), tmp_path / "w.safetensors", prefix="Student.").missing
    both = {f"Student.{k}": v for k, v in _arrays(donor).items()} | {
        f"Other.{k}": v * 0 for k, v in _arrays(donor).items()
    }
    save_tensors(tmp_path / "two.safetensors", both)
    net = Net()
    done = load_matching(net, tmp_path / "two.safetensors", prefix="Student.")
    assert not done.missing and not done.unused
    np.testing.assert_array_equal(net.head.weight.numpy(), donor.head.weight.numpy())


def test_a_folder_gives_its_best_weights(tmp_path):
    save_tensors(tmp_path / "model.safetensors", {"a": np.zeros(1, np.float32)})
    assert read_weights(tmp_path)["a"].tolist() == [0]
    save_tensors(tmp_path / "best.safetensors", {"a": np.ones(1, np.float32)})
    assert (
        read_weights(tmp_path)["a"].tolist() == [1]
        and read_weights(str(tmp_path / "model.safetensors"))["a"] == 0
    )
    (tmp_path / "empty").mkdir()
    with pytest.raises(WeightsError, match="without best"):
        read_weights(tmp_path / "empty")


def test_freezing_a_part_of_a_part():
    net = Net()
    assert freeze(net, ["backbone.0", "head.bias"]) == ["backbone.0.weight", "backbone.0.bias", "head.bias"]
    learning = {name for name, p in net.named_parameters() if not p.stop_gradient}
    assert {"backbone.1.weight", "backbone.1.bias", "head.weight", "neck.weight_ih_l0"} <= learning
    assert not learning & {"backbone.0.weight", "backbone.0.bias", "head.bias"}
    assert net.backbone[1]._use_global_stats is None
    assert freeze(net, ["backbone"]) == [n for n, _ in net.named_parameters() if n.startswith("backbone.")]
    assert net.backbone[1]._use_global_stats is True and not net.head.weight.stop_gradient
    with pytest.raises(ValueError, match=r"'back'; parts of the net are \['backbone', 'head', 'neck'\]"):
        freeze(net, ["back"])
