"""The recorded pruning run takes its ratios from the sensitivity analysis."""

import pytest

from ppocr_lessons.bench.fpgm import parameters_left, ratios_for_size, uniform_ratios
from ppocr_lessons.det.dbnet import db_mobile
from ppocr_lessons.training.tensor_files import count_parameters

LOSSES = {
    "backbone.stage3.1.expand_conv": {0.25: 0.001, 0.5: 0.004},
    "backbone.stage3.2.expand_conv": {0.25: 0.002, 0.5: 0.3},
    "head.binarize.conv1": {0.25: 0.5, 0.5: 0.6},
}
"""Losses of three groups; only the first two have parameters worth removing."""


@pytest.fixture(scope="module")
def net():
    return db_mobile()


def test_the_smallest_allowance_that_is_enough_is_taken(net):
    whole = count_parameters(net)
    first = parameters_left(net, {"backbone.stage3.1.expand_conv": 0.25})
    both = parameters_left(net, dict.fromkeys(list(LOSSES)[:2], 0.25))
    assert both < first < whole
    assert ratios_for_size(net, LOSSES, left=first / whole) == (
        0.001,
        {"backbone.stage3.1.expand_conv": 0.25},
    )
    allowed, ratios = ratios_for_size(net, LOSSES, left=both / whole)
    assert (allowed, ratios) == (0.002, dict.fromkeys(list(LOSSES)[:2], 0.25))
    allowed, ratios = ratios_for_size(net, LOSSES, left=(both - 1) / whole)
    assert allowed == 0.004 and ratios["backbone.stage3.1.expand_conv"] == 0.5
    assert count_parameters(net) == whole, "the net is left alone"


def test_a_sensitive_group_keeps_its_channels(net):
    _, ratios = ratios_for_size(net, LOSSES, left=0.97)
    assert "head.binarize.conv1" not in ratios


def test_too_small_a_target_is_refused_with_what_can_be_reached(net):
    with pytest.raises(ValueError, match=r"leave 0\.\d\d of the parameters; 0\.1 is wanted"):
        ratios_for_size(net, LOSSES, left=0.1)
    with pytest.raises(ValueError, match=r"leave 1\.00 of the parameters"):
        ratios_for_size(net, {}, left=0.5)


def test_uniform_ratios_leave_narrow_groups_of_the_backbone_alone(net):
    ratios = uniform_ratios(net, backbone=0.2, rest=0.4)
    assert "backbone.conv" not in ratios
    assert ratios["backbone.stage3.3"] == 0.2 and ratios["neck.in2_conv"] == 0.4
