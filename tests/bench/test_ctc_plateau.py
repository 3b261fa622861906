"""The recorded run of chapter 11b: its lines, its answers, a short run, and the record in data/results."""

import json
import pathlib

import numpy as np
import paddle

from ppocr_lessons.bench import ctc_plateau
from ppocr_lessons.datasets.seeding import rng_for
from ppocr_lessons.rec.alphabet import ENGLISH, Alphabet
from ppocr_lessons.rec.crnn import crnn_mobile

RECORD = pathlib.Path(__file__).parents[2] / "data/results/ctc_plateau.json"


def test_lines_are_short_and_repeatable():
    images, texts = ctc_plateau.short_lines(rng_for(3, 0), 5)
    again, same = ctc_plateau.short_lines(rng_for(3, 0), 5)
    assert images.shape == (5, 3, 32, ctc_plateau.WIDTH) and texts == same
    np.testing.assert_array_equal(images, again)
    assert all(4 <= len(text) <= 8 for text in texts)


def test_a_network_of_blanks_says_nothing():
    alphabet = Alphabet(ENGLISH)
    net = crnn_mobile(alphabet.classes)
    net.train()
    bias = np.zeros(alphabet.classes, np.float32)
    bias[0], bias[alphabet.index["e"]] = 50, 40
    for parameter in net.head.parameters():
        parameter.set_value(bias if parameter.shape == [96] else paddle.zeros_like(parameter))
    images, texts = ctc_plateau.short_lines(rng_for(3, 0), 4)
    answer = ctc_plateau.ask(net, images, texts, alphabet, shown=2)
    assert answer["blank"] > 0.99 and answer["cer"] == 1.0 and answer["best_character"] < 1e-3
    assert [line["text"] for line in answer["lines"]] == texts[:2]
    assert answer["lines"][0]["character"] == ["e"] * 24 and answer["lines"][0]["reading"] == ""
    assert net.training


def test_a_short_run_resumes_and_records_what_it_was_asked(tmp_path, monkeypatch):
    monkeypatch.setattr(ctc_plateau, "LINES", 2)
    monkeypatch.setattr(ctc_plateau, "ASKED", 3)
    ctc_plateau.run(tmp_path, steps=1, stops=(0, 1))
    record = ctc_plateau.run(tmp_path, steps=2, stops=(0, 1, 2))
    assert list(record["asked"]) == ["0", "1", "2"]
    assert json.loads((tmp_path / "result.json").read_text(encoding="utf-8"))["asked"] == record["asked"]


def test_the_record_shows_the_plateau():
    record = json.loads(RECORD.read_text(encoding="utf-8"))
    asked = {int(step): answer for step, answer in record["asked"].items()}
    assert tuple(asked) == ctc_plateau.STOPS and record["steps"] == ctc_plateau.STEPS
    assert asked[100]["cer"] == asked[250]["cer"] == 1.0 and asked[100]["blank"] > 0.7
    assert asked[2000]["cer"] < 0.1
