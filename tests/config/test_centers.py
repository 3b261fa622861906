"""The four steps of Enhanced CTC by commands: centers of a trained recognizer, and training with them."""

import json
import pathlib
import pickle

import numpy as np
import paddle
import paddle.nn.functional as F
import pytest
from typer.testing import CliRunner

from ppocr_lessons.cli import app
from ppocr_lessons.config import read_config
from ppocr_lessons.config.build import build
from ppocr_lessons.config.centers import collect_centers
from ppocr_lessons.config.problems import ConfigError
from ppocr_lessons.experiment import trained_net
from ppocr_lessons.rec.class_centers import class_centers
from ppocr_lessons.rec.ctc_decode import greedy_decode
from ppocr_lessons.zoo.center_files import read_centers, write_centers

from .conftest import CONFIGS

ECTC = CONFIGS / "2022/ch_PP-OCRv2_rec_enhanced_ctc_loss.yml"
CENTERS = "Loss.loss_config_list.CenterLoss.center_file_path"


def _call(command, given, *more):
    options = [part for value in given for part in ("-o", value)]
    return CliRunner().invoke(app, [command, "-c", str(ECTC), *options, *map(str, more)])


@pytest.fixture
def given(overrides):
    # The file of centers that the configuration names does not exist yet when the centers are computed.
    return overrides("rec", **{"Global.use_space_char": "true"})


def test_centers_are_computed_and_trained_with(given, tmp_path):
    for name in ("c.safetensors", "c.pkl"):
        result = _call("centers", given, "--weights", "rec_english", "--out", tmp_path / name)
        assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert told["lines"] == 8 and 1 <= told["correct"] <= 8 and told["classes"] == 96
    assert told["centers"] + len(told["without_center"]) == 96 and 0.3 < told["blank_share"] < 1
    assert f"classes without a center ({len(told['without_center'])}): ! " in result.stderr
    rows = read_centers(tmp_path / "c.safetensors", 96, 96)
    np.testing.assert_array_equal(rows, read_centers(tmp_path / "c.pkl", 96, 96))

    net, shared = trained_net(read_config(ECTC, given), "rec_english")
    built = build(read_config(ECTC, [*given, f"{CENTERS}="]), report=False)
    images = np.stack([built.eval_set.sample(i).image for i in range(8)])
    texts = [built.eval_set.sample(i).texts[0] for i in range(8)]
    with paddle.no_grad():
        logits, feats = net(paddle.to_tensor(images))
    readings = greedy_decode(F.softmax(logits, axis=-1).numpy(), shared.alphabet)
    right = [reading.text == text for reading, text in zip(readings, texts, strict=True)]
    assert sum(right) == told["correct"]
    expected = class_centers(feats.head.numpy(), logits.numpy(), right, 96)
    assert np.flatnonzero(~np.isnan(rows[:, 0])).tolist() == list(expected)
    for k, center in expected.items():
        np.testing.assert_allclose(rows[k], center, atol=1e-4)

    for name in ("c.safetensors", "c.pkl"):
        more = [*given, f"{CENTERS}={tmp_path / name}"]
        strategy = build(read_config(ECTC, more), report=False).strategy
        loss = strategy.terms[1].term.loss
        assert loss.known.numpy().sum() == told["centers"]
        np.testing.assert_array_equal(loss.centers.numpy(), np.nan_to_num(rows))
    result = _call("train", more, "--max-steps", 1)
    assert result.exit_code == 0, result.output
    missing = len(told["without_center"])
    assert f"c.pkl has no center for {missing} of 96 classes, whose features are not pulled" in result.stderr
    assert "num_classes is 6625, the dictionary has 96" in result.stderr


def test_a_lesson_in_python_gives_the_same_file(given, tmp_path):
    config = read_config(ECTC, given)
    found = collect_centers(config, *trained_net(config, "rec_english"))
    write_centers(tmp_path / "c.pkl", found.centers, 96)
    np.testing.assert_array_equal(read_centers(tmp_path / "c.pkl", 96, 96), found.table())
    assert found.counts.sum() == 80 * found.correct, "all time steps of correct lines count"


