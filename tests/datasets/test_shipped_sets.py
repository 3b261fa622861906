"""The small data sets that come with the repository."""

import json
import pathlib

import numpy as np
import pytest

from ppocr_lessons.datasets.corpus import chinese_characters
from ppocr_lessons.datasets.pictures import read_picture
from ppocr_lessons.rec.ctc import ENGLISH

DATA = pathlib.Path(__file__).parents[2] / "data"
COUNTS = {"det_en": 24, "det_zh": 8, "rec_en": 300, "rec_zh": 240, "cls_en": 240}


@pytest.mark.parametrize(("name", "count"), COUNTS.items())
def test_every_label_has_its_picture(name, count):
    rows = [r.split("\t") for r in (DATA / name / "label.txt").read_text(encoding="utf-8").splitlines()]
    assert len(rows) == count
    assert {r[0] for r in rows} == {f"images/{p.name}" for p in (DATA / name / "images").iterdir()}
    for picture, label in rows[:40]:
        image = read_picture(DATA / name / picture)
        if name.startswith("det"):
            for box in json.loads(label):
                points = np.array(box["points"])
                assert (points >= -1).all() and (points <= np.array(image.shape[1::-1]) + 1).all()
        elif name == "rec_en":
            assert set(label) <= set(ENGLISH + " ")
        elif name == "rec_zh":
            assert set(label) <= set(chinese_characters() + "0123456789")
        else:
            assert label in ("0", "180")


def test_all_together_are_small():
    assert sum(p.stat().st_size for p in DATA.rglob("*") if p.is_file()) < 15e6
