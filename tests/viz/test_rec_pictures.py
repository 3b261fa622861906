"""Figures of the recognition chapters."""

import io

import numpy as np
import pytest
from PIL import Image

from ppocr_lessons.rec.alphabet import Alphabet
from ppocr_lessons.viz import areas, feature_grid


def _is_figure(shown, *words):
    assert np.asarray(Image.open(io.BytesIO(shown.data)).convert("L")).std() > 1
    assert all(word in shown.alt for word in words), shown.alt


def test_areas_of_slices_are_the_sizes():
    parts = {"a": 4.0, "none": 0.0, "b": 12.0}
    places = areas.slices(parts)
    assert list(places) == ["a", "b"], "a part of size 0 has no slice"
    side = sum(width for _, width in places.values())
    assert side == pytest.approx(4), "the square root of 16"
    assert {name: width * side for name, (_, width) in places.items()} == pytest.approx({"a": 4, "b": 12})
    assert places["b"][0] == pytest.approx(places["a"][1]), "side by side"


def test_sizes_that_have_no_area():
    for bad in ({"a": -1.0, "b": 2.0}, {"a": 0.0}, {}):
        with pytest.raises(ValueError, match="numbers of at least 0"):
            areas.slices(bad)
    with pytest.raises(ValueError, match="7 different parts; at most 6"):
        areas.show_areas({"net": dict.fromkeys("abcdefg", 1.0)})


def test_figures_say_what_they_show(rng):
    crop = rng.integers(0, 255, (20, 90, 3)).astype(np.uint8)
    _is_figure(
        areas.show_areas({"x": {"a": 1.0, "b": 2.0}, "y": {"c": 3.0}}), "x 3.0 MB: a 1.00, b 2.00", "y"
    )
    grids = {"one": {"first": (16, 160), "last": None}, "two": {"first": (8, 80), "last": (1, 10)}}
    _is_figure(feature_grid.show_grids(crop, grids), "one: first 16 x 160; two", "last 1 x 10")
    probs = np.eye(3, dtype=np.float32)[[0, 1, 0, 2, 0, 1, 0, 0]]
    alphabet = Alphabet("ab", use_space=False)
    _is_figure(
        feature_grid.show_coarser_cells(crop, probs, alphabet, (1, 4)), "4 pixels 'aba'", "16 pixels 'a'"
    )
    room = {"i": [1.0] * 20, "m": [4.0, 5.0] * 10, "z": [1.0]}
    _is_figure(feature_grid.show_room(room), "'i' 1.0, 'm' 4.5.")
    with pytest.raises(ValueError, match="no character occurs 30 times"):
        feature_grid.show_room(room, fewest=30)


def test_a_line_has_the_height_of_the_recognizer():
    assert feature_grid.at_height(np.zeros((64, 101, 3), np.uint8)).shape == (32, 51, 3)
