"""Convert labels of labelme (one JSON file per image) to PaddleOCR's."""

import json
import pathlib

from .icdar import PICTURES
from .label_writing import label_entry, write_pages
from .labels import LabelError, Problem, raise_for

SHAPES = ("polygon", "rectangle", "quadrilateral", "rotation")
"""Shapes of labelme and its relatives that have corners. A rectangle may be given by two opposite corners."""


def parse_shape(shape) -> dict:
    """Convert a shape. Its text is the description, and the label if it has no description.

    Args:
        shape: entry of the list "shapes" of a labelme file.

    Returns: entry of a detection label, with the keys "transcription" and "points".

    Raises:
        ValueError: the shape has no corners, no area, no text that can be written, or a coordinate that is not a finite number.
    """
    if not isinstance(shape, dict) or not isinstance(shape.get("label"), str):
        raise ValueError("a shape needs a label")
    kind, points = shape.get("shape_type") or "polygon", shape.get("points")
    if kind not in SHAPES:
        raise ValueError(f"shape_type is {kind!r:.40}; known are {', '.join(SHAPES)}")
    try:
        points = [[float(x), float(y)] for x, y in points]
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError("points is not a list of [x, y]") from error
    if kind == "rectangle" and len(points) == 2:
        (x0, x1), (y0, y1) = (sorted(axis) for axis in zip(*points, strict=True))
        points = [[x0, y0], [x1, y0], [x1, y1], [x0, y1]]
    described = shape.get("description")
    text = described if isinstance(described, str) and described.strip() else shape["label"]
    return label_entry(text, points)


def convert_labelme(labels, pictures, out) -> int:
    """Write one label file in PaddleOCR's format for a folder of labelme files.

    Args:
        labels: folder of JSON files of labelme.
        pictures: folder of the images; paths are written relative to it.
        out: file to write.

    Returns: number of images.

    Raises:
        LabelError: invalid files or shapes, files without an image, two files for one image, or no files at all; nothing
            is written.
    """
    labels, pictures = pathlib.Path(labels), pathlib.Path(pictures)
    for folder in (labels, pictures):
        if not folder.is_dir():
            raise LabelError(f"{folder}: no such folder")
    by_name = {p.name: p for p in sorted(pictures.iterdir()) if p.suffix.lower() in PICTURES}
    by_stem = {p.stem: p for p in by_name.values()}
    pages, problems, labeled = [], [], {}
    for path in sorted(labels.glob("*.json")):
        try:
            content = json.loads(path.read_text(encoding="utf-8-sig"))
        except (OSError, ValueError, RecursionError) as error:
            problems.append(Problem(str(path), 0, f"cannot be read as JSON: {error}"))
            continue
        shapes = content.get("shapes") if isinstance(content, dict) else None
        if not isinstance(shapes, list):
            problems.append(Problem(str(path), 0, 'not a file of labelme: it has no list "shapes"'))
            continue
        # labelme on Windows writes backslashes, and the image may have been moved since.
        named = content.get("imagePath")
        name = pathlib.PureWindowsPath(named).name if isinstance(named, str) else ""
        picture = by_name.get(name) or by_stem.get(path.stem)
        if picture is None:
            problems.append(Problem(str(path), 0, f"no image {name or path.stem!r} in {pictures}"))
            continue
        if picture.name in labeled:
            problems.append(Problem(str(path), 0, f"{labeled[picture.name]} labels {picture.name} too"))
            continue
        labeled[picture.name] = path.name
        entries = []
        for number, shape in enumerate(shapes):
            try:
                entries.append(parse_shape(shape))
            except ValueError as error:
                problems.append(Problem(str(path), 0, f"shape {number}: {error}"))
        pages.append((picture.name, entries))
    if not pages and not problems:
        problems.append(Problem(str(labels), 0, "no label files (*.json)"))
    raise_for(problems, "labelme files")
    return write_pages(out, pages)
