"""What a recipe asks for, trains with and writes, without the training."""

import json
import sys
import types

import numpy as np
import paddle
import pytest

from ppocr_lessons.training.tensor_files import read_tensors
from ppocr_lessons.zoo import recipes


@pytest.fixture
def asked(monkeypatch):
    """What the trainer is given, and what it is then told to do; it trains nothing."""
    found = {}

    class Trainer:
        def __init__(
            self, strategy, optimizer, *, batch_at, lr_at, seed, out, save_every, evaluate, eval_every
        ):
            found.update(locals())
            self.history = [{"samples": 3}, {"samples": 4}]

        def resume(self):
            return 2

        def run(self, steps):
            found["steps"] = steps

    monkeypatch.setattr(recipes, "Trainer", Trainer)
    return found


@pytest.fixture
def recipe(monkeypatch):
    """A recipe whose batches and scores tell what they were asked for."""
    recipe = recipes.Recipe(
        "a net",
        lambda: types.SimpleNamespace(net=(net := paddle.nn.Linear(2, 2)), trained=net),
        lambda *place: place,
        lambda net, count: {"acc": count + 0.12344, "training": net.training},
        0.5,
    )
    monkeypatch.setitem(recipes.RECIPES, "cls", recipe)
    return recipe


def test_the_card_and_the_trainer(asked, recipe, tmp_path):
    card = recipes.train("cls", steps=50, out=tmp_path, seed=4, peak=0.25, evaluate_on=7)
    assert asked["steps"] == 50 and asked["seed"] == 4 and asked["out"] == tmp_path
    assert (asked["save_every"], asked["eval_every"]) == (200, 400)
    assert asked["batch_at"](9) == (4, 9, 50)
    assert asked["lr_at"](0) == 0 and asked["lr_at"](5) == 0.25 and asked["lr_at"](4) == pytest.approx(0.2)
    assert asked["optimizer"].regularization._coeff == 0.5
    assert asked["evaluate"](paddle.nn.Linear(1, 1))["acc"] == 7.12344
    assert card["scores"] == {"acc": 28.1234, "training": False}
    assert (card["net"], card["parameters"], card["seed"], card["steps"]) == ("a net", 6, 4, 50)
    assert (card["samples"], card["steps_timed"], card["peak_learning_rate"]) == (7, 48, 0.25)
    assert 0 <= card["minutes"] < 1 and card == json.loads((tmp_path / "card.json").read_text())
    assert card["command"] == "python -m ppocr_lessons.zoo.recipes cls --steps 50 --seed 4 --peak 0.25"
    weights = read_tensors(tmp_path / "weights.safetensors")
    np.testing.assert_array_equal(weights["weight"], asked["strategy"].net.weight.numpy())


def test_a_warm_up_is_at_most_a_hundred_steps(asked, recipe, tmp_path):
    recipes.train("cls", steps=5000, out=tmp_path, evaluate_on=1)
    assert asked["lr_at"](100) == 1e-3 and asked["lr_at"](50) == pytest.approx(5e-4)


def test_a_seed_sets_the_first_weights(asked, recipe, tmp_path):
    first = []
    for seed in (1, 1, 2):
        recipes.train("cls", steps=10, out=tmp_path, seed=seed, evaluate_on=1)
        first.append(asked["strategy"].net.weight.numpy().copy())
    assert (first[0] == first[1]).all() and (first[0] != first[2]).any()


def test_going_on_from_weights(asked, recipe, tmp_path):
    for run in ("one", "two"):
        (tmp_path / run).mkdir()
    recipes.train("cls", steps=10, out=tmp_path / "one", evaluate_on=1)
    trained = asked["strategy"].net.weight.numpy().copy()
    start = tmp_path / "one/weights.safetensors"
    card = recipes.train(
        "cls", steps=10, out=tmp_path / "two", seed=9, evaluate_on=1, weights=start, after=30
    )
    np.testing.assert_array_equal(asked["strategy"].net.weight.numpy(), trained)
    assert asked["batch_at"](3) == (9, 33, 40)
    assert card["command"].endswith("--weights weights.safetensors --after 30")


def test_recipes_of_the_three_nets():
    for name, weight_decay, parts in (
        ("det", 0.0, {"prob", "threshold", "binary"}),
        ("cls", 0.0, None),
        ("rec", 1e-5, {"ctc", "guide"}),
    ):
        recipe = recipes.RECIPES[name]
        assert recipe.weight_decay == weight_decay
        strategy = recipe.strategy()
        if parts:
            assert set(strategy(recipe.batch(3, 0, 1000)).parts) == parts
    assert recipes.ALPHABET.classes == 96 and recipes.HELD_BACK == 900_001


def test_held_back_pictures(monkeypatch):
    seen = {}
    monkeypatch.setattr(
        recipes,
        "evaluate_det",
        lambda net, pages, postprocess: seen.update(det=list(pages), post=postprocess),
    )
    monkeypatch.setattr(
        recipes, "evaluate_rec", lambda net, lines, alphabet: {"acc": len(lines), "first": lines[0]}
    )
    monkeypatch.setattr(recipes, "score_classifier", lambda net, batches: seen.update(cls=list(batches)))
    for kind in ("page_at", "word_at"):
        monkeypatch.setattr(recipes.pages, kind, lambda seed, index, kind=kind: (kind, seed, index))
    monkeypatch.setattr(
        recipes.pages, "line_at", lambda seed, index, characters: ("line", seed, index, characters)
    )
    monkeypatch.setattr(recipes.streams, "cls_batch", lambda seed, step: (seed, step))
    recipes.RECIPES["det"].evaluate(None, 30)
    assert seen["det"] == [("page_at", 900_001, i) for i in range(3)]
    assert (seen["post"].score_mode, seen["post"].box_thresh) == ("slow", 0.8)
    scores = recipes.RECIPES["rec"].evaluate(None, 5)
    assert scores == {
        "word_acc": 5,
        "word_first": ("word_at", 900_001, 0),
        "line_acc": 5,
        "line_first": ("line", 900_001, 0, 40),
    }
    for count, batches in ((10, 1), (64, 1), (130, 2)):
        recipes.RECIPES["cls"].evaluate(None, count)
        assert seen["cls"] == [(900_001, i) for i in range(batches)]


def test_the_command_line(monkeypatch, capsys):
    given = []
    monkeypatch.setattr(recipes, "train", lambda **options: given.append(options) or {"steps": 3})
    monkeypatch.setattr(sys, "argv", ["recipes", "det", "--steps", "3", "--out", "there"])
    recipes.main()
    assert given == [
        {"name": "det", "steps": 3, "out": "there", "seed": 1, "peak": 1e-3, "weights": None, "after": 0}
    ]
    assert json.loads(capsys.readouterr().out) == {"steps": 3}
    for missing in (
        ["recipes", "det", "--steps", "3"],
        ["recipes", "det", "--out", "x"],
        ["recipes", "ocr", "--steps", "3", "--out", "x"],
    ):
        monkeypatch.setattr(sys, "argv", missing)
        with pytest.raises(SystemExit):
            recipes.main()
