"""A configuration put to work: train, evaluate, export."""

import contextlib
import pathlib
from dataclasses import dataclass

from .config.build import build, build_nets, start_device
from .config.configuration import Config, Context, context
from .config.data import build_dataset
from .config.evaluation import check_teachers, evaluate
from .config.networks import NetConfig
from .config.optimizer import build_decay, build_schedule
from .config.problems import ConfigError, say
from .config.record import settle, write_environment, write_record
from .datasets.loader import Loader
from .training import parallel
from .training.ema import EMA
from .training.run_folder import FolderLock
from .training.run_log import TensorBoard
from .training.schedules import Schedule
from .training.tensor_files import WeightsError, save_weights
from .training.trainer import Trainer
from .zoo.fine_tuning import load_matching

SAVE_EVERY = 500
"""Steps between checkpoints where the configuration does not say."""


@dataclass
class Run:
    """Everything of a run, built and not yet begun.

    Fields:
        config: that it was built from.
        shared: alphabet and the like.
        nets: by name.
        trainer: with the strategy, the optimizer and the data.
        steps: of the whole run.
        schedule: of the learning rate.
        loader: of the training set.
        eval_set: the other one.
    """

    config: Config
    shared: Context
    nets: dict
    trainer: Trainer
    steps: int
    schedule: Schedule
    loader: Loader
    eval_set: object


