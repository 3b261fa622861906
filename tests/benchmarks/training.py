"""A training step on the CPU with Paddle's layers and with those of kernels/: same network, same batch, interleaved, medians.

    pip install -e ".[cpu,bench]"
    python tests/benchmarks/training.py [--rounds 7] [--json]

Recognition 32 x 3 x 32 x 320, detection 8 x 3 x 320 x 320, direction 64 x 3 x 48 x 192.
"""

import argparse
import json

import numpy as np
import paddle

from ppocr_lessons.backbones import blocks
from ppocr_lessons.bench.timing import interleaved
from ppocr_lessons.cls.direction import PlainCrossEntropy, direction_mobile
from ppocr_lessons.datasets.batches import ClsBatch, DetBatch, RecBatch
from ppocr_lessons.det.db_loss import PlainDB
from ppocr_lessons.det.dbnet import db_mobile
from ppocr_lessons.kernels.transpose import Conv2DTranspose
from ppocr_lessons.losses.ctc_loss import PlainCTC
from ppocr_lessons.rec.crnn import crnn_mobile

OURS = Conv2DTranspose.forward
GOALS = {"recognition": 1.8, "detection": 1.3, "direction": 1.0}


def batches():
    """(name, strategy, batch) of each task."""
    rng = np.random.default_rng(0)

    def images(*shape):
        return paddle.to_tensor(rng.standard_normal(shape).astype(np.float32))

    labels = paddle.to_tensor(rng.integers(1, 97, (32, 12)).astype(np.int32))
    yield (
        "recognition",
        PlainCTC(crnn_mobile(97)),
        RecBatch(images(32, 3, 32, 320), labels, paddle.full([32], 12, "int64")),
    )
    maps = [paddle.to_tensor((rng.random((8, 320, 320)) > 0.8).astype(np.float32)) for _ in range(4)]
    yield "detection", PlainDB(db_mobile()), DetBatch(images(8, 3, 320, 320), *maps)
    directions = paddle.to_tensor(rng.integers(0, 2, 64))
    yield "direction", PlainCrossEntropy(direction_mobile()), ClsBatch(images(64, 3, 48, 192), directions)


def stepper(strategy, batch, compiled: bool):
    """A function that makes one step."""
    optimizer = paddle.optimizer.Adam(1e-3, parameters=strategy.trained.parameters())
    found, ours = blocks.depthwise_kernel(), OURS

    def step():
        blocks.depthwise_kernel = (lambda: found) if compiled else (lambda: None)
        Conv2DTranspose.forward = ours if compiled else paddle.nn.Conv2DTranspose.forward
        strategy(batch).loss.backward()
        optimizer.step()
        optimizer.clear_grad()

    return step


def main():
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    rows, original = [], blocks.depthwise_kernel
    for name, strategy, batch in batches():
        blocks.depthwise_kernel = original
        strategy.trained.train()
        steps = {way: stepper(strategy, batch, way == "compiled") for way in ("plain", "compiled")}
        times = interleaved(steps, rounds=args.rounds)
        rows.append({"step": name, "plain s": times["plain"], "compiled s": times["compiled"],
                     "ratio": times["plain"] / times["compiled"], "goal": GOALS[name]})  # fmt: skip
        if not args.json:
            print(
                f"{name:12} {times['plain']:7.3f} {times['compiled']:7.3f} {rows[-1]['ratio']:5.2f} (goal {GOALS[name]})",
                flush=True,
            )
    if args.json:
        print(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
