"""The ablation of quantization: rows, a run that resumes, the table, the command."""

import json

import pytest
from typer.testing import CliRunner

from ppocr_lessons.bench import quantization
from ppocr_lessons.bench.quantization import ROWS
from ppocr_lessons.cli import app
from ppocr_lessons.quant.prepare import quantized

NAMES = ("float", "min-max-4", "pact-4")


@pytest.fixture
def small(monkeypatch):
    """Few lines."""
    monkeypatch.setattr(quantization, "TRAINING_LINES", 8)
    monkeypatch.setattr(quantization, "HELD_BACK", 16)
    monkeypatch.setattr(quantization, "BATCH", 4)


def test_the_rows_are_all_methods_at_all_bits():
    assert len(ROWS) == 1 + 5 * 4 and {row.bits for row in ROWS.values()} == {32, 8, 6, 4, 3, 2}
    assert all(row.name == name for name, row in ROWS.items())


def test_runs_are_recorded_and_not_repeated(small, tmp_path, monkeypatch):
    result = quantization.quant(tmp_path, only=NAMES, seeds=(1, 2), steps=2)
    assert sorted((r["row"], r["seed"], r["steps"]) for r in result["records"]) == [
        ("float", 0, 0), ("min-max-4", 0, 0), ("pact-4", 1, 2), ("pact-4", 2, 2),
    ]  # fmt: skip
    assert json.loads((tmp_path / "result.json").read_text(encoding="utf-8")) == result
    pact = next(row for row in result["table"] if row["row"] == "pact-4")
    assert pact["seeds"] == [1, 2] and pact["acc"] == pytest.approx(sum(pact["accs"]) / 2)
    assert pact["spread"] == pytest.approx(abs(pact["accs"][0] - pact["accs"][1]))
    losses = [r["loss"] for r in result["records"] if r["row"] == "pact-4"]
    assert losses[0] != losses[1], "the seed changes the order of the lines"
    monkeypatch.setattr(quantization, "quantized_net", None)  # nothing is computed again
    assert quantization.quant(tmp_path, only=NAMES, seeds=(1, 2), steps=2)["records"] == result["records"]


def test_every_row_starts_from_the_same_weights_and_pact_changes_them(small, tmp_path):
    training = quantization._batches(*quantization.lines_of(tmp_path, "train", 8, 1))
    nets = {
        name: quantized(quantization.quantized_net(ROWS[name], 1, training, 1)[0])
        for name in ("mse-4", "pact-4")
    }
    name = "backbone.conv1.conv"
    before, after = (nets[row][name] for row in nets)
    assert before.quantizer.bits == after.quantizer.bits == 4
    assert before.quantizer.alpha.item() != after.quantizer.alpha.item()
    assert not before.layer.weight.equal_all(after.layer.weight).item()


def test_the_command(small, tmp_path):
    run = ["bench", "ablation", "quant", "--out", str(tmp_path)]
    done = CliRunner().invoke(app, [*run, "--row", "float"])
    assert done.exit_code == 0 and "float" in done.output
    done = CliRunner().invoke(app, [*run, "--row", "pact-5"])
    assert done.exit_code == 1 and "unknown rows ['pact-5']" in done.output
