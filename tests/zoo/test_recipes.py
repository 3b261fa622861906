"""How the shipped weights are made."""

import json

import numpy as np

from ppocr_lessons.training.tensor_files import read_tensors
from ppocr_lessons.zoo import recipes


def test_a_recipe_goes_on_from_weights(tmp_path, monkeypatch):
    asked, recipe = [], recipes.RECIPES["cls"]

    def batch(seed, step, steps):
        asked.append((seed, step, steps))
        return recipe.batch(seed, step, steps)

    monkeypatch.setitem(recipes.RECIPES, "cls", recipe._replace(batch=batch))
    recipes.train("cls", steps=1, out=tmp_path / "first", evaluate_on=1)
    start = tmp_path / "first/weights.safetensors"
    card = recipes.train(
        "cls", steps=1, out=tmp_path / "second", seed=2, peak=0.0, evaluate_on=1, weights=start, after=5
    )
    assert asked == [(1, 0, 1), (2, 5, 6)]
    assert card == json.loads((tmp_path / "second/card.json").read_text())
    assert card["command"].endswith("--seed 2 --peak 0.0 --weights weights.safetensors --after 5")
    # Without a learning rate the parameters stay, and only the statistics of batch norms move.
    before, after = (read_tensors(tmp_path / run / "weights.safetensors") for run in ("first", "second"))
    for name, tensor in before.items():
        if not name.endswith(("_mean", "_variance")):
            np.testing.assert_array_equal(tensor, after[name], err_msg=name)
