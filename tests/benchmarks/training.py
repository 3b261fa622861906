"""A training step on the CPU: Paddle's operators, the kernels of this package, and PyTorch in its plain layout. Same
network, same weights, same batch, one thread, interleaved, medians of processor time.

    pip install -e ".[cpu,bench]" torch
    OMP_NUM_THREADS=1 NUMBA_NUM_THREADS=1 python tests/benchmarks/training.py [--rounds 7] [--only NAME] [--channels-last]
        [--json]

Recognition 32 x 3 x 32 x 320, detection 8 x 3 x 320 x 320, direction 64 x 3 x 48 x 192, U-DML 8 x 3 x 32 x 320,
CML 2 x 3 x 320 x 320. Paddle's operators are those of PaddleOCR's networks; in CML they also run the frozen teacher, which
otherwise runs in the inference engine. The goals are for the ratio of PyTorch's time to that of the kernels.
"""

import argparse
import functools
import importlib.util
import json
import os
import time

import numpy as np
import paddle

from ppocr_lessons.bench.timing import interleaved
from ppocr_lessons.cls.direction import PlainCrossEntropy, direction_mobile
from ppocr_lessons.datasets.batches import ClsBatch, DetBatch, RecBatch
from ppocr_lessons.deploy.teacher import fast_teacher
from ppocr_lessons.det.db_loss import PlainDB
from ppocr_lessons.det.dbnet import db_mobile, db_server
from ppocr_lessons.distill.cml import CML
from ppocr_lessons.distill.udml import UDML
from ppocr_lessons.kernels.training import SWITCH
from ppocr_lessons.losses.ctc_loss import PlainCTC
from ppocr_lessons.rec.crnn import crnn_lcnet, crnn_mobile

GOALS = {"recognition": 1.0, "detection": 1.0, "direction": 1.0}


def images(*shape):
    return paddle.to_tensor(np.random.default_rng(0).standard_normal(shape).astype(np.float32))


def lines(count: int) -> RecBatch:
    labels = paddle.to_tensor(np.random.default_rng(1).integers(1, 97, (count, 12)).astype(np.int32))
    return RecBatch(images(count, 3, 32, 320), labels, paddle.full([count], 12, "int64"))


def pages(count: int) -> DetBatch:
    rng = np.random.default_rng(2)
    maps = [paddle.to_tensor((rng.random((count, 320, 320)) > 0.8).astype(np.float32)) for _ in range(4)]
    return DetBatch(images(count, 3, 320, 320), *maps)


def crops(count: int) -> ClsBatch:
    return ClsBatch(
        images(count, 3, 48, 192), paddle.to_tensor(np.random.default_rng(3).integers(0, 2, count))
    )


TASKS = {
    "recognition": lambda: (PlainCTC(crnn_mobile(97)), lines(32)),
    "detection": lambda: (PlainDB(db_mobile()), pages(8)),
    "direction": lambda: (PlainCrossEntropy(direction_mobile()), crops(64)),
    "U-DML": lambda: (UDML({"Student": crnn_lcnet(97), "Teacher": crnn_lcnet(97)}), lines(8)),
    "CML": lambda: (CML(db_server(), db_mobile(), db_mobile()), pages(2)),
}
"""Strategy and batch of each task by name."""


def stepper(strategy, batch, *, compiled: bool):
    """A function that makes one training step and returns the loss.

    Args:
        strategy: of the task.
        batch: of the task.
        compiled: use the kernels, and the inference engine for a frozen network.
    """
    optimizer = paddle.optimizer.Adam(1e-3, parameters=strategy.trained.parameters())
    frozen = getattr(strategy, "frozen", ()) if compiled else ()
    shortcuts = {name: fast_teacher(strategy.nets[name]) for name in frozen}

    def step():
        os.environ[SWITCH] = "1" if compiled else "0"
        if isinstance(strategy, (CML, UDML)):
            strategy.shortcuts = shortcuts
        loss = strategy(batch).loss
        loss.backward()
        optimizer.step()
        optimizer.clear_grad()
        return float(loss)

    return step


def measure(name: str, rounds: int, *, channels_last: bool = False) -> dict:
    """Seconds of each variant of a step, and their ratios."""
    strategy, batch = TASKS[name]()
    strategy.trained.train()
    make = functools.partial(stepper, strategy, batch)
    steps = {"plain": make(compiled=False), "compiled": make(compiled=True)}
    if name in GOALS and importlib.util.find_spec("torch"):
        import torch_nets

        torch_step = torch_nets.stepper(name, strategy.net, batch)
        ours, theirs = steps["plain"](), torch_step()
        assert abs(ours - theirs) < 1e-3 * abs(ours), f"{name}: PyTorch's loss is {theirs}, ours is {ours}"
        steps["torch"] = torch_step
        if channels_last:
            layout = torch_nets.torch.channels_last
            steps["torch channels last"] = torch_nets.stepper(name, strategy.net, batch, layout=layout)
    times = interleaved(steps, rounds=rounds, clock=time.process_time)
    row = {"step": name, **{f"{way} s": seconds for way, seconds in times.items()}}
    row["of Paddle"] = times["plain"] / times["compiled"]
    if "torch" in times:
        row.update({"of PyTorch": times["torch"] / times["compiled"], "goal": GOALS[name]})
    return row


def main():
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--only", choices=list(TASKS))
    parser.add_argument("--channels-last", action="store_true", help="time PyTorch in this layout as well")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    rows = []
    for name in [args.only] if args.only else TASKS:
        rows.append(measure(name, args.rounds, channels_last=args.channels_last))
        if not args.json:
            numbers = [f"{key} {value:.3f}" for key, value in rows[-1].items() if key != "step"]
            print(f"{name:12}", "  ".join(numbers), flush=True)
    if args.json:
        print(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
