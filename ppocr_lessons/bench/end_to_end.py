"""The three systems of chapter 1, with networks that were trained in the ablations: hmean and F-score on the same pages.

    ppocr-lessons bench end-to-end --det runs/ablation_det --rec runs/ablation_rec --rec-v2 runs/ablation_rec_v2

The recognizers of the ablations read short words of lower-case letters, so the pages consist of such words, black on white. None
of the words occurs in a training line. All lines are upright, and the direction classifier, which is the same in the three systems, is
left out.
"""

import pathlib
import statistics
from typing import NamedTuple

import numpy as np
from paddle.nn import Layer

from ..datasets.seeding import rng_for
from ..datasets.synthetic.pages import render_line
from ..deploy.rectify import crop_line
from ..deploy.stages import Detector
from ..det.dbnet import db_mobile, db_server
from ..det.postprocess import DBPostProcess
from ..training.tensor_files import load_weights
from .detection_rows import folder_of
from .provenance import provenance
from .read import LabeledPage, measure
from .recognition_rows import ROWS as REC_ROWS
from .recognition_training import network
from .short_words import alphabet, readings_of, vocabulary
from .systems import Read, System

SIDE, PAGES, CHOOSING = 448, 40, 10
"""Side of a page in pixels; number of pages that are scored, and of others on which the unclip ratio is chosen."""

SCORED_SEED, CHOOSING_SEED = 900_011, 800_011
UNCLIP_RATIOS = (0.9, 1.2, 1.5, 1.8, 2.1, 2.4)
"""Ratios to choose from. A recognizer needs a margin around words, so reading can need a larger ratio than finding."""

MARGIN, GAP = 12, 18
"""Pixels around a page and between its words."""


class Trained(NamedTuple):
    """Rows of the ablations that a system is made of.

    Fields:
        title: as the chapter calls it.
        det: row of the detection ablation.
        table, rec: table and row of the recognition ablations.
        seeds: of the runs.
    """

    title: str
    det: str
    table: str
    rec: str
    seeds: tuple[int, ...]


SYSTEMS = {
    "mobile": Trained("PP-OCR mobile", "further", "rec", "warmup", (1, 2, 3)),
    "server": Trained("PP-OCR server", "teacher", "rec", "server", (1,)),
    "v2": Trained("PP-OCRv2", "cml-copy-paste", "rec_v2", "udml-enhanced", (1, 2, 3)),
}
"""The mobile and the server system are trained from random weights. The recognizer of `v2` starts from PP-OCRv2's own weights."""


def word_page(seed: int, index: int, side: int = SIDE) -> LabeledPage:
    """Render a page of short words in rows; the same on every machine.

    Args:
        seed: of all random numbers.
        index: of the page.
        side: height and width in pixels.

    Returns: the page; each polygon is the smallest upright rectangle around the ink of its word.
    """
    rng, words = rng_for(seed, index), vocabulary()[1]
    image = np.full((side, side, 3), 255, np.uint8)
    texts, polygons, x, y, tallest = [], [], MARGIN, MARGIN, 0
    while True:
        word = render_line(rng, words[rng.integers(len(words))], clean=True)
        height, width = word.image.shape[:2]
        if x + width > side - MARGIN:
            x, y, tallest = MARGIN + int(rng.integers(GAP)), y + tallest + GAP, 0
        if y + height > side - MARGIN:
            return LabeledPage(f"{seed}-{index}", image, texts, np.array(polygons, np.float32))
        image[y : y + height, x : x + width] = word.image
        rows, columns = np.nonzero(word.image[..., 0] < 128)
        (left, right), (top, bottom) = (
            (v.min() + offset, v.max() + offset + 1) for v, offset in ((columns, x), (rows, y))
        )
        polygons.append([(left, top), (right, top), (right, bottom), (left, bottom)])
        texts.append(word.text)
        x, tallest = x + width + GAP, max(tallest, height)


def load_networks(trained: Trained, seed: int, folders: dict[str, pathlib.Path]) -> tuple[Layer, Layer]:
    """Load the networks of a system.

    Args:
        trained: one of SYSTEMS.
        seed: of the runs.
        folders: of the ablations: det, rec and rec_v2.

    Returns: detector and recognizer, in evaluation mode.

    Raises:
        WeightsError: a run is not finished; names the file of its weights.
    """
    det = db_server() if trained.det == "teacher" else db_mobile()
    rec = network(REC_ROWS[trained.table][trained.rec], alphabet().classes)
    load_weights(det, folder_of(folders["det"], trained.det, seed) / "latest.safetensors")
    load_weights(rec, folders[trained.table] / f"{trained.rec}-{seed}" / "net.safetensors")
    det.eval(), rec.eval()
    return det, rec


