"""Write label files atomically, without replacing other files."""

import contextlib
import json
import pathlib

from .labels import LabelError, outline


def write_lines(path, lines: list[str]) -> None:
    """Write a text file atomically: no partial file remains, even if the disk is full.

    Args:
        path: of the file; its folder is created if necessary.
        lines: texts with their line breaks.

    Raises:
        OSError: the file cannot be written; names the file. An older file is kept.
    """
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".partial-{path.name}")
    try:
        with partial.open("w", encoding="utf-8", newline="") as file:
            file.writelines(lines)
        partial.replace(path)
    except OSError as error:
        # The user does not know the name of the partial file.
        raise OSError(error.errno, error.strerror or str(error), str(path)) from error
    finally:
        with contextlib.suppress(OSError):
            partial.unlink()


def write_new(path, lines: list[str]) -> None:
    """Write a new text file. An existing file with the same content is accepted, so that a command can be repeated.

    Args:
        path: of the file; its folder is created if necessary.
        lines: texts with their line breaks.

    Raises:
        LabelError: there is a folder of this name, or a file with other content, which is kept.
        OSError: see `write_lines`.
    """
    path = pathlib.Path(path)
    if path.is_dir():
        raise LabelError(f"{path}: a folder; name a file")
    if path.exists() or path.is_symlink():
        if path.is_file() and path.read_bytes() == "".join(lines).encode("utf-8"):
            return
        raise LabelError(
            f"{path}: exists with other content and is not replaced; remove it, or name another file"
        )
    write_lines(path, lines)


def label_entry(text: str, points: list) -> dict:
    """Make an entry of a detection label, which training accepts.

    Args:
        text: transcription.
        points: list of [x, y] in pixels.

    Returns: dictionary with the keys "transcription" and "points".

    Raises:
        ValueError: a polygon that `labels.outline` rejects, or a text that UTF-8 cannot encode.
    """
    outline(points)
    if not _is_utf8(text):
        raise ValueError(f"the text {text!r:.60} has half of a surrogate pair, which is not a character")
    return {"transcription": text, "points": points}


def write_pages(path, pages: list[tuple[str, list[dict]]]) -> int:
    """Write a detection label file.

    Args:
        path: of the file; its folder is created if necessary.
        pages: path of each image, and its texts, each with "transcription" and "points".

    Returns: number of images.

    Raises:
        LabelError: the path of an image contains a tab or a line break, or is not UTF-8; see also `write_new`.
        OSError: see `write_lines`.
    """
    for name, _ in pages:
        if set(name) & set("\t\r\n") or not _is_utf8(name):
            raise LabelError(
                f"{name!r}: a label file cannot hold an image path with a tab, a line break, or bytes that are not UTF-8"
            )
    write_new(path, [f"{name}\t{json.dumps(texts, ensure_ascii=False)}\n" for name, texts in pages])
    return len(pages)


def _is_utf8(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
