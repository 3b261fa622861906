"""convert, split and dictionary: label files from label files."""

import errno
import json
import pathlib

import pytest
from PIL import Image
from typer.testing import CliRunner

from ppocr_lessons.cli import app
from ppocr_lessons.datasets.label_writing import write_pages
from ppocr_lessons.datasets.labels import LabelError
from ppocr_lessons.rec.alphabet import Alphabet


def _call(*arguments):
    return CliRunner().invoke(app, [str(a) for a in arguments])


@pytest.fixture
def pictures(tmp_path):
    folder = tmp_path / "images"
    folder.mkdir()
    for name in ("a.png", "b.jpg"):
        Image.new("RGB", (64, 48)).save(folder / name)
    return folder


def _pages(path):
    rows = (row.split("\t", 1) for row in path.read_text(encoding="utf-8").splitlines())
    return {name: json.loads(label) for name, label in rows}


def _labelme(tmp_path, shapes, image=r"C:\photos\a.png", name="a.json"):
    folder = tmp_path / "labels"
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(json.dumps({"shapes": shapes, "imagePath": image}), encoding="utf-8")
    return folder


def test_labelme(tmp_path, pictures):
    shapes = [
        {"label": "Straße, 5", "points": [[30, 20], [1, 2]], "shape_type": "rectangle"},
        {"label": "text", "description": "from the note", "points": [[1, 1], [9, 1], [9, 5], [5, 7], [1, 5]]},
    ]
    labels = _labelme(tmp_path, shapes)
    _labelme(tmp_path, [], image="renamed-since.jpg", name="b.json")
    done = _call("convert", "labelme", labels, pictures, tmp_path / "out.txt")
    assert done.exit_code == 0 and "2 images" in done.stderr
    pages = _pages(tmp_path / "out.txt")
    assert pages["b.jpg"] == [] and [e["transcription"] for e in pages["a.png"]] == [
        "Straße, 5",
        "from the note",
    ]
    assert pages["a.png"][0]["points"] == [[1, 2], [30, 2], [30, 20], [1, 20]]
    assert len(pages["a.png"][1]["points"]) == 5


@pytest.mark.parametrize(
    ("shape", "reason"),
    [
        (
            {"label": "x", "points": [[1, 1], [2, 2]], "shape_type": "circle"},
            "shape 0: shape_type is 'circle'",
        ),
        ({"label": "x", "points": [[1, 1], [2, 2]]}, "shape 0: 2 points"),
        ({"label": "x", "points": [[1, 1], [2, 2], [3, float("nan")]]}, "infinite or NaN"),
        ({"label": "x", "points": "abc"}, "points is not a list"),
        ({"points": [[1, 1], [2, 2], [3, 1]]}, "needs a label"),
        ({"label": "x", "points": [[1, 1], [10**400, 2], [3, 1]]}, "shape 0: points is not a list"),
        ({"label": "x", "points": [[1, 1], [2, 2], [3, 3]]}, "shape 0: the area of the polygon is 0"),
        ({"label": "\ud800", "points": [[1, 1], [2, 2], [3, 1]]}, "shape 0: the text '\\ud800' has half"),
    ],
)
def test_labelme_shapes_that_cannot_be_used(shape, reason, tmp_path, pictures):
    done = _call("convert", "labelme", _labelme(tmp_path, [shape]), pictures, tmp_path / "out.txt")
    assert done.exit_code == 1 and reason in done.stderr and "a.json" in done.stderr
    assert not (tmp_path / "out.txt").exists()


def test_two_labelme_files_for_one_image(tmp_path, pictures):
    labels = _labelme(tmp_path, [], image="a.png", name="a.json")
    _labelme(tmp_path, [], image="a.png", name="copy.json")
    done = _call("convert", "labelme", labels, pictures, tmp_path / "out.txt")
    assert done.exit_code == 1 and "copy.json: a.json labels a.png too" in done.stderr
    assert not (tmp_path / "out.txt").exists()


def test_labelme_files_that_are_none(tmp_path, pictures):
    labels = _labelme(tmp_path, [], image="gone.png", name="gone.json")
    (labels / "list.json").write_text("[]")
    (labels / "broken.json").write_text("{")
    done = _call("convert", "labelme", labels, pictures, tmp_path / "out.txt")
    assert done.exit_code == 1 and "3 bad entries" in done.stderr
    for reason in ("no image 'gone.png'", 'no list "shapes"', "cannot be read as JSON"):
        assert reason in done.stderr


