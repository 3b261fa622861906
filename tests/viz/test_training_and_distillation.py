"""Figures of chapters 07, 14 and 15: training, collaborative learning, CopyPaste."""

import io

import numpy as np
import pytest
from PIL import Image

from ppocr_lessons.augment.copy_paste import CopyPaste, LabeledPage
from ppocr_lessons.viz import distillation, epochs, pasting, training


def _gray(shown):
    return np.asarray(Image.open(io.BytesIO(shown.data)).convert("L"))


def _is_figure(shown, *words):
    assert _gray(shown).std() > 1
    assert all(word in shown.alt for word in words), shown.alt


SHAPES = {"C2": (16, 8, 8), "C3": (24, 4, 4), "C4": (56, 2, 2), "C5": (480, 1, 1), "fused": (96, 8, 8), "P": (1, 32, 32)}  # fmt: skip


def test_the_loss_is_drawn_at_its_three_outputs():
    _is_figure(
        training.show_net(SHAPES, {"backbone": 4000, "neck": 200, "head": 10}),
        "backbone 4,000 parameters",
        "losses P 5 × Dice, B 1 × Dice, T 10 × L1",
    )


def test_curve_names_every_score():
    history = [{"step": step, "loss": 8.0 - step, "prob": 5.0} for step in range(4)]
    history[1]["hmean"], history[3]["hmean"] = 0.25, 0.5
    names = {"loss": "loss", "prob": "P"}
    _is_figure(
        training.show_curve(history, names, stopped=2, start=0.0),
        "from 8.00 to 5.00",
        "hmean 0.000 after 0, 0.250 after 2, 0.500 after 4",
    )
    assert "after 0" not in training.show_curve(history, names).alt


def test_curve_of_a_run_without_a_hit_has_an_axis():
    _is_figure(
        training.show_curve([{"step": 0, "loss": 1.0, "hmean": 0.0}], {"loss": "loss"}), "0.000 after 1"
    )


def test_maps_before_and_after_differ(rng):
    image, dark = rng.integers(0, 255, (32, 32, 3)).astype(np.uint8), np.zeros((32, 32))
    trained = dark.copy()
    trained[8:16, 4:28] = 1
    same, other = (
        _gray(training.show_before_after([image] * 2, [dark] * 2, [m] * 2)) for m in (dark, trained)
    )
    rows = np.nonzero((np.abs(same.astype(int) - other) > 100).any(1))[0]
    assert rows.min() > 0.6 * len(same), "only the lowest of the three rows shows what was learned"


def test_schedule_shows_all_rates():
    rates = {"constant": lambda step: 0.1, "falling": lambda step: 0.1 - step / 1000}
    _is_figure(training.show_schedule(rates, 100, zoom=10), "constant, falling", "100 steps", "first 10")


def test_methods_are_side_by_side():
    shown = distillation.show_methods()
    _is_figure(shown, "Standard distillation", "DML", "CML")
    columns = (_gray(shown) < 250).any(0)
    for part in np.array_split(columns, 3):
        assert part.mean() > 0.2, "each third of the figure shows a method"


@pytest.fixture
def response_maps(rng):
    names = ("labels", "Student", "Student2", "Teacher", "dilated")
    return {name: rng.random((16, 16)) for name in names}


def test_structure_of_cml_shows_its_maps_and_losses(response_maps, rng):
    losses = {
        "db_Student": 3.25, "db_Student2": 3.5, "dila_Student_Teacher": 1.25, "dila_Student2_Teacher": 1.5,
        "dml_Student_Student2": 0.018,
    }  # fmt: skip
    image = rng.integers(0, 255, (16, 16, 3)).astype(np.uint8)
    shown = distillation.show_cml(image, response_maps, losses)
    _is_figure(shown, "db_Student 3.250", "dml_Student_Student2 0.018")
    for name in response_maps:
        changed = response_maps | {name: 1 - response_maps[name]}
        assert distillation.show_cml(image, changed, losses).data != shown.data, f"{name} is drawn"


def test_a_small_dml_has_an_axis_of_its_own():
    """DML falls from 0.02 to 0.01 beside losses of 10: on their axis that would be less than a pixel."""

    def rows(values):
        return [{"step": i, "db_Student": 10.0, "dml_Student_Student2": v} for i, v in enumerate(values)]

    falling, level = (
        _gray(distillation.show_parts({"CML": rows(v)}, ("db_", "dml_")))
        for v in ((0.02, 0.01), (0.02, 0.02))
    )
    changed = np.nonzero((np.abs(falling.astype(int) - level) > 60).any(1))[0]
    assert np.ptp(changed) > 30


def test_runs_without_a_part_leave_its_axis_out():
    histories = {"labels": [{"db_A": 2.0}, {"db_A": 1.0}], "DML": [{"db_A": 2.0, "dml_A_B": 0.1}] * 2}
    _is_figure(distillation.show_parts(histories, ("db_", "dml_")), "labels, DML")


@pytest.fixture
def pages(rng):
    image = np.full((200, 200, 3), 200, np.uint8)
    quad = np.array([[20, 20], [90, 20], [90, 40], [20, 40]], np.float32)
    page = LabeledPage(image, quad[None], ["own"], np.zeros(1, bool))
    donor = LabeledPage(image // 2, np.stack([quad, quad + 60]), ["a", "b"], np.zeros(2, bool))
    return page, donor


def test_own_and_pasted_texts_differ_without_color(pages):
    page, donor = pages
    both = LabeledPage(
        page.image, np.concatenate([page.polygons, page.polygons + 90]), ["a", "b"], np.zeros(2, bool)
    )
    own, pasted = (_gray(pasting.show_pages({"x": (both, count)})) for count in (2, 1))
    assert (np.abs(own.astype(int) - pasted) > 60).sum() > 20, "dashes and a marker, in gray as well"
    _is_figure(pasting.show_paste(page, donor, both), "with 1 texts", "with 1 texts pasted")


def test_sliders_keep_the_natural_size_of_their_picture(pages):
    box = pasting.paste_slider(*pages, CopyPaste(objects_paste_ratio=1.0))
    slider, picture = box.children
    assert (picture.layout.width, picture.layout.max_width) == ("max-content", "100%")
    before = bytes(picture.value)
    slider.value = 3
    assert bytes(picture.value) != before


def test_epoch_slider_keeps_the_natural_size_of_its_picture(monkeypatch):
    monkeypatch.setattr(epochs, "show_targets", lambda sample: type("Shown", (), {"data": b"png"}))
    dataset = type("Pages", (), {"steps": lambda self, page, epoch: iter([("MakeShrinkMap", None)])})()
    _, picture = epochs.epoch_slider(dataset, 0).children
    assert (picture.layout.width, picture.layout.max_width) == ("max-content", "100%")


def test_methods_of_both_kinds():
    _is_figure(distillation.show_methods("U-DML"), "U-DML: they also learn from each other's features")
    assert "dilated map" in distillation.show_methods().alt
    with pytest.raises(ValueError, match=r"name is 'KD'; known are \['CML', 'U-DML'\]"):
        distillation.show_methods("KD")


def test_every_term_has_its_own_axis():
    rows = [{"ctc_A": 4.0 - i, "ctc_B": 2.0, "dml_A_B": 0.5 + i} for i in range(3)]
    alone = [{"ctc_A": 1.0}] * 3
    shown = distillation.show_terms({"both": rows, "alone": alone}, {"ctc_": "CTC", "dml_": "DML"})
    _is_figure(shown, "both, CTC: 3 to 2", "alone, CTC: 1 to 1", "both, DML: 0.5 to 2.5")
    assert "alone, DML" not in shown.alt
