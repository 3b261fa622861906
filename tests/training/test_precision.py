"""Mixed precision stops where the nets end: losses see float32."""

import contextlib
from typing import NamedTuple

import paddle
import pytest

from ppocr_lessons.det.db_head import MapBranch, db_step
from ppocr_lessons.training.precision import half_precision_nets, in_float32


class Answer(NamedTuple):
    """What a net gives."""

    maps: paddle.Tensor
    nothing: object
    feats: dict


class Half(paddle.nn.Layer):
    """A net whose answers are of half precision inside of auto_cast, as on a GPU."""

    def __init__(self, log):
        super().__init__()
        self.log = log

    def forward(self, x):
        half = x.astype(self.log[-1]) if self.log else x
        return Answer(half, None, {"a": [half, half.astype("int64")]})


@pytest.fixture
def log(monkeypatch):
    """auto_cast as a list of the dtypes that hold: on a CPU Paddle's own does nothing."""
    held = []

    @contextlib.contextmanager
    def auto_cast(*, dtype):
        held.append(dtype)
        yield
        held.pop()

    monkeypatch.setattr(paddle.amp, "auto_cast", auto_cast)
    return held


@pytest.mark.parametrize("precision", ["fp16", "bf16"])
def test_a_net_runs_in_half_precision_and_answers_in_float32(log, precision):
    net = Half(log)
    seen = []
    forward = net.forward
    net.register_forward_pre_hook(lambda layer, inputs: seen.append("outside" if not log else "inside"))
    with half_precision_nets([net, net], precision):
        answer = net(paddle.full([2], 0.1))
        assert log == []  # what follows, the loss, is outside
    assert seen == ["outside"]
    assert isinstance(answer, Answer) and answer.maps.dtype == paddle.float32 and answer.nothing is None
    assert answer.feats["a"][0].dtype == paddle.float32 and answer.feats["a"][1].dtype == paddle.int64
    assert float(answer.maps[0]) != pytest.approx(0.1, rel=1e-6), "it went through half precision"
    assert net.forward == forward


def test_float32_runs_are_left_as_they_are(log):
    net = Half(log)
    with half_precision_nets([net], "fp32"):
        assert "forward" not in vars(net)


def test_a_net_that_fails_is_put_back(log):
    net = Half(log)
    with pytest.raises(RuntimeError), half_precision_nets([net], "fp16"):
        raise RuntimeError
    assert "forward" not in vars(net)


def test_float32_is_not_copied():
    tensor = paddle.ones([2])
    assert in_float32(tensor) is tensor


class HalfLayer(paddle.nn.Layer):
    """A layer that answers in float16, as a convolution under auto_cast does on a GPU."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def forward(self, x):
        return self.layer(x).astype("float16")


def test_the_maps_of_the_detector_are_float32_and_so_is_the_step():
    branch = MapBranch(16)
    branch.conv3 = HalfLayer(branch.conv3)
    maps = branch(paddle.rand([1, 16, 8, 8]))
    assert maps.dtype == paddle.float32 and db_step(maps, maps).dtype == paddle.float32
