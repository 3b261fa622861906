"""Two dimensions of the feature space, and what the figures say about it."""

import numpy as np

from ppocr_lessons.bench.look_alikes import Observed
from ppocr_lessons.datasets.synthetic import fonts
from ppocr_lessons.rec.alphabet import Alphabet
from ppocr_lessons.viz import feature_space
from ppocr_lessons.viz.feature_space import principal_plane, show_feature_space, show_terms


def _observed(distance, noise):
    """60 time steps in 5 dimensions: classes 1 and 2 apart in the fourth, class 0 far away."""
    rng = np.random.default_rng(2)
    steps = np.arange(60).reshape(3, 20) % 3
    feats = noise * rng.normal(size=(3, 20, 5))
    feats[..., 3] += np.choose(steps, [1000, 0, distance])
    return Observed(feats, steps, np.ones(3, bool))


def test_the_plane_holds_what_varies_most():
    points = np.random.default_rng(1).normal(size=(300, 6)) * [0.1, 5, 0.1, 0.1, 2, 0.1] + 7
    mean, plane = principal_plane(points)
    np.testing.assert_allclose(mean, points.mean(0))
    np.testing.assert_allclose(plane @ plane.T, np.eye(2), atol=1e-12)
    assert abs(plane[0, 1]) > 0.99 and abs(plane[1, 4]) > 0.99
    assert principal_plane(points[:1])[1].shape == (2, 6)


def test_the_figure_tells_the_distances():
    stages = {"before": _observed(4, 1.0), "after": _observed(4, 0.001)}
    figure = show_feature_space(stages, ["ab"], Alphabet("ab"))
    assert figure.data.startswith(b"\x89PNG")
    assert "a b, after: within 0.0, between 4.0" in figure.alt and "a b, before: within 2." in figure.alt


def test_a_class_that_was_never_read_is_left_out():
    observed = _observed(4, 1.0)
    observed.steps[observed.steps == 2] = -1
    figure = show_feature_space({"only": observed}, ["ab"], Alphabet("ab"))
    assert "between" not in figure.alt


def test_terms_are_told():
    history = [{"ctc_Model": 3.0, "center": 5.0}, {"ctc_Model": 2.0, "center": 1.5}]
    figure = show_terms({"CTC alone": [{"ctc": 3.0}, {"ctc": 1.0}], "0.05": history})
    for words in ("CTC alone: CTC loss from 3.00 to 1.00", "0.05: center loss, weighted from 5.00 to 1.50"):
        assert words in figure.alt


def test_a_group_that_was_never_read_is_told():
    empty = Observed(np.zeros((1, 2, 3)), np.full((1, 2), -1), np.zeros(1, bool))
    assert "a b: in no correctly read line" in show_feature_space({"none": empty}, ["ab"], Alphabet("ab")).alt


def test_chinese_characters_have_a_font_or_their_code_point(monkeypatch, recwarn):
    stages = {"before": _observed(4, 1.0)}
    assert "未 末, before" in show_feature_space(stages, ["未末"], Alphabet("未末")).alt
    drawn = []
    monkeypatch.setattr(feature_space, "class_name", lambda k, alphabet: drawn.append(k) or "未")
    monkeypatch.setattr(fonts, "_CHINESE", {})
    fonts.font_paths.cache_clear()
    assert feature_space._label("未") == "U+672A" and feature_space._label("0") == "0"
    show_feature_space(stages, ["未末"], Alphabet("未末"))
    fonts.font_paths.cache_clear()
    assert drawn == [1, 2] and not [w for w in recwarn if "Glyph" in str(w.message)]
