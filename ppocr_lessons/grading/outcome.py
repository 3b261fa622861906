"""The output of a run. Only its size and form are checked; its content is untrusted."""

import json
import re
from typing import Literal, NamedTuple

LONGEST_HEAD = 100_000
LONGEST_TEXT = 4000


class Outcome(NamedTuple):
    """Result of running a submission.

    Fields:
        status: "ok", "error" (a cell failed, or the kernel died) or "timeout".
        cell: index of the failed cell in the executed notebook, or None.
        name: name of the exception, or "".
        message: text of the exception, or another description of the failure.
        traceback: of the exception, or "".
        refused: why the answers file was not read, or "".
        answers: content of the answers file, or None.
        executed: content of the executed notebook, or None.
    """

    status: Literal["ok", "error", "timeout"]
    cell: int | None = None
    name: str = ""
    message: str = ""
    traceback: str = ""
    refused: str = ""
    answers: bytes | None = None
    executed: bytes | None = None


NO_RESULT = Outcome("error", message="the run ended without a result")


def _text(head: dict, key: str, longest: int = LONGEST_TEXT) -> str:
    value = head.get(key, "")
    return value[:longest].encode("utf-8", "replace").decode() if isinstance(value, str) else ""


def _size(head: dict, key: str) -> int | None:
    value = head.get(key)
    return value if type(value) is int and value >= 0 else None


def parse(output: bytes) -> Outcome:
    """Read the output of the runner, which a submission may have forged.

    Args:
        output: a line of JSON, then the answers and the executed notebook.

    Returns: the outcome; NO_RESULT if the output does not have this form.
    """
    line, found, rest = output.partition(b"\n")
    if not found or len(line) > LONGEST_HEAD:
        return NO_RESULT
    try:
        head = json.loads(line)
    except (ValueError, RecursionError):
        return NO_RESULT
    if not isinstance(head, dict) or head.get("status") not in ("ok", "error", "timeout"):
        return NO_RESULT
    answers, executed = _size(head, "answers"), _size(head, "executed")
    if (answers or 0) + (executed or 0) != len(rest):
        return NO_RESULT
    name = _text(head, "name", 60)
    return Outcome(
        status=head["status"],
        cell=_size(head, "cell"),
        name=name if re.fullmatch(r"[A-Za-z_]\w*", name) else "",
        message=_text(head, "message"),
        traceback=_text(head, "traceback"),
        refused=_text(head, "refused", 200),
        answers=None if answers is None else rest[:answers],
        executed=None if executed is None else rest[len(rest) - executed :],
    )
