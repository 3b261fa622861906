"""Trainings of neck and head: features of a backbone that does not change, decays and schedules that take effect."""

import numpy as np
import paddle
import pytest

from ppocr_lessons.bench.head_training import (
    Plan,
    WordFeatures,
    compute_features,
    neck_and_head,
    train_head,
    weight_norms,
)
from ppocr_lessons.datasets.resize import fit_line
from ppocr_lessons.datasets.synthetic.pages import word_at
from ppocr_lessons.rec.alphabet import Alphabet
from ppocr_lessons.rec.crnn import crnn_lcnet

AB = Alphabet("ab", use_space=False)


@pytest.fixture(scope="module")
def source():
    paddle.seed(0)
    return crnn_lcnet(AB.classes, hidden_size=8, mid_channels=6)


@pytest.fixture(scope="module")
def words():
    features = np.random.default_rng(0).standard_normal((6, 512, 1, 6)).astype(np.float32)
    return WordFeatures(features, ["a", "b", "ab", "ba", "aa", "b"])


def _trained(source, words, plan, steps=4, **more):
    return train_head(words, words, AB, plan, source=source, steps=steps, batch=3, every=2, **more)


def test_neck_and_head_answer_like_the_whole_net(source):
    lines = [word_at(1, index) for index in range(3)]
    found = compute_features(source, lines, width=48, batch=2)
    assert found.features.shape == (3, 512, 1, 12) and found.texts == [line.text for line in lines]
    rest = neck_and_head(source, 0.0)
    rest.eval()
    images = paddle.to_tensor(np.stack([fit_line(line.image, 32, 48) for line in lines]))
    with paddle.no_grad():
        np.testing.assert_allclose(
            rest(paddle.to_tensor(found.features))[0].numpy(), source(images)[0].numpy(), atol=1e-5
        )
    with pytest.raises(ValueError, match="no words"):
        compute_features(source, [], width=48)


def test_norms_by_hand(source):
    found = weight_norms(neck_and_head(source, 0.0))
    assert list(found) == ["LSTM", "head.fc1", "head.fc2"]
    weights = [p.numpy() for p in source.neck.parameters() if p.ndim == 2]
    assert found["LSTM"] == pytest.approx(np.sqrt(sum((w**2).sum() for w in weights)), rel=1e-5)
    assert found["head.fc2"] == pytest.approx(np.linalg.norm(source.head.fc2.weight.numpy()), rel=1e-5)


def test_the_same_plan_gives_the_same_run_and_leaves_its_source(source, words):
    before = source.head.fc2.weight.numpy().copy()
    first, again = (_trained(source, words, Plan()) for _ in range(2))
    assert first == again and [row["step"] for row in first["rows"]] == [0, 2, 4]
    assert np.array_equal(before, source.head.fc2.weight.numpy())
    assert first["losses"] != _trained(source, words, Plan(), seed=2)["losses"]


def test_decoupled_decay_shrinks_all_parts_by_the_same_factor(source, words):
    # With a rate of 1e-6 Adam itself moves nothing that counts; four steps leave (1 - 1e-6 * 1e5)^4.
    plan = Plan(factor=1e5, coupled=False, peak=1e-6, cosine=False)
    rows = _trained(source, words, plan)["rows"]
    for part, start in rows[0]["norms"].items():
        assert rows[-1]["norms"][part] / start == pytest.approx(0.9**4, abs=1e-3)


def test_coupled_decay_reaches_the_head_too(source, words):
    plain, decayed = (_trained(source, words, Plan(factor=f))["rows"][-1]["norms"] for f in (0.0, 1e3))
    assert all(decayed[part] < plain[part] for part in plain)
    with pytest.raises(ValueError, match="factor -1"):
        _trained(source, words, Plan(factor=-1))


def test_rates_of_the_plans():
    constant = Plan(peak=1.0, cosine=False, warmup_steps=2)
    assert [constant.rate_at(step, 6) for step in range(4)] == [0, 0.5, 1, 1]
    cosine = Plan(peak=1.0)
    assert [cosine.rate_at(step, 4) for step in (0, 2, 4)] == pytest.approx([1, 0.5, 0])
