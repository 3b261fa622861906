"""Hand in the answers of an assignment as one JSON file. The grader limits the size and content of this file."""

import base64
import io
import json
import os
import pathlib
from collections.abc import Mapping

import numpy as np


def _plain(name: str, value: object) -> object:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, np.ndarray):
        if value.dtype.kind not in "fiub":
            raise TypeError(
                f"answer {name!r}: an array of {value.dtype} cannot be handed in, only of numbers"
            )
        stream = io.BytesIO()
        np.save(stream, value, allow_pickle=False)
        return {"npy": base64.b64encode(stream.getvalue()).decode("ascii")}
    if isinstance(value, list | tuple):
        return [_plain(name, item) for item in value]
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise TypeError(f"answer {name!r}: {type(value).__name__} cannot be handed in")
    return value


def hand_in(path: str | os.PathLike, answers: Mapping[str, object]) -> None:
    """Write the answers of an assignment. Calling it again replaces the file.

    Args:
        path: file to write; the parameter `answers_file` of the notebook.
        answers: values by question id: numbers, strings, lists of these, or NumPy arrays of numbers. A value of None is
            left out, and the question counts as not answered.

    Raises:
        TypeError: an answer has another type.
        ValueError: an answer is a float that JSON cannot represent, such as NaN.
    """
    plain = {name: _plain(name, value) for name, value in answers.items() if value is not None}
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"answers": plain}, ensure_ascii=False, allow_nan=False), encoding="utf-8")
