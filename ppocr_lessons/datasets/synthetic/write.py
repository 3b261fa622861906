"""Write synthetic datasets in PaddleOCR's label formats."""

import json
import pathlib
import sys

import numpy as np
from PIL import Image
from tqdm import tqdm

from .corpus import chinese_line, english_line
from .fonts import font_paths
from .pages import Page, line_at, page_at, render_line, word_at
from .photo_pages import photo_page_at
from .photo_streams import photo_text
from .photo_text import render_photo_line

QUALITY = 88
"""Quality of the JPEG files."""


STYLES = ("print", "photo")
"""`print`: pages, words and lines as scanned or carefully photographed. `photo`: signs, receipts, scenes without text,
and bent, unevenly lit, outlined, crowded lines; see photo_pages.py and photo_text.py."""


def _labeled(page: Page):
    boxes = [
        {"transcription": text, "points": [[round(float(x), 1), round(float(y), 1)] for x, y in polygon]}
        for text, polygon in zip(page.texts, page.polygons, strict=True)
    ]
    return page.image, json.dumps(boxes, ensure_ascii=False)


def _det(seed, index, language, size, fonts):
    return _labeled(page_at(seed, index, size=size, language=language, fonts=fonts))


def _rec(seed, index, language, size, fonts):
    if language == "en" and index % 2:
        return word_at(seed, index, fonts=fonts)
    return line_at(seed, index, characters=12 if language == "zh" else 25, language=language, fonts=fonts)


def _cls(seed, index, language, size, fonts):
    rng = np.random.default_rng([seed, index])
    write = chinese_line if language == "zh" else english_line
    line = render_line(rng, write(rng, int(rng.integers(2, 21))), language, fonts=fonts)
    return (line.image[::-1, ::-1], "180") if rng.integers(2) else (line.image, "0")


def _photo_det(seed, index, language, size, fonts):
    return _labeled(photo_page_at(seed, index, size=size, fonts=fonts))


def _photo_rec(seed, index, language, size, fonts):
    rng = np.random.default_rng([seed, index])
    return render_photo_line(rng, photo_text(rng, int(rng.integers(1, 41))), fonts=fonts)


def _photo_cls(seed, index, language, size, fonts):
    rng = np.random.default_rng([seed, index])
    line = render_photo_line(rng, english_line(rng, int(rng.integers(2, 21))), fonts=fonts)
    return (line.image[::-1, ::-1], "180") if rng.integers(2) else (line.image, "0")


_MAKERS = {
    "print": {"det": _det, "rec": _rec, "cls": _cls},
    "photo": {"det": _photo_det, "rec": _photo_rec, "cls": _photo_cls},
}


def write_set(
    kind: str,
    folder,
    *,
    count: int,
    seed: int = 0,
    language: str = "en",
    fonts: str = "course",
    style: str = "print",
    size: tuple[int, int] = (640, 640),
    progress: bool = False,
) -> pathlib.Path:
    """Render images and write their label file.

    Args:
        kind: "det" (pages with polygons), "rec" (words and lines with texts), "cls" (lines with 0 or 180).
        folder: is created if necessary; must be empty.
        count: number of images.
        seed: of all random numbers.
        language: see `font_paths`.
        fonts: see `font_paths`.
        style: one of STYLES; photographs are in English only.
        size: (height, width) of pages.
        progress: show a progress bar on stderr.

    Returns: path of label.txt; its lines are `images/name<TAB>label`.

    Raises:
        ValueError: unknown kind, language, style or font set, Chinese photographs, or the folder is not empty.
        LookupError: no font for the language is installed.
    """
    if style not in _MAKERS:
        raise ValueError(f"style is {style!r}; known are {', '.join(STYLES)}")
    if kind not in _MAKERS[style]:
        raise ValueError(f"kind is {kind!r}; known are {list(_MAKERS[style])}")
    if style == "photo" and language != "en":
        raise ValueError(f"the style photo draws English text only; the language is {language!r}")
    font_paths(language, fonts)
    folder = pathlib.Path(folder)
    if folder.exists() and any(folder.iterdir()):
        raise ValueError(f"{folder}: the folder is not empty; choose a new or an empty one")
    (folder / "images").mkdir(parents=True)
    lines = []
    for index in tqdm(range(count), disable=None if progress else True, file=sys.stderr, unit="picture"):
        image, label = _MAKERS[style][kind](seed, index, language, size, fonts)
        name = f"images/{index:05d}.jpg"
        Image.fromarray(np.ascontiguousarray(image)).save(folder / name, quality=QUALITY)
        lines.append(f"{name}\t{label}\n")
    labels = folder / "label.txt"
    labels.write_text("".join(lines), encoding="utf-8")
    return labels
