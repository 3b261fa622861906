"""Blocks: constants that copies elsewhere have lost, and rejections."""

import numpy as np
import paddle
import pytest

from ppocr_lessons.backbones.blocks import ConvBN, SEModule, make_divisible
from ppocr_lessons.backbones.mobilenet_v3 import DetMobileNetV3
from ppocr_lessons.backbones.pp_lcnet import PPLCNet


@pytest.mark.parametrize(
    ("width", "expected"), [(12, 16), (8, 8), (5.6, 8), (36, 40), (33, 32), (3, 8), (16 * 0.35, 8)]
)
def test_make_divisible(width, expected):
    assert make_divisible(width) == expected


def _slopes(net):
    return {round(layer.slope, 4) for layer in net.sublayers() if isinstance(layer, SEModule)}


def test_gates_have_the_slopes_of_their_backbones():
    assert _slopes(DetMobileNetV3()) == {0.2}
    assert _slopes(PPLCNet()) == {0.1667}


def test_gate_by_hand():
    se = SEModule(4, reduction=4, slope=0.2)
    for layer, weight, bias in ((se.conv1, 1.0, 0.0), (se.conv2, 2.0, 0.25)):
        layer.weight.set_value(np.full(layer.weight.shape, weight, np.float32))
        layer.bias.set_value(np.full(layer.bias.shape, bias, np.float32))
    x = paddle.full(
        [1, 4, 3, 3], 0.1
    )  # squeezed 0.4, expanded 2 * 0.4 + 0.25 = 1.05, 0.2 * 1.05 + 0.5 = 0.71
    assert se.gate(x).numpy().ravel() == pytest.approx([0.71] * 4)
    assert se(x).numpy().ravel() == pytest.approx([0.071] * 36)


def test_wrong_activation_and_width():
    with pytest.raises(ValueError, match="act is 'swish'"):
        ConvBN(3, 8, 3, act="swish")
    with pytest.raises(ValueError, match="keeps the number of channels"):
        ConvBN(3, 8, 3, depthwise=True)
