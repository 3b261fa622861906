"""Run a configuration: train it, evaluate trained weights, load the trained network.

config/ reads and builds configurations, and training/ runs them. This module connects the two.
"""

import contextlib
import pathlib
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace

import paddle

from .config.build import build, build_nets, quantize, start_device
from .config.configuration import Config, Context, context
from .config.data import build_dataset
from .config.evaluation import check_teachers, evaluate
from .config.networks import SubNet
from .config.optimizer import build_decay, build_schedule
from .config.problems import ConfigError, Problem, raise_for, say
from .config.record import settle, write_environment, write_record
from .datasets.loader import Dataset, Loader
from .interrupt import say_once
from .quant.calibrate import CalibrationError
from .quant.int8 import convert, save_int8
from .quant.prepare import quantized
from .training import parallel
from .training.ema import EMA
from .training.run_folder import FolderLock
from .training.run_log import TensorBoard
from .training.schedules import Schedule
from .training.tensor_files import WeightsError, save_weights
from .training.trainer import Trainer
from .zoo.fine_tuning import load_matching

SAVE_EVERY = 500
"""Steps between checkpoints if the configuration has no save_batch_step."""


@dataclass
class Run:
    """A run that is ready to start.

    Fields:
        config: configuration that it was built from.
        shared: alphabet, labels and seed.
        nets: networks by name.
        trainer: trainer with strategy, optimizer and data.
        steps: number of steps of the whole run.
        schedule: learning rate of each step.
        loader: loader of the training dataset.
        eval_set: evaluation dataset.
    """

    config: Config
    shared: Context
    nets: dict
    trainer: Trainer
    steps: int
    schedule: Schedule
    loader: Loader
    eval_set: Dataset


def prepare(config: Config, *, dry: bool = False, progress: bool = True) -> Run:
    """Build a run. Nothing is trained, and nothing is written.

    Args:
        config: configuration that was read.
        dry: allow frozen networks without weights, to check the rest of the configuration.
        progress: print notes and a progress bar to stderr.

    Returns: the run.

    Raises:
        ConfigError: the configuration cannot be built; lists all problems, including those of labels and weights.
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
    if config.quant:
        _calibrate(config, built.nets, loader)
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


def _calibrate(config: Config, nets: dict, loader: Loader) -> None:
    """Choose the clipping bounds of all networks that are quantized, from the first training batches."""
    count = min(config.quant.calibration_batches, loader.steps_per_epoch)
    images = [loader.batch_at(number).images for number in range(count)]
    try:
        for net in nets.values():
            if quantized(net):
                config.quant.calibrate(net, images)
    except CalibrationError as error:
        raise_for(config.path, [Problem(("Quant",), str(error))], config.where, error)


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
    """Train a configuration, or resume its run if that was interrupted.

    Args:
        config: configuration that was read.
        max_steps: stop after this number of steps in total, for a short test.
        progress: print a progress bar to stderr.
        fresh: move an existing run in the output folder aside and start a new one.
        resume_changed: resume the existing run although its configuration differs.

    The output folder then contains best.safetensors, latest.safetensors and, with a section Quant, int8.safetensors.

    Returns: the last scores by name, or the last losses if there was no evaluation.

    Raises:
        ConfigError: see `prepare` and `record.settle`; or a teacher of CML that is not better than its student.
        FolderInUseError: another process trains into the same folder.
        TrainingDiverged, Interrupted: see the trainer.
    """
    if fresh and resume_changed:
        raise ConfigError(
            "--fresh starts a new run and --resume-changed resumes the existing one: use only one of them"
        )
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
            # Before resuming: a run that was started with max_steps is checked in the state in which it began.
            check_teachers(config, run.nets, trainer.strategy.net, run.eval_set, run.shared)
        if first_process:
            write_record(out, record | {"teachers_checked": checked or max_steps is None})
            write_environment(out)
        if first := trainer.resume(changed=resume_changed):
            say(_resumed(out, first, run.steps) if first_process else "")
        history = trainer.run(run.steps if max_steps is None else min(run.steps, max_steps))
        if first_process:
            with trainer.averaged():
                save_weights(trainer.strategy.net, out / "latest.safetensors", {"step": str(trainer.step)})
            if config.quant:
                save_int8(trained_net(config, _best_of(out))[0], out / "int8.safetensors")
    numbers = [row for row in history if config.metric.main_indicator in row]
    return numbers[-1] if numbers else (history[-1] if history else {})


def _resumed(out: pathlib.Path, step: int, steps: int) -> str:
    if step < steps:
        return f"resumed at step {step} of {steps}, from {out}; --fresh starts a new run instead"
    return (
        f"the run in {out} is finished, {step} of {steps} steps: there is nothing left to train. A larger "
        "Global.epoch_num continues it; --fresh starts a new run"
    )


def trained_net(config: Config, weights=None) -> tuple[paddle.nn.Layer, Context]:
    """Load the trained network of a configuration, for evaluation or export.

    Args:
        config: configuration that was read.
        weights: weights; see zoo.fine_tuning.read_weights. By default Global.checkpoints, the best weights in the output
            folder, or Global.pretrained_model, whichever comes first.

    Returns: the network in evaluation mode, on the device of the configuration, with integer layers if the configuration has
        a section Quant; and the context with alphabet, labels and seed.

    Raises:
        ConfigError: the configuration cannot be built.
        WeightsError: there are no weights, or they do not fit the network.
    """
    start_device(config)
    shared, settings = context(config), config.settings
    main = config.metric.key if config.distillation else "Model"
    untrained = replace(
        config,
        settings=settings.model_copy(update={"pretrained_model": None, "freeze": []}),
        nets={main: replace(config.nets[main], sub=SubNet())},
    )
    nets = build_nets(untrained, shared, dry=True)
    quantize(untrained, nets)
    net = nets[main]
    source = weights or settings.checkpoints or _best_of(config.folder)
    if not source:
        source, found = settings.pretrained_model, f"{config.folder}: no trained weights there"
        if not source:
            raise WeightsError(f"{found}, and none given")
        say_once(f"{found}; using those of Global.pretrained_model, {source}", file=sys.stderr)
    done = load_matching(net, source, prefix=f"{main}.")
    if done.missing or done.misshapen:
        raise WeightsError(f"the weights do not fit the network\n{done.report(source)}")
    if config.quant:
        convert(net)
    net.eval()
    return net, shared


def _best_of(folder: pathlib.Path) -> pathlib.Path | None:
    names = ("best.safetensors", "latest.safetensors")
    return next((folder / name for name in names if (folder / name).is_file()), None)


def evaluate_config(config: Config, weights=None, *, watching: Callable | None = None) -> dict[str, float]:
    """Score trained weights on the evaluation dataset of a configuration.

    Args:
        config: configuration that was read.
        weights: see `trained_net`.
        watching: function of the dataset and the context that returns a function for `config.evaluation.evaluate` to
            call after every sample, for progress bars and lists of errors.

    Returns: precision, recall and hmean; or acc; or acc and norm_edit_dis.

    Raises:
        ConfigError, WeightsError: see `trained_net`.
    """
    net, shared = trained_net(config, weights)
    dataset = build_dataset(config, config.evaluation, shared, "Eval")
    return evaluate(config, net, dataset, shared, watch=watching and watching(dataset, shared))
