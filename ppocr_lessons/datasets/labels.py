"""Label files of PaddleOCR: read without holding them as text, and checked before the first step.

    detection     path <TAB> [{"transcription": "text", "points": [[x, y], ...]}, ...]
    recognition   path <TAB> text
    direction     path <TAB> 0 or 180

UTF-8 with or without BOM, LF or CRLF. A text may hold commas and tabs, a path may hold spaces.
"""

import json
import pathlib
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import orjson
from PIL import Image

DONT_CARE = ("###", "*")
"""Texts that stand for "there is something, but do not count it"."""

SHOWN = 20
"""Problems that an error spells out."""

BOM = b"\xef\xbb\xbf"

LEAST_AREA = 2e-6
"""Twice the area in square pixels: below it a polygon is a line."""


class LabelError(ValueError):
    """A data set that cannot be trained on: the first problems with file, line and reason, and how many there are."""


class Problem(NamedTuple):
    """One bad line: `file`, `line` from 1 (0 for the whole file), `reason`."""

    file: str
    line: int
    reason: str

    def __str__(self):
        return f"{self.file}:{self.line}: {self.reason}" if self.line else f"{self.file}: {self.reason}"


def raise_for(problems: list[Problem], what: str, way_out: str = "") -> None:
    """Raise one error for all problems, if there are any.

    Args:
        problems: all of them, in the order of the files.
        what: name of the dataset, with which the message begins.
        way_out: a last line, which says what the user can do.

    Raises:
        LabelError: names the first SHOWN and counts the rest.
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
    """Lines of a label file, found by their places in it; a million of them cost some 8 MB and a mapped file.

    Args:
        path: of the file.
        delimiter: between picture and label.

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
        # Blank lines, the one behind the last line break among them, hold nothing; "\r" alone is one too.
        filled = ends - starts > 0
        one = np.nonzero(ends - starts == 1)[0]
        filled[one[self._bytes[starts[one]] == ord("\r")]] = False
        self._starts, self._ends = starts[filled], ends[filled]
        self._numbers = np.nonzero(filled)[0]

    def __len__(self) -> int:
        return len(self._starts)

    def line_number(self, index: int) -> int:
        """Line of an entry as an editor counts, from 1.

        Args:
            index: of the entry, from 0.
        """
        return int(self._numbers[index]) + 1

    def __getitem__(self, index: int) -> tuple[str, str]:
        """Picture and label of an entry.

        Raises:
            ValueError: not UTF-8, or no delimiter in it.
        """
        raw = self._bytes[self._starts[index] : self._ends[index]].tobytes()
        text = raw.decode("utf-8").rstrip("\r")
        picture, found, label = text.partition(self.delimiter)
        if not found:
            wanted = "tab" if self.delimiter == "\t" else repr(self.delimiter)
            raise ValueError(f"no {wanted} between picture and label: {text[:80]!r}")
        return picture, label


class Text(NamedTuple):
    """A text of a page: `points` (P, 2) float32 pixels, `text`, `ignored`."""

    points: np.ndarray
    text: str
    ignored: bool


def parse_page(label: str) -> list[Text]:
    """Texts of a detection label.

    Args:
        label: JSON list of a detection label line.

    Raises:
        ValueError: not the JSON of the format, fewer than 3 points, coordinates that are no finite numbers, or a
            polygon without area; says which text.
    """
    outlines, texts = parse_outlines(label)
    return [Text(points, text, text in DONT_CARE) for points, text in zip(outlines, texts, strict=True)]


def parse_outlines(label: str) -> tuple[np.ndarray | list[np.ndarray], list[str]]:
    """Polygons and texts of a detection label: one array (N, P, 2) float32 if all have P points, else a list of (P, 2).

    Args:
        label: JSON list of a detection label line.

    Raises:
        ValueError: see `parse_page`.
    """
    try:
        entries = orjson.loads(label)
    except orjson.JSONDecodeError:
        entries = _loads_slowly(label)
    if not isinstance(entries, list):
        raise ValueError(f"a list of texts is needed, found {type(entries).__name__}")
    for number, entry in enumerate(entries):
        if not isinstance(entry, dict) or not isinstance(entry.get("transcription"), str):
            raise ValueError(f'text {number}: {{"transcription": text, "points": [[x, y], ...]}} is needed')
    texts = [entry["transcription"] for entry in entries]
    try:
        outlines = _floats([entry["points"] for entry in entries])
        alike = outlines.ndim == 3 and outlines.shape[1] >= 3 and outlines.shape[2] == 2
    except (KeyError, TypeError, ValueError, OverflowError):
        alike = False
    if alike and np.isfinite(outlines).all() and (_doubled_areas(outlines) >= LEAST_AREA).all():
        return outlines, texts
    # Polygons of different lengths, or something wrong: one by one, so that the error can say which.
    return [_points(number, entry) for number, entry in enumerate(entries)], texts


