"""Fonts for training: what is taken from a package, and a folder of fonts as a font set."""

import io
import shutil
import tarfile

import numpy as np
import pytest

from ppocr_lessons.datasets.synthetic import fonts, training_fonts
from ppocr_lessons.datasets.synthetic.photo_pages import receipt_entry, render_photo_page, till_style
from ppocr_lessons.datasets.synthetic.photo_streams import pad_quads
from ppocr_lessons.datasets.synthetic.photo_text import render_photo_line


def _archive(path, names):
    with tarfile.open(path, "w:gz") as tar:
        for name in names:
            entry = tarfile.TarInfo(name)
            entry.size = 3
            tar.addfile(entry, io.BytesIO(b"abc"))
    return path


def test_only_the_named_styles_are_written_and_never_outside_the_folder(tmp_path):
    names = [
        "package/files/lato-latin-400-normal.woff",
        "package/files/lato-latin-ext-400-normal.woff",
        "package/files/lato-latin-500-normal.woff",
        "package/LICENSE",
        "../../outside-latin-700-normal.woff",
    ]
    written = training_fonts.unpack(_archive(tmp_path / "p.tgz", names), tmp_path / "out" / "lato")
    assert sorted(written) == ["LICENSE", "lato-latin-400-normal.woff", "outside-latin-700-normal.woff"]
    assert sorted(p.name for p in (tmp_path / "out").rglob("*.woff")) == written[:1] + written[-1:]
    assert not list(tmp_path.parent.glob("outside*"))


def test_a_package_without_fonts(tmp_path):
    with pytest.raises(ValueError, match="no font file"):
        training_fonts.unpack(_archive(tmp_path / "p.tgz", ["package/index.css"]), tmp_path / "out")


def test_there_are_between_60_and_80_families_each_named_once():
    names = [name for name, _ in training_fonts.packages()]
    assert 60 <= len(names) <= 80 and len(set(names)) == len(names)


def test_a_folder_of_fonts_is_a_font_set(tmp_path):
    source = fonts.font_paths()[0][0]
    (tmp_path / "mine").mkdir()
    shutil.copy(source, tmp_path / "mine" / "Mine.ttf")
    families = fonts.font_paths("en", str(tmp_path))
    assert len(families) == len(fonts.font_paths()) + 1
    assert any(str(tmp_path) in path for family in families for path in family)
    with pytest.raises(ValueError, match="or give a folder"):
        fonts.font_paths("en", str(tmp_path / "absent"))


def test_a_font_file_in_no_subfolder_is_a_family_of_its_own(tmp_path):
    shutil.copy(fonts.font_paths()[0][0], tmp_path / "MINE.TTF")
    assert (str(tmp_path / "MINE.TTF"),) in fonts.font_paths("en", str(tmp_path))


def test_a_folder_without_fonts_is_an_error(tmp_path):
    (tmp_path / "broken.ttf").write_text("no font")
    with pytest.raises(ValueError, match=r"no font file .* has all characters of 'en'"):
        fonts.font_paths("en", str(tmp_path))


def test_no_font_of_the_course_lacks_small_letters():
    assert not any(fonts.capitals_only(path) for family in fonts.font_paths() for path in family)


def test_photographed_lines_are_a_function_of_the_generator_and_differ():
    lines = [render_photo_line(np.random.default_rng([1, i]), "Notes 12") for i in (0, 0, *range(1, 40))]
    assert np.array_equal(lines[0].image, lines[1].image)
    assert len({line.image.tobytes() for line in lines}) == len(lines) - 1
    assert all(line.text == "Notes 12" and min(line.image.shape[:2]) > 4 for line in lines)


def test_photographed_pages_have_scenes_without_text_and_texts_that_do_not_touch():
    pages = [render_photo_page(np.random.default_rng([3, i]), (256, 256)) for i in range(24)]
    assert any(not page.texts for page in pages) and any(len(page.texts) > 3 for page in pages)
    for page in pages:
        assert page.image.shape == (256, 256, 3) and len(page.polygons) == len(page.texts)
        assert not len(page.polygons) or (page.polygons.min() > -1 and page.polygons.max() < 257)


def test_labels_are_padded_by_a_share_of_the_height():
    upright = np.array([[[10, 20], [110, 20], [110, 40], [10, 40]]], np.float32)
    np.testing.assert_allclose(pad_quads(upright, 0.1), [[[8, 18], [112, 18], [112, 42], [8, 42]]], atol=1e-4)
    turn = np.array([[0, -1], [1, 0]], np.float32)
    np.testing.assert_allclose(pad_quads(upright @ turn, 0.1), pad_quads(upright, 0.1) @ turn, atol=1e-4)
    np.testing.assert_array_equal(pad_quads(upright, 0.0), upright)
    assert pad_quads(np.zeros((0, 4, 2), np.float32), 0.1).shape == (0, 4, 2)


def test_receipts_have_marks_of_one_or_two_characters_and_fixed_widths():
    entries = [receipt_entry(np.random.default_rng([1, i]), 12) for i in range(200)]
    assert all(1 <= len(entry) <= 12 for entry in entries)
    assert 20 <= sum(len(entry) <= 2 for entry in entries) <= 80
    styles = [till_style(np.random.default_rng([2, i]), 20, "course") for i in range(100)]
    assert 50 <= sum("mono" in style.font.rsplit("/", 1)[1].lower() for style in styles) <= 95
