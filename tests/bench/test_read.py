"""Scores of whole systems on labeled pictures, with systems whose answers are known."""

import json

import cv2
import numpy as np
import pytest

from ppocr_lessons.bench import read, systems

BOX = [[10, 10], [60, 10], [60, 30], [10, 30]]
OTHER = [[10, 50], [60, 50], [60, 70], [10, 70]]


@pytest.fixture
def labels(tmp_path):
    for name in ("a.png", "b.png", "w.png"):
        cv2.imwrite(str(tmp_path / name), np.full((90, 80, 3), 200, np.uint8))
    pages = {
        "a.png": [{"transcription": "two words", "points": BOX}, {"transcription": "###", "points": OTHER}],
        "b.png": [{"transcription": "no points"}],
    }
    text = "".join(f"{name}\t{json.dumps(entries)}\n" for name, entries in pages.items())
    (tmp_path / "label.txt").write_text(text, encoding="utf-8")
    (tmp_path / "words.txt").write_text("w.png\tCASH\nw.png\tCASE\n", encoding="utf-8")
    return tmp_path


def _system(texts, word="CASH"):
    found = [systems.Read(np.array(box, np.float32), text) for box, text in texts]
    return systems.System(lambda image: found, lambda crop: word, 2.0)


def test_scores_by_hand(labels):
    pages, words = read.read_pages(labels / "label.txt"), read.read_words(labels / "words.txt")
    compared = {"half": _system([(BOX, "two wrong")]), "nothing": _system([], "")}
    half, nothing = read.measure(pages, words, compared, rounds=1)
    # Page a: "two" of "two words"; page b: none of "no points". The system says two words on each of the pages.
    assert (half["word_recall"], half["word_precision"]) == (pytest.approx(1 / 4), pytest.approx(1 / 4))
    assert half["word_f1"] == pytest.approx(1 / 4)
    assert (half["precision"], half["recall"], half["hmean"]) == (1, 1, 1), (
        "page b has no points and does not count"
    )
    assert (half["exact_words"], half["words"], half["mb"]) == (1, 2, 2.0)
    assert half["cer"] == pytest.approx((0 + 1 / 4) / 2)  # CASH for CASE: one edit of four characters
    assert nothing["word_f1"] == nothing["hmean"] == nothing["exact_words"] == 0 and nothing["cer"] == 1
    text = read.as_text([half, nothing])
    assert "half" in text and "1/2" in text and len({len(line) for line in text.splitlines()}) == 1


def test_a_text_that_nobody_can_read_counts_for_nobody(labels):
    pages = read.read_pages(labels / "label.txt")[:1]
    (row,) = read.measure(pages, [], {"both": _system([(BOX, "two words"), (OTHER, "guess")])}, rounds=1)
    assert row["precision"] == row["recall"] == 1 and row["word_recall"] == 1 and row["cer"] is None


@pytest.mark.parametrize(
    "line",
    ["a.png", "a.png\t[", 'a.png\t[{"points": []}]', 'a.png\t[{"transcription": "x", "points": [[1, 2]]}]', 'a.png\t{"a": 1}'],
)  # fmt: skip
def test_a_bad_label_names_file_and_line(labels, line):
    good = (labels / "label.txt").read_text(encoding="utf-8").splitlines()[0]
    (labels / "label.txt").write_text(f"{good}\n{line}\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"label\.txt, line 2"):
        read.read_pages(labels / "label.txt")
    (labels / "words.txt").write_text("w.png CASH\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"words\.txt, line 1"):
        read.read_words(labels / "words.txt")


def test_only_installed_systems_are_offered(monkeypatch):
    monkeypatch.setattr(systems.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(systems.shutil, "which", lambda name: None)
    assert systems.available() == []
    monkeypatch.undo()
    assert "course" in systems.available()


def test_the_shipped_labels_name_pictures_of_scikit_image(repository):
    pages = read.read_pages(repository / "data/real_en/label.txt")
    assert [len(page.texts) for page in pages] == [7] + [0] * 10
    height, width = pages[0].image.shape[:2]
    assert pages[0].polygons.min() >= 0 and (pages[0].polygons.max((0, 1)) <= (width, height)).all()
