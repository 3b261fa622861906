"""The ablation of the direction classifier (chapter 2.2): augmentations, backbones, input sizes and four directions.

    ppocr-lessons bench ablation cls --out runs/ablation_cls

trains every row from scratch with each seed on the same lines. Each run that is done is a file in the folder, and an
interrupted command resumes with the run that it was in.
"""

import json
import pathlib
import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import paddle

from ..augment.auto_augment import AutoAugment
from ..augment.bda import BDA
from ..augment.cutmix import CutMix
from ..augment.cutout import CutOut
from ..augment.grid_mask import GridMask
from ..augment.hide_and_seek import HideAndSeek
from ..augment.mixup import Mixup
from ..augment.rand_augment import RandAugment
from ..augment.random_erasing import RandomErasing
from ..cls.direction import PlainCrossEntropy, direction_mobile
from ..cls.input_resolution import LARGE, SMALL, cls_resize
from ..datasets.batches import ClsBatch
from ..datasets.mixing import mixed
from ..datasets.seeding import rng_for
from ..datasets.synthetic.corpus import english_line
from ..datasets.synthetic.pages import render_line
from ..deploy.export import export_cached, size_mb
from ..deploy.predictor import Predictor
from ..evaluate import score_classifier
from ..training.cosine_warmup import lr_at
from ..training.tensor_files import count_parameters
from ..training.trainer import Trainer
from .provenance import known_rows, read_records, write_result
from .seeds import of_row, over_seeds
from .timing import interleaved

SEEDS = (7, 8, 9)
LINES, HELD_BACK = 1536, 480
"""Number of lines for training and for scoring."""

STEPS, BATCH, RATE = 160, 64, 2e-3
LONGEST = 8
"""Greatest number of characters of a line: short runs learn from letters that are large in the input."""


class Row(NamedTuple):
    """One row of the tables.

    Fields:
        title: as the chapter calls it.
        augmentations: of single images, in their order.
        mix: of batches, or None.
        scale: width multiplier of the backbone.
        size: (height, width) of the input in pixels.
        directions: number of directions.
        published: accuracy in the chapter's table, or None.
    """

    title: str
    augmentations: tuple[Callable, ...] = ()
    mix: Mixup | CutMix | None = None
    scale: float = 0.35
    size: tuple[int, int] = SMALL
    directions: int = 2
    published: float | None = None


_BDA = BDA()
ROWS = {
    "none": Row("no augmentation", published=0.8879),
    "bda": Row("BDA", (_BDA,), published=0.9134),
    "rand-augment": Row("BDA + RandAugment", (_BDA, RandAugment()), published=0.9212),
    "random-erasing": Row("BDA + RandErasing", (_BDA, RandomErasing()), published=0.9193),
    "grid-mask": Row("BDA + GridMask", (_BDA, GridMask()), published=0.914),
    "auto-augment": Row("BDA + AutoAugment", (_BDA, AutoAugment()), published=0.9133),
    "mixup": Row("BDA + Mixup", (_BDA,), Mixup(), published=0.9104),
    "cutmix": Row("BDA + CutMix", (_BDA,), CutMix(), published=0.9083),
    "cutout": Row("BDA + CutOut", (_BDA, CutOut()), published=0.9081),
    "hide-and-seek": Row("BDA + HideAndSeek", (_BDA, HideAndSeek()), published=0.8598),
    "large": Row("48x192, BDA + RandAugment", (_BDA, RandAugment()), size=LARGE, published=0.9403),
    "small-0.5": Row(
        "small 0.5, 48x192, BDA + RandAugment", (_BDA, RandAugment()), None, 0.5, LARGE, published=0.9494
    ),
    "small-1.0": Row("small 1.0, 48x192, BDA + RandAugment", (_BDA, RandAugment()), None, 1.0, LARGE),
    "four": Row("four directions, 48x192, BDA", (_BDA,), None, 0.35, LARGE, 4),
}
"""Rows of chapter 2.2. The chapter compares augmentations at 32 x 100 pixels."""


