"""Latency and memory of each stage: with oneDNN, without oneDNN, and in eager mode."""

import json
import pathlib
import resource
import subprocess
import sys

import numpy as np

from ..deploy.export import export_cached, size_mb
from ..deploy.predictor import Predictor
from ..training.tensor_files import count_parameters
from ..zoo.pretrained import pretrained
from ..zoo.shipped import SHIPPED
from .timing import interleaved

INPUTS = {"det": (1, 3, 640, 640), "cls": (6, 3, 48, 192), "rec": (6, 3, 32, 320)}
_STATUS = pathlib.Path("/proc/self/status")


def peak_mb() -> float:
    """Peak memory of this process in megabytes (10^6 bytes)."""
    # On Linux, ru_maxrss of a new process starts at the memory of the process that started it.
    if _STATUS.exists():
        line = next(line for line in _STATUS.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024 / 1e6
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1e6 if sys.platform == "darwin" else 1e3)


def measure(rounds: int = 15) -> list[dict]:
    """Measure all stages.

    Each stage is measured in a separate process, so that its peak memory does not include the other stages.

    Args:
        rounds: number of timed runs of each variant.

    Returns: a row per stage: parameters, saved size in MB, median milliseconds of three variants, peak memory in MB.

    Raises:
        RuntimeError: the process of a stage failed; includes its output.
    """
    return [_in_its_own_process(stage, rounds) for stage in SHIPPED]


def _in_its_own_process(stage: str, rounds: int) -> dict:
    command = [sys.executable, "-W", "ignore", "-m", __name__, stage, str(rounds)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"measuring {stage} failed: {done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def measure_stage(stage: str, rounds: int) -> dict:
    """Measure one stage in this process.

    Args:
        stage: "det", "cls" or "rec".
        rounds: number of timed runs of each variant.

    Returns: the row of `measure`.
    """
    net = pretrained(stage)
    x = np.random.default_rng(0).standard_normal(INPUTS[stage]).astype(np.float32)
    fast, plain = Predictor(net), Predictor(net, onednn=False)

    variants = {"onednn": lambda: fast(x), "plain": lambda: plain(x), "eager": lambda: fast.eager(x)}
    times = interleaved(variants, rounds=rounds)
    return {
        "stage": stage,
        "input": list(INPUTS[stage]),
        "parameters": count_parameters(net),
        "saved_mb": round(size_mb(export_cached(net)), 3),
        **{f"{name}_ms": round(1e3 * seconds, 2) for name, seconds in times.items()},
        "peak_memory_mb": round(peak_mb()),
    }


def table(rows: list[dict]) -> str:
    """Format the rows of `measure` as text.

    Args:
        rows: a dictionary per stage.

    Returns: a table with a header.
    """
    head = f"{'stage':6}{'input':>18}{'parameters':>12}{'MB':>7}{'oneDNN ms':>11}{'plain ms':>10}{'eager ms':>10}{'peak MB':>9}"
    lines = [
        f"{r['stage']:6}{'x'.join(map(str, r['input'])):>18}{r['parameters']:>12,}{r['saved_mb']:>7.2f}"
        f"{r['onednn_ms']:>11.1f}{r['plain_ms']:>10.1f}{r['eager_ms']:>10.1f}{r['peak_memory_mb']:>9}"
        for r in rows
    ]
    return "\n".join([head, *lines])


if __name__ == "__main__":
    print(json.dumps(measure_stage(sys.argv[1], int(sys.argv[2]))))
