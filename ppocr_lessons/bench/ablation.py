"""The detection ablation of chapters 2.1 and 3.1: every strategy added in turn, several seeds, from scratch.

    ppocr-lessons bench ablation det --out runs/ablation

takes four hours on one core. Each run that is done is a file in the folder, and a run that was interrupted
goes on, so several processes may share the work: `--row` and `--seed` say which part of it.
"""

import datetime
import json
import os
import pathlib
import platform
import statistics
import subprocess
import time

import numpy as np
import paddle

from ..config import run as runs
from ..datasets.write import write_set
from ..deploy.export import export_cached, size_mb
from ..deploy.predictor import Predictor
from ..det.metric import DetMetric
from ..det.postprocess import DBPostProcess
from ..det.se_removal import remove_se
from ..engine.tensors import count_parameters, save_weights
from ..prune.fpgm import prune
from .det_rows import BACKBONES, HELD_BACK, ONCE, PAGES, ROWS, SEEDS, SIDE, Row, folder_of, settings_of
from .fpgm import chosen_ratios
from .timing import interleaved

UNCLIPS = (0.9, 1.2, 1.5, 1.8)


def by_unclip(run: runs.Run, net) -> dict[str, float]:
    """hmean for each of UNCLIPS: nets that learn wider or narrower maps want to be grown back less or more.

    Args:
        run: whose Eval set and thresholds are taken.
        net: a detector.
    """
    part = run.config.postprocess
    metrics = {ratio: DetMetric() for ratio in UNCLIPS}
    predict = Predictor(net)
    for index in range(len(run.eval_set)):
        sample = run.eval_set.sample(index)
        prob, size = predict(sample.image[None])[0, 0], tuple(map(int, sample.shape[:2]))
        for ratio, metric in metrics.items():
            found = DBPostProcess(
                thresh=part.thresh, box_thresh=part.box_thresh, unclip_ratio=ratio, score_mode=part.score_mode
            )(prob, size)
            metric.add(found.polygons, sample.polygons, sample.ignored)
    return {str(ratio): metric.score().hmean for ratio, metric in metrics.items()}


def operate(net, surgery: str):
    """The net, changed in place.

    Args:
        net: a detector.
        surgery: "prune", "remove_se", or "" for none.
    """
    if surgery == "prune":
        prune(net, chosen_ratios(net), multiple=8)
    return remove_se(net) if surgery == "remove_se" else net


def run(row: Row, seed: int, out) -> dict:
    """One run, or its record if it is done.

    Args:
        row: of ROWS.
        seed: of everything random.
        out: folder of all runs.

    Raises:
        ConfigError: the run that it goes on from is not done.
    """
    out = pathlib.Path(out)
    record_file = folder_of(out, row.name, seed) / "record.json"
    if record_file.is_file():
        return json.loads(record_file.read_text(encoding="utf-8"))
    config = settings_of(row, seed, out)
    prepared = runs.prepare(config, progress=False)
    if row.surgery:
        net = operate(prepared.nets["Model"], row.surgery)
        with paddle.utils.unique_name.guard():
            prepared.trainer.optimizer = runs.build_optimizer(config, net.parameters())
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
        "scores": {name: history[-1][name] for name in ("precision", "recall", "hmean")},
        "by_unclip": by_unclip(prepared, net),
        "seconds_a_step": (time.time() - began) / max(1, prepared.steps - first),
        "parameters": count_parameters(net),
        "loss": [round(float(np.mean([r["loss"] for r in history[i : i + 20]])), 4) for i in range(0, len(history), 20)],
    }  # fmt: skip
    record_file.write_text(json.dumps(record), encoding="utf-8")
    return record


def prepare_data(out) -> None:
    """Render the two sets, unless they are there."""
    for name, count, seed in (("train", PAGES, 11), ("eval", HELD_BACK, 900_001)):
        folder = pathlib.Path(out) / name
        if not (folder / "label.txt").is_file():
            write_set("det", folder, count=count, seed=seed, size=(SIDE, SIDE), progress=True)