def scores_of(detector: Detector, rec: Layer, unclip: float, pages: list[LabeledPage]) -> dict[str, float]:
    """Score a detector and a recognizer on labeled pages.

    Args:
        detector: its postprocessing is replaced.
        rec: recognizer of short words, in evaluation mode.
        unclip: ratio by which the boxes of the detector grow.
        pages: with their labels.

    Returns: precision, recall and hmean of detection; word_precision, word_recall and word_f1 end to end.
    """
    detector.postprocess = DBPostProcess(unclip_ratio=unclip)

    def read(image: np.ndarray) -> list[Read]:
        polygons = detector(image).polygons
        texts = readings_of(rec, [crop_line(image, polygon) for polygon in polygons])
        return [Read(polygon, text) for polygon, text in zip(polygons, texts, strict=True)]

    system = System(read, lambda crop: readings_of(rec, [crop])[0], None)
    (row,) = measure(pages, [], {"": system}, rounds=0)
    kept = ("precision", "recall", "hmean", "word_precision", "word_recall", "word_f1")
    return {key: float(row[key]) for key in kept}


def score(trained: Trained, seed: int, folders: dict[str, pathlib.Path]) -> dict:
    """Score detection and reading of a system, each at the unclip ratio that is best on pages that are not scored.

    Args:
        trained: one of SYSTEMS.
        seed: of the runs.
        folders: of the ablations.

    Returns: seed; hmean of detection and word_f1 end to end, with the scores of `scores_of` and the ratio of each.
    """
    choosing = [word_page(CHOOSING_SEED, index) for index in range(CHOOSING)]
    scored = [word_page(SCORED_SEED, index) for index in range(PAGES)]
    det, rec = load_networks(trained, seed, folders)
    # The pages are as large as those of the training, so they are not enlarged.
    detector = Detector(det, upscale_below=1, threads=1)
    tried = {unclip: scores_of(detector, rec, unclip, choosing) for unclip in UNCLIP_RATIOS}
    run: dict = {"seed": seed}
    for measured, group in (("hmean", "found"), ("word_f1", "read")):
        best = max(tried, key=lambda unclip, measured=measured: tried[unclip][measured])
        scores = scores_of(detector, rec, best, scored)
        run |= {measured: scores[measured], group: scores | {"unclip": best}}
    return run


def record(folders: dict[str, pathlib.Path]) -> dict:
    """Score all systems, for data/results.

    Args:
        folders: of the ablations: det, rec and rec_v2.

    Returns: systems (title, runs, and mean and spread of hmean and word_f1 by name), numbers of pages and words, machine,
        command, commit and date.
    """
    systems = {}
    for name, trained in SYSTEMS.items():
        runs = [score(trained, seed, folders) for seed in trained.seeds]
        systems[name] = {"title": trained.title, "det": trained.det, "rec": trained.rec, "runs": runs}
        for key in ("hmean", "word_f1"):
            values = [run[key] for run in runs]
            systems[name] |= {key: statistics.mean(values), f"{key}_spread": max(values) - min(values)}
    words = sum(len(word_page(SCORED_SEED, index).texts) for index in range(PAGES))
    command = "ppocr-lessons bench end-to-end --det DET --rec REC --rec-v2 REC_V2"
    return {"systems": systems, "pages": PAGES, "words": words, **provenance(command)}


def as_text(result: dict) -> str:
    """Format a result as a table for a terminal.

    Args:
        result: result of `record`.
    """
    lines = [f"{'system':16}{'hmean':>7}{'spread':>8}{'F1':>7}{'spread':>8}{'seeds':>7}"]
    lines += [
        f"{row['title']:16}{row['hmean']:7.3f}{row['hmean_spread']:8.3f}{row['word_f1']:7.3f}"
        f"{row['word_f1_spread']:8.3f}{len(row['runs']):7}"
        for row in result["systems"].values()
    ]
    return "\n".join(lines)
