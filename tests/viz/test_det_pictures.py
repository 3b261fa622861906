"""Figures and sliders of the detection chapters."""

import io
import re

import numpy as np
import pytest
from PIL import Image

from ppocr_lessons.augment.copy_paste import CopyPaste, LabeledPage
from ppocr_lessons.datasets.synthetic.pages import page_at
from ppocr_lessons.det.postprocess import DBPostProcess
from ppocr_lessons.viz import binarization, costs, gates, pasting, pruning, pyramid
from ppocr_lessons.zoo.pretrained import pretrained


@pytest.fixture
def maps(rng):
    """Page, probability map with two blocks of text, threshold map."""
    prob = np.zeros((120, 200), np.float32)
    prob[20:40, 20:150] = prob[70:95, 40:120] = 0.9
    return rng.integers(0, 255, (120, 200, 3)).astype(np.uint8), prob, np.full_like(prob, 0.4)


def _is_figure(shown, *words):
    assert np.asarray(Image.open(io.BytesIO(shown.data)).convert("L")).std() > 1
    assert all(word in shown.alt for word in words), shown.alt


def test_a_page_stands_at_the_height_of_its_maps():
    black = np.zeros((60, 100))
    shown = binarization.show_maps(np.zeros((60, 100, 3), np.uint8), {"P": black, "T": black})
    dark = np.asarray(Image.open(io.BytesIO(shown.data)).convert("L")) < 40
    columns = np.array_split(dark, 3, axis=1)
    tops = [np.nonzero(part.mean(1) > 0.5)[0].min() for part in columns]
    assert max(tops) - min(tops) <= 1, tops


def test_bars_are_labeled_and_long_names_do_not_touch():
    bars = {name: {"ms": 1.0} for name in ("256", "96", "64", "48", "64, middle 96")}
    plain, labeled = (costs.show_cost_bars(bars, {"ms": "ms"}, label=label) for label in ("", "channels"))
    short = costs.show_cost_bars({name[:3]: bar for name, bar in bars.items()}, {"ms": "ms"})
    heights = [_height_of_bars(shown) for shown in (short, plain, labeled)]
    assert heights[0] > heights[1] > heights[2], "slanted names and the label take room below the bars"


def _height_of_bars(shown):
    red, _, blue = np.asarray(Image.open(io.BytesIO(shown.data)).convert("RGB"), int).transpose(2, 0, 1)
    return (blue - red > 60).any(1).sum()


def test_figures_say_what_they_show(maps, rng):
    image, prob, thresh = maps
    _is_figure(binarization.show_step((5, 50)), "[5, 50]")
    _is_figure(binarization.show_maps(image, {"P": prob, "T": thresh}), "P, T")
    _is_figure(pyramid.show_pyramid(image, {"C2": rng.random((4, 8, 8))}), "C2")
    level = [rng.random((4, 8, 8))] * 5
    _is_figure(pyramid.show_top_down({4: level, 5: [*level[:2], None, *level[3:]]}), "M5, M4")
    _is_figure(
        binarization.show_profile(image, {"P": prob, "T": thresh}, 60, (10, 50)), "x = 60, y = 10", "P, T"
    )
    runs = {"P alone": np.array([[0.5, 0.1], [0.7, 0.3]])}
    _is_figure(binarization.show_sweep({"Dice": runs}, (0.4, 0.6), marked=0.6), "Dice, P alone: 0.60 0.20")
    _is_figure(binarization.show_losses({"entropy": prob}), "entropy")
    _is_figure(binarization.show_boxes(image, prob, DBPostProcess()), "2 boxes")
    _is_figure(costs.show_stages({"small": [(16, 32, 32), (24, 16, 16)]}), "16x32x32")
    _is_figure(costs.show_cost_bars({"a": {"ms": 1.0}, "b": {"ms": 2.5}}, {"ms": "ms"}), "b 2.5")
    _is_figure(
        costs.show_accuracy_latency({"a": (10, [0.5]), "b": (20, [0.5, 0.7])}, chosen="b", side=320),
        "b 20 ms 0.600",
    )
    row = {"row": "cml", "title": "CML", "hmean": 0.5, "hmeans": [0.4, 0.6], "hmean_fixed": 0.55}
    _is_figure(costs.show_ablation([row]), "CML 0.500 (at 1.5: 0.550)")
    _is_figure(costs.show_ablation([row], published={"cml": 0.789}), "CML 0.500 (at 1.5: 0.550)")
    _is_figure(gates.show_se_block(480, 120, 20, 20), "480 channels", "layer of 120")
    _is_figure(gates.show_gates({f"stage{i}": rng.random((3, 9)) for i in range(5)}), "stage4 open 0%")
    _is_figure(gates.show_spread({"stage1.mid_se": (0.2, 0.01)}), "0.200 and 0.010")


@pytest.fixture
def recorded():
    """An ablation of three rows; the second was not measured, but has the size of the first."""
    row = {"section": "3.1.1", "precision": 0.51, "recall": 0.6, "hmean": 0.55, "hmeans": [0.5, 0.6]}
    return {
        "table": [
            {**row, "row": "plain", "title": "PP-OCR's <net>", "section": "3.1"},
            {**row, "row": "cml", "title": "CML", "hmean": 0.7, "hmeans": [0.7]},
            {**row, "row": "narrow", "title": "96 channels", "section": "2.1.2"},
        ],
        "costs": {"plain": {"parameters": 9, "saved_mb": 2.46, "ms": 34.4}},
        "records": [
            {"row": name, "parameters": size} for name, size in (("plain", 9), ("cml", 9), ("narrow", 8))
        ],
    }


