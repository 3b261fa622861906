"""The training loop. It knows batches, a strategy and an optimizer, and nothing of text or losses."""

import contextlib
import pathlib
import sys

import numpy as np
import paddle
from tqdm import tqdm

from . import parallel
from .checkpoint import newest_checkpoint, restore_checkpoint, save_checkpoint
from .ema import EMA
from .hints import hints
from .scalars import read_scalars, write_scalars
from .tensors import save_weights

PRECISIONS = ("fp32", "bf16", "fp16")


class TrainingDiverged(RuntimeError):
    """The loss is not a number any more."""


class Trainer:
    """Iterate, forward, backward, step, log, evaluate, save.

    Args:
        strategy: turns a batch into an Objective; see losses/objective.py.
        optimizer: over the strategy's parameters. Its rate is set by lr_at.
        batch_at: number of a batch -> batch with a field `images`. Must depend on the number alone.
        lr_at: step -> learning rate.
        seed: of dropout and the like inside the nets.
        out: folder for checkpoints, scalars.csv and the best weights, or None to write nothing.
        save_every: steps between checkpoints.
        evaluate: net -> named scores, or None.
        eval_every: steps between evaluations.
        eval_after: no evaluation before this step.
        best_by: name of the score whose best weights are kept as best.safetensors, or None.
        accumulate: batches whose gradients make one step.
        precision: "fp32", "bf16" or "fp16"; the latter scales the loss and needs a GPU, bf16 has no effect without.
        callbacks: objects with `after_update(trainer)` and, if they care, `after_run(trainer)`; of an EMA the average
            is what is scored.
        progress: show a bar, the scores and hints on stderr.

    Raises:
        ValueError: accumulate below 1, an unknown precision, or fp16 on a CPU.
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
        eval_after: int = 0,
        best_by: str | None = None,
        accumulate: int = 1,
        precision: str = "fp32",
        callbacks=(),
        progress: bool = True,
    ):
        if accumulate < 1 or precision not in PRECISIONS:
            raise ValueError(
                f"accumulate is {accumulate}, precision {precision!r}; 1 or more and one of {list(PRECISIONS)}"
            )
        if precision == "fp16" and paddle.device.get_device() == "cpu":
            raise ValueError("precision 'fp16' needs a GPU; on this CPU take 'fp32'")
        if precision == "bf16" and paddle.device.get_device() == "cpu":
            # Paddle's automatic precision has no effect on CPUs, and says so at every step.
            print("precision 'bf16' has no effect on a CPU: this run is in fp32", file=sys.stderr)
            precision = "fp32"
        self.strategy, self.optimizer = strategy, optimizer
        self.batch_at, self.lr_at, self.seed = batch_at, lr_at, seed
        self.rank = parallel.world()[0]
        self.out = None if out is None else pathlib.Path(out)
        self.save_every, self.evaluate, self.eval_every = save_every, evaluate, eval_every
        self.eval_after = eval_after
        self.best_by, self.best = best_by, None
        self.accumulate, self.precision = accumulate, precision
        self.scaler = paddle.amp.GradScaler() if precision == "fp16" else None
        self.callbacks = list(callbacks)
        self.ema = next((c for c in self.callbacks if isinstance(c, EMA)), None)
        self.progress = progress and self.rank == 0
        self.step = 0
        self.history: list[dict[str, float]] = []

    def resume(self) -> int:
        """Continue from the newest whole checkpoint of `out`, if there is one; the step it starts at."""
        checkpoint = newest_checkpoint(self.out) if self.out and self.out.is_dir() else None
        if checkpoint:
            extra = restore_checkpoint(checkpoint, self.strategy.trained, self.optimizer)
            if self.ema and "ema" in extra:
                self.ema.restore(extra["ema"])
            if self.scaler and checkpoint.state.get("scaler"):
                self.scaler.load_state_dict(checkpoint.state["scaler"])
            self.step, self.best = checkpoint.state["step"], checkpoint.state.get("best")
            self.history = [row for row in read_scalars(self.out / "scalars.csv") if row["step"] < self.step]
        parallel.same_start(self.strategy.trained)
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
            row = {"step": step, "samples": 0, "lr": self.lr_at(step), "loss": 0.0}
            for part in range(self.accumulate):
                self._backward(self.batch_at(step * self.accumulate + part), row)
            self._update()
            self.step = step + 1
            due = self.step % self.eval_every == 0 and self.step >= self.eval_after
            if self.evaluate and (due or self.step == steps):
                row |= self._scores()
            self.history.append(row)
            bar.set_postfix(loss=f"{row['loss']:.3f}")
            if self.out and (self.step % self.save_every == 0 or self.step == steps):
                self.save()
        for callback in self.callbacks:
            if hasattr(callback, "after_run"):
                callback.after_run(self)
        if self.progress:
            for hint in hints(self.history, self.best_by):
                tqdm.write(f"hint: {hint}", file=sys.stderr)
        return self.history

    def _backward(self, batch, row) -> None:
        """Add one batch's gradient, and its numbers to the row."""
        with paddle.amp.auto_cast(
            enable=self.precision != "fp32",
            dtype={"fp16": "float16"}.get(self.precision, "bfloat16"),
        ):
            result = self.strategy(batch)
        loss = result.loss / self.accumulate
        row["samples"] += len(batch.images)
        row["loss"] += float(loss)
        if not np.isfinite(row["loss"]):
            hint = hints([*self.history, row])[0]
            raise TrainingDiverged(f"{hint}")
        (self.scaler.scale(loss) if self.scaler else loss).backward()
        for name, value in result.parts.items():
            row[name] = row.get(name, 0.0) + float(value) / self.accumulate

    def _update(self) -> None:
        parallel.average_gradients(self.strategy.trained.parameters())
        with paddle.utils.unique_name.guard():
            # The first step names the moments after a global counter; from a fresh one the names are the
            # same in every process, and a checkpoint finds them again.
            if self.scaler:
                self.scaler.step(self.optimizer)
                self.scaler.update()
            else:
                self.optimizer.step()
        self.optimizer.clear_grad()
        for callback in self.callbacks:
            callback.after_update(self)

    def averaged(self):
        """A block in which the net has the weights that are scored: the average, where one is kept."""
        return self.ema.in_place_of_weights(self.strategy.net) if self.ema else contextlib.nullcontext()

    def _scores(self) -> dict[str, float]:
        """Scores on rank 0, and the weights if they are the best so far; the others wait at the next step."""
        if self.rank != 0:
            return {}
        self.strategy.trained.eval()
        with paddle.no_grad(), self.averaged():
            scores = self.evaluate(self.strategy.net)
            if self.best_by and (self.best is None or scores[self.best_by] > self.best):
                self.best = scores[self.best_by]
                if self.out:
                    self.out.mkdir(parents=True, exist_ok=True)
                    save_weights(self.strategy.net, self.out / "best.safetensors", {"step": str(self.step)})
        self.strategy.trained.train()
        if self.progress:
            tqdm.write(f"step {self.step}: {scores}", file=sys.stderr)
        return scores

    def save(self) -> None:
        """Write the scalars and a checkpoint; on rank 0 alone."""
        if self.rank != 0:
            return
        self.out.mkdir(parents=True, exist_ok=True)
        write_scalars(self.out / "scalars.csv", self.history)
        state = {"step": self.step, "best": self.best}
        if self.scaler:
            state["scaler"] = {k: np.asarray(v).tolist() for k, v in self.scaler.state_dict().items()}
        extra = {"ema": self.ema.arrays()} if self.ema else {}
        save_checkpoint(self.out, self.strategy.trained, self.optimizer, state, extra=extra)
