"""The figure of operations names what it draws."""

import pytest

from ppocr_lessons.bench.onednn_profile import Operation
from ppocr_lessons.viz.operations import show_operations

OPS = [
    Operation("1x1", "1 x 1, 16 -> 32 channels on 4 x 160", 2_000_000, 0.25),
    Operation("depthwise", "3 x 3, 16 -> 16 channels on 4 x 160", 500_000, 0.125),
    Operation("rest", "reorder 1x3x32x320", 0, 0.5),
]


def test_sums_are_in_the_description():
    image = show_operations({"one": OPS, "two": OPS[:2] * 2})
    assert image.data[:4] == b"\x89PNG"
    assert "ms in oneDNN: one 0.875, two 0.75" in image.alt and "million MACs: one 2.5, two 5" in image.alt


def test_without_onednn_there_is_nothing_to_draw():
    with pytest.raises(ValueError, match=r"no operations of \['two'\]"):
        show_operations({"one": OPS, "two": []})
