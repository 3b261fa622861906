"""Rows that are left after each stage."""

import paddle

from ppocr_lessons.rec.feature_stride import AFTER, BEFORE, heights, rec_backbone


def test_heights_by_hand():
    assert heights(BEFORE) == [16, 8, 4, 2, 1, 1]
    assert heights(AFTER) == [16, 16, 8, 4, 2, 1]


def test_heights_are_those_of_the_net():
    for strides in (BEFORE, AFTER):
        net, rows = rec_backbone(strides), []
        x = net.conv1(paddle.zeros([1, 3, 32, 64]))
        for unit in net.blocks:
            rows.append(x.shape[2])
            x = unit(x)
        assert list(dict.fromkeys([*rows, x.shape[2]])) == list(dict.fromkeys(heights(strides)[:-1]))
        assert net.pool(net.conv2(x)).shape[2] == heights(strides)[-1]
