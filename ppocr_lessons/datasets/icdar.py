"""Convert labels of ICDAR 2015 (one file per image, one line `x1,y1,x2,y2,x3,y3,x4,y4,text` per text) to PaddleOCR's."""

import math
import pathlib

from .label_writing import label_entry, write_pages
from .labels import LabelError, Problem, raise_for

PICTURES = (".jpg", ".jpeg", ".png", ".bmp")


def parse_line(line: str) -> dict:
    """Parse one line. Everything after the eighth comma is text and may contain commas.

    Args:
        line: of a label file: eight coordinates in pixels and a text, separated by commas.

    Returns: entry of a detection label, with the keys "transcription" and "points".

    Raises:
        ValueError: the line does not have eight finite numbers and a text, or its polygon has no area.
    """
    parts = line.split(",", 8)
    if len(parts) < 9:
        raise ValueError(f"{len(parts) - 1} commas; eight numbers and a text are needed: {line[:60]!r}")
    try:
        numbers = [float(part) for part in parts[:8]]
    except ValueError as error:
        raise ValueError(f"the first eight fields must be numbers: {line[:60]!r}") from error
    if not all(math.isfinite(number) for number in numbers):
        raise ValueError(f"a coordinate is infinite or NaN: {line[:60]!r}")
    points = [[int(v) if v == int(v) else v for v in numbers[i : i + 2]] for i in range(0, 8, 2)]
    return label_entry(parts[8], points)


def convert_icdar(labels, pictures, out) -> int:
    """Write one label file in PaddleOCR's format for a folder of ICDAR label files.

    Args:
        labels: folder of files gt_NAME.txt or NAME.txt, UTF-8 with or without BOM.
        pictures: folder of the images; paths are written relative to it.
        out: file to write.

    Returns: number of images.

    Raises:
        LabelError: bad lines, label files without an image, or no label files at all; nothing is written.
    """
    labels, pictures, out = pathlib.Path(labels), pathlib.Path(pictures), pathlib.Path(out)
    for folder in (labels, pictures):
        if not folder.is_dir():
            raise LabelError(f"{folder}: no such folder")
    by_name = {p.stem: p for p in sorted(pictures.iterdir()) if p.suffix.lower() in PICTURES}
    pages, problems = [], []
    for path in sorted(labels.glob("*.txt")):
        if path.resolve() == out.resolve():
            continue
        picture = by_name.get(path.stem.removeprefix("gt_")) or by_name.get(path.stem)
        if picture is None:
            problems.append(Problem(str(path), 0, f"no image of that name in {pictures}"))
            continue
        entries = []
        try:
            lines = path.read_text(encoding="utf-8-sig").split("\n")
        except UnicodeDecodeError as error:
            problems.append(Problem(str(path), 0, f"not UTF-8: {error}"))
            continue
        except OSError as error:
            problems.append(Problem(str(path), 0, f"cannot be opened: {error.strerror}"))
            continue
        for number, line in enumerate(lines, 1):
            if line.strip():
                try:
                    entries.append(parse_line(line.rstrip("\r")))
                except ValueError as error:
                    problems.append(Problem(str(path), number, str(error)))
        pages.append((picture.name, entries))
    if not pages and not problems:
        problems.append(Problem(str(labels), 0, "no label files (*.txt)"))
    raise_for(problems, "ICDAR labels")
    return write_pages(out, pages)
