"""Label files in PaddleOCR's formats, which are read line by line on demand and checked before training starts.

    detection     path <TAB> [{"transcription": "text", "points": [[x, y], ...]}, ...]
    recognition   path <TAB> text
    direction     path <TAB> 0 or 180

Files are UTF-8 with or without BOM, with LF or CRLF. Texts may contain commas and tabs, paths may contain spaces.
"""

import json
import pathlib
from typing import NamedTuple

import numpy as np
import orjson

from ..polygons import signed_area

DONT_CARE = ("###", "*")
"""Texts that mark a region whose text does not count in training and evaluation."""

SHOWN = 20
"""Number of problems that an error message lists."""

BOM = b"\xef\xbb\xbf"

LEAST_AREA = 1e-6
"""Minimum area of a polygon in square pixels; a smaller one is degenerate."""


class LabelError(ValueError):
    """A dataset that cannot be used; the message lists the first problems with file, line and reason, and counts the rest."""


class Problem(NamedTuple):
    """A bad line.

    Fields:
        file: path of the label file.
        line: number from 1; 0 for the whole file.
        reason: what is wrong.
    """

    file: str
    line: int
    reason: str

    def __str__(self):
        return f"{self.file}:{self.line}: {self.reason}" if self.line else f"{self.file}: {self.reason}"


def raise_for(problems: list[Problem], what: str, way_out: str = "") -> None:
    """Raise one error for all problems; without problems nothing happens.

    Args:
        problems: all of them, in the order of the files.
        what: name of the dataset, with which the message begins.
        way_out: last line of the message, which says what the user can do; empty for none.

    Raises:
        LabelError: lists the first SHOWN problems and counts the rest.
    """
    if not problems:
        return
    lines = [f"{what}: {len(problems)} bad " + ("entry" if len(problems) == 1 else "entries")]
    lines += [f"  {problem}" for problem in problems[:SHOWN]]
    if len(problems) > SHOWN:
        lines.append(f"  ... and {len(problems) - SHOWN} more")
    lines += [f"  {way_out}"] if way_out else []
    raise LabelError("\n".join(lines))


class LabelFile:
    """Lines of a label file, by number.

    Only the offsets of the lines are kept in memory; the file itself is memory-mapped.


    Args:
        path: of the file.
        delimiter: between the path of the image and the label.

    Raises:
        LabelError: no such file.
    """

    def __init__(self, path, *, delimiter: str = "\t"):
        self.path, self.delimiter = pathlib.Path(path), delimiter
        if not self.path.is_file():
            raise LabelError(f"{path}: no such label file")
        size = self.path.stat().st_size
        # An empty file cannot be mapped.
        self._bytes = np.memmap(self.path, np.uint8, "r") if size else np.empty(0, np.uint8)
        begin = len(BOM) if self._bytes[: len(BOM)].tobytes() == BOM else 0
        step, breaks = 1 << 24, []
        for start in range(0, size, step):
            breaks.append(np.nonzero(self._bytes[start : start + step] == ord("\n"))[0] + start)
        ends = np.concatenate([*breaks, [size]]).astype(np.int64)
        starts = np.concatenate([[begin], ends[:-1] + 1])
        # Blank lines are skipped, and so is the empty line after the last line break; "\r" alone is a blank line too.
        filled = ends - starts > 0
        one = np.nonzero(ends - starts == 1)[0]
        filled[one[self._bytes[starts[one]] == ord("\r")]] = False
        self._starts, self._ends = starts[filled], ends[filled]
        self._numbers = np.nonzero(filled)[0]

    def __len__(self) -> int:
        return len(self._starts)

    def line_number(self, index: int) -> int:
        """Find the line of an entry.

        Args:
            index: of the entry, from 0.

        Returns: line number as an editor shows it, from 1.
        """
        return int(self._numbers[index]) + 1

    def __getitem__(self, index: int) -> tuple[str, str]:
        """Read an entry.

        Args:
            index: of the entry, from 0.

        Returns: path of the image as it is written, and the label.

        Raises:
            ValueError: the line is not UTF-8 or has no delimiter.
        """
        raw = self._bytes[self._starts[index] : self._ends[index]].tobytes()
        text = raw.decode("utf-8").rstrip("\r")
        picture, found, label = text.partition(self.delimiter)
        if not found:
            wanted = "tab" if self.delimiter == "\t" else repr(self.delimiter)
            raise ValueError(f"no {wanted} between image path and label: {text[:80]!r}")
        return picture, label


