"""Figures of RecAug: shares of draws against their probabilities, and changes by hand."""

import numpy as np
import pytest

from ppocr_lessons.augment.bda import BDA, BDADraw, RecAug
from ppocr_lessons.viz import rec_augmentation as figures

LINE = np.full((32, 100, 3), 120, np.uint8)
BDA_NAMES = ("crop_prob", "reverse_prob", "noise_prob", "jitter_prob", "blur_prob", "hsv_aug_prob")


@pytest.mark.parametrize("name", BDA_NAMES)
def test_every_probability_of_bda_is_effective_and_no_other(name):
    found = figures.draw_shares(
        RecAug(tia_prob=0, **(dict.fromkeys(BDA_NAMES, 0.0) | {name: 1.0})), LINE, 40, 1
    )
    assert {key for key, share in found.items() if share} == {name} and found[name] == 1


def test_bends_come_together_or_one_by_one():
    together = figures.draw_shares(RecAug(tia_prob=0.5), LINE, 400, 1)
    assert together["1 bend"] == together["2 bends"] == 0 and abs(together["3 bends"] - 0.5) < 0.1
    alone = figures.draw_shares(RecAug(aug_prob=0.5), LINE, 400, 1)
    # Three independent operations: one with 3/8, two with 3/8, all with 1/8.
    for name, share in (("1 bend", 0.375), ("2 bends", 0.375), ("3 bends", 0.125)):
        assert abs(alone[name] - share) < 0.1


def test_changes_of_the_input_by_hand():
    assert figures.input_change(LINE, LINE).max() == 0
    brighter = LINE.copy()
    brighter[:, :50, 1] += 7
    change = figures.input_change(LINE, brighter)
    assert change.shape == (32, 100) and (change[:, :50] == 7).all() and (change[:, 50:] == 0).all()
    cut = BDA.apply(LINE, BDADraw(crop=5))
    assert cut.shape[0] == 27 and figures.input_change(LINE, cut).shape == (32, 100)


def test_figures_say_what_they_show():
    assert "new: crop_prob 0.40" in figures.show_shares({"new": {"crop_prob": 0.4}}).alt
    assert (
        "inverted at most 15, mean 15.0"
        in figures.show_effects(LINE, {"inverted": 255 - LINE, "same": LINE}).alt
    )
    assert "stretch 0.90, 0.40" in figures.show_readings({"stretch": [0.9, 0.4]}, [0, 2], 50).alt
    scores = figures.show_scores({"TIA": {"as they are": 0.8, "bent": 0.5}}, {"as they are": 50, "bent": 100})
    assert "of 50 as they are, 100 bent. TIA: as they are 0.80, bent 0.50" in scores.alt
