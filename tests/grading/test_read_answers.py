"""The reader of answers files accepts what the questions ask for, and nothing else."""

import base64
import io
import json
import os
import pickle
import socket

import numpy as np
import pytest

from ppocr_lessons.answers import hand_in
from ppocr_lessons.grading.assignment import Question
from ppocr_lessons.grading.read_answers import AnswersError, check_answer, read_answers

NUMBER = Question("n", 1, "number", "a number")
TEXT = Question("t", 1, "text", "a text")
TEXTS = Question("l", 1, "texts", "texts")
CHOICE = Question("c", 1, "choice", "a choice", choices=("yes", "no"))
FLOATS = Question("a", 1, "array", "(any, 2) an array", shape=(None, 2))
WHOLE = Question("w", 1, "array", "(3,) whole numbers", shape=(3,), dtype="int64")
SMALL = Question("u", 1, "array", "(2,) bytes", shape=(2,), dtype="uint8")
MASK = Question("m", 1, "array", "(2,) a mask", shape=(2,), dtype="bool")
ALL = (NUMBER, TEXT, TEXTS, CHOICE, FLOATS, WHOLE, SMALL, MASK)


def packed(array, *, allow_pickle=False):
    stream = io.BytesIO()
    np.save(stream, array, allow_pickle=allow_pickle)
    return {"npy": base64.b64encode(stream.getvalue()).decode()}


@pytest.fixture
def file(tmp_path):
    return tmp_path / "answers.json"


def refusal(file, text):
    file.write_text(text, encoding="utf-8") if isinstance(text, str) else file.write_bytes(text)
    with pytest.raises(AnswersError) as error:
        read_answers(file, ALL)
    return str(error.value)


def test_what_is_handed_in_is_read(file):
    array = np.arange(6.0).reshape(3, 2)
    hand_in(
        file,
        {
            "n": np.float32(0.5),
            "t": "é\n",
            "l": ["a", "b"],
            "c": "no",
            "a": array,
            "w": np.array([1, -2, 3], np.int16),
            "u": np.array([0.0, 255.0]),
            "m": np.array([1, 0], np.uint8),
            "not asked for": 3,
        },
    )
    answers, refused = read_answers(file, ALL)
    assert refused == {} and set(answers) == {question.id for question in ALL}
    assert answers["n"] == 0.5 and answers["t"] == "é\n" and answers["l"] == ["a", "b"]
    assert answers["a"].dtype == np.float32 and np.array_equal(answers["a"], array)
    assert answers["w"].tolist() == [1, -2, 3] and answers["u"].tolist() == [0, 255]
    assert answers["m"].dtype == bool and answers["m"].tolist() == [True, False]


def test_a_list_of_numbers_is_an_array(file):
    hand_in(file, {"a": [[1, 2], [3, 4.5]]})
    assert read_answers(file, ALL)[0]["a"].tolist() == [[1, 2], [3, 4.5]]


def test_no_file_and_no_answers(file):
    with pytest.raises(FileNotFoundError):
        read_answers(file, ALL)
    hand_in(file, {"n": None})
    assert read_answers(file, ALL) == ({}, {})


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        ("[]", "not of the form"),
        ('{"answers": []}', "not of the form"),
        ('{"answers": {}, "score": 100}', "not of the form"),
        ('{"answers": {"n": NaN}}', "NaN is not a number"),
        ('{"answers": {"n": Infinity}}', "Infinity is not a number"),
        ('{"answers": {"n": -Infinity}}', "-Infinity is not a number"),
        ('{"answers": {"n": 1e999}}', "too large"),
        ('{"answers": {"n": ' + "9" * 5000 + "}}", "more than 40 digits"),
        ('{"answers": {"n": 1, "n": 2}}', "a key occurs twice"),
        ('{"answers": {"n": 1}, "answers": {"n": 2}}', "a key occurs twice"),
        ("[" * 100_000, "nested more than 8 levels"),
        ('{"answers": {"n": ' + "[" * 400_000 + "]" * 400_000 + "}}", "nested more than 8 levels"),
        ('{"a":' * 150_000, "nested more than 8 levels"),
        (b'{"answers": {"t": "\xff"}}', "not text in UTF-8"),
        (pickle.dumps({"answers": {"n": 1}}), "not text in UTF-8"),
        ('{"answers": {"t": "' + "x" * 1_000_000 + '"}}', "longer than 1000000 bytes"),
    ],
)
def test_refused_as_a_whole(file, text, reason):
    assert reason in refusal(file, text)


def test_brackets_in_texts_do_not_count_as_depth(file):
    hand_in(file, {"t": '[[[[[[[[[[[["\\{{{{{{{{{{{{'})
    assert read_answers(file, ALL)[0]["t"].startswith("[[[[")


