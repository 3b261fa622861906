"""Parameters of the head."""

import pytest

from ppocr_lessons.rec.light_head import CTCHead, head_parameters


def test_parameters_of_the_chapter_by_hand():
    assert head_parameters(256, 6625) == {
        "last layer, forward half": 256 * 6625,
        "last layer, backward half": 256 * 6625 + 6625,
    }
    assert head_parameters(64, 6625, 96) == {"middle layer": 129 * 96, "last layer": 97 * 6625}


@pytest.mark.parametrize("middle", [None, 5])
def test_the_formula_counts_the_layers(middle):
    head = CTCHead(2 * 7, 11, mid_channels=middle)
    assert sum(head_parameters(7, 11, middle).values()) == sum(p.size for p in head.parameters())


@pytest.mark.parametrize("factor", [-1e-5, float("nan")])
def test_a_negative_decay_of_the_head_is_refused(factor):
    with pytest.raises(ValueError, match=f"fc_decay is {factor}; 0 or more is needed"):
        CTCHead(96, 7, fc_decay=factor)
