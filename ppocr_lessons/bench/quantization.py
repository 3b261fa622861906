"""Offline and online quantization of the direction classifier over the number of bits (chapters 2.2.4 and 2.3.5).

    ppocr-lessons bench ablation quant --out runs/quant

Offline methods calibrate the course's classifier and change no weight. PACT starts from the same weights and trains them
together with the clipping bounds. The integers of each are scored on the same lines, which no run was trained on.
"""

import json
import pathlib
import time
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import paddle

from ..cls.direction import PlainCrossEntropy
from ..datasets.batches import ClsBatch
from ..datasets.seeding import rng_for
from ..datasets.synthetic.streams import cls_batch
from ..evaluate import score_classifier
from ..quant.int8 import convert
from ..quant.prepare import calibrate, prepare
from ..training.cosine_warmup import lr_at
from ..training.trainer import Trainer
from ..zoo.pretrained import pretrained
from .provenance import known_rows, read_records, write_result
from .seeds import of_row, over_seeds

BITS = (4, 8, 6, 3, 2)
"""Numbers of bits, in the order of the runs; the first shows the largest effect."""

OFFLINE = ("min-max", "mse", "kl")
SEEDS = (1, 2, 3)
STEPS, BATCH, RATE = 40, 32, 1e-3
CALIBRATION = 4
"""Batches that the clipping bounds are chosen from, for all methods."""

TRAINING_LINES, HELD_BACK = 1024, 512
TRAINING_SEED, HELD_BACK_SEED = 11, 900_001


class Row(NamedTuple):
    """Row of the table: a method ("float", one of OFFLINE, or "pact") and the number of bits, 32 for float."""

    method: str
    bits: int

    @property
    def name(self) -> str:
        """Name of the row on the command line."""
        return self.method if self.method == "float" else f"{self.method}-{self.bits}"


ROWS = {
    row.name: row
    for row in [
        Row("float", 32),
        *(Row(method, bits) for bits in BITS for method in (*OFFLINE, "pact")),
    ]
}


def lines_of(out, name: str, count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Lines for the classifier; they are rendered once and kept in a file.

    Args:
        out: folder of all runs.
        name: name of the file, without its ending.
        count: number of lines.
        seed: seed of the lines.

    Returns: (N, 3, 48, 192) float32 images and (N,) int64 labels.
    """
    file = pathlib.Path(out) / f"{name}.npz"
    if not file.is_file():
        batch = cls_batch(seed, 0, size=count)
        file.parent.mkdir(parents=True, exist_ok=True)
        partial = file.with_name(f".partial-{file.name}")
        np.savez(partial, images=batch.images.numpy().astype(np.float16), labels=batch.labels.numpy())
        partial.replace(file)
    with np.load(file) as found:
        return found["images"].astype(np.float32), found["labels"]


def _batches(images, labels) -> list[ClsBatch]:
    size = BATCH
    starts = range(0, len(images), size)
    return [
        ClsBatch(paddle.to_tensor(images[i : i + size]), paddle.to_tensor(labels[i : i + size]))
        for i in starts
    ]


def quantized_net(row: Row, seed: int, training: list[ClsBatch], steps: int = STEPS):
    """The classifier of a row, calibrated and, for PACT, trained.

    Args:
        row: row of ROWS.
        seed: order of the training lines.
        training: batches to calibrate and train on.
        steps: number of training steps of PACT.

    Returns: the network in evaluation mode, and its last training loss or None.
    """
    net, loss = pretrained("cls"), None
    if row.method != "float":
        how = "mse" if row.method == "pact" else row.method
        calibrate(prepare(net, bits=row.bits), [batch.images for batch in training[:CALIBRATION]], how)
    if row.method == "pact":
        optimizer = paddle.optimizer.Adam(RATE, parameters=net.parameters())

        def batch_at(number: int) -> ClsBatch:
            epoch, place = divmod(number, len(training))
            return training[rng_for(seed, epoch).permutation(len(training))[place]]

        def rate_at(step: int) -> float:
            return lr_at(step, peak=RATE, steps=steps)

        trainer = Trainer(
            PlainCrossEntropy(net), optimizer, batch_at=batch_at, lr_at=rate_at, seed=seed, progress=False
        )
        loss = trainer.run(steps)[-1]["loss"]
    net.eval()
    return net, loss


def run_row(row: Row, seed: int, out, *, steps: int = STEPS) -> dict:
    """Quantize and score a row with one seed, unless its record exists.

    Args:
        row: row of ROWS.
        seed: see `quantized_net`.
        out: folder of all runs.
        steps: see `quantized_net`.

    Returns: the record: row, method, bits, seed, steps, acc in 0..1, loss and seconds.
    """
    file = pathlib.Path(out) / f"{row.name}-{seed}" / "record.json"
    if file.is_file():
        return json.loads(file.read_text(encoding="utf-8"))
    training = _batches(*lines_of(out, "train", TRAINING_LINES, TRAINING_SEED))
    held_back = _batches(*lines_of(out, "eval", HELD_BACK, HELD_BACK_SEED))
    began = time.time()
    net, loss = quantized_net(row, seed, training, steps)
    if row.method != "float":
        convert(net)
    with paddle.no_grad():
        score = score_classifier(net, ((batch.images, batch.labels.numpy()) for batch in held_back))
    record = {
        "row": row.name,
        "method": row.method,
        "bits": row.bits,
        "seed": seed,
        "steps": steps if row.method == "pact" else 0,
        "acc": score["acc"],
        "loss": loss,
        "seconds": round(time.time() - began, 1),
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(record), encoding="utf-8")
    return record


def summary(records: list[dict]) -> list[dict]:
    """Mean and spread of each row over its seeds, by decreasing number of bits.

    Args:
        records: results of `run_row`.

    Returns: rows of row, method, bits, seeds, accs, acc (mean) and spread (largest minus smallest).
    """
    table = []
    for row in sorted(ROWS.values(), key=lambda row: -row.bits):
        if mine := of_row(records, row.name):
            table.append({"row": row.name, "method": row.method, "bits": row.bits, **over_seeds(mine)})
    return table


def quant(
    out, *, only: Sequence[str] | None = None, seeds: Sequence[int] = SEEDS, steps: int = STEPS
) -> dict:
    """Quantize the classifier with all methods and summarize the scores.

    Args:
        out: folder of all runs. Finished runs in it are not repeated.
        only: names of the rows; None for all.
        seeds: seeds of PACT; the other rows are deterministic and run once.
        steps: number of training steps of PACT.

    Returns: table, records, machine, command, commit and date. Also written to `result.json`, after every run.

    Raises:
        ValueError: an unknown row.
    """
    out, wanted = pathlib.Path(out), known_rows(only, ROWS)
    result: dict = {}
    for number, seed in enumerate(seeds):
        for row in (row for name, row in ROWS.items() if name in wanted):
            if number and row.method != "pact":
                continue
            run_row(row, seed if row.method == "pact" else 0, out, steps=steps)
            records = read_records(out, "*/record.json")
            parts = {"table": summary(records), "records": records}
            result = write_result(out, parts, "ppocr-lessons bench ablation quant --out runs/quant")
    return result


def as_text(result: dict) -> str:
    """Format a result as a table for a terminal.

    Args:
        result: result of `quant`.
    """
    lines = [f"{'bits':>4} {'method':8} {'acc':>6} {'spread':>6} {'seeds':>5}"]
    lines += [
        f"{row['bits']:4} {row['method']:8} {row['acc']:6.3f} {row['spread']:6.3f} {len(row['seeds']):5}"
        for row in result["table"]
    ]
    return "\n".join(lines)