def test_a_gigabyte_is_not_read(file):
    with file.open("wb") as stream:
        stream.truncate(2**30)
    with pytest.raises(AnswersError, match="longer than"):
        read_answers(file, ALL)


def test_only_regular_files(file, tmp_path):
    other = tmp_path / "other.json"
    hand_in(other, {"n": 1})
    file.symlink_to(other)
    with pytest.raises(AnswersError, match="symbolic link"):
        read_answers(file, ALL)
    file.unlink()
    file.hardlink_to(other)
    with pytest.raises(AnswersError, match="several hard links"):
        read_answers(file, ALL)
    file.unlink()
    os.mkfifo(file)
    with pytest.raises(AnswersError, match="not a regular file"):
        read_answers(file, ALL)
    with pytest.raises(AnswersError, match="not a regular file"):
        read_answers(tmp_path, ALL)
    with pytest.raises(AnswersError, match="not a regular file"):
        read_answers("/dev/zero", ALL)


def test_a_socket_is_no_regular_file(file, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # the address of a socket is short
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("answers.json")
        with pytest.raises(AnswersError, match="regular file"):
            read_answers(file, ALL)


@pytest.mark.parametrize(
    ("question", "value", "reason"),
    [
        (NUMBER, True, "a number is required"),
        (NUMBER, "1", "a number is required"),
        (NUMBER, [1], "a number is required"),
        (NUMBER, None, "a number is required"),
        (NUMBER, 1e301, "too large"),
        (TEXT, 1, "a text is required"),
        (TEXT, "x" * 10_001, "longer than 10000"),
        (TEXT, "\ud800", "not valid Unicode"),
        (TEXTS, "ab", "a list of texts"),
        (TEXTS, ["a", 1], "a text is required"),
        (CHOICE, "perhaps", "not one of the choices"),
        (CHOICE, True, "a text is required"),
        (FLOATS, 1.0, "an array is required"),
        (FLOATS, {"npy": 1}, "an array is required"),
        (FLOATS, {"npy": "", "more": 1}, "an array is required"),
        (FLOATS, {"npy": "%%%"}, "NumPy's format"),
        (FLOATS, {"npy": base64.b64encode(b"\x80\x04N.").decode()}, "NumPy's format"),
        (FLOATS, [[1, 2], [3]], "different lengths"),
        (FLOATS, [[True, 2]], "a number is required"),
        (FLOATS, [1, 2], "the shape is (2,); (any, 2) is required"),
        (FLOATS, packed(np.zeros((2, 3))), "the shape is (2, 3)"),
        (FLOATS, packed(np.array([[1, np.nan]])), "NaN or infinity"),
        (FLOATS, packed(np.array([[1, -np.inf]])), "NaN or infinity"),
        (FLOATS, packed(np.array([[1, 1e300]])), "float32 cannot hold"),
        (FLOATS, packed(np.array([[True, False]])), "consists of booleans"),
        (FLOATS, packed(np.array([[1, 2]], object), allow_pickle=True), "does not consist of numbers"),
        (FLOATS, packed(np.array([["a", "b"]])), "does not consist of numbers"),
        (FLOATS, packed(np.array([[1j, 2]])), "does not consist of numbers"),
        (WHOLE, packed(np.array([1, 2, 3.5])), "int64 cannot hold"),
        (WHOLE, packed(np.array([1, 2, 1e30])), "int64 cannot hold"),
        (WHOLE, packed(np.array([1, 2, 2**64 - 1], np.uint64)), "int64 cannot hold"),
        (SMALL, packed(np.array([-1, 0])), "uint8 cannot hold"),
        (SMALL, packed(np.array([256, 0])), "uint8 cannot hold"),
        (MASK, packed(np.array([2, 0])), "bool cannot hold"),
    ],
)
def test_refused_answers(question, value, reason):
    with pytest.raises(ValueError) as error:
        check_answer(value, question)
    assert reason in str(error.value)


def test_one_refused_answer_leaves_the_others(file):
    file.write_text(json.dumps({"answers": {"n": True, "t": "good"}}))
    assert read_answers(file, ALL) == ({"t": "good"}, {"n": "a number is required"})


@pytest.mark.parametrize("shape", ["(4000000000, 2)", "(-1, -4)", "(1, 2, 2)", "(True, 4)"])
def test_a_header_that_lies_about_the_length(shape):
    head = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}".encode()
    head = head.ljust(117) + b"\n"
    content = b"\x93NUMPY\x01\x00" + len(head).to_bytes(2, "little") + head + bytes(16)
    with pytest.raises(ValueError, match=r"shape|NumPy's format|fit"):
        check_answer({"npy": base64.b64encode(content).decode()}, FLOATS)
