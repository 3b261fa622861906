"""Options of the section Metric change the score."""

import pytest

from ppocr_lessons import evaluate
from ppocr_lessons.config import evaluation, read_config
from ppocr_lessons.config.configuration import context
from ppocr_lessons.config.data import build_dataset
from ppocr_lessons.rec.ctc_decode import Reading

from .conftest import CONFIGS

REC = CONFIGS / "2022/rec_chinese_lite_train_v2.0.yml"


@pytest.mark.parametrize(
    ("read_as", "is_filter", "accuracy"),
    [
        (str.swapcase, False, 0),
        (str.swapcase, True, 1),
        ("~{}!".format, False, 0),
        ("~{}!".format, True, 1),
        ("a{}".format, True, 0),
    ],
)
def test_is_filter_reaches_the_metric(overrides, monkeypatch, read_as, is_filter, accuracy):
    config = read_config(REC, overrides("rec", **{"Metric.is_filter": is_filter}))
    shared = context(config)
    lines = build_dataset(config, config.evaluation, shared, "Eval")
    truths = iter([lines.sample(i).texts[0] for i in range(len(lines))])
    assert any(c.isalpha() for c in lines.sample(0).texts[0])
    monkeypatch.setattr(
        evaluate, "greedy_decode", lambda probs, _: [Reading(read_as(next(truths)), 1.0) for _ in probs]
    )

    def net(images):
        from paddle import zeros

        return zeros([len(images), 4, shared.alphabet.classes]), None

    score = evaluation.evaluate(config, net, lines, shared)
    # Lines of digits alone are the same in either case.
    assert score["acc"] == pytest.approx(
        accuracy, abs=0.4 if read_as is str.swapcase and not is_filter else 1e-4
    )
