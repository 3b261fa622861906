"""The characters of label files, as the dictionary of a recognizer."""

import collections
import unicodedata
from collections.abc import Iterable

import orjson

from .label_writing import write_new
from .labels import DONT_CARE, LabelFile, Problem, raise_for


def texts_of(label: str) -> list[str]:
    """Texts of a label: all texts of a detection label, or the label itself for recognition.

    Args:
        label: of a line of a label file.

    Returns: the texts, without the ignored texts of a detection label.
    """
    if label.startswith("["):
        try:
            entries = orjson.loads(label)
        except orjson.JSONDecodeError:
            return [label]
        if isinstance(entries, list) and all(
            isinstance(e, dict) and isinstance(e.get("transcription"), str) for e in entries
        ):
            texts = [entry["transcription"] for entry in entries]
            return [text for text in texts if text not in DONT_CARE]
    return [label]


def count_characters(labels: Iterable, *, delimiter: str = "\t") -> collections.Counter:
    """Count the characters of label files.

    Args:
        labels: paths of label files of recognition or detection.
        delimiter: between the path of the image and the label.

    Returns: number of occurrences by character.

    Raises:
        LabelError: a missing file, or lines without a label; names file and line.
    """
    counts: collections.Counter = collections.Counter()
    problems = []
    for path in labels:
        file = LabelFile(path, delimiter=delimiter)
        for index in range(len(file)):
            try:
                _, label = file[index]
            except ValueError as error:
                problems.append(Problem(str(path), file.line_number(index), str(error)))
                continue
            for text in texts_of(label):
                counts.update(text)
    raise_for(problems, "labels")
    return counts


def write_dictionary(labels: Iterable, out, *, min_count: int = 1) -> list[str]:
    """Write the characters of label files to a dictionary, one in a line, sorted by code point.

    The space is left out, because `Global.use_space_char: true` adds it to any dictionary. Control characters are
    left out, too, because a file with one character per line cannot contain them.

    Args:
        labels: paths of label files of recognition or detection.
        out: file to write.
        min_count: characters that occur less often are left out.

    Returns: the characters.

    Raises:
        LabelError: see `count_characters` and `label_writing.write_new`.
        ValueError: no character is left.
    """
    labels = list(labels)
    counts = count_characters(labels)
    chosen = sorted(c for c, n in counts.items() if n >= min_count and _can_be_a_line(c))
    if not chosen:
        named = ", ".join(map(str, labels))
        raise ValueError(f"{named}: no character occurs at least {min_count} times")
    write_new(out, [f"{character}\n" for character in chosen])
    return chosen


def _can_be_a_line(character: str) -> bool:
    # U+FEFF at the start of a file is a byte order mark.
    return character not in " \ufeff" and unicodedata.category(character) != "Cc"
