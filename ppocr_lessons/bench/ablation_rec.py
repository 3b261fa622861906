"""The ablations of the recognizer: chapter 2.3 (`rec`), chapter 3.2 (`rec_v2`), and how many labeled lines a pre-training
replaces (`labels`, chapter 2.3.6), on short words.

    ppocr-lessons bench ablation rec --out runs/ablation_rec
    ppocr-lessons bench ablation rec_v2 --out runs/ablation_rec_v2
    ppocr-lessons bench ablation labels --out runs/ablation_labels

train every row with each seed on the lines of `short_words`. Each finished run is a folder with its record and weights,
and an interrupted command resumes with the first unfinished run.
"""

import json
import pathlib
import statistics
import time

import numpy as np
import paddle

from ..deploy.export import export_cached, size_mb
from ..deploy.predictor import Predictor
from ..training.cosine_warmup import lr_at
from ..training.l2_decay import regularizer
from ..training.tensor_files import count_parameters, load_weights, save_weights
from ..training.trainer import Trainer
from .provenance import known_rows, read_records, write_result
from .recognition_rows import LABELED, LOW, OFFICIAL, ONCE, PEAK, ROWS, SEEDS
from .recognition_training import batches_of, load_start, network, strategy_of
from .seeds import of_row, over_seeds
from .short_words import Words, alphabet, photographed, rendered, score_words
from .timing import interleaved

CHINESE = 6625
"""Classes of PaddleOCR's recognizers."""

RANKED_BY = {"rec": "rendered", "rec_v2": "rendered", "labels": "worn"}
"""The set whose accuracy represents a row, by table: words that are rendered like the training lines."""

PHOTOGRAPHS = pathlib.Path(__file__).parents[2] / "data" / "real_en" / "label.txt"


def sets_of(table: str) -> tuple[dict[str, Words], dict[str, Words]]:
    """The lines of a table.

    Args:
        table: key of ROWS.

    Returns: lines for training by their source, and sets for scoring by name.
    """
    lines = {"clean": rendered(False)}
    scored = {"rendered": rendered(True), "photographed": photographed(PHOTOGRAPHS)}
    if table == "labels":
        lines["worn"] = rendered(False, clean=False, count=max(LABELED))
        scored["worn"] = rendered(True, clean=False)
    return lines, scored


def train_row(
    table: str, name: str, seed: int, out, *, lines: dict[str, Words], scored: dict[str, Words]
) -> dict:
    """Train and score a row with one seed, unless its record exists. If it continues another row, train that row first.

    Args:
        table: key of ROWS.
        name: key of ROWS[table].
        seed: of all random numbers of the run.
        out: folder of all runs.
        lines: for training, by source.
        scored: sets for scoring, by name.

    Returns: the record: row, seed, steps, acc and cer of each set, loss (mean of the last 50 steps), seconds, parameters.
    """
    row, folder = ROWS[table][name], pathlib.Path(out) / f"{name}-{seed}"
    file = folder / "record.json"
    if file.is_file():
        return json.loads(file.read_text(encoding="utf-8"))
    continues = row.start in ROWS[table]
    if continues:
        train_row(table, row.start, seed, out, lines=lines, scored=scored)
    chosen = Words(lines[row.source].images[: row.lines], lines[row.source].texts[: row.lines])
    began, steps = time.time(), row.steps
    peak = LOW if continues or row.start == OFFICIAL else PEAK
    paddle.seed(seed)
    with paddle.utils.unique_name.guard():
        net = network(row, alphabet().classes)
        if continues:
            load_weights(net, folder.with_name(f"{row.start}-{seed}") / "net.safetensors")
        elif row.start and row.how != "udml":
            load_start(net, row)
        strategy = strategy_of(row, net, chosen)
        optimizer = paddle.optimizer.Adam(
            parameters=strategy.trained.parameters(), weight_decay=regularizer("L2", row.l2)
        )
    trainer = Trainer(
        strategy,
        optimizer,
        batch_at=batches_of(row, seed, chosen),
        lr_at=lambda step: (
            lr_at(step, peak=peak, steps=steps, warmup_steps=row.warmup) if row.cosine else peak
        ),
        seed=seed,
        out=folder,
        progress=False,
    )
    trainer.resume()
    trainer.run(steps)
    net.eval()
    scores = {place: score_words(net, words) for place, words in scored.items()}
    record = {
        "row": name,
        "seed": seed,
        "steps": steps,
        "scores": scores,
        "loss": float(np.mean([entry["loss"] for entry in trainer.history[-50:]])),
        "seconds": round(time.time() - began, 1),
        "parameters": count_parameters(net),
    }
    save_weights(net, folder / "net.safetensors")
    file.write_text(json.dumps(record), encoding="utf-8")
    return record


