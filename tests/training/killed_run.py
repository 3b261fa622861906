"""A short training that saves after every step, to be killed at any moment: python killed_run.py FOLDER STEPS [SAVE_EVERY]."""

import pathlib
import sys

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).parents[2]))
from ppocr_lessons.runtime import require_paddle

require_paddle()

import paddle  # noqa: E402

from ppocr_lessons.cls.direction import PlainCrossEntropy, direction_mobile  # noqa: E402
from ppocr_lessons.datasets.batches import ClsBatch  # noqa: E402
from ppocr_lessons.datasets.seeding import rng_for  # noqa: E402
from ppocr_lessons.interrupt import signals_as_exit_codes  # noqa: E402
from ppocr_lessons.training.cosine_warmup import lr_at  # noqa: E402
from ppocr_lessons.training.ema import EMA  # noqa: E402
from ppocr_lessons.training.trainer import Trainer  # noqa: E402


def batch_at(number):
    """Noise and random labels of a step."""
    rng = rng_for(7, number)
    images = rng.standard_normal((4, 3, 16, 32)).astype(np.float32)
    return ClsBatch(paddle.to_tensor(images), paddle.to_tensor(rng.integers(0, 2, 4)))


class SayReady:
    """Callback that says when the first step is done: what comes before it takes longer than many steps."""

    said = False

    def after_update(self, trainer):
        """Say it once."""
        if not self.said:
            print("ready", flush=True)
        self.said = True


def main():
    """Train, or go on."""
    folder, steps = sys.argv[1], int(sys.argv[2])
    paddle.set_device("cpu")
    paddle.seed(3)
    with paddle.utils.unique_name.guard():
        strategy = PlainCrossEntropy(direction_mobile())
        optimizer = paddle.optimizer.Adam(1e-3, parameters=strategy.trained.parameters())
    trainer = Trainer(
        strategy,
        optimizer,
        batch_at=batch_at,
        lr_at=lambda step: lr_at(step, peak=1e-3, steps=steps, warmup_steps=2),
        out=folder,
        save_every=int(sys.argv[3]) if len(sys.argv) > 3 else 1,
        callbacks=[EMA(0.9), SayReady()],
        progress=False,
    )
    trainer.resume()
    with signals_as_exit_codes():
        trainer.run(steps)


if __name__ == "__main__":
    main()
