"""Folders of exported nets: used if they are whole, and one clear error if not."""

import json
import shutil

import numpy as np
import pytest

from ppocr_lessons.deploy.export_folder import detector_of, recognizer_of, write_folder
from ppocr_lessons.deploy.export_record import FolderError
from ppocr_lessons.training.tensor_files import sha256
from ppocr_lessons.zoo.pretrained import build, detector_postprocess, english


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    folder = tmp_path_factory.mktemp("exports")
    write_folder(build("det"), folder / "det", "det", postprocess=detector_postprocess())
    write_folder(build("rec"), folder / "rec", "rec", alphabet=english())
    return folder


@pytest.fixture
def det(exported, tmp_path):
    return shutil.copytree(exported / "det", tmp_path / "det")


@pytest.fixture
def rec(exported, tmp_path):
    return shutil.copytree(exported / "rec", tmp_path / "rec")


def _edit(folder, **changes):
    record = json.loads((folder / "lessons.json").read_text(encoding="utf-8"))
    for key, value in changes.items():
        if value is ...:
            del record[key]
        else:
            record[key] = value
    (folder / "lessons.json").write_text(json.dumps(record), encoding="utf-8")


def test_whole_folders_work(det, rec):
    assert detector_of(det).postprocess.score_mode == "slow"
    reader = recognizer_of(rec)
    assert reader.alphabet.characters == english().characters
    assert len(reader([np.zeros((32, 100, 3), np.uint8)])) == 1


@pytest.mark.parametrize("name", ["inference.json", "inference.pdiparams"])
@pytest.mark.parametrize("harm", ["cut", "empty", "garbled", "swapped", "gone", "a folder"])
def test_damaged_programs(name, harm, det, exported):
    path, data = det / name, (det / name).read_bytes()
    path.unlink()
    if harm == "a folder":
        path.mkdir()
    elif harm != "gone":
        other = {
            "cut": data[: len(data) // 2],
            "empty": b"",
            "garbled": data[:100] + bytes(50) + data[150:],
            "swapped": (exported / "rec" / name).read_bytes(),
        }[harm]
        path.write_bytes(other)
    with pytest.raises(FolderError, match=name) as caught:
        detector_of(det)
    assert "\n" not in str(caught.value) and str(det) in str(caught.value)


@pytest.mark.parametrize("name", ["inference.json", "inference.pdiparams"])
def test_a_garbled_program_with_a_record_to_match(name, rec):
    """The record is no signature: Paddle sees such files, and what it says is one error."""
    (rec / name).write_bytes(b"garbage" * 100)
    _edit(rec, sha256={n: sha256(rec / n) for n in ("inference.json", "inference.pdiparams")})
    with pytest.raises(FolderError, match="rec: cannot be used: ") as caught:
        recognizer_of(rec)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", "[1, 2]", "3", "null", '"text"', "{}", '{"stage": "det"}', '{"sha256": []}', '{"sha256": {}}',
     '{"sha256": "abc"}', '{"sha256": 3}', '{"sha256": null}', "[" * 100_000, "\x00", b"\xff\xfe", b"\x80\x04N."],
)  # fmt: skip
def test_records_that_are_none(content, det):
    (det / "lessons.json").write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(FolderError, match=r"det: not a folder of .*lessons\.json") as caught:
        detector_of(det)
    assert "\n" not in str(caught.value)


def _postprocess(**changes):
    plain = {
        "thresh": 0.3, "box_thresh": 0.6, "unclip_ratio": 1.5, "max_candidates": 1000, "use_dilation": False,
        "score_mode": "fast", "box_type": "quad",
    }  # fmt: skip
    return {key: value for key, value in {**plain, **changes}.items() if value is not ...}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"stage": 3}, "stage"),
        ({"stage": ...}, "stage"),
        ({"stage": "tts"}, "stage"),
        ({"stage": "rec"}, "holds 'rec'"),
        ({"postprocess": ...}, "postprocess is missing"),
        ({"postprocess": []}, "postprocess"),
        ({"postprocess": {}}, r"postprocess\.thresh"),
        ({"postprocess": _postprocess(thresh=...)}, r"postprocess\.thresh"),
        ({"postprocess": _postprocess(magic=1)}, r"postprocess\.magic"),
        ({"postprocess": _postprocess(thresh="0.3")}, r"postprocess\.thresh"),
        ({"postprocess": _postprocess(thresh=float("nan"))}, r"postprocess\.thresh"),
        ({"postprocess": _postprocess(thresh=7)}, "thresh is 7"),
        ({"postprocess": _postprocess(unclip_ratio=1e300)}, r"postprocess\.unclip_ratio"),
        ({"postprocess": _postprocess(max_candidates=-1)}, r"postprocess\.max_candidates"),
        ({"postprocess": _postprocess(score_mode="quick")}, "score_mode"),
        ({"more": 1}, "more"),
    ],
)
def test_records_that_do_not_hold(changes, words, det):
    _edit(det, **changes)
    with pytest.raises(FolderError, match=rf"det.*{words}") as caught:
        detector_of(det)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("characters", "words"),
    [
        (..., "characters is missing"),
        (None, "characters is missing"),
        ([], "at least one character"),
        ("abc", "characters"),
        ({"a": 1}, "characters"),
        (["a", 1], r"characters\.1"),
        (["a", ""], r"characters\.1"),
        (["ab"], r"characters\.0"),
        (["a", "a"], "duplicate"),
        (["a", "b"], "answers with 96 classes, .* has characters for 3"),
    ],
)
def test_characters_that_do_not_fit(characters, words, rec):
    _edit(rec, characters=characters)
    with pytest.raises(FolderError, match=rf"rec.*{words}"):
        recognizer_of(rec)


def test_a_detector_is_no_recognizer(det, rec, tmp_path):
    with pytest.raises(FolderError, match="holds 'rec', 'det'"):
        detector_of(rec)
    for nothing in (tmp_path / "nowhere", tmp_path, det / "inference.json"):
        with pytest.raises(FolderError, match=r"not a folder of"):
            detector_of(nothing)