def _loads_slowly(label):
    """What orjson will not take: numbers that are none, which are found by their text later, and broken JSON."""
    try:
        return json.loads(label)
    except (json.JSONDecodeError, RecursionError) as error:
        raise ValueError(f"broken JSON: {error}") from error


def _floats(points):
    with np.errstate(over="ignore"):  # what is too large becomes infinite, and is refused as that
        return np.array(points, np.float32)


def _doubled_areas(polygons):
    x, y = np.moveaxis(polygons.astype(np.float64), -1, 0)
    return np.abs((x * np.roll(y, -1, -1) - np.roll(x, -1, -1) * y).sum(-1))


def _points(number, entry):
    try:
        points = _floats(entry["points"])
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"text {number}: points are no list of [x, y]") from error
    if points.ndim == 0:
        raise ValueError(f"text {number}: points are {entry['points']!r}, no list of [x, y]")
    if points.ndim != 2 or points.shape[1] != 2 or len(points) < 3:
        raise ValueError(f"text {number}: {len(points)} points; at least 3 of [x, y] are needed")
    if not np.isfinite(points).all():
        raise ValueError(f"text {number}: points that are infinite or not a number")
    if _doubled_areas(points) < LEAST_AREA:
        raise ValueError(f"text {number}: its points enclose no area")
    return points


def same_length(polygons: np.ndarray | list[np.ndarray]) -> np.ndarray:
    """Polygons as one (N, P, 2) array, the last point of shorter ones repeated; at least four points.

    Args:
        polygons: (N, P, 2) array, or N arrays of (P_i, 2), in pixels.
    PaddleOCR: expand_points_num of DetLabelEncode.
    """
    if isinstance(polygons, np.ndarray) and polygons.ndim == 3 and polygons.shape[1] >= 4:
        return polygons
    most = max([4, *map(len, polygons)])
    rows = [np.concatenate([p, np.repeat(p[-1:], most - len(p), 0)]) for p in polygons]
    return np.array(rows, np.float32).reshape(-1, most, 2)


def check_page(label: str, picture) -> tuple[str | None, bool]:
    """What is wrong with a detection label, or None; and whether it has a text that counts.

    A text that reaches over the edge is cut there in training. One of which less than half lies in the picture is
    taken for a mistake.

    Args:
        label: of the file.
        picture: path of the picture or an open file, for its size.
    """
    try:
        texts = parse_page(label)
        with Image.open(picture) as image:
            width, height = image.size
            turned = image.getexif().get(274, 1) >= 5
    except (ValueError, OSError, SyntaxError) as error:
        return str(error), False
    if turned:
        width, height = height, width
    for number, text in enumerate(texts):
        low, high = text.points.min(0), text.points.max(0)
        inside = np.minimum(high, (width, height)) - np.maximum(low, 0)
        if (inside < 0).any() or inside.prod() < 0.5 * (high - low).prod():
            return (
                f"text {number}: outside the picture of {width} x {height} px: {text.points.tolist()}",
                False,
            )
    return None, any(not text.ignored for text in texts)


def check_text(text: str, alphabet, longest: int) -> str | None:
    """What is wrong with a recognition label, or None.

    Args:
        text: of the label.
        alphabet: a rec.alphabet.Alphabet.
        longest: characters a text may have.
    """
    if not text:
        return "an empty text"
    if len(text) > longest:
        return f"{len(text)} characters, more than max_text_length {longest}: {text[:60]!r}"
    try:
        alphabet.encode(text)
    except ValueError as error:
        return f"{error} in {text[:60]!r}"
    return None


def missing(paths: Iterable[str]) -> set[str]:
    """Which of many files are not there; each folder is listed once.

    Args:
        paths: of pictures.
    """
    folders: dict[pathlib.Path, set[str]] = {}
    gone = set()
    for name in paths:
        path = pathlib.Path(name)
        if path.parent not in folders:
            try:
                folders[path.parent] = {entry.name for entry in path.parent.iterdir()}
            except OSError:  # no such folder, or a name that is too long for one
                folders[path.parent] = set()
        if path.name not in folders[path.parent]:
            gone.add(name)
    return gone
