"""PP-OCR mobile, PP-OCR server and PP-OCRv2 as whole systems: size and time of each stage (chapters 1 and 4).

Sizes and times do not depend on the weights, so the networks are untrained; all recognizers have the 6,625 classes of PaddleOCR's
Chinese dictionary. Every system works on the same lines of a page, those of its label.
"""

import gc
from collections.abc import Callable, Sequence
from typing import NamedTuple

import cv2
import numpy as np

from ..cls.direction import direction_mobile
from ..cls.input_resolution import LARGE, cls_resize
from ..datasets.resize import fit_line, line_width, normalize_page, page_size
from ..datasets.synthetic.pages import Page
from ..deploy.export import export_cached, size_mb
from ..deploy.predictor import Predictor
from ..deploy.rectify import crop_line
from ..deploy.stages import MAX_WIDTH, WIDTH_STEP
from ..det.dbnet import db_mobile, db_server
from ..rec.crnn import crnn_lcnet, crnn_mobile, crnn_server
from .provenance import known_rows, provenance
from .timing import interleaved

CLASSES = 6625
STAGES = ("det", "cls", "rec")


class Whole(NamedTuple):
    """A system of the chapter.

    Fields:
        title: as the chapter calls it.
        det, cls, rec: builders of the untrained networks.
        published_mb, published_f, published_ms: whole system in the chapter: megabytes, end-to-end F-score,
            milliseconds per page on a CPU.
    """

    title: str
    det: Callable
    cls: Callable
    rec: Callable
    published_mb: float
    published_f: float
    published_ms: float


SYSTEMS = {
    "mobile": Whole("PP-OCR mobile", db_mobile, direction_mobile, lambda: crnn_mobile(CLASSES), 8.1, 0.503, 356),
    "server": Whole("PP-OCR server", db_server, direction_mobile, lambda: crnn_server(CLASSES), 155.1, 0.570, 1056),
    "v2": Whole("PP-OCRv2", db_mobile, direction_mobile, lambda: crnn_lcnet(CLASSES), 11.6, 0.576, 330),
}  # fmt: skip
"""The three systems; the detectors of mobile and v2 are the same network, trained differently."""


class Measured(NamedTuple):
    """Size in MB and median milliseconds per page of each stage of one system, by stage."""

    mb: dict[str, float]
    ms: dict[str, float]


def _inputs(page: Page) -> dict[str, np.ndarray]:
    """Inputs of the stages of a system for a page: one picture, and one batch for all lines."""
    height, width = page_size(*page.image.shape[:2], limit_side_len=960, limit_type="max")
    lines = [crop_line(page.image, polygon) for polygon in page.polygons]
    widest = min(MAX_WIDTH, max(line_width(line, 32) for line in lines))
    width_of_batch = -(-widest // WIDTH_STEP) * WIDTH_STEP
    return {
        "det": normalize_page(cv2.resize(page.image, (width, height)))[None],
        "cls": np.stack([cls_resize(line, LARGE) for line in lines]),
        "rec": np.stack([fit_line(line, 32, width_of_batch) for line in lines]),
    }


def measure(
    pages: Sequence[Page],
    *,
    names: Sequence[str] = tuple(SYSTEMS),
    rounds: int = 5,
    threads: int | None = None,
) -> dict[str, Measured]:
    """Size and latency of systems with oneDNN, in interleaved runs.

    Args:
        pages: labeled pages; the networks work on the lines of the label.
        names: keys of SYSTEMS. With the server system the process needs 1.7 GB of memory, without it half of that.
        rounds: number of timed rounds of each page.
        threads: number of CPU threads; all cores if None.

    Returns: `Measured` by key of SYSTEMS. The time of a page is that of the networks, averaged over the pages.

    Raises:
        ValueError: no page, a page without a line, or an unknown system.
    """
    if not pages or any(not len(page.polygons) for page in pages):
        raise ValueError("pages with at least one line each are needed")
    wanted = known_rows(list(names), SYSTEMS)
    nets = {name: {stage: getattr(SYSTEMS[name], stage)() for stage in STAGES} for name in wanted}
    for stages in nets.values():
        for net in stages.values():
            net.eval()
    sizes = {
        name: {stage: size_mb(export_cached(net)) for stage, net in stages.items()}
        for name, stages in nets.items()
    }
    runs = {
        (name, stage): Predictor(net, threads=threads) for name, stages in nets.items() for stage, net in stages.items()
    }  # fmt: skip
    del nets, stages
    gc.collect()  # an exported network has cycles of references and would stay in memory
    total = dict.fromkeys(runs, 0.0)
    for page in pages:
        inputs = _inputs(page)
        timed = {key: (lambda run=run, x=inputs[key[1]]: run(x)) for key, run in runs.items()}
        for key, seconds in interleaved(timed, rounds=rounds).items():
            total[key] += 1e3 * seconds / len(pages)
    return {name: Measured(sizes[name], {stage: total[name, stage] for stage in STAGES}) for name in wanted}


def record(pages: Sequence[Page], *, rounds: int = 5) -> dict:
    """Measure all systems, for data/results.

    Args:
        pages: see `measure`.
        rounds: see `measure`.

    Returns: systems (mb and ms by stage), number of pages and lines, machine, command, commit and date.
    """
    found = measure(pages, rounds=rounds, threads=1)
    return {
        "systems": {name: measured._asdict() for name, measured in found.items()},
        "pages": len(pages),
        "lines": sum(len(page.polygons) for page in pages),
        **provenance("ppocr-lessons bench systems data/det_en --out data/results/systems.json"),
    }


def as_text(result: dict) -> str:
    """Format a record as a table for a terminal.

    Args:
        result: result of `record`.
    """
    lines = [
        f"{'system':16}{'MB':>8}{'chapter':>9}{'det ms':>8}{'cls ms':>8}{'rec ms':>8}{'page ms':>9}{'chapter':>9}"
    ]
    for name, measured in result["systems"].items():
        whole, ms = SYSTEMS[name], measured["ms"]
        stages = "".join(f"{ms[stage]:8.1f}" for stage in STAGES)
        lines.append(
            f"{whole.title:16}{sum(measured['mb'].values()):8.1f}{whole.published_mb:9.1f}{stages}"
            f"{sum(ms.values()):9.1f}{whole.published_ms:9.0f}"
        )
    return "\n".join(lines)
