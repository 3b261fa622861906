"""The detection ablation of chapters 2.1 and 3.1: every strategy added in turn, several seeds, from scratch.

    ppocr-lessons bench ablation det --out runs/ablation

takes four hours on one core. Each finished run is a file in the folder, and an interrupted run resumes, so
several processes may share the work: `--row` and `--seed` select a part of it.
"""

import json
import pathlib
import statistics
import time

import numpy as np
import paddle

from .. import experiment
from ..config import read_config
from ..config.configuration import context
from ..config.data import build_dataset
from ..config.optimizer import build_optimizer
from ..datasets.synthetic.write import write_set
from ..deploy.export import export_cached, size_mb
from ..deploy.predictor import Predictor
from ..det.metric import DetMetric
from ..det.postprocess import DBPostProcess
from ..det.se_removal import remove_se
from ..prune.fpgm import prune
from ..training.tensor_files import count_parameters, save_weights
from .detection_rows import (
    BACKBONES,
    CHOOSING,
    CONFIG,
    HELD_BACK,
    ONCE,
    PAGES,
    ROWS,
    SEEDS,
    SIDE,
    Row,
    folder_of,
    settings_of,
)
from .fpgm import uniform_ratios
from .provenance import known_rows, read_records, write_result
from .timing import interleaved

UNCLIPS = (0.9, 1.2, 1.5, 1.8)
FIXED = 1.5
"""PaddleOCR's unclip ratio."""


def by_unclip(config, net, pages) -> dict[float, dict[str, float]]:
    """Evaluate a detector with each ratio of UNCLIPS; the best one depends on the width of the predicted regions.

    Args:
        config: configuration with the thresholds.
        net: detector.
        pages: dataset that is prepared for evaluation.

    Returns: precision, recall and hmean by ratio.
    """
    part = config.postprocess
    metrics = {ratio: DetMetric() for ratio in UNCLIPS}
    predict = Predictor(net)
    for index in range(len(pages)):
        sample = pages.sample(index)
        prob, size = predict(sample.image[None])[0, 0], tuple(map(int, sample.shape[:2]))
        for ratio, metric in metrics.items():
            found = DBPostProcess(
                thresh=part.thresh, box_thresh=part.box_thresh, unclip_ratio=ratio, score_mode=part.score_mode
            )(prob, size)
            metric.add(found.polygons, sample.polygons, sample.ignored)
    return {ratio: metric.score()._asdict() for ratio, metric in metrics.items()}


def scores_of(config, net, out: pathlib.Path, scored) -> dict:
    """Scores at PaddleOCR's unclip ratio, and at the ratio that is best on pages outside the test set.

    Args:
        config: configuration of the run.
        net: trained detector.
        out: folder of all runs.
        scored: the evaluation dataset.

    Returns: `fixed`, `chosen` (each with precision, recall, hmean), `unclip` (the chosen ratio), `choosing` (hmean by
        ratio on the pages for choosing).
    """
    folder = out / "choose"
    data = {"data_dir": str(folder), "label_file_list": [str(folder / "label.txt")]}
    choosing = [f"Eval.dataset.{key}={json.dumps(value)}" for key, value in data.items()]
    other = read_config(CONFIG, choosing)
    pages = build_dataset(other, other.evaluation, context(other), "Eval")
    tried = {ratio: found["hmean"] for ratio, found in by_unclip(config, net, pages).items()}
    best = max(tried, key=tried.get)
    found = by_unclip(config, net, scored)
    return {
        "fixed": found[FIXED],
        "chosen": found[best],
        "unclip": best,
        "choosing": {str(ratio): hmean for ratio, hmean in tried.items()},
    }


def operate(net, surgery: str):
    """Change a detector in place before training, and return it.

    Args:
        net: detector.
        surgery: "prune", "remove_se", or "" for none.
    """
    if surgery == "prune":
        prune(net, uniform_ratios(net), multiple=8)
    return remove_se(net) if surgery == "remove_se" else net


def train_row(row: Row, seed: int, out) -> dict:
    """Train and score a row with one seed, unless its record exists.

    Args:
        row: row of ROWS.
        seed: seed of all random numbers.
        out: folder of all runs.

    Returns: the record: steps, scores, seconds per step, parameters, and the loss averaged over 20 steps.

    Raises:
        ConfigError: the run that it starts from is not finished.
    """
    out = pathlib.Path(out)
    record_file = folder_of(out, row.name, seed) / "record.json"
    if record_file.is_file():
        return json.loads(record_file.read_text(encoding="utf-8"))
    config = settings_of(row, seed, out)
    prepared = experiment.prepare(config, progress=False)
    if row.surgery:
        net = operate(prepared.nets["Model"], row.surgery)
        with paddle.utils.unique_name.guard():
            prepared.trainer.optimizer = build_optimizer(config, net)
    trainer, began = prepared.trainer, time.time()
    first = trainer.resume()
    history = trainer.run(prepared.steps)
    net = trainer.strategy.net
    net.eval()
    save_weights(net, folder_of(out, row.name, seed) / "latest.safetensors")
    record = {
        "row": row.name,
        "seed": seed,
        "steps": prepared.steps,
        "scores": scores_of(config, net, out, prepared.eval_set),
        "seconds_a_step": (time.time() - began) / max(1, prepared.steps - first),
        "parameters": count_parameters(net),
        "loss": [round(float(np.mean([r["loss"] for r in history[i : i + 20]])), 4) for i in range(0, len(history), 20)],
    }  # fmt: skip
    record_file.write_text(json.dumps(record), encoding="utf-8")
    return record


