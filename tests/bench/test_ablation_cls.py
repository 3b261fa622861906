"""The ablation of the classifier: rows are what they say, runs resume, the table adds up."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from ppocr_lessons.augment.cutout import CutOut
from ppocr_lessons.backbones.shufflenet_v2 import ShuffleNetV2
from ppocr_lessons.bench import ablation_cls
from ppocr_lessons.bench.direction_rows import ROWS, network
from ppocr_lessons.cli import app


@pytest.fixture
def tiny(monkeypatch):
    """Few lines, small batches and no timing."""
    for name, value in (("LINES", 6), ("HELD_BACK", 4), ("BATCH", 2), ("STEPS", 1)):
        monkeypatch.setattr(ablation_cls, name, value)
    monkeypatch.setattr(ablation_cls, "costs", lambda rounds: {"large": {"saved_mb": 0.9, "ms": 3.5}})


def test_rows_hold_the_published_table():
    published = {name: row.published for name, row in ROWS.items() if row.published}
    assert published["none"] == 0.8879 and published["rand-augment"] == 0.9212
    assert published["hide-and-seek"] == min(published.values()) == 0.8598
    assert [type(a).__name__ for a in ROWS["cutout"].augmentations] == ["BDA", "CutOut"]
    assert isinstance(ROWS["cutout"].augmentations[1], CutOut)
    assert isinstance(network(ROWS["shufflenet"]).backbone, ShuffleNetV2)
    assert network(ROWS["four"]).head.fc.weight.shape[1] == 4
    widths = [network(ROWS[name]).backbone.out_channels for name in ("large", "small-0.5", "small-1.0")]
    assert widths == sorted(set(widths))


@pytest.mark.parametrize("directions", [2, 4])
def test_lines_are_rotated_by_their_class(directions):
    lines = ablation_cls.lines_of(3, 40, directions)
    assert {target for _, target in lines} == set(range(directions))
    again = ablation_cls.lines_of(3, 40, directions)
    assert all((a == b).all() for (a, _), (b, _) in zip(lines, again, strict=True))
    if directions == 4:  # lines are wider than high, and a quarter turn makes them higher than wide
        assert all((image.shape[0] > image.shape[1]) == target % 2 for image, target in lines)


def test_words_for_scoring_occur_in_no_training_line_and_worn_lines_have_color():
    clean = ablation_cls.lines_of(3, 4, 2)
    worn = ablation_cls.lines_of(3, 4, 2, held_back=True, clean=False)
    assert all((image == image[..., :1]).all() for image, _ in clean)
    assert any((image != image[..., :1]).any() for image, _ in worn)
    training, scoring = ablation_cls.vocabulary()
    assert training and scoring and not set(training) & set(scoring)


def test_batches_depend_on_their_number_alone():
    lines = ablation_cls.lines_of(3, 5, 2)
    for name, labels in (("grid-mask", [32]), ("cutmix", [32, 2])):
        batch_at = ablation_cls.batches_of(ROWS[name], 1, lines)
        first, other, again = batch_at(0), batch_at(1), batch_at(0)
        assert first.images.shape == [32, 3, 32, 100] and first.labels.shape == labels
        np.testing.assert_array_equal(first.images.numpy(), again.images.numpy())
        assert (first.images.numpy() != other.images.numpy()).any()


def test_a_finished_run_is_not_repeated_and_the_table_adds_up(tiny, tmp_path):
    result = ablation_cls.cls(tmp_path, only=["bda", "mixup"], seeds=(1,))
    assert [row["row"] for row in result["table"]] == ["bda", "mixup"]
    assert json.loads((tmp_path / "result.json").read_text(encoding="utf-8")) == result
    file = tmp_path / "bda-1.json"
    record = json.loads(file.read_text(encoding="utf-8"))
    assert 0 <= record["acc"] <= 1 and 0 <= record["worn"] <= 1 and record["steps"] == ablation_cls.STEPS
    file.write_text(json.dumps(record | {"acc": 0.25}), encoding="utf-8")
    (tmp_path / "bda-2.json").write_text(json.dumps(record | {"acc": 0.75, "seed": 2}), encoding="utf-8")
    (row,) = ablation_cls.cls(tmp_path, only=["bda"], seeds=(1, 2))["table"][:1]
    assert (row["acc"], row["spread"], row["accs"]) == (0.5, 0.5, [0.25, 0.75])
    assert "BDA + Mixup" in ablation_cls.as_text(result)


def test_the_command(tiny, tmp_path):
    call = [
        "bench",
        "ablation",
        "cls",
        "--out",
        str(tmp_path / "runs"),
        "--row",
        "none",
        "--seed",
        "3",
        "--json",
    ]
    done = CliRunner().invoke(app, call)
    assert done.exit_code == 0 and json.loads(done.stdout)["table"][0]["seeds"] == [3]
    with pytest.raises(ValueError, match="unknown rows"):
        ablation_cls.cls(tmp_path / "other", only=["nothing"])
    assert not (tmp_path / "other").exists()
