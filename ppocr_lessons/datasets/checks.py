"""Checks of a dataset before training starts; all entries that cannot be used are reported together."""

import io
import pathlib
import sys
from collections.abc import Iterable

import numpy as np
from PIL import Image
from tqdm import tqdm

from ..rec.ctc_lattice import needed_steps
from .labels import Problem, parse_page, raise_for
from .sources import ListSource


def check_page(label: str, picture) -> tuple[str | None, bool]:
    """Check a detection label against its image.

    A text that crosses the edge of the image is allowed, because training clips it. A text is an
    error if less than half of its bounding box is inside the image.

    Args:
        label: JSON list of a line of a detection label file.
        picture: path of the image or an open file; only its header is read.

    Returns: reason why the label cannot be used, or None; and whether it has a text that is not ignored.
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
                f"text {number}: outside the image of {width} x {height} pixels: {text.points.tolist()}",
                False,
            )
    return None, any(not text.ignored for text in texts)


def check_text(text: str, alphabet, longest: int, steps: int | None = None) -> str | None:
    """Check a recognition label.

    A text that needs more time steps than the network has for a line would be skipped silently in training: its CTC loss
    is infinite, and Paddle returns a loss and a gradient of 0 instead.

    Args:
        text: of the label.
        alphabet: of the net, a rec.alphabet.Alphabet.
        longest: maximum number of characters of a text.
        steps: number of time steps of the network for a line; None if it is not known.

    Returns: reason why the label cannot be used, or None.
    """
    if not text:
        return "the text is empty"
    if len(text) > longest:
        return f"{len(text)} characters, more than max_text_length {longest}: {text[:60]!r}"
    try:
        needed = needed_steps(alphabet.encode(text))
    except ValueError as error:
        return f"{error} in {text[:60]!r}"
    if steps is not None and needed > steps:
        return (
            f"{len(text)} characters need {needed} time steps (one more for each repeated character), but the network has "
            f"{steps} for a line of the width in image_shape, so that the CTC loss is infinite: {text[:60]!r}"
        )
    return None


def missing(paths: Iterable[str]) -> set[str]:
    """Find the files that do not exist; each folder is listed only once.

    Args:
        paths: of files.

    Returns: the paths of missing files.
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


def find_problems(
    source,
    task: str,
    *,
    alphabet=None,
    longest: int = 25,
    steps: int | None = None,
    labels=("0", "180"),
    progress: bool = False,
) -> dict[int, Problem]:
    """Check all entries of a source.

    Args:
        source: of entries; see sources.py.
        task: "det", "cls" or "rec".
        alphabet: of a recognition dataset, a rec.alphabet.Alphabet.
        longest: greatest number of characters of a text in a recognition dataset.
        steps: number of time steps of the recognizer for a line; None if it is not known.
        labels: of a classification dataset.
        progress: show a progress bar on stderr.

    Returns: problems by the index of their entry; index -1 is for a problem of the whole dataset.
    """
    problems, counted = {}, False
    gone = set()
    if isinstance(source, ListSource):
        gone = _missing_of(source)
    for index in tqdm(
        range(len(source)), disable=None if progress else True, file=sys.stderr, desc="checking labels"
    ):
        try:
            entry = source[index]
        except ValueError as error:
            problems[index] = Problem(*source.place(index), str(error))
            continue
        if index in gone:
            reason = f"no such image file: {entry.name:.300}"
        elif task == "det":
            reason, counts = check_page(entry.label, _opened(entry.picture))
            counted |= counts
        elif task == "cls":
            known = entry.label in labels
            reason = None if known else f"label {entry.label!r}; known are {list(labels)}"
        else:
            reason = check_text(entry.label, alphabet, longest, steps)
        if reason:
            problems[index] = Problem(*source.place(index), reason)
    if task == "det" and not counted and not problems:
        problems[-1] = Problem(
            source.place(0)[0], 0, "all texts are ignored (### or *), so there is nothing to learn"
        )
    return problems


def _opened(picture):
    return io.BytesIO(picture) if isinstance(picture, bytes) else picture


def _missing_of(source: ListSource) -> set[int]:
    names = {}
    for index in range(len(source)):
        try:
            names.setdefault(source[index].name, []).append(index)
        except ValueError:
            continue  # reported by the caller
    return {i for name in missing(names) for i in names[name]}


def checked(
    source,
    task: str,
    *,
    what: str,
    on_bad: str = "error",
    alphabet=None,
    longest: int = 25,
    steps: int | None = None,
    labels=("0", "180"),
    progress: bool = False,
):
    """Check a source and return it.

    Args:
        source: of entries; see sources.py.
        task: "det", "cls" or "rec".
        what: name of the dataset in messages.
        on_bad: "error", or "drop" to leave bad entries out and report them on stderr.
        alphabet: see `find_problems`.
        longest: see `find_problems`.
        steps: see `find_problems`.
        labels: see `find_problems`.
        progress: see `find_problems`.

    Returns: the source, or a copy without its bad entries.

    Raises:
        LabelError: there are bad entries; see `raise_for`.
        ValueError: unknown on_bad.
    """
    if on_bad not in ("error", "drop"):
        raise ValueError(f"on_bad is {on_bad!r}; known are ['error', 'drop']")
    problems = find_problems(
        source, task, alphabet=alphabet, longest=longest, steps=steps, labels=labels, progress=progress
    )
    droppable = -1 not in problems and isinstance(source, ListSource)
    if problems and on_bad == "drop" and droppable:
        print(f"{what}: dropped {len(problems)} of {len(source)} entries, the first: "
              f"{next(iter(problems.values()))}", file=sys.stderr)  # fmt: skip
        return source.without(problems)
    raise_for(
        list(problems.values()),
        what,
        "set `on_bad: drop` in the section dataset to leave them out" if droppable else "",
    )
    return source
