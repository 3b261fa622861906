"""Every figure comes out as PNG with a description."""

import datetime
import io

import numpy as np
import pytest
import skimage.data
from PIL import Image

from ppocr_lessons import ocr
from ppocr_lessons.deploy.draw import draw_boxes, draw_reading
from ppocr_lessons.deploy.line_direction import Direction
from ppocr_lessons.deploy.rectify import turn_back
from ppocr_lessons.strategies import STRATEGIES
from ppocr_lessons.viz import cover, framework, strategy_map, system, upload
from ppocr_lessons.viz import page as pages
from ppocr_lessons.viz.ctc import show_collapse
from ppocr_lessons.viz.figure import new_figure, png
from ppocr_lessons.zoo.pretrained import english

NOW = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)


def _is_figure(shown):
    assert shown.data.startswith(b"\x89PNG") and len(shown.alt) > 20
    assert np.asarray(Image.open(io.BytesIO(shown.data)).convert("L")).std() > 1
    return shown


@pytest.fixture(scope="module")
def stages(page):
    return ocr.system("pages").stages(page)


def test_figures_of_the_system(stages):
    turned = [turn_back(crop, 180) for crop in stages.crops]
    classify = ocr.system("pages").classifier
    for shown in (
        system.show_pipeline(),
        system.show_published(),
        system.show_maps(stages),
        system.show_directions(classify(stages.crops), classify(turned)),
        system.show_ours([("a", 1.0, 2.0), ("b", 3.0, 4.0)]),
        pages.show_reading(stages.image, stages.lines),
        pages.show_crops(stages.crops[:3], ["a", "b", "c"], title="three"),
        system.show_found(stages.image, stages.detection.polygons, stages.detection.polygons[:2]),
        framework.show_framework(1),
        framework.show_framework(2),
    ):
        _is_figure(shown)


def test_the_framework_names_what_an_edition_keeps_adds_and_postpones():
    first, second = framework.show_framework(1).alt, framework.show_framework(2).alt
    assert first.count("(new)") == 19 and "CML" not in first and "(kept)" not in first
    assert second.count("(new)") == 5 and second.count("(kept)") == 16 and second.count("(postponed)") == 3
    assert "CopyPaste (new)" in second and "FPGM pruning (postponed)" in second


def test_the_map_links_every_strategy_to_its_notebook():
    text, table = strategy_map.show_map().data, strategy_map.show_table().data
    assert text.count('<div style="padding: 3px">') == len(STRATEGIES) == table.count("\n") - 1
    for s in STRATEGIES:
        assert f'href="{s.notebook}">{s.section} {s.title}<' in text
        assert f"]({s.notebook})" in table


def test_the_map_is_in_chapter_order():
    sections = [s.section for s in strategy_map.in_chapter_order()]
    assert sections[0] == "2.1.1" and sections[-1] == "3.2.3" and sections == sorted(sections)
    text = strategy_map.show_map().data
    places = [text.index(f">{number} ") for number in ("2.1.1", "2.1.2", "2.1.3", "2.1.5", "3.1.1")]
    assert places == sorted(places)


def test_numbers_stand_outside_of_their_boxes():
    figure, axis = new_figure()
    axis.set(xlim=(0, 200), ylim=(100, 0))
    box = np.array([[50, 20], [150, 30], [150, 50], [50, 40]], np.float32)
    system.outline(axis, [box, box + 45], number=True)
    png(figure)
    for label, polygon in zip(axis.texts, (box, box + 45), strict=True):
        _, y0, x1, y1 = label.get_window_extent().transformed(axis.transData.inverted()).extents
        assert x1 < polygon[:, 0].min() and polygon[0, 1] < (y0 + y1) / 2 < polygon[3, 1]


def test_a_zero_probability_is_drawn(stages):
    """A marker at 0 is not covered by the frame, as the bar of height 0 was that it replaces."""
    none, one = Direction(180, 1.0), Direction(0, 1.0)
    ink = [
        np.asarray(Image.open(io.BytesIO(system.show_directions([one] * 3, turned).data)).convert("RGB"))
        for turned in ([none] * 3, [Direction(0, 0.5)] * 3)
    ]
    orange = [(np.abs(picture.astype(int) - (230, 159, 0)).sum(-1) < 60).sum() for picture in ink]
    assert orange[0] >= 0.9 * orange[1] > 100


def test_the_cover_prints_its_lines():
    photograph = np.full((200, 300, 3), 40, np.uint8)
    lines = cover.captions("Soyuz at dawn")
    printed = cover.print_cover(photograph, lines)
    assert printed.shape == (640, 960, 3) and (photograph == 40).all()
    assert [line.text for line in lines].count("Soyuz at dawn") == 1
    bare = cover.print_cover(photograph, [])
    for line in lines:
        alone = cover.print_cover(photograph, [line])
        ys, xs = np.nonzero((alone != bare).any(-1))
        assert len(ys) > 100, line.text
        assert xs.min() > 0 and xs.max() < 959 and ys.min() > 0 and ys.max() < 639, "inside of the cover"
        if not line.angle_deg:
            assert abs(xs.min() - line.x) <= 2 and abs(ys.min() - line.y) <= 2, line.text


def test_the_cover_is_read_exactly():
    lines = cover.captions()
    found = ocr.read(cover.print_cover(skimage.data.rocket(), lines), weights="pages")
    assert sorted(line.text for line in found) == sorted(line.text for line in lines)
    assert [line.direction for line in found if line.text == "This line is upside down"] == [180]


def test_collapse_names_the_text(stages):
    probs = ocr.system("pages").recognizer.probabilities(stages.upright[:1])[0]
    assert stages.readings[0].text in _is_figure(show_collapse(stages.upright[0], probs, english())).alt


def test_drawing_leaves_the_picture_alone(stages):
    before = stages.image.copy()
    drawn = draw_boxes(stages.image, stages.detection.polygons, number=True)
    np.testing.assert_array_equal(stages.image, before)
    assert (drawn != before).any()
    assert draw_reading(stages.image, []).shape[1] > 2 * stages.image.shape[1] - 1


def test_png_of_a_figure():
    figure, axis = new_figure()
    axis.plot([0, 1])
    assert png(figure).startswith(b"\x89PNG")


def test_upload_widget_reads_and_refuses(page):
    buffer = io.BytesIO()
    Image.fromarray(page).save(buffer, "PNG")
    widget = upload.upload_widget()
    button, drawn, text = widget.children
    button.value = (
        {
            "name": "p.png",
            "type": "image/png",
            "size": 1,
            "content": memoryview(buffer.getvalue()),
            "last_modified": NOW,
        },
    )
    assert "markers" in text.value and bytes(drawn.value).startswith(b"\x89PNG")
    button.value = (
        {
            "name": "p.txt",
            "type": "text/plain",
            "size": 1,
            "content": memoryview(b"hello"),
            "last_modified": NOW,
        },
    )
    assert "not an image" in text.value and drawn.layout.display == "none"
    assert drawn.layout.align_self == "flex-start", "a box would stretch the picture to its own width"