def _coco(tmp_path, **changes):
    content = {
        "imgs": {
            "1": {"file_name": "a.png", "set": "train"},
            "2": {"file_name": "b.jpg", "set": "val"},
        },
        "anns": {
            "7": {"image_id": 1, "mask": [1, 2, 30, 2, 30, 20], "utf8_string": "Hi", "legibility": "legible"},
            "8": {"image_id": 1, "bbox": [1, 2, 10, 5], "utf8_string": "x", "legibility": "illegible"},
            "9": {"image_id": 1, "bbox": [1, 2, 10, 5], "legibility": "legible"},
        },
    }
    path = tmp_path / "coco.json"
    path.write_text(json.dumps(content | changes), encoding="utf-8")
    return path


def test_coco_text(tmp_path, pictures):
    out = tmp_path / "out.txt"
    done = _call("convert", "coco-text", _coco(tmp_path), pictures, out)
    assert done.exit_code == 0 and "2 images" in done.stderr
    pages = _pages(out)
    assert [e["transcription"] for e in pages["a.png"]] == ["Hi", "###", "###"] and pages["b.jpg"] == []
    assert pages["a.png"][0]["points"] == [[1, 2], [30, 2], [30, 20]]
    assert pages["a.png"][1]["points"] == [[1, 2], [11, 2], [11, 7], [1, 7]]
    val = tmp_path / "val.txt"
    done = _call("convert", "coco-text", _coco(tmp_path), pictures, val, "--set", "val")
    assert done.exit_code == 0 and "1 image in" in done.stderr and _pages(val) == {"b.jpg": []}


@pytest.mark.parametrize(
    ("changes", "options", "reason"),
    [
        ({"imgs": []}, (), 'no "imgs" and "anns"'),
        ({"anns": {"7": {"image_id": 1, "mask": [1, 2, 3]}}}, (), "annotation 7: no polygon"),
        ({"anns": {"7": {"image_id": 1, "mask": [1, 2, 3, 4]}}}, (), "annotation 7: 2 points; at least 3"),
        ({"anns": {"7": {"image_id": 5, "bbox": [1, 2, 3, 4]}}}, (), "annotation 7: its image_id is unknown"),
        ({"anns": {"7": {"image_id": 1, "mask": [10**400] * 8}}}, (), "annotation 7: no polygon"),
        ({"anns": {"7": {"image_id": 1, "bbox": [1, 2, 0, 4]}}}, (), "annotation 7: the area"),
        (
            {"anns": {"7": {"image_id": 1, "bbox": [1, 2, 3, 4], "utf8_string": "\udc00"}}},
            (),
            "annotation 7: the text '\\udc00' has half",
        ),
        ({"imgs": {}, "anns": {}}, (), "coco.json: no images\n"),
        ({"imgs": {"1": {"file_name": "gone.png"}}, "anns": {}}, (), "image 1: no gone.png"),
        ({}, ("--set", "test"), "its sets are ['train', 'val']"),
    ],
)
def test_coco_text_files_that_cannot_be_used(changes, options, reason, tmp_path, pictures):
    out = tmp_path / "out.txt"
    done = _call("convert", "coco-text", _coco(tmp_path, **changes), pictures, out, *options)
    assert done.exit_code == 1 and reason in done.stderr and not out.exists()


def test_icdar_polygons_without_area(tmp_path, pictures):
    (tmp_path / "gt_a.txt").write_text("1,1,9,1,9,9,1,9,x\n1,1,9,9,1,1,9,9,y\n")
    done = _call("convert", "icdar", tmp_path, pictures, tmp_path / "out.txt")
    assert done.exit_code == 1 and "gt_a.txt:2: the area of the polygon is 0" in done.stderr


def test_a_file_that_is_there_is_not_replaced(tmp_path, pictures):
    labels = _coco(tmp_path)
    before = labels.read_bytes()
    for arguments in (
        ("convert", "coco-text", labels, pictures, labels),
        ("dictionary", _label_file(tmp_path), "--out", labels),
    ):
        done = _call(*arguments)
        assert done.exit_code == 1 and "coco.json: exists with other content" in done.stderr
        assert labels.read_bytes() == before and done.stderr.count("\n") == 1
    for _ in range(2):  # the same command again writes the same
        assert _call("convert", "coco-text", labels, pictures, tmp_path / "out.txt").exit_code == 0
    done = _call("convert", "coco-text", labels, pictures, pictures)
    assert done.exit_code == 1 and done.stderr == f"error: {pictures}: a folder; name a file\n"