def summary(table: str, records: list[dict]) -> list[dict]:
    """Mean and spread of each row over its seeds, in the order of the table.

    Args:
        table: key of ROWS.
        records: results of `train_row`.

    Returns: rows of row, title, section, published, seeds, steps; acc (mean), spread (largest minus smallest), accs and
        cer of the set of RANKED_BY; real_acc and real_cer of the photographed words.
    """
    found = []
    for name, row in ROWS[table].items():
        if mine := of_row(records, name):
            means = {
                key: statistics.mean(r["scores"][place][measure] for r in mine)
                for key, place, measure in (
                    ("cer", RANKED_BY[table], "cer"),
                    ("real_acc", "photographed", "acc"),
                    ("real_cer", "photographed", "cer"),
                )
            }
            found.append(
                {
                    "row": name,
                    "title": row.title,
                    "section": row.section,
                    "published": row.published,
                    "steps": mine[0]["steps"],
                    **over_seeds(mine, lambda record: record["scores"][RANKED_BY[table]]["acc"]),
                    **means,
                }
            )
    return found


def costs(table: str, rounds: int = 15) -> dict[str, dict[str, float]]:
    """Size with 6,625 classes and latency of the networks of a table: a line of 320 pixels, one thread, oneDNN, interleaved.

    Args:
        table: key of ROWS.
        rounds: number of timed rounds.

    Returns: parameters, size in MB and median milliseconds by row; a row with an earlier row's network is left out.
    """
    x = np.random.default_rng(0).standard_normal((1, 3, 32, 320)).astype(np.float32)
    found, runs, seen = {}, {}, set()
    for name, row in ROWS[table].items():
        if (key := (row.hidden, row.strides, row.backbone)) in seen:
            continue
        seen.add(key)
        net = network(row, CHINESE)
        net.eval()
        predict = Predictor(net, threads=1)
        found[name] = {"parameters": count_parameters(net), "saved_mb": size_mb(export_cached(net))}
        runs[name] = lambda predict=predict: predict(x)
    times = interleaved(runs, rounds=rounds)
    return {name: found[name] | {"ms": 1e3 * times[name]} for name in found}


def rec(out, table: str = "rec", *, only: list[str] | None = None, seeds=SEEDS, rounds: int = 15) -> dict:
    """Train all rows of a table with all seeds and summarize them.

    Args:
        out: folder of all runs.
        table: "rec" (chapter 2.3), "rec_v2" (chapter 3.2) or "labels" (chapter 2.3.6).
        only: names of the rows to train; None for all.
        seeds: seeds of the runs.
        rounds: number of timed rounds for the latencies.

    Returns: table, costs, records, number of lines, machine, command, commit and date. Also written to `result.json`.

    Raises:
        ValueError: an unknown row.
    """
    out, wanted = pathlib.Path(out), known_rows(only, ROWS[table])
    lines, scored = sets_of(table)
    for seed in seeds:
        for name in (name for name in ROWS[table] if name in wanted):
            if name in ONCE and seed != seeds[0]:
                continue
            train_row(table, name, seed, out, lines=lines, scored=scored)
    records = read_records(out, "*/record.json")
    parts = {"table": summary(table, records), "costs": costs(table, rounds), "records": records}
    parts |= {
        "lines": {source: len(words.texts) for source, words in lines.items()},
        "held_back": {place: len(words.texts) for place, words in scored.items()},
    }
    return write_result(out, parts, f"ppocr-lessons bench ablation {table} --out runs/ablation_{table}")


def as_text(result: dict) -> str:
    """Format a result as a table for a terminal.

    Args:
        result: result of `rec`.
    """
    lines = [
        f"{'row':44} {'accuracy':>8} {'spread':>6} {'CER':>6} {'photo':>6} {'seeds':>5} {'chapter':>7} {'MB':>6} {'ms':>7}"
    ]
    for row in result["table"]:
        cost = result["costs"].get(row["row"])
        published = f"{row['published']:7.4f}" if row["published"] else f"{'':7}"
        size = f" {cost['saved_mb']:6.2f} {cost['ms']:7.2f}" if cost else ""
        lines.append(
            f"{row['title']:44} {row['acc']:8.4f} {row['spread']:6.4f} {row['cer']:6.3f} {row['real_acc']:6.3f} {len(row['seeds']):5} {published}{size}"
        )
    return "\n".join(lines)
