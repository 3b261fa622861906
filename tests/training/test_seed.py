"""The trainer's seed is that of everything random inside the nets, dropout for one."""

import numpy as np
import paddle

from ppocr_lessons.datasets.batches import ClsBatch
from ppocr_lessons.losses.objective import Objective
from ppocr_lessons.training.trainer import Trainer


class Dropping:
    """The mean of an image of ones of which dropout leaves about half."""

    def __init__(self):
        self.net = self.trained = paddle.nn.Sequential(paddle.nn.Linear(64, 64), paddle.nn.Dropout(0.5))
        self.net[0].weight.set_value(np.eye(64, dtype=np.float32))

    def __call__(self, batch):
        loss = (self.net(batch.images) * paddle.arange(64, dtype="float32")).mean()
        return Objective(loss, {"mean": loss}, None)


def _losses(seed, noise=0, steps=3):
    strategy = Dropping()
    trainer = Trainer(
        strategy,
        paddle.optimizer.SGD(0.0, parameters=strategy.trained.parameters()),
        batch_at=lambda number: ClsBatch(paddle.ones([1, 64]), paddle.zeros([1], "int64")),
        lr_at=lambda step: 0.0,
        seed=seed,
        progress=False,
    )
    paddle.seed(noise)
    return [row["loss"] for row in trainer.run(steps)]


def test_one_seed_one_run():
    assert _losses(5, noise=1) == _losses(5, noise=2)


def test_steps_and_seeds_draw_afresh():
    drawn = [loss for seed in (5, 6) for loss in _losses(seed)]
    assert len(set(drawn)) == 6


def test_a_seed_is_a_step_of_no_other():
    assert not set(_losses(0, steps=5)) & set(_losses(1, steps=5))