def _rows(table):
    """Text of every cell of an HTML table, row by row."""
    return [re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", line) for line in table.data.split("<tr>")[1:]]


def test_cumulative_table_sets_recorded_numbers_beside_published_ones(recorded):
    published = {"cml": (0.746, 0.835, 0.789, 3.0, 129), "plain": (None, None, 0.759, None, None)}
    heads, names, *rows = _rows(costs.cumulative_table(recorded, "3.1", published))
    assert heads[1:] == ["recorded here", "published"] and names[0] == "strategy" and len(names) == 11
    assert rows == [
        ["PP-OCR&#x27;s &lt;net&gt;", "0.510", "0.600", "0.550 (0.500 to 0.600)", "2.5", "34", "–", "–", "0.759", "–", "–"],
        ["CML", "0.510", "0.600", "0.700", "2.5", "34", "0.746", "0.835", "0.789", "3.0", "129"],
    ]  # fmt: skip
    (*_, row) = _rows(costs.cumulative_table(recorded, "2.1", {"narrow": (0.6, 0.5, 0.6, 4.1, 213)}))
    assert row[4:6] == ["–", "–"], "no net of that size was measured"


def test_cumulative_table_rejects_rows_of_another_section(recorded):
    with pytest.raises(
        ValueError, match=r"no rows \['narrow'\] in section 3.1 .* known are \['plain', 'cml'\]"
    ):
        costs.cumulative_table(recorded, "3.1", {"narrow": (0.6, 0.5, 0.6, 4.1, 213)})


def test_stages_of_all_backbones_have_one_scale(monkeypatch):
    monkeypatch.setattr(costs, "show", lambda figure, alt: figure)
    figure = costs.show_stages({"wide": [(64, 32, 32), (512, 4, 4)], "narrow": [(16, 16, 16), (480, 4, 4)]})
    widths = [[bar.get_width() for bar in axis.patches] for axis in figure.axes]
    assert widths[0][1] > widths[1][1] > widths[0][0], "512 channels are drawn wider than 480"
    assert figure.axes[0].patches[0].get_height() == 2 * figure.axes[1].patches[0].get_height()
    assert figure.axes[0].get_xlim() == figure.axes[1].get_xlim(), "or a unit is not the same length in both"


def test_a_gate_counts_as_shut_only_if_it_is_shut_on_every_page():
    two_pages = np.array([[0.0, 0.0, 1.0, 0.5], [0.02, 0.9, 0.97, 0.5]])
    assert gates.gate_shares(two_pages) == {"open": 0.25, "shut": 0.25, "other": 0.5}
    assert gates.gate_shares(two_pages[:1]) == {"open": 0.25, "shut": 0.5, "other": 0.25}


def test_pictures_of_pruning():
    losses = {"neck.p2_conv": {0.25: 0.0, 0.5: 0.4}, "backbone.conv": {0.25: 0.1, 0.5: 0.2}}
    _is_figure(pruning.show_sensitivity(losses, 0.125, named=1), "allowed is 0.125", "neck.p2_conv 0.40")
    assert "backbone.conv" not in pruning.show_sensitivity(losses, 0.125, named=1).alt
    chosen = {"uniform": {"neck.p2_conv": 0.3, "backbone.conv": 0.3}, "analyzed": {"neck.p2_conv": 0.6}}
    _is_figure(pruning.show_ratios(chosen), "uniform: from 0.30 to 0.30", "analyzed: from 0.00 to 0.60")
    _is_figure(pruning.show_median(seed=3), "Pruning by norm")
    _is_figure(pruning.show_scores(np.eye(4)[:, :3], "layer"), "removed by both")
    _is_figure(pruning.show_widths({"a": 8, "b": 16}, {"a": 8, "b": 8}), "2 groups")


def _moved(box, number, value):
    """The picture of a widget before and after one of its sliders is moved."""
    *sliders, picture = [c for c in box.children if hasattr(c, "min") or hasattr(c, "format")]
    before = bytes(picture.value)
    sliders[number].value = value
    return before, bytes(picture.value)


def test_sliders_redraw(maps):
    image, prob, thresh = maps
    page = page_at(17, 0, size=(320, 320))
    labeled = LabeledPage(page.image, page.polygons, page.texts, np.zeros(len(page.texts), bool))
    for before, after in (
        _moved(binarization.k_slider(prob - 0.3, thresh), 0, 1),
        _moved(binarization.postprocess_sliders(image, prob), 1, 0.95),
        _moved(binarization.postprocess_sliders(image, prob), 2, 3.0),
        _moved(pruning.ratio_slider(lambda: pretrained("det"), "neck.in2_conv"), 0, 0.6),
        _moved(pasting.paste_slider(labeled, labeled, CopyPaste(objects_paste_ratio=1.0)), 0, 3),
    ):
        assert before.startswith(b"\x89PNG") and after.startswith(b"\x89PNG") and before != after
