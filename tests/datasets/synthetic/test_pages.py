"""Synthetic pictures: the same from the same seed, and polygons on their text."""

import hashlib
import json
import pathlib
import shutil

import cv2
import numpy as np
import pytest

from ppocr_lessons.datasets.synthetic import corpus, fonts
from ppocr_lessons.datasets.synthetic.ink import Style, blend, set_text
from ppocr_lessons.datasets.synthetic.pages import line_at, page_at, render_line, word_at
from ppocr_lessons.datasets.synthetic.write import STYLES, write_set
from ppocr_lessons.rec.alphabet import ENGLISH

FONT_DIGEST = "0cac14c76e4fceb1d3d1358d35ed53cd3ce7b0871f72d5aa96e71da83961bded"
"""SHA-256 over the 39 files of the course, in the order of their names."""


@pytest.mark.parametrize("make", [line_at, word_at, page_at])
def test_same_seed_same_picture(make):
    first, again, other = make(3, 7), make(3, 7), make(3, 8)
    np.testing.assert_array_equal(first.image, again.image)
    assert first.image.dtype == np.uint8 and first.image.shape[2] == 3
    assert first.image.shape != other.image.shape or (first.image != other.image).any()


def test_english_text_is_in_the_alphabet():
    rng = np.random.default_rng(0)
    for limit in (1, 5, 40):
        for _ in range(50):
            line = corpus.english_line(rng, limit)
            assert 1 <= len(line) <= limit
            assert set(line) <= set(ENGLISH + " ")


def test_chinese_characters_are_gb2312_level_one():
    assert len(corpus.chinese_characters()) == 3747
    assert corpus.chinese_characters().startswith("啊阿埃")


def test_pages_have_their_polygons_inside_and_apart():
    for index in range(6):
        page = page_at(1, index, size=(320, 400))
        assert page.image.shape == (320, 400, 3)
        assert len(page.polygons) == len(page.texts)
        assert page.polygons.dtype == np.float32
        count = np.zeros((320, 400), np.uint8)
        for polygon in page.polygons:
            assert (polygon >= -1).all() and (polygon <= (401, 321)).all()
            one = np.zeros_like(count)
            cv2.fillPoly(one, [polygon.astype(np.int32)], 1)
            count += one
        assert (count > 1).mean() < 0.002


def test_polygon_surrounds_the_ink():
    image = np.full((100, 300, 3), 255, np.uint8)
    ink = set_text("Text", Style(fonts.font_paths()[0][0], 40))
    move = np.array([[1, 0, 50], [0, 1, 20], [0, 0, 1]], np.float64)
    quad = blend(image, ink, move, (0, 0, 0), 1.0)
    ys, xs = np.nonzero(image[..., 0] < 128)
    assert quad[0] == pytest.approx([50, 20])
    assert quad[:, 0].min() <= xs.min() and xs.max() <= quad[:, 0].max()
    assert quad[:, 1].min() <= ys.min() and ys.max() <= quad[:, 1].max()


def test_clean_lines_are_black_on_white():
    image = render_line(np.random.default_rng(0), "plain", clean=True).image
    assert image[0, 0].tolist() == [255, 255, 255] and image.min() < 60


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("kind", ["det", "rec", "cls"])
def test_written_sets(kind, style, tmp_path):
    labels = write_set(kind, tmp_path / "set", count=4, seed=5, size=(160, 160), style=style)
    rows = [line.split("\t") for line in labels.read_text(encoding="utf-8").splitlines()]
    assert len(rows) == 4
    for name, label in rows:
        assert cv2.imread(str(tmp_path / "set" / name)) is not None
        if kind == "det":
            for box in json.loads(label):
                assert len(box["points"]) == 4 and box["transcription"]
        elif kind == "cls":
            assert label in ("0", "180")
    with pytest.raises(ValueError, match="not empty"):
        write_set(kind, tmp_path / "set", count=1)


def test_unknown_kind_and_language(tmp_path):
    with pytest.raises(ValueError, match="kind is 'audio'"):
        write_set("audio", tmp_path, count=1)
    with pytest.raises(ValueError, match="language is 'xx'"):
        write_set("rec", tmp_path, count=1, language="xx")
    with pytest.raises(ValueError, match="style is 'comic'; known are print, photo"):
        write_set("rec", tmp_path, count=1, style="comic")
    with pytest.raises(ValueError, match="photo draws English text only"):
        write_set("rec", tmp_path, count=1, style="photo", language="zh")


def test_styles_draw_different_pictures(tmp_path):
    rows = {
        style: write_set("rec", tmp_path / style, count=6, seed=2, style=style).read_text(encoding="utf-8")
        for style in STYLES
    }
    assert rows["print"] != rows["photo"]


@pytest.fixture
def forgotten_fonts():
    """A test that changes which fonts there are, and leaves no trace of it."""
    fonts.font_paths.cache_clear()
    yield
    fonts.font_paths.cache_clear()


def test_without_a_chinese_font_the_error_says_what_to_install(monkeypatch, forgotten_fonts):
    monkeypatch.setattr(fonts.font_manager, "findSystemFonts", list)
    found = fonts.importlib.util.find_spec
    monkeypatch.setattr(
        fonts.importlib.util, "find_spec", lambda name: None if name.startswith("cvttf") else found(name)
    )
    for chosen in fonts.FONT_SETS:
        with pytest.raises(LookupError, match=r'pip install "ppocr-lessons\[zh\]".*fonts-noto-cjk'):
            fonts.font_paths("zh", chosen)
    assert any("DejaVuSans" in p for family in fonts.font_paths("en") for p in family)


def test_the_fonts_of_the_machine_change_nothing(monkeypatch, forgotten_fonts, tmp_path):
    before = page_at(5, 0, size=(96, 96)), line_at(5, 1)
    other = shutil.copy(fonts.font_paths()[0][0], tmp_path / "AnotherFamily-Regular.ttf")
    for system in ([], [str(other)]):
        fonts.font_paths.cache_clear()
        monkeypatch.setattr(fonts.font_manager, "findSystemFonts", lambda found=system: found)
        after = page_at(5, 0, size=(96, 96)), line_at(5, 1)
        assert (before[0].image == after[0].image).all() and (before[1].image == after[1].image).all()
    assert any("AnotherFamily" in p for family in fonts.font_paths("en", "system") for p in family)


def test_the_fixed_fonts_are_these_files():
    """Another version of a font package would draw other pages from the same seed."""
    digest = hashlib.sha256()
    paths = [pathlib.Path(p) for family in fonts.font_paths() for p in family]
    for path in sorted(paths, key=lambda path: path.name):
        digest.update(path.read_bytes())
    assert digest.hexdigest() == FONT_DIGEST
    assert len(fonts.font_paths()) == 13


def test_every_fixed_font_covers_ascii_in_both_cases():
    for path in (p for family in fonts.font_paths() for p in family):
        assert fonts._covers(path, frozenset(range(32, 127))), path
        upper, lower = (set_text(text, Style(path, 40)) for text in ("AGRE", "agre"))
        assert upper.shape != lower.shape or (upper != lower).mean() > 0.05, f"{path} has no lower case"


def test_an_unknown_font_set():
    with pytest.raises(ValueError, match="fonts is 'all'"):
        fonts.font_paths("en", "all")


def test_chinese_lines():
    line = line_at(0, 1, characters=8, language="zh")
    assert 1 <= len(line.text) <= 8 and line.image.std() > 1
