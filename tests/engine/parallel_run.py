"""One step of a small net in as many processes as the launcher starts: python -m paddle.distributed.launch ... OUT."""

import pathlib
import sys

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).parents[2]))
from ppocr_lessons.runtime import require_paddle

require_paddle()

import paddle  # noqa: E402

from ppocr_lessons.cls.direction import ClsBatch, ClsHead  # noqa: E402
from ppocr_lessons.engine import parallel  # noqa: E402
from ppocr_lessons.engine.trainer import Trainer  # noqa: E402
from ppocr_lessons.losses.objective import Objective  # noqa: E402


class Mean:
    """A net without batch norm, so that halves of a batch know nothing of each other."""

    def __init__(self, seed):
        paddle.seed(seed)
        conv = paddle.nn.Conv2D(3, 8, 3, stride=2)
        self.net = self.trained = paddle.nn.Sequential(conv, paddle.nn.ReLU(), ClsHead(8))

    def __call__(self, batch):
        loss = paddle.nn.functional.cross_entropy(self.net(batch.images), batch.labels)
        return Objective(loss, {}, None)


def main():
    """Train three steps and write the weights and the last gradients of rank 0."""
    out = pathlib.Path(sys.argv[1])
    parallel.start("cpu")
    rank, world = parallel.world()
    strategy = Mean(3 + rank)  # every process starts elsewhere; same_start has to bring them together
    optimizer = paddle.optimizer.SGD(0.1, parameters=strategy.trained.parameters())
    gradients = {}

    def batch_at(number):
        rng = np.random.default_rng(number)
        images, labels = rng.standard_normal((8, 3, 8, 8)).astype(np.float32), rng.integers(0, 2, 8)
        share = slice(rank * 8 // world, (rank + 1) * 8 // world)
        return ClsBatch(paddle.to_tensor(images[share]), paddle.to_tensor(labels[share]))

    average = parallel.average_gradients

    def keep(parameters):
        average(parameters)
        gradients.update({str(i): p.grad.numpy() for i, p in enumerate(parameters)})

    parallel.average_gradients = keep
    trainer = Trainer(
        strategy, optimizer, batch_at=batch_at, lr_at=lambda step: 0.1, out=out, save_every=3, progress=False
    )
    trainer.resume()
    trainer.run(3)
    if rank == 0:
        np.savez(out / f"gradients-{world}.npz", **gradients)


if __name__ == "__main__":
    main()
