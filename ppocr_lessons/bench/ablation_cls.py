"""The ablation of the direction classifier (chapter 2.2): augmentations, backbones, input sizes and four directions.

    ppocr-lessons bench ablation cls --out runs/ablation_cls

trains every row from scratch with each seed on the same short words, black on white, because a few hundred steps are not
enough to learn the direction of lines that look like photographs. Two sets are scored: other words that are rendered in the
same way, and the same kind of words with tilt, background and camera effects, which no training line has. Each finished
run is a file in the folder, and an interrupted command resumes with the first unfinished run.
"""

import json
import pathlib
import time
from collections.abc import Callable

import numpy as np
import paddle

from ..cls.direction import PlainCrossEntropy
from ..cls.input_resolution import cls_resize
from ..datasets.batches import ClsBatch
from ..datasets.mixing import mixed
from ..datasets.seeding import rng_for
from ..datasets.synthetic.pages import render_line
from ..deploy.export import export_cached, size_mb
from ..deploy.predictor import Predictor
from ..evaluate import score_classifier
from ..training.cosine_warmup import lr_at
from ..training.tensor_files import count_parameters
from ..training.trainer import Trainer
from .direction_rows import ROWS, Row, network
from .provenance import known_rows, read_records, write_result
from .seeds import of_row, over_seeds
from .short_words import vocabulary
from .timing import interleaved

SEEDS = (7, 8, 9)
LINES, HELD_BACK = 1536, 960
"""Number of lines for training and of each kind for scoring."""

STEPS, BATCH, RATE = 400, 32, 3e-3


def lines_of(
    seed: int, count: int, directions: int, *, held_back: bool = False, clean: bool = True
) -> list[tuple[np.ndarray, int]]:
    """Render words of three to six lower-case letters and rotate them; the same on every machine.

    Args:
        seed: of all random numbers.
        count: number of lines.
        directions: 2 or 4.
        held_back: draw from the words for scoring, which occur in no training line.
        clean: black on white and straight; otherwise with tilt, background and camera effects.

    Returns: images, (H, W, 3) uint8 RGB, and classes: the number of half or quarter turns counterclockwise.
    """
    words, found = vocabulary()[held_back], []
    for index in range(count):
        rng = rng_for(seed, index)
        line = render_line(rng, words[rng.integers(len(words))], clean=clean).image
        target = int(rng.integers(directions))
        found.append((np.ascontiguousarray(np.rot90(line, target * (4 // directions))), target))
    return found


Lines = list[tuple[np.ndarray, int]]


def sets_of(directions: int) -> tuple[Lines, dict[str, Lines]]:
    """The lines for training and the two sets for scoring, `clean` and `worn`; see `lines_of`.

    Args:
        directions: 2 or 4.
    """
    scored = {
        kind: lines_of(seed, HELD_BACK, directions, held_back=True, clean=kind == "clean")
        for kind, seed in (("clean", 900_001), ("worn", 900_002))
    }
    return lines_of(11, LINES, directions), scored


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


def accuracy(net, row: Row, lines: Lines) -> float:
    """Share of lines whose direction is found.

    Args:
        net: in evaluation mode.
        row: its input size.
        lines: images and classes.
    """
    parts = [lines[start : start + BATCH] for start in range(0, len(lines), BATCH)]
    batches = (
        (paddle.to_tensor(np.stack([cls_resize(image, row.size) for image, _ in part])), [t for _, t in part])
        for part in parts
    )
    return score_classifier(net, batches)["acc"]


def train_row(name: str, seed: int, out, *, train: Lines, scored: dict[str, Lines]) -> dict:
    """Train and score a row with one seed, unless its record exists.

    Args:
        name: key of ROWS.
        seed: of all random numbers of the run.
        out: folder of all runs.
        train: lines for training.
        scored: lines for scoring, `clean` and `worn`.

    Returns: the record: row, seed, steps, acc (of clean lines), worn (accuracy of worn ones), loss (mean of the last 20
        steps), seconds.
    """
    row, file = ROWS[name], pathlib.Path(out) / f"{name}-{seed}.json"
    if file.is_file():
        return json.loads(file.read_text(encoding="utf-8"))
    began, steps = time.time(), STEPS
    paddle.seed(seed)
    net = network(row)
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
    record = {
        "row": name,
        "seed": seed,
        "steps": steps,
        "acc": accuracy(net, row, scored["clean"]),
        "worn": accuracy(net, row, scored["worn"]),
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

    Returns: parameters, size in MB and median milliseconds per batch by row.
    """
    found, runs = {}, {}
    for name in ("rand-augment", "large", "small-0.5", "small-1.0", "shufflenet"):
        row = ROWS[name]
        net = network(row)
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

    Returns: rows of row, title, published, seeds, acc (mean), spread (largest minus smallest), accs; worn
        (mean) and worn_spread.
    """
    table = []
    for name, row in ROWS.items():
        if mine := of_row(records, name):
            worn = over_seeds(mine, lambda record: record["worn"])
            both = over_seeds(mine) | {"worn": worn["acc"], "worn_spread": worn["spread"]}
            table.append({"row": name, "title": row.title, "published": row.published, **both})
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
                data[count] = sets_of(count)
            train_row(name, seed, out, train=data[count][0], scored=data[count][1])
    records = read_records(out, "*-*.json")
    parts = {"table": summary(records), "costs": costs(rounds), "records": records}
    parts |= {"lines": LINES, "held_back": HELD_BACK}
    return write_result(out, parts, "ppocr-lessons bench ablation cls --out runs/ablation_cls")


def as_text(result: dict) -> str:
    """Format a result as a table for a terminal.

    Args:
        result: result of `cls`.
    """
    lines = [
        f"{'row':44} {'accuracy':>8} {'spread':>6} {'worn':>6} {'seeds':>5} {'chapter':>7} {'MB':>6} {'ms':>7}"
    ]
    for row in result["table"]:
        cost = result["costs"].get(row["row"])
        published = f"{row['published']:7.4f}" if row["published"] else f"{'':7}"
        size = f" {cost['saved_mb']:6.2f} {cost['ms']:7.2f}" if cost else ""
        lines.append(
            f"{row['title']:44} {row['acc']:8.4f} {row['spread']:6.4f} {row['worn']:6.4f} {len(row['seeds']):5} {published}{size}"
        )
    return "\n".join(lines)