def test_an_error_names_the_file_and_not_the_partial_one(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device", ".partial-dict.txt")

    monkeypatch.setattr(pathlib.Path, "replace", full)
    out = tmp_path / "dict.txt"
    done = _call("dictionary", _label_file(tmp_path), "--out", out)
    assert done.exit_code == 1 and done.stderr == f"error: {out}: No space left on device\n"
    assert [p.name for p in tmp_path.iterdir()] == ["label.txt"]


def test_image_names_that_are_not_utf_8(tmp_path):
    with pytest.raises(LabelError, match="not UTF-8"):
        write_pages(tmp_path / "out.txt", [("caf\udce9.png", [])])


def test_only_coco_text_has_sets(tmp_path, pictures):
    done = _call("convert", "icdar", tmp_path, pictures, tmp_path / "out.txt", "--set", "val")
    assert done.exit_code == 1 and "only files of coco-text have sets" in done.stderr


def _label_file(tmp_path, count=20):
    path = tmp_path / "label.txt"
    # Every image has two lines, which must not be separated.
    rows = [f"{i}.png\ttext {i}\n{i}.png\tother {i}\n" for i in range(count)]
    path.write_text("".join(rows), encoding="utf-8")
    return path


def test_a_split_keeps_every_line_and_no_image_is_in_both(tmp_path):
    labels = _label_file(tmp_path)
    done = _call("split", labels, "--eval", "0.25", "--seed", "3")
    assert done.exit_code == 0 and "30 lines" in done.stderr and "10 lines" in done.stderr
    train, held = (
        (tmp_path / f"label_{part}.txt").read_text(encoding="utf-8").splitlines()
        for part in ("train", "eval")
    )
    assert sorted(train + held) == sorted(labels.read_text(encoding="utf-8").splitlines())
    assert not {row.split("\t")[0] for row in train} & {row.split("\t")[0] for row in held}
    assert _call("split", labels, "--eval", "0.25", "--seed", "3", "--out", tmp_path / "b").exit_code == 0
    assert (tmp_path / "b/label_eval.txt").read_text(encoding="utf-8").splitlines() == held
    assert _call("split", labels, "--eval", "0.25", "--seed", "4", "--out", tmp_path / "c").exit_code == 0
    assert (tmp_path / "c/label_eval.txt").read_text(encoding="utf-8").splitlines() != held


def test_splits_that_are_refused(tmp_path):
    labels = _label_file(tmp_path)
    (tmp_path / "label_train.txt").write_text("mine")
    done = _call("split", labels)
    assert done.exit_code == 1 and "label_train.txt: exists" in done.stderr
    assert (tmp_path / "label_train.txt").read_text() == "mine" and not (tmp_path / "label_eval.txt").exists()
    for share in ("0", "1", "2"):
        assert "between 0 and 1" in _call("split", labels, "--eval", share).stderr
    assert "1 images" in _call("split", _label_file(tmp_path, 1), "--out", tmp_path / "new").stderr
    labels.write_text("a.png text\n")
    assert "label.txt:1: no tab" in _call("split", labels, "--out", tmp_path / "new").stderr


def test_the_dictionary_of_recognition_and_detection_labels(tmp_path):
    (tmp_path / "rec.txt").write_text("a.png\tba c\nb.png\t[1]\n", encoding="utf-8")
    page = [{"transcription": t, "points": []} for t in ("é", "###", "*", "ba")]
    (tmp_path / "det.txt").write_text(f"a.png\t{json.dumps(page)}\n", encoding="utf-8")
    out = tmp_path / "dict.txt"
    done = _call("dictionary", tmp_path / "rec.txt", tmp_path / "det.txt", "--out", out)
    assert done.exit_code == 0 and "7 characters" in done.stderr
    assert out.read_text(encoding="utf-8").split("\n") == ["1", "[", "]", "a", "b", "c", "é", ""]
    assert Alphabet.from_file(out).encode("ab c") == [4, 5, 8, 6]
    often = tmp_path / "often.txt"
    _call("dictionary", tmp_path / "rec.txt", tmp_path / "det.txt", "--out", often, "--min-count", "2")
    assert often.read_text(encoding="utf-8") == "a\nb\n"
    done = _call("dictionary", tmp_path / "rec.txt", "--out", tmp_path / "new.txt", "--min-count", "9")
    assert f"{tmp_path / 'rec.txt'}: no character occurs at least 9 times" in done.stderr


@pytest.mark.parametrize("command", ["convert", "dictionary"])
def test_a_file_that_exists_is_kept(command, tmp_path, pictures):
    out = tmp_path / "out.txt"
    out.write_text("mine")
    arguments = {
        "convert": ("coco-text", _coco(tmp_path), pictures, out),
        "dictionary": (_label_file(tmp_path), "--out", out),
    }
    done = _call(command, *arguments[command])
    assert done.exit_code == 1 and "out.txt: exists" in done.stderr and out.read_text() == "mine"
