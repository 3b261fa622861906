"""Texts of synthetic pages: words, numbers, prices, dates, addresses, fragments of code."""

import functools
import importlib.resources
import string

import numpy as np

PUNCTUATION = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
_DOMAINS = "com org net io edu co.uk de".split()


@functools.cache
def english_words() -> tuple[str, ...]:
    """Load the word list of the package.

    Returns: about 6900 English words and names.
    """
    text = importlib.resources.files(__package__).joinpath("words_en.txt").read_text(encoding="utf-8")
    return tuple(text.split())


_NOT_IN_PADDLEOCR = frozenset("毖恫刽豢耪誊檄诌")
"""Characters of level one of GB 2312 that PaddleOCR's dictionary ppocr_keys_v1.txt lacks."""


@functools.cache
def chinese_characters() -> str:
    """List common Chinese characters.

    Returns: the 3747 characters of level one of GB 2312 that PaddleOCR's dictionary has; it lacks eight of that level.
    """
    codes = (bytes((row, cell)) for row in range(0xB0, 0xD8) for cell in range(0xA1, 0xFF))
    characters = (code.decode("gb2312", errors="ignore") for code in codes)
    return "".join(c for c in characters if c not in _NOT_IN_PADDLEOCR)


def _digits(rng, low, high):
    count = int(rng.integers(low, high + 1))
    return "".join(rng.choice(list(string.digits), count))


def english_word(rng: np.random.Generator) -> str:
    """Draw a word: as in the list, capitalized or in capitals, sometimes with punctuation.

    Args:
        rng: source of all random numbers.
    """
    word = english_words()[rng.integers(len(english_words()))]
    case = rng.random()
    if case < 0.25:
        word = word.capitalize()
    elif case < 0.5:
        word = word.upper()
    mark = rng.random()
    if mark < 0.12:
        word += rng.choice(list(".,:;!?"))
    elif mark < 0.16:
        left, right = rng.choice(["()", "[]", '""', "''", "<>", "{}"])
        word = left + word + right
    return str(word)


def number(rng: np.random.Generator) -> str:
    """Draw a price, date, time, telephone number, percentage, code or plain number.

    Args:
        rng: source of all random numbers.
    """
    kind = rng.integers(9)
    if kind == 0:
        return f"{rng.choice(list('$$$#*'))}{_digits(rng, 1, 4)}.{_digits(rng, 2, 2)}"
    if kind == 1:
        sep = rng.choice(list("-/."))
        return f"{_digits(rng, 2, 2)}{sep}{_digits(rng, 2, 2)}{sep}{_digits(rng, 4, 4)}"
    if kind == 2:
        return f"{rng.integers(24):02d}:{rng.integers(60):02d}"
    if kind == 3:
        return f"({_digits(rng, 3, 3)}){_digits(rng, 3, 3)}-{_digits(rng, 4, 4)}"
    if kind == 4:
        return f"{_digits(rng, 1, 3)}%"
    if kind == 5:
        letters = "".join(rng.choice(list(string.ascii_uppercase), int(rng.integers(1, 4))))
        return f"{letters}{rng.choice(['', '-'])}{_digits(rng, 1, 5)}"
    if kind == 6:
        return f"{_digits(rng, 1, 2)},{_digits(rng, 3, 3)}"
    if kind == 7:
        return f"{rng.choice(_MONTHS)}{rng.choice(['', '.'])}{_digits(rng, 1, 2)}"
    return _digits(rng, 1, 8)


def code(rng: np.random.Generator) -> str:
    """Draw a web or mail address, an identifier, a function call, or random characters.

    Args:
        rng: source of all random numbers.
    """
    a, b = (english_words()[i].lower() for i in rng.integers(len(english_words()), size=2))
    kind = rng.integers(5)
    if kind == 0:
        return f"www.{a}.{rng.choice(_DOMAINS)}"
    if kind == 1:
        return f"{a}@{b}.{rng.choice(_DOMAINS)}"
    if kind == 2:
        return f"{a}_{b}"
    if kind == 3:
        return f"{a}.{b}({_digits(rng, 0, 2)})"
    pool = string.ascii_letters + string.digits + PUNCTUATION
    return "".join(rng.choice(list(pool), int(rng.integers(2, 9))))


def english_token(rng: np.random.Generator) -> str:
    """Draw one piece of text without a space.

    Args:
        rng: source of all random numbers.
    """
    kind = rng.random()
    if kind < 0.62:
        return english_word(rng)
    return number(rng) if kind < 0.88 else code(rng)


def english_line(rng: np.random.Generator, characters: int) -> str:
    """Draw a line of tokens, joined by single spaces; if even the first token is too long, it is cut.

    Args:
        rng: source of all random numbers.
        characters: greatest length of the line.
    """
    prose = rng.random() < 0.5
    line = english_token(rng)[:characters]
    while True:
        token = english_word(rng) if prose else english_token(rng)
        if len(line) + 1 + len(token) > characters:
            return line
        line = f"{line} {token}"


def chinese_line(rng: np.random.Generator, characters: int) -> str:
    """Draw a line of random common characters, sometimes with a few digits.

    Args:
        rng: source of all random numbers.
        characters: exact length of the line.
    """
    pool = chinese_characters()
    text = [pool[i] for i in rng.integers(len(pool), size=characters)]
    if characters > 4 and rng.random() < 0.3:
        count = int(rng.integers(1, 4))
        start = int(rng.integers(0, characters - count))
        text[start : start + count] = _digits(rng, count, count)
    return "".join(text)


def code_line(rng: np.random.Generator, characters: int) -> str:
    """Draw a line of source code: an assignment, a call, a comparison, or an import, with or without a prompt.

    Args:
        rng: source of all random numbers.
        characters: greatest length of the line; a longer one is cut.
    """
    a, b, c, d = (english_words()[i].lower() for i in rng.integers(len(english_words()), size=4))
    lines = (
        f"{a} = {b}.{c}({d})",
        f"{a}_{b} = {c}[{_digits(rng, 1, 3)}]",
        f"{a}.{b}_{c}({d}={_digits(rng, 1, 4)})",
        f"if {a} {rng.choice(['==', '!=', '<=', '>='])} {_digits(rng, 1, 3)}:",
        f"from {a} import {b}_{c}",
        f"{a}('{b}', {c}=\"{d}\")",
    )
    return (rng.choice(["", "", ">>> ", "# ", "$ "]) + lines[rng.integers(len(lines))])[:characters].strip()
