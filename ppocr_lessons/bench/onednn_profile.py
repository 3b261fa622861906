"""Time of each operation that oneDNN runs in a network: the time and the efficiency of each layer.

oneDNN prints a line for each operation if the environment variable ONEDNN_VERBOSE is set when it is loaded, so the
network runs in a separate process. The LSTM of a recognizer is not run by oneDNN and does not appear.
"""

import math
import os
import pathlib
import re
import statistics
import subprocess
import sys
from typing import NamedTuple

import numpy as np

from ..deploy.predictor import Predictor

KINDS = ("1x1", "depthwise", "dense", "linear", "rest")
"""Kinds of operations: 1x1, depthwise and other convolutions; linear layers; and SE gates, pooling and copies."""

_START = "operations of the timed runs:"
_CONV = re.compile(
    r"(?:g(?P<g>\d+))?mb(?P<mb>\d+)_ic(?P<ic>\d+)oc(?P<oc>\d+)_ih\d+oh(?P<oh>\d+)kh(?P<kh>\d+)sh\d+dh\d+ph\d+"
    r"_iw\d+ow(?P<ow>\d+)kw(?P<kw>\d+)"
)
_LINEAR = re.compile(r"mb(?P<mb>\d+)(?:i[hw]\d+)*ic(?P<ic>\d+)oc(?P<oc>\d+)")


class Operation(NamedTuple):
    """An operation of oneDNN: kind (one of KINDS), sizes as text, multiply-accumulate operations, and milliseconds."""

    kind: str
    sizes: str
    macs: int
    ms: float


def parse(line: str) -> Operation | None:
    """Read one line of oneDNN's log.

    Args:
        line: a line of the output with ONEDNN_VERBOSE=1.

    Returns: the operation, or None for a line that reports no finished operation.
    Source: oneDNN, "Verbose mode".
    """
    fields = line.strip().split(",")
    if len(fields) < 8 or fields[0] != "onednn_verbose" or "exec" not in fields[1:4]:
        return None
    kind, sizes, ms = fields[fields.index("exec") + 2], fields[-2], float(fields[-1])
    if kind == "convolution" and (found := _CONV.match(sizes)):
        g, mb, ic, oc, oh, kh, ow, kw = (
            int(found[n] or 1) for n in ("g", "mb", "ic", "oc", "oh", "kh", "ow", "kw")
        )
        macs = mb * oc * oh * ow * (ic // g) * kh * kw
        text = f"{kh} x {kw}, {ic} -> {oc} channels on {oh} x {ow}"
        if oh == ow == 1:  # an SE gate, computed from the channel means
            return Operation("rest", text, macs, ms)
        return Operation("depthwise" if g > 1 else "1x1" if kh == kw == 1 else "dense", text, macs, ms)
    if kind in ("inner_product", "matmul") and (found := _LINEAR.match(sizes)):
        macs = math.prod(int(found[name]) for name in ("mb", "ic", "oc"))
        return Operation("linear", f"{found['ic']} -> {found['oc']} at {found['mb']} steps", macs, ms)
    return Operation("rest", f"{kind} {sizes}", 0, ms)


def profile(folder, shape: tuple[int, ...], *, rounds: int = 9) -> list[Operation]:
    """Time every operation that oneDNN runs in an exported network, with one thread.

    Args:
        folder: of an export; see `deploy.export`.
        shape: shape of the input, (N, 3, H, W).
        rounds: number of timed runs; the time of an operation is the median over them.

    Returns: the operations in the order in which they run; an empty list if Paddle does not use oneDNN here.

    Raises:
        RuntimeError: the process failed; includes its output.
    """
    command = [sys.executable, "-W", "ignore", "-m", __name__, str(folder), str(rounds), *map(str, shape)]
    environment = {**os.environ, "ONEDNN_VERBOSE": "1", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        raise RuntimeError(f"profiling {folder} failed: {done.stderr[-2000:]}")
    return medians(done.stdout, rounds)


def medians(log: str, rounds: int) -> list[Operation]:
    """The operations of one run, each with its median time over all runs.

    Args:
        log: output of the process, whose runs follow a line that marks the start.
        rounds: number of runs.

    Returns: the operations in order.

    Raises:
        RuntimeError: the number of operations is not the same in every run.
    """
    found = [op for line in log.partition(_START)[2].splitlines() if (op := parse(line))]
    count, left = divmod(len(found), rounds)
    runs = [found[number * count : (number + 1) * count] for number in range(rounds)]
    if left or any([op[:3] for op in run] != [op[:3] for op in runs[0]] for run in runs):
        raise RuntimeError(
            f"oneDNN reported {len(found)} operations for {rounds} runs, not the same ones in each"
        )
    return [ops[0]._replace(ms=statistics.median(op.ms for op in ops)) for ops in zip(*runs, strict=True)]


def by_kind(operations: list[Operation]) -> dict[str, Operation]:
    """Sum of the operations of each kind.

    Args:
        operations: of `profile`.

    Returns: number of operations (as `sizes`), MACs and milliseconds by kind, in the order of KINDS; only the kinds that
        occur.
    """
    groups = {kind: [op for op in operations if op.kind == kind] for kind in KINDS}
    return {
        kind: Operation(kind, str(len(ops)), sum(op.macs for op in ops), sum(op.ms for op in ops))
        for kind, ops in groups.items()
        if ops
    }


def _run(folder: str, rounds: int, shape: tuple[int, ...]) -> None:
    predictor = Predictor(pathlib.Path(folder), threads=1, device="cpu")
    x = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    for _ in range(3):
        predictor(x)
    print(_START, flush=True)
    for _ in range(rounds):
        predictor(x)


if __name__ == "__main__":
    _run(sys.argv[1], int(sys.argv[2]), tuple(map(int, sys.argv[3:])))