def prepare_data(out) -> None:
    """Render the three data sets that do not exist yet.

    Args:
        out: folder of all runs; the sets are written to its subfolders.
    """
    for name, count, seed in (
        ("train", PAGES, 11),
        ("eval", HELD_BACK, 900_001),
        ("choose", CHOOSING, 800_001),
    ):
        folder = pathlib.Path(out) / name
        if not (folder / "label.txt").is_file():
            write_set("det", folder, count=count, seed=seed, size=(SIDE, SIDE), progress=True)


def costs(out, seed: int = SEEDS[0], rounds: int = 15) -> dict[str, dict[str, float]]:
    """Size and latency of the different networks, with oneDNN at 640 x 640, in interleaved runs.

    Args:
        out: folder of all runs.
        seed: seed of the runs whose weights are used.
        rounds: number of timed rounds.

    Returns: parameters, size in MB and median milliseconds by row.
    """
    x = np.random.default_rng(0).standard_normal((1, 3, 640, 640)).astype(np.float32)
    found, predictors = {}, {}
    for name in (*(row.name for row in BACKBONES), "wide", "narrow", "no-se", "fpgm", "teacher"):
        weights = folder_of(pathlib.Path(out), name, seed) / "latest.safetensors"
        if not weights.is_file():
            continue
        config = settings_of(ROWS[name], seed, pathlib.Path(out))
        net = experiment.prepare(config, progress=False).nets["Model"]
        net = operate(net, ROWS[name].surgery)
        net.eval()
        predictors[name] = Predictor(net)
        found[name] = {"parameters": count_parameters(net), "saved_mb": size_mb(export_cached(net))}
    times = interleaved({name: (lambda p=p: p(x)) for name, p in predictors.items()}, rounds=rounds)
    return {name: found[name] | {"ms": 1e3 * times[name]} for name in found}


def summary(records: list[dict]) -> list[dict]:
    """Mean and spread of each row over its seeds, in the order of the table.

    Args:
        records: results of `train_row`.

    Returns: rows of name, title, section, seeds; precision, recall and hmean (means) at the unclip ratio that was
        chosen on other pages, spread (largest minus smallest hmean), each hmean and ratio; and the mean hmean at
        PaddleOCR's ratio.
    """
    table = []
    for row in ROWS.values():
        mine = [r for r in records if r["row"] == row.name]
        if mine:
            chosen = [r["scores"]["chosen"] for r in mine]
            hmeans = [found["hmean"] for found in chosen]
            table.append(
                {
                    "row": row.name,
                    "title": row.title,
                    "section": row.section,
                    "seeds": [r["seed"] for r in mine],
                    "precision": statistics.mean(found["precision"] for found in chosen),
                    "recall": statistics.mean(found["recall"] for found in chosen),
                    "hmean": statistics.mean(hmeans),
                    "spread": max(hmeans) - min(hmeans),
                    "hmeans": hmeans,
                    "unclips": [r["scores"]["unclip"] for r in mine],
                    "hmean_fixed": statistics.mean(r["scores"]["fixed"]["hmean"] for r in mine),
                }
            )
    return table


def det(out, *, only: list[str] | None = None, seeds=SEEDS, rounds: int = 15) -> dict:
    """Train all rows with all seeds and summarize them.

    Args:
        out: folder of all runs.
        only: names of the rows to train; None for all.
        seeds: seeds of the runs; the rows of ONCE are trained only with the first of SEEDS.
        rounds: number of timed rounds for the latencies.

    Returns: table, costs, records, machine, command, commit and date. Also written to `result.json`.

    Raises:
        ValueError: an unknown row.
    """
    out, wanted = pathlib.Path(out), known_rows(only, ROWS)
    prepare_data(out)
    for name in [n for n in ROWS if n in wanted]:
        for seed in SEEDS[:1] if name in ONCE else seeds:
            train_row(ROWS[name], seed, out)
    records = read_records(out, "*/record.json")
    parts = {"table": summary(records), "costs": costs(out, rounds=rounds), "records": records}
    return write_result(out, parts, "ppocr-lessons bench ablation det --out runs/ablation")


def as_text(result: dict) -> str:
    """Format a result as a table for a terminal.

    Args:
        result: result of `det`.
    """
    lines = [
        f"{'section':8} {'row':42} {'P':>6} {'R':>6} {'hmean':>6} {'spread':>6} {'seeds':>5} {'at 1.5':>6} {'MB':>6} {'ms':>7}"
    ]
    for row in result["table"]:
        cost = result["costs"].get(row["row"])
        size = f"{cost['saved_mb']:6.2f} {cost['ms']:7.1f}" if cost else ""
        lines.append(
            f"{row['section']:8} {row['title']:42} {row['precision']:6.3f} {row['recall']:6.3f} {row['hmean']:6.3f} {row['spread']:6.3f} {len(row['seeds']):5} {row['hmean_fixed']:6.3f} {size}"
        )
    return "\n".join(lines)
