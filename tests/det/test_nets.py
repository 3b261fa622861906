"""Pyramid and head, written out once more step by step."""

import numpy as np
import paddle
import paddle.nn.functional as F
import pytest

from ppocr_lessons.det.db_head import DBHead, db_step
from ppocr_lessons.det.dbfpn import DBFPN
from ppocr_lessons.det.dbnet import db_mobile

WIDTHS = (3, 5, 7, 9)


def _twice(x, factor=2):
    return F.interpolate(x, scale_factor=factor, mode="nearest")


def test_the_pyramid_adds_from_the_top_down_and_lays_side_by_side():
    neck = DBFPN(WIDTHS, 8)
    c2, c3, c4, c5 = (paddle.randn([2, w, s, s]) for w, s in zip(WIDTHS, (32, 16, 8, 4), strict=True))
    p5 = neck.in5_conv(c5)
    p4 = neck.in4_conv(c4) + _twice(p5)
    p3 = neck.in3_conv(c3) + _twice(p4)
    p2 = neck.in2_conv(c2) + _twice(p3)
    parts = [
        _twice(neck.p5_conv(p5), 8),
        _twice(neck.p4_conv(p4), 4),
        _twice(neck.p3_conv(p3)),
        neck.p2_conv(p2),
    ]
    np.testing.assert_allclose(neck((c2, c3, c4, c5)).numpy(), paddle.concat(parts, 1).numpy(), atol=1e-5)


def test_convolutions_of_the_pyramid():
    neck = DBFPN(WIDTHS, 8)
    shapes = {name: tuple(p.shape) for name, p in neck.named_parameters()}
    lateral = {f"in{level}_conv.weight": (8, w, 1, 1) for level, w in zip((2, 3, 4, 5), WIDTHS, strict=True)}
    assert shapes == lateral | {f"p{level}_conv.weight": (2, 8, 3, 3) for level in (5, 4, 3, 2)}
    assert list(shapes) == [*lateral, *(f"p{level}_conv.weight" for level in (5, 4, 3, 2))]


@pytest.mark.parametrize("width", [0, -4, 2, 6, 97])
def test_widths_that_are_no_multiples_of_four(width):
    for make in (lambda: DBFPN(WIDTHS, width), lambda: DBHead(width)):
        with pytest.raises(ValueError, match="a positive multiple of 4 is needed"):
            make()


def test_smallest_width():
    assert DBHead(4).binarize.conv1.weight.shape == [1, 4, 3, 3]


def test_the_branch_step_by_step():
    head = DBHead(16)
    head.eval()
    x, branch = paddle.randn([2, 16, 5, 7]), head.binarize
    y = F.relu(branch.conv_bn1(branch.conv1(x)))
    y = F.relu(branch.conv_bn2(branch.conv2(y)))
    prob = F.sigmoid(branch.conv3(y))
    maps = head(x)
    assert prob.shape == [2, 1, 20, 28] and maps.thresh is None and maps.binary is None
    np.testing.assert_allclose(maps.prob.numpy(), prob.numpy(), atol=1e-6)
    shapes = {name: tuple(p.shape) for name, p in branch.named_parameters() if p.ndim == 4}
    assert shapes == {
        "conv1.weight": (4, 16, 3, 3),
        "conv2.weight": (4, 4, 2, 2),
        "conv3.weight": (4, 1, 2, 2),
    }


def test_the_binary_map_is_the_step_of_the_other_two():
    head = DBHead(8, k=3)
    maps = head(paddle.randn([1, 8, 4, 4]))
    np.testing.assert_allclose(
        maps.binary.numpy(), 1 / (1 + np.exp(-3 * (maps.prob - maps.thresh).numpy())), rtol=1e-5
    )
    assert (maps.prob.numpy() != maps.thresh.numpy()).any()
    assert float(db_step(paddle.to_tensor(0.4), paddle.to_tensor(0.5))) == pytest.approx(
        1 / (1 + np.exp(5)), rel=1e-4
    )


def test_first_weights():
    head = DBHead(64)
    for norm in (head.binarize.conv_bn1, head.thresh.conv_bn2):
        assert (norm.weight.numpy() == 1).all() and norm.bias.numpy() == pytest.approx(1e-4)
    # 100 channels, 25 in each branch: biases are uniform within 1 / sqrt(25).
    biases = np.concatenate([DBHead(100).binarize.conv2.bias.numpy() for _ in range(20)])
    assert np.abs(biases).max() <= 0.2 and np.abs(biases).max() > 0.19


def test_intermediates_have_their_names():
    net = db_mobile(fpn_channels=16)
    net.eval()
    x = paddle.randn([1, 3, 64, 64])
    maps, feats = net(x)
    assert [f.shape[2] for f in feats.backbone] == [16, 8, 4, 2] and feats.neck.shape == [1, 16, 16, 16]
    np.testing.assert_allclose(net.head(net.neck(feats.backbone)).prob.numpy(), maps.prob.numpy(), atol=1e-6)
