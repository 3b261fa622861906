"""The training loop. It knows batches, a strategy and an optimizer, and nothing of text or losses."""

import csv
import pathlib
import sys

import numpy as np
import paddle
from tqdm import tqdm

from .checkpoint import newest_checkpoint, restore_checkpoint, save_checkpoint


def rng_for(seed: int, *place: int) -> np.random.Generator:
    """The random generator of one place in a run: (seed, step), or (seed, step, sample).

    Nothing random is carried from step to step, so a resumed run needs to know only its step.
    """
    # The length goes in too: NumPy takes (1, 2) and (1, 2, 0) for the same seed.
    return np.random.default_rng([len(place), seed, *place])


class TrainingDiverged(RuntimeError):
    """The loss is not a number any more."""


class Trainer:
    """Iterate, forward, backward, step, log, evaluate, save.

    Args:
        strategy: turns a batch into an Objective; see losses/objective.py.
        optimizer: over the strategy's parameters. Its rate is set by lr_at.
        batch_at: step -> batch with a field `images`. Must depend on the step alone.
        lr_at: step -> learning rate.
        seed: of dropout and the like inside the nets.
        out: folder for checkpoints and scalars.csv, or None to write nothing.
        save_every: steps between checkpoints.
        evaluate: net -> named scores, or None.
        eval_every: steps between evaluations.
        progress: show a bar on stderr.

    Raises:
        TrainingDiverged: the loss became infinite or not a number; the last checkpoint is from before.
    """

    def __init__(
        self,
        strategy,
        optimizer,
        *,
        batch_at,
        lr_at,
        seed: int = 0,
        out=None,
        save_every: int = 500,
        evaluate=None,
        eval_every: int = 1000,
        progress: bool = True,
    ):
        self.strategy, self.optimizer = strategy, optimizer
        self.batch_at, self.lr_at, self.seed = batch_at, lr_at, seed
        self.out = None if out is None else pathlib.Path(out)
        self.save_every, self.evaluate, self.eval_every = save_every, evaluate, eval_every
        self.progress = progress
        self.step = 0
        self.history: list[dict[str, float]] = []

    def resume(self) -> int:
        """Continue from the newest whole checkpoint of `out`, if there is one; the step it starts at."""
        checkpoint = newest_checkpoint(self.out) if self.out and self.out.is_dir() else None
        if checkpoint:
            restore_checkpoint(checkpoint, self.strategy.trained, self.optimizer)
            self.step = checkpoint.state["step"]
            self.history = checkpoint.state["history"]
        return self.step

    def run(self, steps: int) -> list[dict[str, float]]:
        """Train until `steps` steps are done in all, and return the log, one row a step."""
        self.strategy.trained.train()
        bar = tqdm(
            range(self.step, steps),
            initial=self.step,
            total=steps,
            disable=not self.progress,
            file=sys.stderr,
        )
        for step in bar:
            paddle.seed(self.seed * 1_000_003 + step)
            self.optimizer.set_lr(self.lr_at(step))
            batch = self.batch_at(step)
            result = self.strategy(batch)
            row = {
                "step": step,
                "samples": len(batch.images),
                "lr": self.lr_at(step),
                "loss": float(result.loss),
            }
            if not np.isfinite(row["loss"]):
                raise TrainingDiverged(f"the loss is {row['loss']} at step {step}: lower the learning rate?")
            result.loss.backward()
            with paddle.utils.unique_name.guard():
                # The first step names the moments after a global counter; from a fresh one the names are the
                # same in every process, and a checkpoint finds them again.
                self.optimizer.step()
            self.optimizer.clear_grad()
            self.step = step + 1
            row |= {name: float(value) for name, value in result.parts.items()}
            if self.evaluate and (self.step % self.eval_every == 0 or self.step == steps):
                row |= self._scores()
                tqdm.write(f"step {self.step}: {row}", file=sys.stderr)
            self.history.append(row)
            bar.set_postfix(loss=f"{row['loss']:.3f}")
            if self.out and (self.step % self.save_every == 0 or self.step == steps):
                self.save()
        return self.history

    def _scores(self) -> dict[str, float]:
        self.strategy.trained.eval()
        with paddle.no_grad():
            scores = self.evaluate(self.strategy.net)
        self.strategy.trained.train()
        return scores

    def save(self) -> None:
        """Write a checkpoint and the scalars."""
        save_checkpoint(
            self.out, self.strategy.trained, self.optimizer, {"step": self.step, "history": self.history}
        )
        names = list(dict.fromkeys(name for row in self.history for name in row))
        with (self.out / "scalars.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, names)
            writer.writeheader()
            writer.writerows(self.history)
