"""The alphabet of a recognizer: characters to classes and back, with the blank of CTC as class 0 (chapter 2.3)."""

import collections
import pathlib

BLANK = 0
"""Class for "no character at this time step"; the characters of the alphabet follow it."""

LARGEST = 10_000_000
"""Maximum size of a dictionary file in bytes; enough for all characters of Unicode."""

SHOWN = 10
"""Number of bad lines of a dictionary that an error lists."""

ENGLISH = "".join(chr(code) for code in range(33, 127))
"""The 94 printable characters of ASCII without the space."""


class Alphabet:
    """Mapping between characters and classes. Class 0 is the blank; the space, if used, is the last class.

    Args:
        characters: the characters in the order of their classes, without duplicates.
        use_space: add the space as the last class.
        lower: convert labels to lower case before encoding.

    Raises:
        ValueError: no characters, or duplicate characters.
    PaddleOCR: BaseRecLabelEncode in ppocr/data/imaug/label_ops.py.
    """

    def __init__(self, characters, *, use_space: bool = True, lower: bool = False):
        characters = list(characters)
        if use_space and " " not in characters:
            characters.append(" ")
        if not characters:
            raise ValueError("an alphabet needs at least one character")
        self.index = {c: i + 1 for i, c in enumerate(characters)}
        # PaddleOCR adds the space even to dictionaries that contain it; its networks then have two classes for it.
        count = collections.Counter(characters)
        twice = sorted(c for c in count if count[c] > 1 and c != " ")
        if twice:
            raise ValueError(f"duplicate characters in the alphabet: {twice[:20]}")
        self.characters, self.lower = characters, lower

    @classmethod
    def from_file(cls, path, *, use_space: bool = True) -> "Alphabet":
        """Read a dictionary file of PaddleOCR: UTF-8, one character per line.

        Every line is a class, as in PaddleOCR: with `use_space`, a file that contains the space has two classes for it.

        Args:
            path: path of the dictionary.
            use_space: add the space as the last class.

        Returns: the alphabet.

        Raises:
            ValueError: the file cannot be opened, is not UTF-8 or has no lines, or a line is empty, is longer than one
                character or is a duplicate; names the file and the lines.
        """
        try:
            if pathlib.Path(path).exists() and not pathlib.Path(path).is_file():
                raise ValueError("not a file")
            if pathlib.Path(path).stat().st_size > LARGEST:
                raise ValueError(f"more than {LARGEST:,} bytes")
            lines = pathlib.Path(path).read_text(encoding="utf-8-sig").split("\n")
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise ValueError(f"{path}: not a dictionary of one character a line: {reason}") from error
        lines = [line.rstrip("\r") for line in (lines if lines[-1] else lines[:-1])]
        problems, seen = [], {}
        for number, line in enumerate(lines, 1):
            if len(line) != 1:
                found = f"{len(line)} characters, {line[:20]!r}" if line else "an empty line"
                problems.append(f"line {number}: {found}")
            elif line in seen and line != " ":
                problems.append(f"line {number}: {line!r} is a duplicate of line {seen[line]}")
            seen.setdefault(line, number)
        if not lines:
            problems.append("no lines")
        if problems:
            more = f"; ... and {len(problems) - SHOWN} more" if len(problems) > SHOWN else ""
            raise ValueError(
                f"{path}: not a dictionary of one character a line: {'; '.join(problems[:SHOWN])}{more} "
                "(correct these lines instead of deleting them: a deleted line shifts all later classes)"
            )
        return cls(lines + [" "] * use_space, use_space=False)

    @property
    def classes(self) -> int:
        """Number of classes, including the blank."""
        return len(self.characters) + 1

    def encode(self, text: str) -> list[int]:
        """Encode a text.

        Args:
            text: text that consists of characters of the alphabet.

        Returns: one class per character.

        Raises:
            ValueError: the text has characters outside the alphabet; lists all of them.
        """
        text = text.lower() if self.lower else text
        unknown = sorted(set(text) - self.index.keys())
        if unknown:
            raise ValueError(f"characters outside the alphabet: {unknown}")
        return [self.index[c] for c in text]

    def decode(self, classes) -> str:
        """Decode classes; blanks are skipped.

        Args:
            classes: integers in 0..classes - 1.

        Returns: the text.
        """
        return "".join(self.characters[c - 1] for c in classes if c != BLANK)
