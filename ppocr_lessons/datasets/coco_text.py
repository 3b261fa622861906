"""Convert labels of COCO-Text (one JSON file for all images) to PaddleOCR's."""

import json
import pathlib

from .label_writing import label_entry, write_pages
from .labels import LabelError, Problem, raise_for

UNREADABLE = "###"


def parse_annotation(annotation: dict) -> dict:
    """Convert an annotation. Texts that are illegible or not transcribed become "###".

    Args:
        annotation: of a COCO-Text file; version 1 calls the outline "polygon", version 2 "mask".

    Returns: entry of a detection label, with the keys "transcription" and "points".

    Raises:
        ValueError: neither an outline of at least 3 points nor a box of 4 numbers, no area, or a text that cannot be written.
    """
    outline, box = annotation.get("mask") or annotation.get("polygon"), annotation.get("bbox")
    try:
        if outline:
            numbers = [float(v) for v in outline]
            points = [list(pair) for pair in zip(numbers[::2], numbers[1::2], strict=True)]
        else:
            x, y, width, height = map(float, box)
            points = [[x, y], [x + width, y], [x + width, y + height], [x, y + height]]
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError("no polygon of x, y, x, y, ... and no bbox of 4 numbers") from error
    text = annotation.get("utf8_string")
    legible = annotation.get("legibility", "legible") == "legible" and isinstance(text, str) and text.strip()
    return label_entry(text if legible else UNREADABLE, points)


def convert_coco_text(labels, pictures, out, *, part: str | None = None) -> int:
    """Write one label file in PaddleOCR's format for a COCO-Text file.

    Args:
        labels: JSON file of COCO-Text, with "imgs" and "anns".
        pictures: folder of the images; paths are written relative to it.
        out: file to write.
        part: only images of this set, "train" or "val"; all sets if None.

    Returns: number of images, including those without text.

    Raises:
        LabelError: an invalid file or annotation, or images that are missing; nothing is written.
    """
    labels, pictures = pathlib.Path(labels), pathlib.Path(pictures)
    if not pictures.is_dir():
        raise LabelError(f"{pictures}: no such folder")
    try:
        content = json.loads(labels.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise LabelError(f"{labels}: cannot be opened: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise LabelError(f"{labels}: cannot be read as JSON: {error}") from error
    images, annotations = (content.get(k) if isinstance(content, dict) else None for k in ("imgs", "anns"))
    if not isinstance(images, dict) or not isinstance(annotations, dict):
        raise LabelError(f'{labels}: not a file of COCO-Text: it has no "imgs" and "anns"')
    problems, entries = [], {}
    for key, image in images.items():
        name = image.get("file_name") if isinstance(image, dict) else None
        if not isinstance(name, str):
            problems.append(Problem(str(labels), 0, f"image {key}: no file_name"))
        elif part is None or image.get("set") == part:
            name = pathlib.PurePosixPath(name).name
            if not (pictures / name).is_file():
                problems.append(Problem(str(labels), 0, f"image {key}: no {name} in {pictures}"))
            entries[str(key)] = (name, [])
    for key, annotation in annotations.items():
        place = str(annotation.get("image_id")) if isinstance(annotation, dict) else ""
        if place not in images:
            problems.append(Problem(str(labels), 0, f"annotation {key}: its image_id is unknown"))
        elif place in entries:
            try:
                entries[place][1].append(parse_annotation(annotation))
            except ValueError as error:
                problems.append(Problem(str(labels), 0, f"annotation {key}: {error}"))
    if not entries and not problems:
        sets = sorted({str(image.get("set")) for image in images.values()})
        reason = "no images" if part is None else f"no images of the set {part!r}; its sets are {sets}"
        problems.append(Problem(str(labels), 0, reason))
    raise_for(problems, "COCO-Text")
    return write_pages(out, list(entries.values()))
