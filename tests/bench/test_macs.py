"""Multiply-accumulates, counted by hand."""

import paddle

from ppocr_lessons.backbones.blocks import ConvBN
from ppocr_lessons.bench.macs import count_macs, macs_by_part
from ppocr_lessons.det.dbnet import db_mobile


def test_a_convolution_a_depthwise_and_a_transposed_one():
    assert sum(count_macs(ConvBN(3, 8, 3, stride=2), (1, 3, 32, 32)).values()) == 16 * 16 * 8 * 3 * 9
    assert sum(count_macs(ConvBN(8, 8, 5, depthwise=True), (2, 8, 10, 12)).values()) == 2 * 10 * 12 * 8 * 25
    assert count_macs(paddle.nn.Conv2DTranspose(4, 6, 2, stride=2), (1, 4, 5, 5)) == {"": 25 * 4 * 6 * 4}


def test_linear_and_recurrent_layers():
    assert count_macs(paddle.nn.Linear(5, 7), (2, 3, 5)) == {"": 2 * 3 * 5 * 7}
    # Four gates, each from 6 inputs and 4 hidden numbers.
    assert count_macs(paddle.nn.LSTM(6, 4), (2, 3, 6)) == {"": 2 * 3 * 4 * 4 * (6 + 4)}


def test_parts_of_the_detector_and_their_growth():
    net = db_mobile()
    net.train()
    small, large = (macs_by_part(net, (1, 3, side, side)) for side in (64, 128))
    assert set(small) == {"backbone", "neck", "head"}
    assert large == {part: 4 * macs for part, macs in small.items()}
    assert net.training, "the net is left as it was"
    assert small["neck"] == 16 * 16 * 96 * 16 + 8 * 8 * 96 * 24 + 4 * 4 * 96 * 56 + 2 * 2 * 96 * 480 + sum(
        side**2 * 9 * 96 * 24 for side in (16, 8, 4, 2)
    )
