"""A data set is checked before the first step: every entry that cannot be used, in one list."""

import io
import sys

from tqdm import tqdm

from .labels import Problem, check_page, check_text, missing, raise_for
from .sources import ListSource


def find_problems(
    source, task: str, *, alphabet=None, longest: int = 25, labels=("0", "180"), progress: bool = False
) -> dict[int, Problem]:
    """Every bad entry of a source by its index; index -1 is about the set as a whole.

    Args:
        source: of entries.
        task: "det", "cls" or "rec".
        alphabet: of a rec set.
        longest: characters of a text in a rec set.
        labels: of a cls set.
        progress: show a bar on stderr.
    """
    problems, counted = {}, False
    gone = set()
    if isinstance(source, ListSource):
        gone = _missing_of(source)
    for index in tqdm(range(len(source)), disable=not progress, file=sys.stderr, desc="checking labels"):
        try:
            entry = source[index]
        except ValueError as error:
            problems[index] = Problem(*source.place(index), str(error))
            continue
        if index in gone:
            reason = f"no such picture: {entry.name:.300}"
        elif task == "det":
            reason, counts = check_page(entry.label, _opened(entry.picture))
            counted |= counts
        elif task == "cls":
            known = entry.label in labels
            reason = None if known else f"label {entry.label!r}; known are {list(labels)}"
        else:
            reason = check_text(entry.label, alphabet, longest)
        if reason:
            problems[index] = Problem(*source.place(index), reason)
    if task == "det" and not counted and not problems:
        problems[-1] = Problem(
            source.place(0)[0], 0, "all texts are ignored (### or *): nothing to learn from"
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
    labels=("0", "180"),
    progress: bool = False,
):
    """The source, if all of its entries are good.

    Args:
        source, task: see `find_problems`.
        what: the set's name in messages.
        on_bad: "error", or "drop": leave bad entries out and say so on stderr.
        alphabet, longest, labels, progress: see `find_problems`.

    Raises:
        LabelError: bad entries; see `raise_for`.
        ValueError: unknown on_bad.
    """
    if on_bad not in ("error", "drop"):
        raise ValueError(f"on_bad is {on_bad!r}; known are ['error', 'drop']")
    problems = find_problems(
        source, task, alphabet=alphabet, longest=longest, labels=labels, progress=progress
    )
    droppable = -1 not in problems and isinstance(source, ListSource)
    if problems and on_bad == "drop" and droppable:
        print(f"{what}: dropped {len(problems)} of {len(source)} entries, the first: "
              f"{next(iter(problems.values()))}", file=sys.stderr)  # fmt: skip
        return source.without(problems)
    raise_for(
        list(problems.values()),
        what,
        "`on_bad: drop` in the section dataset leaves them out" if droppable else "",
    )
    return source
