"""Figures and the table of chapter 2.2."""

import numpy as np
import pytest

from ppocr_lessons.viz import augmentations as figures

LINE = np.zeros((30, 90, 3), np.uint8)
LINE[10:20, 20:70] = 200


@pytest.mark.parametrize("name", figures.CHAPTER_BDA)
def test_stronger_operations_change_more(name):
    low, high = (figures.CHAPTER_BDA[name][i] for i in (2, 3))
    changes = [
        np.abs(figures.chapter_bda(LINE, name, strength).astype(int) - LINE).mean()
        for strength in (low, high)
    ]
    assert 0 < changes[0] < changes[1]


def test_figures_say_what_they_show():
    rows = figures.show_rows({"crop": {"2": LINE, "5": LINE}, "blur": {"off": LINE, "on": LINE}})
    assert "crop: 2, 5; blur: off, on" in rows.alt
    images = np.zeros((2, 3, 30, 90), np.float32)
    mixed = figures.show_mixed(images, np.array([[0.25, 0.75], [1, 0]]), ["0", "180"], "Mixup")
    assert "0: 0.25, 180: 0.75; 0: 1.00, 180: 0.00" in mixed.alt


def test_rows_that_were_not_recorded_have_a_dash():
    recorded = {"table": [{"row": "bda", "acc": 0.9, "spread": 0.05, "worn": 0.6, "seeds": [7, 8]}]}
    table = figures.accuracy_table(recorded, ["none", "bda"], {"none": 0.8879}).data
    assert "| none | – | – | – | 0 | 0.8879 |" in table
    assert "| bda | 0.900 | 0.050 | 0.600 | 2 | – |" in table
