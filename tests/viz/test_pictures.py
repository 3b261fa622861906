"""Every figure comes out as PNG with a description."""

import datetime
import io

import numpy as np
import pytest
from PIL import Image

from ppocr_lessons import ocr
from ppocr_lessons.deploy.draw import draw_boxes, draw_reading
from ppocr_lessons.deploy.rectify import turn_over
from ppocr_lessons.viz import page as pages
from ppocr_lessons.viz import strategy_map, system, upload
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
    return ocr.default().stages(page)


def test_figures_of_the_system(stages):
    turned = [turn_over(crop) for crop in stages.crops]
    classify = ocr.default().classifier
    for shown in (
        system.show_pipeline(),
        system.show_published(),
        system.show_maps(stages),
        system.show_directions(classify(stages.crops), classify(turned)),
        system.show_ours([("a", 1.0, 2.0), ("b", 3.0, 4.0)]),
        pages.show_reading(stages.image, stages.lines),
        pages.show_crops(stages.crops[:3], ["a", "b", "c"], title="three"),
        strategy_map.show_map(),
    ):
        _is_figure(shown)


def test_collapse_names_the_text(stages):
    probs = ocr.default().recognizer.probabilities(stages.upright[:1])[0]
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