def test_without_a_file_a_note_says_what_computes_one(given):
    notes = read_config(ECTC, [*given, f"{CENTERS}="]).notes
    assert [note for note in notes if "centers are random; `ppocr-lessons centers`" in note]
    assert not [note for note in read_config(ECTC, given).notes if "centers are random" in note]


def test_no_line_is_read_correctly(given, tmp_path):
    wrong = tmp_path / "wrong.txt"
    source = next(v for v in given if v.startswith("Train.dataset.label_file_list")).split("'")[1]
    lines = pathlib.Path(source).read_text(encoding="utf-8").splitlines()
    wrong.write_text("\n".join(line.split("\t")[0] + "\t~~~" for line in lines))
    given = [*given, f"Train.dataset.label_file_list=['{wrong}']"]
    result = _call("centers", given, "--weights", "rec_english", "--out", tmp_path / "c.pkl")
    assert result.exit_code == 1 and not (tmp_path / "c.pkl").exists()
    assert (
        "Train.dataset (line" in result.stderr and "none of its 8 lines was read correctly" in result.stderr
    )


def test_wrong_calls_of_the_command(given, overrides, tmp_path):
    (tmp_path / "taken.pkl").write_text("something else")
    for out, words in (("c.txt", "not with '.txt'"), ("taken.pkl", "does not contain centers")):
        result = _call("centers", given, "--out", tmp_path / out, "--weights", "rec_english")
        assert result.exit_code == 1 and words in result.stderr
    result = _call("centers", given, "--out", tmp_path / "c.pkl")
    assert result.exit_code == 1 and "no trained weights there" in result.stderr
    result = CliRunner().invoke(
        app,
        ["centers", "-c", str(CONFIGS / "2022/ch_det_mv3_db_v2.0.yml"), "--out", str(tmp_path / "c.pkl"),
         *(part for value in overrides("det") for part in ("-o", value))],
    )  # fmt: skip
    assert (
        result.exit_code == 1
        and "belong to a recognizer, and this configuration is of task 'det'" in result.stderr
    )


class _Evil:
    def __reduce__(self):
        return print, ("was run",)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (pickle.dumps({0: _Evil()}), "c.pkl: not read: .*builtins.print, which is no array: refused, nothing was run"),
        (pickle.dumps({0: np.ones(64)}), r"entry 0 of shape \(64,\).* with \(96,\) are needed"),
        (pickle.dumps({96: np.ones(96)}), "entry 96 .*classes 0 to 95"),
        (pickle.dumps({}), "contains no centers"),
        (b"text", "c.pkl: not read: .*not a pickle"),
    ],
)  # fmt: skip
def test_files_that_cannot_be_trained_with(content, words, given, tmp_path, capsys):
    (tmp_path / "c.pkl").write_bytes(content)
    config = read_config(ECTC, [*given, f"{CENTERS}={tmp_path / 'c.pkl'}"])
    with pytest.raises(
        ConfigError, match=rf"(?s)CenterLoss\.center_file_path \(overrides line \d+\).*{words}"
    ):
        build(config, report=False)
    assert "was run" not in capsys.readouterr().out


def test_a_width_that_is_not_the_networks(given):
    config = read_config(ECTC, [*given, f"{CENTERS}=", "Architecture.Head.mid_channels=48"])
    with pytest.raises(
        ConfigError, match=r"CenterLoss\.feat_dim .*found 96; the last layer of the network has 48"
    ):
        build(config, report=False)
    config = read_config(
        ECTC,
        [
            *given,
            f"{CENTERS}=",
            "Architecture.Head.mid_channels=48",
            "Loss.loss_config_list.CenterLoss.feat_dim=48",
        ],
    )
    assert build(config, report=False).strategy.terms[1].term.loss.centers.shape == [96, 48]


def test_the_configuration_is_found_by_its_name(given, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    options = [part for value in given for part in ("-o", value)]
    name = f"2022/{ECTC.name}"
    done = CliRunner().invoke(
        app, ["centers", "-c", name, *options, "--weights", "rec_english", "--out", "c.pkl"]
    )
    assert done.exit_code == 0 and f"{name}: the configuration {name} of this package" in done.stderr
