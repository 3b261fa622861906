"""The gallery shows every drawing operation, and each of them changes the picture."""

import numpy as np

from ppocr_lessons.datasets.synthetic import photo_pages, photo_text
from ppocr_lessons.viz import drawing_gallery


def test_every_operation_on_a_line_changes_it():
    drawn = drawing_gallery.line_operations("Open 9-17", 3)
    plain = drawn.pop("plain")
    for name, picture in drawn.items():
        assert picture.dtype == np.uint8 and picture.shape[2] == 3, name
        assert picture.shape != plain.shape or (picture != plain).any(), name
    again = drawing_gallery.line_operations("Open 9-17", 3)
    assert all(np.array_equal(picture, again[name]) for name, picture in drawn.items())
    public = {
        name
        for name, value in vars(photo_text).items()
        if callable(value) and value.__module__ == photo_text.__name__ and not name.startswith("_")
    }
    assert public - {"render_photo_line"} <= set(drawn), "an operation is missing from the gallery"


def test_scenes_show_every_structure_and_outline_texts():
    drawn = drawing_gallery.scenes(15, side=160)
    assert {draw.__name__ for draw in photo_pages.NOT_TEXT} < set(drawn)
    assert {"draw_sign", "draw_receipt", "render_photo_page"} < set(drawn)
    for name in ("draw_sign", "draw_receipt"):
        assert (drawn[name] == (213, 94, 0)).all(-1).any(), name


def test_figures_name_what_they_show():
    assert "bend_baseline" in drawing_gallery.show_line_operations().alt
    assert "draw_foliage" in drawing_gallery.show_scenes().alt
