"""The training loop. It works with batches, a strategy and an optimizer; it knows nothing about text or losses."""

import contextlib
import math
import pathlib
import sys
import time

import numpy as np
import paddle
from tqdm import tqdm

from ..interrupt import FinishTheStep, Interrupted
from . import parallel
from .checkpoint import (
    Checkpoint,
    checkpoint_arrays,
    newest_checkpoint,
    not_finite,
    save_checkpoint,
    step_name,
)
from .checkpoint import restore_checkpoint as restore
from .ema import EMA
from .precision import half_precision_nets, usable
from .progress import Progress
from .readback import PendingRows
from .run_log import hints, read_scalars, write_scalars
from .tensor_files import save_weights, state_of


class TrainingDiverged(RuntimeError):
    """The loss or a weight is not finite."""


class Trainer:
    """Training loop: forward, backward, update, log, evaluate, save.

    Args:
        strategy: turns a batch into an Objective; see losses/objective.py.
        optimizer: optimizer of the strategy's parameters. `lr_at` sets its learning rate.
        batch_at: function from the number of a batch, and nothing else, to the batch with its field `images`.
        lr_at: function from the step to the learning rate.
        seed: seed of random numbers inside the networks, such as dropout.
        out: folder for checkpoints, scalars.csv and the best weights; None to write nothing.
        save_every: steps between checkpoints.
        save_minutes: longest time between two checkpoints, in minutes.
        evaluate: function from a network to named scores, equal in all processes; or None.
        eval_every: steps between evaluations.
        eval_after: number of steps before the first evaluation.
        best_by: name of the score that selects the weights in best.safetensors, or None.
        accumulate: number of batches whose gradients are accumulated for one step.
        precision: "fp32", "bf16" or "fp16". fp16 scales the loss and needs a GPU; bf16 has no effect on a CPU.
        callbacks: objects with `after_update(trainer)` and optionally `after_run(trainer)`; see EMA and TensorBoard.
        progress: show the progress, the scores and hints on stderr.
        read_every: steps between reading losses from the device and checking them, at the latest before a checkpoint.

    Raises:
        ValueError: accumulate, read_every or save_minutes too small, an unknown precision, or fp16 on a CPU.
        TrainingDiverged: the loss or a weight is not finite; the last checkpoint was saved before that.
        Interrupted: with `out`: Ctrl-C or SIGTERM; the step was finished, and a checkpoint was saved.
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
        save_minutes: float = 5.0,
        evaluate=None,
        eval_every: int = 1000,
        eval_after: int = 0,
        best_by: str | None = None,
        accumulate: int = 1,
        precision: str = "fp32",
        callbacks=(),
        progress: bool = True,
        read_every: int = 10,
    ):
        if not (accumulate >= 1 and read_every >= 1 and save_minutes >= 0):
            found = f"accumulate is {accumulate}, read_every {read_every}, save_minutes {save_minutes}"
            raise ValueError(f"{found}; 1, 1 and 0 or more are needed")
        self.strategy, self.optimizer = strategy, optimizer
        self.batch_at, self.lr_at, self.seed = batch_at, lr_at, seed
        self.rank = parallel.world()[0]
        self.out = None if out is None else pathlib.Path(out)
        self.save_every, self.save_minutes, self.read_every = save_every, save_minutes, read_every
        self.evaluate, self.eval_every, self.eval_after = evaluate, eval_every, eval_after
        self.best_by, self.best = best_by, None
        self.accumulate, self.precision = accumulate, usable(precision)
        self.scaler = paddle.amp.GradScaler() if self.precision == "fp16" else None
        self.callbacks = list(callbacks)
        self.ema = next((c for c in self.callbacks if isinstance(c, EMA)), None)
        self.progress = progress and self.rank == 0
        self._joint: parallel.Joint | None = None
        self.step, self._pending, self._saved_at = 0, PendingRows(), time.monotonic()
        self.history: list[dict[str, float]] = []

    def resume(self, *, changed: bool = False) -> int:
        """Continue from the newest complete checkpoint in `out`, if any. Only the first process reads the folder.

        Args:
            changed: the configuration has changed; moments of another optimizer are not restored.

        Returns: the number of finished steps.

        Raises:
            CheckpointError, WeightsError, ValueError: no checkpoint can be read, or it does not fit the run.
        """
        here = self.out is not None and self.out.is_dir()
        found = parallel.on_first(lambda: newest_checkpoint(self.out) if here else None)
        state = parallel.share(found and found.state)
        if state:
            files = parallel.share_arrays(found and found.files)
            # Processes other than the first only name the path in errors.
            path = found.path if found else self.out or pathlib.Path()
            self._restore(Checkpoint(path, state, files), changed)
        parallel.same_weights(self.strategy.trained)
        return self.step

    def _restore(self, checkpoint: Checkpoint, changed: bool) -> None:
        state, files = checkpoint.state, checkpoint.files
        was, now = state.get("optimizer"), type(self.optimizer).__name__
        if was and was != now:
            if not changed:
                raise ValueError(
                    f"{checkpoint.path}: was saved with the optimizer {was}, but the optimizer is {now}"
                )
            print(f"the moments of {was} do not fit {now}, which starts without moments", file=sys.stderr)
            files = {**files, "optimizer": {}}
        restore(checkpoint._replace(files=files), self.strategy.trained, self.optimizer)
        if self.ema and "ema" in files:
            self.ema.restore(files["ema"])
        if self.scaler and state.get("scaler"):
            self.scaler.load_state_dict(state["scaler"])
        self.step, self.best = state["step"], state.get("best")
        if self.rank == 0 and self.out:
            rows = read_scalars(self.out / "scalars.csv")
            self.history = [row for row in rows if row["step"] < self.step]

    def run(self, steps: int) -> list[dict[str, float]]:
        """Train until `steps` steps are finished, and return the log with one row per step.

        Args:
            steps: total number of steps, including those before a resume.
        """
        self.strategy.trained.train()
        self._pending, self._saved_at = PendingRows(), time.monotonic()
        if self._joint is None:
            # Created once, after the initial weights are loaded, because it registers hooks on the parameters.
            self._joint = parallel.Joint(self.strategy)
        joint = self._joint
        # Without a folder there is nothing to save, and Ctrl-C keeps its default behavior.
        handlers = FinishTheStep(quiet=self.rank != 0) if self.out else contextlib.nullcontext()
        with handlers as watch, Progress(self.step, steps, shown=self.progress) as shown:
            for step in range(self.step, steps):
                paddle.seed(self.seed * 1_000_003 + step)
                self.optimizer.set_lr(self.lr_at(step))
                self._pending.begin({"step": step, "samples": 0, "lr": self.lr_at(step), "loss": 0.0})
                for number in range(self.accumulate):
                    last = number == self.accumulate - 1
                    with contextlib.nullcontext() if last else joint.without_exchange():
                        self._backward(joint, self.batch_at(step * self.accumulate + number))
                self._update()
                self.step = step + 1
                self._finish(steps, watch, shown)
                shown.advance()
            # A signal may have arrived while the last checkpoint was being written.
            self._leave_if(parallel.highest([watch.number if watch else 0])[0], steps)
        for callback in self.callbacks:
            if hasattr(callback, "after_run"):
                callback.after_run(self)
        for hint in hints(self.history, self.best_by) if self.progress else ():
            tqdm.write(f"hint: {hint}", file=sys.stderr)
        return self.history

    def _backward(self, joint, batch) -> None:
        """Add the gradients of one batch, and its losses to the row of the step."""
        nets = getattr(self.strategy, "nets", {"": self.strategy.net}).values()
        with half_precision_nets(nets, self.precision):
            loss, parts = joint(batch)
        loss = loss / self.accumulate
        (self.scaler.scale(loss) if self.scaler else loss).backward()
        self._pending.add(loss, parts, self.accumulate, len(batch.images))

    def _update(self) -> None:
        with paddle.utils.unique_name.guard():
            # The first step names the moments with a counter. Resetting it gives them the same names in every run.
            if self.scaler:
                self.scaler.step(self.optimizer)
                self.scaler.update()
            else:
                self.optimizer.step()
        self.optimizer.clear_grad()
        for callback in self.callbacks:
            callback.after_update(self)

    def _finish(self, steps: int, watch, shown: Progress) -> None:
        """Finish a step: read losses, evaluate, save and stop if due, in all processes at the same step."""
        last = self.step == steps
        is_due = self.step % self.eval_every == 0 and self.step >= self.eval_after
        score = bool(self.evaluate) and (last or is_due)
        save = self.out is not None and (last or self.step % self.save_every == 0)
        read = score or save or last or self.step % self.read_every == 0
        number = late = 0
        if read or parallel.asks_every_step():
            waited = time.monotonic() - self._saved_at > 60 * self.save_minutes
            late = int(self.out is not None and self.rank == 0 and waited)
            number, late = parallel.highest([watch.number if watch else 0, late])
        if read or number or late:
            self._read_back()
            shown.show_loss(self.step, self.history[-1]["loss"])
        if score:
            self.history[-1].update(self._scores(self.evaluate))
            number = parallel.highest([watch.number if watch else 0])[0]
        if save or number or late:
            self.save()
        self._leave_if(number, steps)

    def _leave_if(self, number: int, steps: int) -> None:
        if number and self.out:
            # The launcher ends all processes soon after one has left, so they wait here until the save is done.
            parallel.highest([0])
            path = self.out / step_name(self.step)
            message = f"stopped at step {self.step} of {steps}; the same command resumes from {path}"
            raise Interrupted(number, message)

    def _read_back(self) -> None:
        """Read the losses of the last steps and check in all processes together that they are finite."""
        for row in self._pending.read():
            if not math.isfinite(row["loss"]):
                self._agree_that_it_goes_on(hints([*self.history, row])[0])
            self.history.append(row)
        self._agree_that_it_goes_on(None)

    def _agree_that_it_goes_on(self, problem: str | None) -> None:
        """Raise in every process if one of them has a problem."""
        if parallel.highest([int(problem is not None)])[0]:
            raise TrainingDiverged(
                problem or f"step {self.step}: another process has a loss or weight that is not finite"
            )

    def averaged(self):
        """Context in which the network has the weights that are evaluated: the average, if there is an EMA."""
        return self.ema.in_place_of_weights(self.strategy.net) if self.ema else contextlib.nullcontext()

    def _scores(self, evaluate) -> dict[str, float]:
        """Evaluate, and save the weights if they are the best so far. The processes share the work."""
        self.strategy.trained.eval()
        with paddle.no_grad(), self.averaged():
            # Running statistics of batch norms differ between processes unless they are synchronized.
            parallel.same_weights(self.strategy.net)
            state = state_of(self.strategy.net)
            self._check_weights({name: tensor.numpy() for name, tensor in state.items()})
            scores = evaluate(self.strategy.net)
            if self.best_by and (self.best is None or scores[self.best_by] > self.best):
                self.best = scores[self.best_by]
                if self.out and self.rank == 0:
                    self.out.mkdir(parents=True, exist_ok=True)
                    save_weights(self.strategy.net, self.out / "best.safetensors", {"step": str(self.step)})
        self.strategy.trained.train()
        if self.progress:
            tqdm.write(f"step {self.step}: {scores}", file=sys.stderr)
        return scores

    def _check_weights(self, arrays: dict[str, np.ndarray]) -> None:
        bad, step = not_finite(arrays), self.step - 1
        reason = f"{bad} is not finite after step {step}, though its loss is: lower the learning rate"
        self._agree_that_it_goes_on(reason if bad else None)

    def save(self) -> None:
        """Write scalars.csv and a checkpoint, in the first process only.

        Raises:
            ValueError: the trainer was made without a folder `out`.
            TrainingDiverged: in all processes, if a weight or a moment is not finite.
        """
        if self.out is None:
            raise ValueError("this trainer has no folder to save to; pass one as `out`")
        self._saved_at = time.monotonic()
        files = {}
        if self.rank == 0:
            extra = {"ema": self.ema.arrays()} if self.ema else {}
            files = checkpoint_arrays(self.strategy.trained, self.optimizer, extra)
        named = {f"{file}: {name}": a for file, arrays in files.items() for name, a in arrays.items()}
        self._check_weights(named)
        if self.rank != 0:
            return
        self.out.mkdir(parents=True, exist_ok=True)
        write_scalars(self.out / "scalars.csv", self.history)
        state = {"step": self.step, "best": self.best, "optimizer": type(self.optimizer).__name__}
        if self.scaler:
            state["scaler"] = {k: np.asarray(v).tolist() for k, v in self.scaler.state_dict().items()}
        save_checkpoint(self.out, files, state)
