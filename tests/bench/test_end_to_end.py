"""Whole systems from the networks of the ablations: labels that fit the words, scores of what is found and read."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from ppocr_lessons.bench import end_to_end, recognition_training
from ppocr_lessons.bench.detection_rows import ROWS as DET_ROWS
from ppocr_lessons.bench.recognition_rows import ROWS as REC_ROWS
from ppocr_lessons.bench.short_words import alphabet, vocabulary
from ppocr_lessons.cli import app
from ppocr_lessons.det.dbnet import db_mobile
from ppocr_lessons.det.postprocess import Boxes
from ppocr_lessons.training.tensor_files import WeightsError, save_weights


class FoundByTheLabel:
    """A detector that finds what the label says, and remembers its postprocessing."""

    def __init__(self, page):
        self.page, self.postprocess = page, None

    def __call__(self, image):
        return Boxes(self.page.polygons[:-1], np.ones(len(self.page.polygons) - 1))


def test_polygons_are_the_ink_of_words_that_no_training_line_has():
    page, again = end_to_end.word_page(3, 1, side=256), end_to_end.word_page(3, 1, side=256)
    np.testing.assert_array_equal(page.image, again.image)
    assert page.texts == again.texts and set(page.texts) <= set(vocabulary()[1])
    assert len(page.texts) == len(page.polygons) >= 3
    rest = page.image.copy()
    for polygon in page.polygons.astype(int):
        (left, top), (right, bottom) = polygon[0], polygon[2]
        word = page.image[top:bottom, left:right, 0] < 128
        assert word[0].any() and word[-1].any() and word[:, 0].any() and word[:, -1].any()
        rest[top:bottom, left:right] = 255
    assert (rest >= 128).all()


def test_scores_count_words_that_are_found_and_read(monkeypatch):
    page = end_to_end.word_page(3, 1, side=256)
    seen = []

    def readings(net, images):
        seen.extend(image.shape[:2] for image in images)
        return [page.texts[0]] + ["x"] * (len(images) - 1)

    monkeypatch.setattr(end_to_end, "readings_of", readings)
    detector = FoundByTheLabel(page)
    found, count = end_to_end.scores_of(detector, None, 1.2, [page]), len(page.texts)
    assert detector.postprocess.unclip_ratio == 1.2
    assert found["precision"] == 1 and found["recall"] == pytest.approx((count - 1) / count)
    assert found["word_recall"] == pytest.approx(1 / count)
    assert found["word_precision"] == pytest.approx(1 / (count - 1))
    sides = page.polygons[:-1, 2] - page.polygons[:-1, 0]
    np.testing.assert_allclose(seen, sides[:, ::-1], atol=1)


def test_rows_exist_and_an_unfinished_run_is_named(tmp_path):
    for trained in end_to_end.SYSTEMS.values():
        assert trained.det in DET_ROWS and trained.rec in REC_ROWS[trained.table]
    folders = dict.fromkeys(("det", "rec", "rec_v2"), tmp_path)
    mobile = end_to_end.SYSTEMS["mobile"]
    with pytest.raises(WeightsError, match="further-1"):
        end_to_end.load_networks(mobile, 1, folders)
    for run in ("further-1", "warmup-1"):
        (tmp_path / run).mkdir()
    det, rec = db_mobile(), recognition_training.network(REC_ROWS["rec"]["warmup"], alphabet().classes)
    save_weights(det, tmp_path / "further-1" / "latest.safetensors")
    save_weights(rec, tmp_path / "warmup-1" / "net.safetensors")
    loaded = end_to_end.load_networks(mobile, 1, folders)
    for net, other in zip((det, rec), loaded, strict=True):
        assert not other.training
        for a, b in zip(net.parameters(), other.parameters(), strict=True):
            np.testing.assert_array_equal(a.numpy(), b.numpy())


def test_the_command_takes_the_best_ratio_of_other_pages_and_averages_over_seeds(monkeypatch, tmp_path):
    monkeypatch.setattr(
        end_to_end, "load_networks", lambda trained, seed, folders: ((trained.title, seed), None)
    )
    monkeypatch.setattr(end_to_end, "Detector", lambda net, upscale_below, threads: net)
    monkeypatch.setattr(end_to_end, "PAGES", 2)
    monkeypatch.setattr(end_to_end, "CHOOSING", 1)
    asked = []

    def scores_of(detector, rec, unclip, pages):
        asked.append((detector[0], unclip, [page.name for page in pages]))
        return {"hmean": 0.5 + 0.1 * detector[1] - abs(unclip - 1.5), "word_f1": 0.8 - abs(unclip - 2.1)}

    monkeypatch.setattr(end_to_end, "scores_of", scores_of)
    call = ["bench", "end-to-end", "--det", "a", "--rec", "b", "--rec-v2", "c", "--json"]
    done = CliRunner().invoke(app, [*call, "--out", str(tmp_path / "r.json")])
    assert done.exit_code == 0, done.output
    result = json.loads(done.stdout)
    assert result == json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))
    mobile, server = result["systems"]["mobile"], result["systems"]["server"]
    assert mobile["hmean"] == pytest.approx(0.7) and mobile["hmean_spread"] == pytest.approx(0.2)
    assert server["word_f1"] == pytest.approx(0.8) and server["word_f1_spread"] == 0
    assert {(run["found"]["unclip"], run["read"]["unclip"]) for run in mobile["runs"]} == {(1.5, 2.1)}
    chosen_on = {name for _, _, names in asked for name in names if len(names) == 1}
    scored_on = {name for _, _, names in asked for name in names if len(names) == 2}
    assert chosen_on and scored_on and not chosen_on & scored_on
    assert "PP-OCR server" in end_to_end.as_text(result)