def prepare(config: Config, *, dry: bool = False, progress: bool = True) -> Run:
    """Build everything that a configuration names; nothing is trained or written.

    Args:
        config: that was read.
        dry: let a frozen net do without weights, to try the rest.
        progress: show a bar, and what was not loaded, on stderr.

    Raises:
        ConfigError, LabelError, WeightsError: what cannot be built, with file and reason.
    """
    settings = config.settings
    built = build(config, dry=dry, report=progress)
    rank, world = parallel.world()
    given = config.train.loader
    loader = Loader(
        built.train_set,
        config.task,
        batch_size=given.batch_size_per_card,
        shuffle=given.shuffle,
        drop_last=given.drop_last,
        workers=given.num_workers,
        shared_memory=given.use_shared_memory,
        rank=rank,
        world=world,
    )
    steps_per_epoch = max(1, loader.steps_per_epoch // settings.accumulate)
    schedule = build_schedule(config, steps_per_epoch)
    callbacks = [EMA(settings.ema_decay)] if settings.ema_decay is not None else []
    decay = build_decay(config)
    callbacks += [decay] if decay else []
    out = config.folder
    if settings.tensorboard and rank == 0:
        callbacks.append(TensorBoard(out / "tensorboard"))
    start, interval = _evaluation_steps(settings, schedule.steps)

    def scores(net):
        return evaluate(config, net, built.eval_set, built.shared)

    trainer = Trainer(
        built.strategy,
        built.optimizer,
        batch_at=loader.batch_at,
        lr_at=schedule,
        seed=built.shared.seed,
        out=out,
        save_every=settings.save_batch_step or min(SAVE_EVERY, schedule.steps),
        evaluate=scores,
        eval_every=interval,
        eval_after=start,
        best_by=config.metric.main_indicator,
        accumulate=settings.accumulate,
        precision=_precision(settings),
        callbacks=callbacks,
        progress=progress,
    )
    return Run(config, built.shared, built.nets, trainer, schedule.steps, schedule, loader, built.eval_set)


def _precision(settings) -> str:
    return {"float16": "fp16", "bfloat16": "bf16"}[settings.amp_dtype] if settings.use_amp else "fp32"


def _evaluation_steps(settings, steps: int) -> tuple[int, int]:
    given = settings.eval_batch_step
    if given is None:
        return 0, max(1, steps // 10)
    start, interval = (0, given) if isinstance(given, int) else given[:2]
    return start, max(1, interval)


def train(
    config: Config,
    *,
    max_steps: int | None = None,
    progress: bool = True,
    fresh: bool = False,
    resume_changed: bool = False,
) -> dict[str, float]:
    """Train, or go on with a run that was interrupted; the last scores.

    Args:
        config: that was read.
        max_steps: stop after this many steps in all, for a trial.
        progress: show a bar on stderr.
        fresh: move a run that is in the folder aside, and start anew.
        resume_changed: go on with that run although the configuration differs from its own.

    Raises:
        ConfigError, LabelError, WeightsError: see `prepare` and `record.settle`; CML with a teacher that is no better
            than its student.
        FolderInUseError: another process trains into the folder.
        TrainingDiverged, Interrupted: see the trainer.
    """
    if fresh and resume_changed:
        raise ConfigError("--fresh starts anew and --resume-changed goes on: one of them")
    run = prepare(config, dry=max_steps is not None, progress=progress)
    out, trainer, first_process = config.folder, run.trainer, parallel.world()[0] == 0
    with contextlib.ExitStack() as stack:
        stack.callback(run.loader.close)
        parallel.on_first(lambda: stack.enter_context(FolderLock(out)) and None)
        record = parallel.on_first(lambda: settle(config, fresh=fresh, resume_changed=resume_changed))
        checked = parallel.share(bool(record and record.get("teachers_checked")))
        if config.settings.checkpoints:
            source = config.settings.checkpoints
            say(load_matching(trainer.strategy.net, source).report(source))
        if max_steps is None and not checked:
            # Before resuming, so that a run which a trial began is checked as the trial would have been.
            check_teachers(config, run.nets, trainer.strategy.net, run.eval_set, run.shared)
        if first_process:
            write_record(out, record | {"teachers_checked": checked or max_steps is None})
            write_environment(out)
        if first := trainer.resume(changed=resume_changed):
            say(f"resumed at step {first} of {run.steps}" if first_process else "")
        history = trainer.run(run.steps if max_steps is None else min(run.steps, max_steps))
        if first_process:
            with trainer.averaged():
                save_weights(trainer.strategy.net, out / "latest.safetensors", {"step": str(trainer.step)})
    numbers = [row for row in history if config.metric.main_indicator in row]
    return numbers[-1] if numbers else (history[-1] if history else {})


def trained_net(config: Config, weights=None):
    """The net of a configuration that is wanted in the end, on its device, with weights, and what it shares.

    Args:
        config: that was read.
        weights: see zoo.fine_tuning.read_weights; if None, Global.checkpoints, or the best of the run's folder.

    Raises:
        ConfigError, WeightsError: nothing there, or it does not fit.
    """
    start_device(config)
    shared = context(config)
    plain = config.settings.model_copy(update={"pretrained_model": None, "freeze": []})
    main = config.metric.key if config.distillation else "Model"
    part = config.nets[main]
    nets = build_nets(
        Config(
            **{
                **config.__dict__,
                "settings": plain,
                "nets": {main: NetConfig(part.backbone, part.neck, part.head)},
            }
        ),
        shared,
        dry=True,
    )
    source = (
        weights or config.settings.checkpoints or _best_of(config.folder) or config.settings.pretrained_model
    )
    if not source:
        raise WeightsError(f"{config.folder}: no trained weights there, and none given")
    done = load_matching(nets[main], source, prefix=f"{main}.")
    if done.missing or done.misshapen:
        raise WeightsError(f"the weights do not fit the net\n{done.report(source)}")
    nets[main].eval()
    return nets[main], shared


def _best_of(folder: pathlib.Path):
    return next(
        (folder / n for n in ("best.safetensors", "latest.safetensors") if (folder / n).is_file()), None
    )


def evaluate_config(config: Config, weights=None) -> dict[str, float]:
    """Scores of trained weights on the Eval set.

    Args:
        config: that was read.
        weights: see `trained_net`.
    """
    net, shared = trained_net(config, weights)
    return evaluate(config, net, build_dataset(config, config.evaluation, shared, "Eval"), shared)
