"""Two steps of a net with batch norms on a joint batch, on as many cards as the launcher has: joint_batch.py OUT DEVICE."""

import pathlib
import sys

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).parents[2]))
from ppocr_lessons.runtime import require_paddle

require_paddle()

import paddle  # noqa: E402

from ppocr_lessons.cls.direction import PlainCrossEntropy, direction_mobile  # noqa: E402
from ppocr_lessons.datasets.batches import ClsBatch  # noqa: E402
from ppocr_lessons.training import parallel  # noqa: E402
from ppocr_lessons.training.tensor_files import state_of  # noqa: E402
from ppocr_lessons.training.trainer import Trainer  # noqa: E402


def batch_at(number):
    """This card's half of sixteen pictures, or all of them."""
    rank, world = parallel.world()
    rng = np.random.default_rng(number)
    images, labels = rng.standard_normal((16, 3, 48, 192)).astype(np.float32), rng.integers(0, 2, 16)
    share = slice(rank * 16 // world, (rank + 1) * 16 // world)
    return ClsBatch(paddle.to_tensor(images[share]), paddle.to_tensor(labels[share]))


def main():
    """Train, and write the weights and statistics of the first process."""
    out, device = pathlib.Path(sys.argv[1]), sys.argv[2]
    parallel.start(device)
    paddle.seed(3)
    with paddle.utils.unique_name.guard():
        strategy = PlainCrossEntropy(direction_mobile())
        if parallel.shares_batch_norms():
            parallel.synchronize_batch_norms(strategy.trained)
        optimizer = paddle.optimizer.Momentum(0.01, parameters=strategy.trained.parameters())
    trainer = Trainer(strategy, optimizer, batch_at=batch_at, lr_at=lambda step: 0.01, progress=False)
    trainer.resume()
    trainer.run(2)
    rank, world = parallel.world()
    if rank == 0:
        np.savez(out / f"{world}.npz", **{name: t.numpy() for name, t in state_of(strategy.net).items()})


if __name__ == "__main__":
    main()
