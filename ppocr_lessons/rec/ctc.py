"""CTC: the alphabet with its blank, the loss, and reading a result off the time steps (chapter 2.3)."""

import collections
import pathlib
from typing import NamedTuple

import numpy as np
import paddle
from paddle import nn

from ..datasets.batches import RecBatch
from ..losses.objective import Objective

BLANK = 0
"""Class of "no character here"; the alphabet's own characters follow it."""

LARGEST = 10_000_000
"""Bytes of a dictionary; Unicode has no more characters than fit."""

SHOWN = 10
"""Bad lines of a dictionary that an error spells out."""

ENGLISH = "".join(chr(code) for code in range(33, 127))
"""The 94 printable characters of ASCII, space apart."""


class Alphabet:
    """Characters to classes and back. Class 0 is the blank, space comes last if it is wanted.

    Args:
        characters: each once, in the order of the classes.
        use_space: add the space as the last class.
        lower: read capital letters of labels as small ones.

    Raises:
        ValueError: no characters, or one that stands there twice.
    PaddleOCR: BaseRecLabelEncode in ppocr/data/imaug/label_ops.py.
    """

    def __init__(self, characters, *, use_space: bool = True, lower: bool = False):
        characters = list(characters)
        if use_space and " " not in characters:
            characters.append(" ")
        if not characters:
            raise ValueError("an alphabet needs at least one character")
        self.index = {c: i + 1 for i, c in enumerate(characters)}
        # PaddleOCR adds the space to dictionaries that have one already; its nets then have a class for each.
        count = collections.Counter(characters)
        twice = sorted(c for c in count if count[c] > 1 and c != " ")
        if twice:
            raise ValueError(f"characters that stand in the alphabet twice: {twice[:20]}")
        self.characters, self.lower = characters, lower

    @classmethod
    def from_file(cls, path, *, use_space: bool = True) -> "Alphabet":
        """Read a dictionary file of PaddleOCR: one character a line, UTF-8.

        Every line is a class, as there: a file that ends with the space has two of them if `use_space`.

        Args:
            path: of the dictionary.
            use_space: add the space as the last class.

        Raises:
            ValueError: cannot be opened, not UTF-8, no lines, or lines that are empty, longer than a character (which no
                text could ever be encoded with) or there twice; names the file and the lines.
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
                problems.append(f"line {number}: {line!r} is there already, in line {seen[line]}")
            seen.setdefault(line, number)
        if not lines:
            problems.append("no lines")
        if problems:
            more = f"; ... and {len(problems) - SHOWN} more" if len(problems) > SHOWN else ""
            raise ValueError(
                f"{path}: not a dictionary of one character a line: {'; '.join(problems[:SHOWN])}{more} "
                "(correct such a line; without it the classes behind it would move)"
            )
        return cls(lines + [" "] * use_space, use_space=False)

    @property
    def classes(self) -> int:
        """Number of classes, the blank among them."""
        return len(self.characters) + 1

    def encode(self, text: str) -> list[int]:
        """Classes of a text.

        Args:
            text: of the alphabet's characters.

        Raises:
            ValueError: characters that the alphabet does not have, all of them named.
        """
        text = text.lower() if self.lower else text
        unknown = sorted(set(text) - self.index.keys())
        if unknown:
            raise ValueError(f"characters outside the alphabet: {unknown}")
        return [self.index[c] for c in text]

    def decode(self, classes) -> str:
        """Text of classes; blanks are left out.

        Args:
            classes: whole numbers in 0..classes - 1.
        """
        return "".join(self.characters[c - 1] for c in classes if c != BLANK)


class Reading(NamedTuple):
    """A text and the mean probability of its characters, 0 if there are none."""

    text: str
    score: float


def collapse(classes) -> np.ndarray:
    """Which time steps count: the first of each run of one class, blanks left out.

    Args:
        classes: (T,) best class of each step.

    Returns: (T,) bool.
    """
    classes = np.asarray(classes)
    first = np.ones(len(classes), bool)
    first[1:] = classes[1:] != classes[:-1]
    return first & (classes != BLANK)


def greedy_decode(probs, alphabet: Alphabet) -> list[Reading]:
    """Best class of each step, runs merged, blanks dropped.

    Args:
        probs: (N, T, K), softmax over K.
        alphabet: of K classes.

    Raises:
        ValueError: K is not the alphabet's.
    PaddleOCR: CTCLabelDecode in ppocr/postprocess/rec_postprocess.py, whose score of an empty text
        was nan in the chapter's day and is 0 now.
    """
    probs = np.asarray(probs)
    if probs.ndim != 3 or probs.shape[2] != alphabet.classes:
        raise ValueError(f"probs has shape {probs.shape}; (N, T, {alphabet.classes}) is needed")
    readings = []
    for steps in probs:
        classes = steps.argmax(1)
        keep = collapse(classes)
        score = float(steps.max(1)[keep].mean()) if keep.any() else 0.0
        readings.append(Reading(alphabet.decode(classes[keep]), score))
    return readings


def ctc_losses(logits, labels, lengths):
    """-ln P(label | logits) for each line, summed over all alignments.

    Args:
        logits: scores of every class at every time step, before softmax.
        labels: classes of the characters, int32.
        lengths: number of characters of each label, int64.

    Shape:
        logits: (N, T, K)
        labels: (N, L), blank-padded
        lengths: (N,)
        returns: (N,)
    """
    # In float32 whatever the precision of the net: the sum runs over very small probabilities.
    steps_first = logits.astype("float32").transpose((1, 0, 2))  # (N, T, K) -> (T, N, K)
    steps = paddle.full([logits.shape[0]], logits.shape[1], "int64")
    loss = nn.functional.ctc_loss(steps_first, labels, steps, lengths, blank=BLANK, reduction="none")
    return loss.reshape([-1])


class PlainCTC:
    """Train one CRNN with the CTC loss alone.

    Args:
        net: the recognizer.

    PaddleOCR: CTCLoss in ppocr/losses/rec_ctc_loss.py.
    """

    def __init__(self, net):
        self.net = self.trained = net

    def __call__(self, batch: RecBatch) -> Objective:
        logits, _ = self.net(batch.images)
        loss = ctc_losses(logits, batch.labels, batch.lengths).mean()
        return Objective(loss, {"ctc": loss}, logits)


class GuidedCTC:
    """CTC on the answer and, through one linear layer, on the backbone's own features.

    Two LSTM layers pass little of the gradient on while everything they say is "blank". The second loss
    reaches the convolutions past them. The layer is left out of the finished net.

    Args:
        net: the recognizer.
        classes: characters and the blank.
    """

    def __init__(self, net, classes: int):
        self.net = net
        self.guide = nn.Linear(net.backbone.out_channels, classes)
        self.trained = nn.LayerList([net, self.guide])

    def __call__(self, batch: RecBatch) -> Objective:
        logits, feats = self.net(batch.images)
        early = self.guide(feats.backbone.squeeze(2).transpose((0, 2, 1)))  # (N, C, 1, T) -> (N, T, K)
        parts = {
            "ctc": ctc_losses(logits, batch.labels, batch.lengths).mean(),
            "guide": ctc_losses(early, batch.labels, batch.lengths).mean(),
        }
        return Objective(sum(parts.values()), parts, logits)