def costs(out, seed: int = SEEDS[0], rounds: int = 15) -> dict[str, dict[str, float]]:
    """Size and oneDNN latency at 640 x 640 of the nets that differ, timed in turn in one run.

    Args:
        out: folder of all runs.
        seed: whose weights are taken.
        rounds: timed ones.
    """
    x = np.random.default_rng(0).standard_normal((1, 3, 640, 640)).astype(np.float32)
    found, predictors = {}, {}
    for name in (*(row.name for row in BACKBONES), "wide", "narrow", "no-se", "fpgm", "teacher"):
        weights = folder_of(pathlib.Path(out), name, seed) / "latest.safetensors"
        if not weights.is_file():
            continue
        config = settings_of(ROWS[name], seed, pathlib.Path(out))
        net = runs.prepare(config, progress=False).nets["Model"]
        net = operate(net, ROWS[name].surgery)
        net.eval()
        predictors[name] = Predictor(net)
        found[name] = {"parameters": count_parameters(net), "saved_mb": size_mb(export_cached(net))}
    times = interleaved({name: (lambda p=p: p(x)) for name, p in predictors.items()}, rounds=rounds)
    return {name: found[name] | {"ms": 1e3 * times[name]} for name in found}


def summary(records: list[dict]) -> list[dict]:
    """Mean and spread of each row over its seeds, in the order of the table.

    Args:
        records: of `run`.

    Returns: rows of name, title, section, seeds, hmean (mean), spread (largest less smallest), each hmean, and the
        mean for each of UNCLIPS.
    """
    table = []
    for row in ROWS.values():
        mine = [r for r in records if r["row"] == row.name]
        if mine:
            hmeans = [r["scores"]["hmean"] for r in mine]
            table.append(
                {
                    "row": row.name,
                    "title": row.title,
                    "section": row.section,
                    "seeds": [r["seed"] for r in mine],
                    "hmean": statistics.mean(hmeans),
                    "spread": max(hmeans) - min(hmeans),
                    "hmeans": hmeans,
                    "by_unclip": {
                        str(u): statistics.mean(r["by_unclip"][str(u)] for r in mine) for u in UNCLIPS
                    },
                }
            )
    return table


def det(out, *, only: list[str] | None = None, seeds=SEEDS, rounds: int = 15) -> dict:
    """All rows and seeds, and the table.

    Args:
        out: folder of all runs.
        only: names of ROWS, or None for all.
        seeds: of everything random; the rows of ONCE are run with the first of SEEDS alone.
        rounds: timed ones for the latencies.

    Returns: table, costs, records, and on what they were made. Also written to `result.json`.

    Raises:
        ValueError: an unknown row.
    """
    out, wanted = pathlib.Path(out), only or list(ROWS)
    unknown = [name for name in wanted if name not in ROWS]
    if unknown:
        raise ValueError(f"no rows {unknown}; known are {list(ROWS)}")
    prepare_data(out)
    for name in [n for n in ROWS if n in wanted]:
        for seed in SEEDS[:1] if name in ONCE else seeds:
            run(ROWS[name], seed, out)
    records = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(out.glob("*/record.json"))]
    result = {
        "table": summary(records),
        "costs": costs(out, rounds=rounds),
        "records": records,
        "machine": f"{platform.machine()}, {os.cpu_count()} CPU cores, paddle {paddle.__version__}",
        "command": "ppocr-lessons bench ablation det --out runs/ablation",
        "commit": _commit(),
        "date": datetime.date.today().isoformat(),
    }
    (out / "result.json").write_text(json.dumps(result, indent=1), encoding="utf-8")
    return result


def _commit() -> str:
    """Of the checkout that this file stands in."""
    folder = str(pathlib.Path(__file__).parent)
    try:
        done = subprocess.run(
            ["git", "-C", folder, "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
        )
    except OSError:
        return "unknown"
    return done.stdout.strip() or "unknown"


def as_text(result: dict) -> str:
    """The table for a terminal."""
    lines = [
        f"{'section':8} {'row':38} {'hmean':>7} {'spread':>7} {'seeds':>5} {'best unclip':>13} {'MB':>6} {'ms':>7}"
    ]
    for row in result["table"]:
        cost = result["costs"].get(row["row"])
        ratio = max(row["by_unclip"], key=row["by_unclip"].get)
        best = f"{row['by_unclip'][ratio]:.4f} at {ratio}"
        size = f"{cost['saved_mb']:6.2f} {cost['ms']:7.1f}" if cost else ""
        lines.append(
            f"{row['section']:8} {row['title']:38} {row['hmean']:7.4f} {row['spread']:7.4f} {len(row['seeds']):5} {best:>13} {size}"
        )
    return "\n".join(lines)
