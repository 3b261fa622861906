"""The small data sets that come with the repository."""

import json
import pathlib

import numpy as np
import pytest

from ppocr_lessons.datasets.pictures import read_picture
from ppocr_lessons.datasets.shipped import shipped_page
from ppocr_lessons.datasets.synthetic.corpus import chinese_characters
from ppocr_lessons.datasets.synthetic.pages import page_at
from ppocr_lessons.rec.alphabet import ENGLISH

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


def test_a_page_at_its_own_size_and_smaller():
    page = shipped_page(DATA / "det_en", 3)
    small = shipped_page(DATA / "det_en", 3, side=320)
    assert page.image.shape == (640, 640, 3) and small.image.shape == (320, 320, 3)
    assert len(page.polygons) == len(page.texts) > 5 and page.polygons.dtype == np.float32
    np.testing.assert_allclose(small.polygons * 2, page.polygons, atol=1e-3)
    # The text is where the polygon says: its ink differs from its surroundings.
    x, y = page.polygons[0].mean(0).astype(int)
    assert page.image[y - 8 : y + 8, x - 30 : x + 30].std() > 5


@pytest.mark.parametrize("index", [-1, 24])
def test_a_page_that_is_not_there(index):
    with pytest.raises(IndexError, match=f"no page {index}; known are pages 0 to 23"):
        shipped_page(DATA / "det_en", index)


def test_the_sets_are_what_their_commands_draw():
    """data/README's commands, on this machine: the same texts, and pictures that differ by rounding alone."""
    drawn = page_at(101, 3)
    shipped = shipped_page(DATA / "det_en", 3)
    assert drawn.texts == shipped.texts
    np.testing.assert_allclose(drawn.polygons, shipped.polygons, atol=1.5)
    assert np.abs(drawn.image.astype(int) - shipped.image).mean() < 6