def line_of(seed: int, index: int, directions: int) -> tuple[np.ndarray, int]:
    """Render a line and rotate it.

    Args:
        seed: of all random numbers.
        index: of the line.
        directions: 2 or 4.

    Returns: (H, W, 3) uint8 RGB, and the class: the number of half or quarter turns counterclockwise.
    """
    rng = rng_for(seed, index)
    line = render_line(rng, english_line(rng, int(rng.integers(3, LONGEST + 1)))).image
    target = int(rng.integers(directions))
    return np.ascontiguousarray(np.rot90(line, target * (4 // directions))), target


def lines_of(seed: int, count: int, directions: int) -> list[tuple[np.ndarray, int]]:
    """Render lines; see `line_of`.

    Args:
        seed: of all random numbers.
        count: number of lines.
        directions: 2 or 4.

    Returns: images and classes.
    """
    return [line_of(seed, index, directions) for index in range(count)]


def batches_of(row: Row, seed: int, lines) -> Callable[[int], ClsBatch]:
    """Make the function that prepares the batches of a run.

    Args:
        row: its augmentations, size and mixing.
        seed: of all random numbers.
        lines: images and classes.

    Returns: function from the number of a batch to the batch.
    """

    def batch_at(number: int) -> ClsBatch:
        chosen = rng_for(seed, number).integers(len(lines), size=BATCH)
        images = []
        for place, index in enumerate(chosen):
            image, rng = lines[index][0], rng_for(seed, number, place)
            for step in row.augmentations:
                image = step(rng, image)
            images.append(cls_resize(image, row.size))
        labels = np.array([lines[index][1] for index in chosen], np.int64)
        return ClsBatch(paddle.to_tensor(np.stack(images)), paddle.to_tensor(labels))

    return mixed(batch_at, row.mix, classes=row.directions, seed=seed) if row.mix else batch_at


def train_row(name: str, seed: int, out, *, train=None, held_back=None) -> dict:
    """Train and score a row with one seed, unless its record exists.

    Args:
        name: key of ROWS.
        seed: of all random numbers of the run.
        out: folder of all runs.
        train: lines for training; rendered if None.
        held_back: lines for scoring; rendered if None.

    Returns: the record: row, seed, steps, acc, loss (mean of the last 20 steps), seconds.
    """
    row, file = ROWS[name], pathlib.Path(out) / f"{name}-{seed}.json"
    if file.is_file():
        return json.loads(file.read_text(encoding="utf-8"))
    train = train or lines_of(11, LINES, row.directions)
    held_back = held_back or lines_of(900_001, HELD_BACK, row.directions)
    began, steps = time.time(), STEPS
    paddle.seed(seed)
    net = direction_mobile(row.directions, scale=row.scale)
    trainer = Trainer(
        PlainCrossEntropy(net),
        paddle.optimizer.Adam(parameters=net.parameters()),
        batch_at=batches_of(row, seed, train),
        lr_at=lambda step: lr_at(step, peak=RATE, steps=steps, warmup_steps=steps // 10),
        seed=seed,
        progress=False,
    )
    history = trainer.run(steps)
    net.eval()
    parts = [held_back[start : start + BATCH] for start in range(0, len(held_back), BATCH)]
    scored = (
        (paddle.to_tensor(np.stack([cls_resize(image, row.size) for image, _ in part])), [t for _, t in part])
        for part in parts
    )
    record = {
        "row": name,
        "seed": seed,
        "steps": steps,
        **score_classifier(net, scored),
        "loss": float(np.mean([entry["loss"] for entry in history[-20:]])),
        "seconds": time.time() - began,
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(record), encoding="utf-8")
    return record


def costs(rounds: int = 15) -> dict[str, dict[str, float]]:
    """Size and latency of the backbones and input sizes: batches of six lines, one thread, oneDNN, interleaved.

    Args:
        rounds: number of timed rounds.

    Returns: parameters, size in MB and median milliseconds a batch by row.
    """
    found, runs = {}, {}
    for name in ("rand-augment", "large", "small-0.5", "small-1.0"):
        row = ROWS[name]
        net = direction_mobile(row.directions, scale=row.scale)
        net.eval()
        predict = Predictor(net, threads=1)
        x = np.random.default_rng(0).standard_normal((6, 3, *row.size)).astype(np.float32)
        found[name] = {"parameters": count_parameters(net), "saved_mb": size_mb(export_cached(net))}
        runs[name] = lambda predict=predict, x=x: predict(x)
    times = interleaved(runs, rounds=rounds)
    return {name: found[name] | {"ms": 1e3 * times[name]} for name in found}


def summary(records: list[dict]) -> list[dict]:
    """Mean and spread of each row over its seeds, in the order of the table.

    Args:
        records: results of `train_row`.

    Returns: rows of row, title, published, seeds, acc (mean), spread (largest minus smallest), accs.
    """
    table = []
    for name, row in ROWS.items():
        if mine := of_row(records, name):
            table.append({"row": name, "title": row.title, "published": row.published, **over_seeds(mine)})
    return table


def cls(out, *, only: list[str] | None = None, seeds=SEEDS, rounds: int = 15) -> dict:
    """Train all rows with all seeds and summarize them.

    Args:
        out: folder of all runs.
        only: names of the rows to train; None for all.
        seeds: seeds of the runs.
        rounds: number of timed rounds for the latencies.

    Returns: table, costs, records, steps, lines, machine, command, commit and date. Also written to `result.json`.

    Raises:
        ValueError: an unknown row.
    """
    out, wanted = pathlib.Path(out), known_rows(only, ROWS)
    out.mkdir(parents=True, exist_ok=True)
    data = {}
    for seed in seeds:
        for name in (n for n in ROWS if n in wanted):
            count = ROWS[name].directions
            if count not in data:
                data[count] = lines_of(11, LINES, count), lines_of(900_001, HELD_BACK, count)
            train_row(name, seed, out, train=data[count][0], held_back=data[count][1])
    records = read_records(out, "*-*.json")
    parts = {"table": summary(records), "costs": costs(rounds), "records": records}
    parts |= {"lines": LINES, "held_back": HELD_BACK}
    return write_result(out, parts, "ppocr-lessons bench ablation cls --out runs/ablation_cls")


def as_text(result: dict) -> str:
    """Format a result as a table for a terminal.

    Args:
        result: result of `cls`.
    """
    lines = [f"{'row':38} {'accuracy':>8} {'spread':>6} {'seeds':>5} {'chapter':>7} {'MB':>6} {'ms':>7}"]
    for row in result["table"]:
        cost = result["costs"].get(row["row"])
        published = f"{row['published']:7.4f}" if row["published"] else f"{'':7}"
        size = f" {cost['saved_mb']:6.2f} {cost['ms']:7.2f}" if cost else ""
        lines.append(
            f"{row['title']:38} {row['acc']:8.4f} {row['spread']:6.4f} {len(row['seeds']):5} {published}{size}"
        )
    return "\n".join(lines)
