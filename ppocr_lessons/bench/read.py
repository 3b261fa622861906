"""Whole systems compared on labeled pictures: detection, reading and time.

The labels are a file in PaddleOCR's detection format, one picture per line: its path, a tab, and a JSON list of
`{"transcription": ..., "points": ...}`. An entry without points counts as text alone; a picture in which any entry
lacks them does not count for detection. A path `skimage:NAME` is a picture that scikit-image installs. A second file in the recognition format, `path<tab>text`, holds word crops.
"""

import collections
import importlib.metadata
import importlib.resources
import importlib.util
import json
import pathlib
import statistics
import subprocess
import time
from typing import NamedTuple

import numpy as np

from ..datasets.pictures import read_picture
from ..det.metric import DetMetric
from ..rec.metric import character_error_rate
from .provenance import provenance
from .systems import PACKAGES, System

IGNORED = ("###", "*")
"""Transcriptions of texts that nobody can read; they count neither for nor against a system."""


class LabeledPage(NamedTuple):
    """A picture with its label: name, image, texts, and polygons (N, 4, 2), or None without points."""

    name: str
    image: np.ndarray
    texts: list[str]
    polygons: np.ndarray | None


def read_pages(labels) -> list[LabeledPage]:
    """Pictures of a label file in the detection format.

    Args:
        labels: path of the file; pictures are named relative to its folder.

    Raises:
        ValueError: a line that is not path, tab, JSON list of transcriptions; names file and line.
        PictureError: a picture cannot be read.
    """
    labels = pathlib.Path(labels)
    pages = []
    for number, line in enumerate(labels.read_text(encoding="utf-8").splitlines(), 1):
        try:
            name, entries = line.split("\t")
            entries = json.loads(entries)
            texts = [str(entry["transcription"]) for entry in entries]
            points = [entry.get("points") for entry in entries]
            polygons = np.array(points, np.float32) if entries and all(points) else None
            if not entries:
                polygons = np.zeros((0, 4, 2), np.float32)
            if polygons is not None and polygons.shape[1:] != (4, 2):
                raise ValueError("points are not four pairs")
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ValueError(
                f"{labels}, line {number}: not a path, a tab and a list of texts: {error}"
            ) from error
        pages.append(LabeledPage(name, read_picture(_place(labels, name)), texts, polygons))
    return pages


def _place(labels: pathlib.Path, name: str) -> pathlib.Path:
    if name.startswith("skimage:"):
        return pathlib.Path(str(importlib.resources.files("skimage.data"))) / pathlib.Path(name[8:]).name
    return labels.parent / name


def read_words(labels) -> list[tuple[np.ndarray, str]]:
    """Crops and texts of a label file in the recognition format.

    Args:
        labels: path of the file.

    Raises:
        ValueError: a line without exactly one tab; names file and line.
    """
    labels, words = pathlib.Path(labels), []
    for number, line in enumerate(labels.read_text(encoding="utf-8").splitlines(), 1):
        if line.count("\t") != 1:
            raise ValueError(f"{labels}, line {number}: not a path, a tab and a text")
        name, text = line.split("\t")
        words.append((read_picture(labels.parent / name), text))
    return words


def measure(pages: list[LabeledPage], words, systems: dict[str, System], *, rounds: int = 3) -> list[dict]:
    """One row of scores per system.

    The systems take turns on each page, so that load on the machine affects all of them equally; the time of a page is
    the median of its rounds.

    Args:
        pages: see `read_pages`.
        words: see `read_words`.
        systems: by name.
        rounds: timed readings of each page, after one that is not timed; 0 to measure no time.

    Returns: dictionaries of system; precision, recall and hmean of detection at IoU 0.5; word_precision, word_recall
        and word_f1 of what was read, as bags of words per page; exact words and cer of crops; ms per page, or None; mb.
    """
    metrics = {name: DetMetric() for name in systems}
    counts = {name: np.zeros(3) for name in systems}  # words in common, words there, words read
    times = {name: [] for name in systems}
    for page in pages:
        ignored = [text in IGNORED for text in page.texts]
        there = collections.Counter(
            w for t, skip in zip(page.texts, ignored, strict=True) if not skip for w in t.split()
        )
        taken = {name: [] for name in systems}
        for number in range(rounds + 1):
            for name, system in systems.items():
                start = time.perf_counter()
                found = system.read(page.image)
                if number:
                    taken[name].append(time.perf_counter() - start)
                    continue
                read = collections.Counter(word for entry in found for word in entry.text.split())
                counts[name] += (sum((there & read).values()), there.total(), read.total())
                if page.polygons is not None:
                    metrics[name].add([entry.polygon for entry in found], page.polygons, ignored)
        for name in systems if rounds else ():
            times[name].append(statistics.median(taken[name]))
    rows = []
    for name, system in systems.items():
        answers = [(system.read_word(crop), text) for crop, text in words]
        common, truth, read = counts[name]
        score = metrics[name].score()
        rows.append(
            {
                "system": name,
                "precision": score.precision,
                "recall": score.recall,
                "hmean": score.hmean,
                "word_precision": common / read if read else 0.0,
                "word_recall": common / truth if truth else 0.0,
                "word_f1": 2 * common / (truth + read) if truth + read else 0.0,
                "exact_words": sum(answer == text for answer, text in answers),
                "words": len(words),
                "cer": statistics.mean(character_error_rate(a, t) for a, t in answers) if answers else None,
                "ms": 1e3 * statistics.mean(times[name]) if times[name] else None,
                "mb": system.mb,
            }
        )
    return rows


def record(rows: list[dict], pages: list[LabeledPage], words) -> dict:
    """Rows of `measure` with what they were measured on, for data/results.

    Args:
        rows: one dictionary a system.
        pages: see `read_pages`.
        words: see `read_words`.

    Returns: rows, names of the pictures, numbers of texts and crops, versions of the systems' packages, machine, command,
        commit and date.
    """
    versions = {}
    for row in rows:
        package = PACKAGES.get(row["system"])
        if package:
            versions[row["system"]] = f"{package} {importlib.metadata.version(package)}"
    if any(row["system"] == "tesseract" for row in rows):
        done = subprocess.run(["tesseract", "--version"], capture_output=True, text=True, check=False)
        versions["tesseract"] = (done.stdout or done.stderr).splitlines()[0]
    return {
        "rows": rows,
        "pictures": [page.name for page in pages],
        "texts": sum(len(page.texts) for page in pages),
        "crops": len(words),
        "versions": versions,
        **provenance("ppocr-lessons bench read LABELS --words WORDS"),
    }


def as_text(rows: list[dict]) -> str:
    """Rows of `measure` as a table.

    Args:
        rows: one dictionary a system.
    """
    head = f"{'system':22}{'det P':>7}{'det R':>7}{'hmean':>7}{'word P':>8}{'word R':>8}{'F1':>7}{'exact':>9}{'CER':>7}{'ms':>7}{'MB':>7}"
    lines = [
        f"{r['system']:22}{r['precision']:>7.3f}{r['recall']:>7.3f}{r['hmean']:>7.3f}{r['word_precision']:>8.3f}"
        f"{r['word_recall']:>8.3f}{r['word_f1']:>7.3f}{r['exact_words']:>5}/{r['words']:<3}"
        f"{_number(r['cer'], 3):>7}{_number(r['ms'], 0):>7}{_number(r['mb'], 1):>7}"
        for r in rows
    ]
    return "\n".join([head, *lines])


def _number(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"
