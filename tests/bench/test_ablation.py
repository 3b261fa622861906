"""The ablation: every row is the configuration that it says, a run resumes, the table adds up."""

import itertools
import json

import numpy as np
import pytest
from typer.testing import CliRunner

from ppocr_lessons.bench import ablation, detection_rows
from ppocr_lessons.cli import app
from ppocr_lessons.config import ConfigError, diff
from ppocr_lessons.det.dbnet import db_mobile, db_server
from ppocr_lessons.training.tensor_files import save_weights

SHORT = ("Global.epoch_num=1", "Train.loader.batch_size_per_card=4")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with tiny sets, and the weights that the second edition starts from."""
    out = tmp_path_factory.mktemp("ablation")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ablation, "PAGES", 8)
        patch.setattr(ablation, "HELD_BACK", 2)
        patch.setattr(ablation, "CHOOSING", 2)
        patch.setattr(ablation, "SIDE", 128)
        ablation.prepare_data(out)
    for seed in detection_rows.SEEDS:
        detection_rows.folder_of(out, "warm-up", seed).mkdir()
        save_weights(db_mobile(), detection_rows.folder_of(out, "warm-up", seed) / "latest.safetensors")
    detection_rows.folder_of(out, "se-longer", 1).mkdir()
    gated = detection_rows.folder_of(out, "se-longer", 1) / "latest.safetensors"
    save_weights(db_mobile(disable_se=False), gated)
    detection_rows.folder_of(out, "teacher", 1).mkdir()
    save_weights(db_server(), detection_rows.folder_of(out, "teacher", 1) / "latest.safetensors")
    return out


def _values(folder, name):
    return detection_rows.settings_of(detection_rows.ROWS[name], 1, folder).values


def test_each_row_of_the_first_edition_changes_one_thing(folder):
    rows = [row.name for row in detection_rows.FIRST_EDITION if row.name != "fpgm"]
    for before, after in itertools.pairwise(rows):
        changes = [
            line
            for line in diff(_values(folder, before), _values(folder, after))
            if "save_model_dir" not in line
        ]
        lines = {line[2:].split(":")[0] for line in changes}
        assert len(lines) == 1, (before, after, changes)


def test_rows_of_the_second_edition(folder):
    nets = {name: list(_values(folder, name)["Architecture"].get("Models", {})) for name in ("further", "kd", "dml", "cml")}  # fmt: skip
    assert nets == {
        "further": [],
        "kd": ["Teacher", "Student"],
        "dml": ["Student", "Student2"],
        "cml": ["Teacher", "Student", "Student2"],
    }
    pasting = diff(_values(folder, "cml"), _values(folder, "cml-copy-paste"))
    assert any("CopyPaste" in line for line in pasting)
    config = detection_rows.settings_of(detection_rows.ROWS["cml"], 3, folder)
    starts = {name: net.sub.pretrained for name, net in config.nets.items()}
    assert "warm-up-3" in starts["Student"] and "warm-up-1" in starts["Student2"], "the students differ"
    assert config.nets["Teacher"].sub.freeze_params


def test_a_row_waits_for_the_one_it_goes_on_from(tmp_path):
    with pytest.raises(ConfigError, match=r"warm-up-2.*not finished"):
        detection_rows.settings_of(detection_rows.ROWS["further"], 2, tmp_path)


@pytest.mark.parametrize("name", ["small-0.35", "cml-copy-paste", "fpgm", "se-removed"])
def test_a_run_is_recorded_and_not_run_again(folder, name):
    row = detection_rows.ROWS[name]
    short = row._replace(changes=(*row.changes, *SHORT))
    record = ablation.train_row(short, 1, folder)
    assert record["steps"] == 2 and np.isfinite(record["loss"]).all()
    scores = record["scores"]
    assert set(scores["fixed"]) == set(scores["chosen"]) == {"precision", "recall", "hmean"}
    assert list(scores["choosing"]) == [str(ratio) for ratio in ablation.UNCLIPS]
    assert scores["choosing"][str(scores["unclip"])] == max(scores["choosing"].values())
    whole = 595_794  # of the mobile detector
    expected = {"small-0.35": 228_490, "cml-copy-paste": whole, "fpgm": 305_106, "se-removed": whole}
    assert record["parameters"] == expected[name]
    assert ablation.train_row(short, 1, folder) == record


def test_the_unclip_ratio_is_chosen_on_pages_that_are_not_scored(monkeypatch, folder):
    """A ratio that is best on the scored pages, and not on the others, is not taken."""
    choosing, scored = ({r: {"precision": h, "recall": h, "hmean": h} for r, h in zip(ablation.UNCLIPS, hmeans, strict=True)}
                        for hmeans in ((0.1, 0.7, 0.5, 0.2), (0.9, 0.4, 0.6, 0.3)))  # fmt: skip
    seen = []

    def fake(config, net, pages):
        seen.append(pages)
        return scored if pages == "scored" else choosing

    monkeypatch.setattr(ablation, "by_unclip", fake)
    config = detection_rows.settings_of(detection_rows.ROWS["cosine"], 1, folder)
    found = ablation.scores_of(config, None, folder, "scored")
    assert found["unclip"] == 1.2 and found["chosen"]["hmean"] == 0.4 and found["fixed"]["hmean"] == 0.6
    assert len(seen[0]) == 2, "the pages of the folder `choose`"


def test_mean_and_spread():
    records = [
        {
            "row": "cosine",
            "seed": s,
            "scores": {
                "chosen": {"precision": h, "recall": h, "hmean": h},
                "fixed": {"hmean": 0.5},
                "unclip": 1.2,
            },
        }
        for s, h in ((1, 0.6), (2, 0.7), (3, 0.68))
    ]
    (row,) = ablation.summary(records)
    assert row["hmean"] == pytest.approx(0.66) and row["spread"] == pytest.approx(0.1)
    assert row["hmean_fixed"] == 0.5 and row["unclips"] == [1.2, 1.2, 1.2]
    text = ablation.as_text({"table": [row], "costs": {"cosine": {"saved_mb": 2.46, "ms": 41.0}}})
    assert "0.660" in text and "2.46" in text and "0.500" in text


def test_an_unknown_row_is_one_clear_error(tmp_path):
    result = CliRunner().invoke(
        app, ["bench", "ablation", "det", "--out", str(tmp_path / "x"), "--row", "nope"]
    )
    assert result.exit_code == 1 and "unknown rows ['nope']" in result.output and "'cosine'" in result.output
    assert not (tmp_path / "x").exists()


def test_recorded_results_are_of_these_rows(repository):
    recorded = json.loads((repository / "data/results/ablation_det.json").read_text(encoding="utf-8"))
    table = ablation.summary(recorded["records"])
    assert {row["row"] for row in table} == set(detection_rows.ROWS), "a row of the ablation has no record"
    assert [row["row"] for row in table] == [row["row"] for row in recorded["table"]]
    for mine, theirs in zip(table, recorded["table"], strict=True):
        assert mine["hmean"] == pytest.approx(theirs["hmean"])
    for row in table:
        assert len(row["seeds"]) == (1 if row["row"] in detection_rows.ONCE else 3), row["row"]
