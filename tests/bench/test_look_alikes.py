"""Lines of look-alikes, and neck and head trained on the features of the backbone."""

import pathlib

import numpy as np
import paddle
import pytest

from ppocr_lessons.bench.look_alikes import (
    CachedLines,
    HeadOnly,
    cache,
    chinese_lines,
    look_alike_lines,
    observe,
    spread,
    train_head,
)
from ppocr_lessons.datasets.synthetic import fonts
from ppocr_lessons.losses.center_loss import CenterLoss
from ppocr_lessons.rec.alphabet import Alphabet
from ppocr_lessons.rec.collect_centers import collect
from ppocr_lessons.rec.crnn import crnn_lcnet
from ppocr_lessons.zoo.pretrained import english, pretrained

ROOT = pathlib.Path(__file__).parents[2]


def test_spread_by_hand():
    features = {1: np.array([[0.0, 0], [2, 0]]), 2: np.array([[0.0, 4], [2, 4]]), 5: np.array([[1.0, 10]])}
    found = spread(features)
    assert found.within == pytest.approx(2 / 3) and found.between == pytest.approx((4 + 10 + 6) / 3)
    assert found.ratio == pytest.approx(10)
    with pytest.raises(ValueError, match="features of 1 classes"):
        spread({1: features[1]})


def test_lines_depend_on_the_seed_alone_and_are_half_look_alikes():
    lines = look_alike_lines(3, 40, ("0O",), others="xyz")
    again = look_alike_lines(3, 40, ("0O",), others="xyz")
    assert all((a.image == b.image).all() and a.text == b.text for a, b in zip(lines, again, strict=True))
    text = "".join(line.text for line in lines)
    assert set(text) <= set("0Oxyz") and 0.35 < sum(c in "0O" for c in text) / len(text) < 0.65
    assert {len(line.text) for line in lines} == {3, 4, 5, 6}


def test_chinese_lines_with_and_without_a_font(monkeypatch):
    train, test, groups, note = chinese_lines(ROOT / "data/rec_zh", 5)
    assert (len(train), len(test), groups) == (5, 5, ("未末", "己已")) and "rendered here" in note
    monkeypatch.setattr(fonts, "_CHINESE", {})
    fonts.font_paths.cache_clear()
    train, test, groups, note = chinese_lines(ROOT / "data/rec_zh", 5)
    fonts.font_paths.cache_clear()
    assert len(train) == 5 and "ppocr-lessons[zh]" in note
    held_back = "".join(line.text for line in test)
    assert set("".join(groups)) <= set(held_back) and f"{len(test)} lines of data/rec_zh" in note
    assert not set("".join(groups)) & set("".join(line.text for line in train))


def test_neck_and_head_do_what_the_whole_recognizer_does():
    net = pretrained("rec", "english")
    lines = cache(net, look_alike_lines(4, 3, others="AE47"))
    head = HeadOnly(net)
    observed = observe(head, lines, english())
    assert lines.feats.shape == (3, 512, 1, 40) and observed.feats.shape == (3, 40, 96)
    with paddle.no_grad():
        logits, feats = head(paddle.to_tensor(lines.feats))
    np.testing.assert_array_equal(observed.feats, feats.head.numpy())
    assert (observed.steps[observed.right] == logits.numpy().argmax(-1)[observed.right]).all()
    assert (observed.steps[~observed.right] == -1).all()
    found = collect(head, lines.batches(), english())
    assert found.lines == 3 and found.correct == observed.right.sum()
    for k, points in observed.features(range(96)).items():
        np.testing.assert_allclose(found.centers[k], points.mean(0), atol=1e-4)


def _random_lines():
    feats = np.random.default_rng(0).normal(size=(4, 512, 1, 12)).astype(np.float32)
    return CachedLines(feats, ["ab", "b", "aab", "ba"])


def test_a_training_moves_the_features_to_the_centers():
    alphabet, lines = Alphabet("ab", use_space=False), _random_lines()
    paddle.seed(1)
    net = crnn_lcnet(3)
    head = HeadOnly(net)
    frozen = [parameter.numpy().copy() for parameter in net.backbone.parameters()]
    center = CenterLoss(3, 96, centers=np.eye(3, 96))
    history = train_head(head, lines, alphabet, center=center, weight=100.0, steps=40, lr=3e-3)
    assert [sorted(parts) for parts in history] == [["center", "ctc_Model"]] * 40
    assert history[-1]["center"] < 0.7 * history[0]["center"] and not head.training
    assert all(
        (p.numpy() == before).all() for p, before in zip(net.backbone.parameters(), frozen, strict=True)
    )
    alone = train_head(head, lines, alphabet, steps=2)
    assert [sorted(parts) for parts in alone] == [["ctc"]] * 2


def test_nothing_to_collect_from():
    with pytest.raises(ValueError, match="no lines"):
        collect(HeadOnly(crnn_lcnet(3)), [], Alphabet("ab", use_space=False))
