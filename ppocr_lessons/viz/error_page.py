"""An HTML page with the worst cases of an evaluation, in one file without links to others."""

import base64
import difflib
import html
import io
import json

import cv2
import numpy as np
from PIL import Image as PILImage

from ..deploy.draw import draw_boxes
from ..output_files import MARK
from .worst_cases import OUTLINES, Case

LONGEST = 1200
"""Longest side in pixels of an image on the page; larger ones are reduced."""

COLORS = {
    "does not count": (150, 150, 150),
    "found text": (0, 158, 115),
    "found box": (86, 180, 233),
    "missed text": (213, 94, 0),
    "false box": (204, 60, 160),
}
"""Color of each of OUTLINES."""

ERRORS = ("missed text", "false box")
"""Kinds of OUTLINES that are drawn with thick lines."""

STYLE = """
body { font-family: sans-serif; margin: 2em auto; max-width: 1240px; padding: 0 1em; color: #222; }
figure { margin: 2em 0; border-top: 1px solid #ccc; padding-top: 1em; }
img { max-width: 100%; height: auto; border: 1px solid #ddd; image-rendering: auto; }
.text { font-family: monospace; font-size: 1.2em; white-space: pre-wrap; }
mark { background: #ffd9b3; }
.place { color: #666; overflow-wrap: anywhere; }
.key { display: inline-block; width: 2em; height: 0.4em; margin: 0 0.3em 0.1em 1em; }
"""


def _key(color, meaning: str) -> str:
    return f'<span class="key" style="background: rgb{color}"></span>{meaning}'


def _picture(case: Case) -> np.ndarray:
    """The image of a case, reduced if it is large, with the outlines of a detector."""
    scale = min(1.0, LONGEST / max(case.image.shape[:2]))
    image = case.image
    if scale < 1:
        size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
        image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    for kind, polygons in (case.outlines or {}).items():
        scaled = [np.asarray(polygon) * scale for polygon in polygons]
        image = draw_boxes(image, scaled, color=COLORS[kind], bold=kind in ERRORS)
    return image


def _data_url(image: np.ndarray, alt: str) -> str:
    data = io.BytesIO()
    # Lines are small and need their exact pixels; pages would take megabytes as PNG.
    if image.shape[0] * image.shape[1] < 200_000:
        kind = "png"
        PILImage.fromarray(image).save(data, "PNG")
    else:
        kind = "jpeg"
        PILImage.fromarray(image).save(data, "JPEG", quality=85)
    code = base64.b64encode(data.getvalue()).decode("ascii")
    return f'<img src="data:image/{kind};base64,{code}" alt="{html.escape(alt)}">'


def _marked(text: str, other: str) -> str:
    """A text as HTML in which the characters that differ from another text are marked."""
    parts = []
    for kind, start, end, _, _ in difflib.SequenceMatcher(None, text, other, autojunk=False).get_opcodes():
        piece = html.escape(text[start:end])
        parts.append(piece if kind == "equal" or not piece else f"<mark>{piece}</mark>")
    return "".join(parts)


def _figure(number: int, case: Case) -> str:
    lines = [f"<p><b>{number}.</b> {html.escape(case.note)}</p>", _data_url(_picture(case), case.note)]
    if case.outlines is None:
        lines += [
            f'<div class="text">label: {_marked(case.expected, case.answer)}</div>',
            f'<div class="text">read:&nbsp; {_marked(case.answer, case.expected)}</div>',
        ]
    lines.append(f'<p class="place">{html.escape(case.name)}<br>{html.escape(case.place)}</p>')
    return "<figure>\n" + "\n".join(lines) + "\n</figure>"


def error_page(cases: list[Case], *, title: str, scores: dict[str, float], wrong: int, total: int) -> str:
    """Write the page. All texts are escaped, because they come from labels, file names and images.

    Args:
        cases: of `WorstCases.cases`.
        title: of the page, such as the name of the configuration.
        scores: of the whole evaluation, by name.
        wrong: number of samples with errors.
        total: number of samples.

    Returns: HTML.
    """
    drawn = any(case.outlines is not None for case in cases)
    keys = "".join(_key(COLORS[kind], kind) for kind in reversed(OUTLINES)) if drawn else ""
    summary = f"{wrong} of {total} samples have errors; the worst {len(cases)} are shown."
    return "\n".join(
        [
            "<!DOCTYPE html>",
            f'<html lang="en"><head><meta charset="utf-8"><meta name="generator" content="{MARK}">',
            f"<title>{html.escape(title)}</title>",
            f"<style>{STYLE}</style></head><body>",
            f"<h1>{html.escape(title)}</h1>",
            f"<p>{html.escape(json.dumps(scores))}</p>",
            f"<p>{summary}</p>",
            f"<p>{keys}</p>" if keys else "",
            *(_figure(number, case) for number, case in enumerate(cases, 1)),
            "</body></html>\n",
        ]
    )