class Text(NamedTuple):
    """A text of a page.

    Fields:
        points: (P, 2) float32, corners of its polygon in pixels.
        text: transcription.
        ignored: True if the text is one of DONT_CARE.
    """

    points: np.ndarray
    text: str
    ignored: bool


def parse_page(label: str) -> list[Text]:
    """Parse a detection label.

    Args:
        label: JSON list of a line of a detection label file.

    Returns: the texts in the order of the label.

    Raises:
        ValueError: the JSON has another form, a polygon has fewer than 3 points or no area, or a coordinate is not a finite
            number; the message says which text.
    """
    outlines, texts = parse_outlines(label)
    return [Text(points, text, text in DONT_CARE) for points, text in zip(outlines, texts, strict=True)]


def parse_outlines(label: str) -> tuple[np.ndarray | list[np.ndarray], list[str]]:
    """Parse a detection label into polygons and transcriptions.

    Args:
        label: JSON list of a line of a detection label file.

    Returns: polygons as one array (N, P, 2) float32 in pixels if all have P points, else as a list of arrays (P_i, 2);
        and N transcriptions.

    Raises:
        ValueError: see `parse_page`.
    """
    try:
        entries = orjson.loads(label)
    except orjson.JSONDecodeError:
        entries = _loads_slowly(label)
    if not isinstance(entries, list):
        raise ValueError(f"a JSON list of texts is needed, found {type(entries).__name__}")
    for number, entry in enumerate(entries):
        if not isinstance(entry, dict) or not isinstance(entry.get("transcription"), str):
            raise ValueError(f'text {number}: {{"transcription": text, "points": [[x, y], ...]}} is needed')
    texts = [entry["transcription"] for entry in entries]
    try:
        outlines = _floats([entry["points"] for entry in entries])
        alike = outlines.ndim == 3 and outlines.shape[1] >= 3 and outlines.shape[2] == 2
    except (KeyError, TypeError, ValueError, OverflowError):
        alike = False
    if alike and np.isfinite(outlines).all() and (abs(signed_area(outlines)) >= LEAST_AREA).all():
        return outlines, texts
    # Polygons of different lengths or an error: parse one by one, so that the message can name the text.
    return [_points(number, entry) for number, entry in enumerate(entries)], texts


def _loads_slowly(label):
    """Parse JSON that orjson rejects: NaN and infinity, which get a better error message later, and invalid JSON."""
    try:
        return json.loads(label)
    except (json.JSONDecodeError, RecursionError) as error:
        raise ValueError(f"invalid JSON: {error}") from error


def _floats(points):
    with np.errstate(over="ignore"):  # a number that is too large becomes infinite and is rejected for that
        return np.array(points, np.float32)


def _points(number, entry):
    try:
        return outline(entry["points"])
    except KeyError as error:
        raise ValueError(f"text {number}: points is not a list of [x, y]") from error
    except ValueError as error:
        raise ValueError(f"text {number}: {error}") from error


def outline(points) -> np.ndarray:
    """Check a polygon.

    Args:
        points: list of [x, y] in pixels.

    Returns: (P, 2) float32.

    Raises:
        ValueError: another form, fewer than 3 points, a coordinate that is not a finite number, or no area.
    """
    try:
        corners = _floats(points)
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError("points is not a list of [x, y]") from error
    if corners.ndim == 0:
        raise ValueError(f"points is {points!r:.60}, not a list of [x, y]")
    if corners.ndim != 2 or corners.shape[1] != 2 or len(corners) < 3:
        raise ValueError(f"{len(corners)} points; at least 3 of [x, y] are needed")
    if not np.isfinite(corners).all():
        raise ValueError("a coordinate is infinite or NaN")
    if abs(signed_area(corners)) < LEAST_AREA:
        raise ValueError("the area of the polygon is 0")
    return corners
