"""Read the answers file of a submission: with limits, without pickle, and only known questions."""

import base64
import binascii
import io
import json
import math
import os
import re

import numpy as np

from .assignment import Answer, Question
from .limits import Limits
from .run_submission import read_limited

DEEPEST = 8
LONGEST_NUMBER = 40
LONGEST_TEXT = 10_000
MOST_ITEMS = 100_000
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.S)
_BRACKET = re.compile(r"[\[\]{}]")


class AnswersError(ValueError):
    """The answers file as a whole is not acceptable. The message does not name the file."""


class _Unusable(ValueError):
    """One answer is not acceptable."""


def _integer(digits: str) -> int:
    if len(digits) > LONGEST_NUMBER:
        raise AnswersError(f"a number has more than {LONGEST_NUMBER} digits")
    return int(digits)


def _fraction(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise AnswersError(f"the number {digits[:20]} is too large")
    return value


def _constant(name: str) -> float:
    raise AnswersError(f"{name} is not a number in JSON")


def _unique(pairs: list) -> dict:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise AnswersError("a key occurs twice")
    return found


def _parse(text: str) -> object:
    depth = 0
    for bracket in _BRACKET.finditer(_STRING.sub("", text)):
        depth += 1 if bracket.group() in "[{" else -1
        if depth > DEEPEST:
            raise AnswersError(f"it is nested more than {DEEPEST} levels deep")
    hooks = {"parse_int": _integer, "parse_float": _fraction, "parse_constant": _constant}
    try:
        return json.loads(text, object_pairs_hook=_unique, **hooks)
    except json.JSONDecodeError as error:
        raise AnswersError(f"it is not JSON (line {error.lineno}: {error.msg})") from error


def _number(value: object) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _Unusable("a number is required")
    if not abs(value) < 1e300:
        raise _Unusable("the number is too large")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise _Unusable("a text is required")
    if len(value) > LONGEST_TEXT:
        raise _Unusable(f"the text is longer than {LONGEST_TEXT} characters")
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise _Unusable("the text is not valid Unicode")
    return value


def _header(stream: io.BytesIO) -> tuple[tuple[int, ...], np.dtype]:
    version = np.lib.format.read_magic(stream)
    readers = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }
    if version not in readers:
        raise ValueError("unknown version")
    shape, _, dtype = readers[version](stream)
    return shape, dtype


def _load(content: object) -> np.ndarray:
    """An array from {"npy": base64}; its header is checked before its values are read."""
    if not isinstance(content, dict) or set(content) != {"npy"} or not isinstance(content["npy"], str):
        raise _Unusable("an array is required")
    try:
        stream = io.BytesIO(base64.b64decode(content["npy"], validate=True))
        shape, dtype = _header(stream)
        if dtype.hasobject or dtype.kind not in "fiub":
            raise _Unusable("the array does not consist of numbers")
        if math.prod(shape) * dtype.itemsize != len(stream.getbuffer()) - stream.tell():
            raise _Unusable("the length of the array does not fit its shape")
        stream.seek(0)
        return np.lib.format.read_array(stream, allow_pickle=False)
    except _Unusable:
        raise
    except (
        ValueError,
        TypeError,
        SyntaxError,
        RecursionError,
        MemoryError,
        EOFError,
        binascii.Error,
    ) as error:
        raise _Unusable("the array is not in NumPy's format") from error


def _from_list(items: object, depth: int = 0) -> None:
    if isinstance(items, list):
        if len(items) > MOST_ITEMS:
            raise _Unusable(f"the list has more than {MOST_ITEMS} items")
        for item in items:
            _from_list(item, depth + 1)
    else:
        _number(items)


def _as_array(value: object) -> np.ndarray:
    if not isinstance(value, list):
        return _load(value)
    _from_list(value)
    try:
        return np.array(value, np.float64)
    except ValueError as error:
        raise _Unusable("the rows of the list have different lengths") from error


def _convert(array: np.ndarray, target: np.dtype) -> np.ndarray:
    """Convert an array so that no value changes, except that fractions are rounded to the precision of the target."""
    if array.dtype.kind == "b" and target.kind != "b":
        raise _Unusable("numbers are required, but the array consists of booleans")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise _Unusable("the array contains NaN or infinity")
    with np.errstate(all="ignore"):
        converted = array.astype(target)
        if target.kind == "f":
            fits = bool(np.isfinite(converted).all())
        else:
            # The comparison of the types themselves finds values that wrap around to equal ones, such as -1 and 2**64 - 1.
            fits = bool((converted == array).all()) and bool(((converted < 0) == (array < 0)).all())
    if not fits:
        raise _Unusable(f"the array has values that {target} cannot hold")
    return converted


def _array(value: object, question: Question) -> np.ndarray:
    array = _as_array(value)
    if question.shape is not None:
        fits = len(array.shape) == len(question.shape) and all(
            wanted is None or wanted == length
            for wanted, length in zip(question.shape, array.shape, strict=False)
        )
        if not fits:
            wanted = ", ".join("any" if length is None else str(length) for length in question.shape)
            raise _Unusable(f"the shape is {tuple(map(int, array.shape))}; ({wanted}) is required")
    return _convert(array, np.dtype(question.dtype))


def check_answer(value: object, question: Question) -> Answer:
    """Check one answer.

    Args:
        value: from the JSON of the answers file.
        question: that it answers.

    Returns: the answer; arrays are converted to the type that the question names.

    Raises:
        ValueError: why it is not acceptable, in words for the student.
    """
    if question.kind == "number":
        return _number(value)
    if question.kind == "text":
        return _text(value)
    if question.kind == "choice":
        if _text(value) not in question.choices:
            raise _Unusable("this is not one of the choices")
        return value
    if question.kind == "texts":
        if not isinstance(value, list) or len(value) > MOST_ITEMS:
            raise _Unusable("a list of texts is required")
        return [_text(item) for item in value]
    return _array(value, question)


def read_answers(
    path: str | os.PathLike, questions: tuple[Question, ...], limit: int = Limits().answers
) -> tuple[dict[str, Answer], dict[str, str]]:
    """Read an answers file.

    Args:
        path: of the file, which `ppocr_lessons.answers.hand_in` should have written.
        questions: of the assignment; answers to other questions are ignored.
        limit: greatest length of the file in bytes.

    Returns: the acceptable answers, and the reasons why others are not, both by the id of the question.

    Raises:
        AnswersError: no part of the file can be used.
        FileNotFoundError: there is no file.
    """
    try:
        text = read_limited(path, limit).decode("utf-8")
    except UnicodeDecodeError as error:
        raise AnswersError("it is not text in UTF-8") from error
    except ValueError as error:
        raise AnswersError(str(error)) from error
    content = _parse(text)
    if (
        not isinstance(content, dict)
        or set(content) != {"answers"}
        or not isinstance(content["answers"], dict)
    ):
        raise AnswersError('it is not of the form {"answers": {...}}')
    answers, refused = {}, {}
    for question in questions:
        if question.id in content["answers"]:
            try:
                answers[question.id] = check_answer(content["answers"][question.id], question)
            except _Unusable as error:
                refused[question.id] = str(error)
    return answers, refused
