"""What several processes have to agree on, in as many as the launcher starts: parallel_run.py OUT."""

import json
import os
import pathlib
import signal
import sys

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).parents[2]))
from ppocr_lessons.runtime import require_paddle

require_paddle()

import paddle  # noqa: E402

from ppocr_lessons.cls.direction import ClsHead  # noqa: E402
from ppocr_lessons.datasets.batches import ClsBatch  # noqa: E402
from ppocr_lessons.interrupt import Interrupted  # noqa: E402
from ppocr_lessons.losses.objective import Objective  # noqa: E402
from ppocr_lessons.training import parallel  # noqa: E402
from ppocr_lessons.training.checkpoint import step_name  # noqa: E402
from ppocr_lessons.training.ema import EMA  # noqa: E402
from ppocr_lessons.training.trainer import Trainer, TrainingDiverged  # noqa: E402


class Net(paddle.nn.Layer):
    """No batch norm, so that the halves of a batch are independent; one frozen part and one unused part."""

    def __init__(self):
        super().__init__()
        self.conv, self.frozen, self.spare = (
            paddle.nn.Conv2D(a, 8, 3, stride=s) for a, s in ((3, 2), (8, 1), (8, 1))
        )
        self.sometimes = paddle.nn.Linear(2, 2)
        self.head = ClsHead(8)
        for parameter in self.frozen.parameters():
            parameter.stop_gradient = True

    def forward(self, images, sometimes):
        logits = self.head(self.frozen(paddle.nn.functional.relu(self.conv(images))))
        return self.sometimes(logits) if sometimes else logits


class Mean:
    """Cross entropy, the mean over the batch."""

    def __init__(self, seed):
        paddle.seed(seed)
        self.net = self.trained = Net()
        self.calls, self.bad_call = 0, None

    def __call__(self, batch):
        self.calls += 1
        loss = paddle.nn.functional.cross_entropy(self.net(batch.images, self.calls != 2), batch.labels)
        if self.calls == self.bad_call:
            loss = loss * float("nan")
        return Objective(loss, {"ce": loss}, None)


def batch_at(number):
    """This process's share of a joint batch."""
    rank, world = parallel.world()
    rng = np.random.default_rng(number)
    images, labels = rng.standard_normal((8, 3, 8, 8)).astype(np.float32), rng.integers(0, 2, 8)
    share = slice(rank * 8 // world, (rank + 1) * 8 // world)
    return ClsBatch(paddle.to_tensor(images[share]), paddle.to_tensor(labels[share]))


def trainer_of(out, **options):
    """A trainer; every process starts from other weights, and `resume` has to bring them together."""
    with paddle.utils.unique_name.guard():
        strategy = Mean(3 + parallel.world()[0])
        optimizer = paddle.optimizer.Momentum(0.1, parameters=strategy.trained.parameters())
    defaults = {
        "batch_at": batch_at,
        "lr_at": lambda step: 0.1,
        "out": out,
        "save_every": 100,
        "progress": False,
    }
    return Trainer(strategy, optimizer, **defaults | options)


def gradients(out):
    """Three steps, also of two batches each: the gradients and weights of the joint batch."""
    for accumulate in (1, 2):
        trainer, found = trainer_of(out / f"accumulate-{accumulate}", accumulate=accumulate), {}
        step = trainer.optimizer.step

        def keep(step=step, trainer=trainer, found=found):
            named = dict(trainer.strategy.net.named_parameters())
            found.update({n: p.grad.numpy() for n, p in named.items() if p.grad is not None})
            step()

        trainer.optimizer.step = keep
        trainer.resume()
        trainer.run(3)
        if parallel.world()[0] == 0:
            np.savez(out / f"gradients-{accumulate}.npz", **found)


def diverges(out):
    """A loss that is no number on the last process alone ends all of them."""
    rank, world = parallel.world()
    trainer = trainer_of(out / "diverges", read_every=2, save_every=2)
    trainer.strategy.bad_call = 4 if rank == world - 1 else None
    trainer.resume()
    try:
        trainer.run(8)
    except TrainingDiverged as error:
        return [trainer.step, str(error)]
    return None


def stops(out):
    """SIGTERM at one process, the last: all of them stop at the same step."""
    rank, world = parallel.world()

    def ask(number):
        if rank == world - 1 and number == 4:
            os.kill(os.getpid(), signal.SIGTERM)
        return batch_at(number)

    trainer = trainer_of(out / "stops", batch_at=ask)
    trainer.resume()
    try:
        trainer.run(50)
    except Interrupted as stop:
        return [trainer.step, stop.exit_code, (out / "stops" / step_name(trainer.step)).is_dir()]
    return None


def resumes(out):
    """The first process alone has the run's folder; the others get all of it from there."""
    rank = parallel.world()[0]
    where = out / "resumes" if rank == 0 else out / "not-there"
    first = trainer_of(out / "resumes", callbacks=[EMA(0.5)])
    first.resume()
    first.run(3)
    second = trainer_of(where, callbacks=[EMA(0.5)])
    step = second.resume()
    second.run(4)
    first.run(4)
    same = [
        np.array_equal(a.numpy(), b.numpy())
        for a, b in zip(first.strategy.net.parameters(), second.strategy.net.parameters(), strict=True)
    ] + [np.array_equal(first.ema.average[k].numpy(), v.numpy()) for k, v in second.ema.average.items()]
    return [step, all(same), len(same), (out / "not-there").exists()]


def fails():
    """An error in the first process is an error in all of them, whatever its kind."""
    said = []
    for error in (ValueError("a folder that cannot be read"), AssertionError()):

        def action(error=error):
            raise error

        try:
            parallel.on_first(action)
        except (ValueError, AssertionError, parallel.PeerError) as caught:
            said.append(str(caught))
    return said


def main():
    """All of it; each process writes what it saw."""
    out = pathlib.Path(sys.argv[1])
    parallel.start("cpu")
    rank, world = parallel.world()
    gradients(out)
    seen = {
        "diverges": diverges(out),
        "stops": stops(out),
        "resumes": resumes(out),
        "fails": fails(),
        "total": parallel.total([rank + 0.5]),
        "highest": parallel.highest([rank, -rank]),
        "shared": parallel.share({"from": rank}),
    }
    (out / f"seen-{rank}-of-{world}.json").write_text(json.dumps(seen))


if __name__ == "__main__":
    main()
