"""Build everything that a training run needs from a configuration."""

import functools
from dataclasses import replace
from typing import NamedTuple

import paddle

from ..datasets.loader import Dataset
from ..deploy.teacher import fast_teacher
from ..losses.combined import Combined, Weighted
from ..losses.objective import TrainingStrategy
from ..prune.fpgm import prune
from ..training import parallel
from ..zoo.fine_tuning import freeze, load_matching
from .centers import center_warnings, check_center_section
from .configuration import Config, Context, context
from .data import build_dataset, checked_source, time_steps
from .loss_terms import CenterLossSection, TermSection
from .losses import combine
from .networks import build_net
from .optimizer import build_optimizer
from .problems import Problem, Trial, dotted, raise_for, say
from .schema import Global, ordinary


class Built(NamedTuple):
    """Result of `build`.

    Fields:
        shared: alphabet, labels and seed.
        nets: networks by name.
        strategy: training strategy for the trainer: networks and loss.
        optimizer: optimizer of all networks that are trained.
        train_set: dataset of section Train.
        eval_set: dataset of section Eval.
    """

    shared: Context
    nets: dict[str, paddle.nn.Layer]
    strategy: TrainingStrategy
    optimizer: paddle.optimizer.Optimizer
    train_set: Dataset
    eval_set: Dataset


def start_device(config: Config) -> str:
    """Choose the device that a configuration names, and connect to the other processes of the run.

    Args:
        config: configuration that was read.

    Returns: name of the device.

    Raises:
        ConfigError: unknown device, or a GPU is requested and there is none.
    """
    settings = config.settings
    try:
        return parallel.start(settings.device if settings.use_gpu is not False else "cpu")
    except ValueError as error:
        raise_for(config.path, [Problem(("Global", "device"), str(error))], config.where, error)


def cpu_note(settings: Global, device: str | None) -> list[str]:
    """Note for a configuration that requests a GPU when the run is on the CPU.

    Args:
        settings: section Global.
        device: device that was chosen.

    Returns: list with one sentence, or an empty list.
    """
    if settings.use_gpu and device == "cpu":
        return ["Global.use_gpu is true, but Paddle sees no GPU here: this run is on the CPU"]
    return []


def build_nets(
    config: Config, shared: Context, *, dry: bool = False, report: bool = True
) -> dict[str, paddle.nn.Layer]:
    """Build all networks of a configuration and load the weights that it names.

    Args:
        config: configuration that was read.
        shared: see `configuration.context`.
        dry: allow frozen networks without weights, to check the rest of the configuration.
        report: print to stderr which weights were not loaded and how many parameters are frozen.

    Returns: networks by name.

    Raises:
        ConfigError: sizes that layers do not accept, weights that do not fit, a frozen network without weights, or names
            in prune or freeze that do not exist.
    """
    nets, problems = {}, []
    classes = shared.alphabet.classes if shared.alphabet else 0
    for name, section in config.nets.items():
        place = ("Architecture", "Models", name) if config.distillation else ("Architecture",)
        try:
            nets[name] = build_net(section, config.task, classes)
            if section.sub.pretrained:
                place = (*place, "pretrained")
                done = load_matching(nets[name], ordinary(section.sub.pretrained)).report(
                    section.sub.pretrained
                )
                say(done if report else "")
            elif section.sub.freeze_params:
                reason = "freeze_params is true and pretrained is empty: an untrained network cannot teach"
                if not dry:
                    raise ValueError(reason)
                say(f"warning: {dotted(place)}: {reason}")
        except (ValueError, OSError) as error:
            problems.append(Problem(place, str(error)))
    for key, change in (("pretrained_model", _start), ("prune", _prune), ("freeze", _freeze)):
        value = getattr(config.settings, key)
        try:
            for name, net in nets.items() if value else ():
                change(name, net, value, report)
        except (ValueError, OSError) as error:
            problems.append(Problem(("Global", key), str(error)))
    raise_for(config.path, problems, config.where)
    return nets


def quantize(config: Config, nets: dict[str, paddle.nn.Layer]) -> None:
    """Prepare all networks that are trained for quantization, if the configuration has a section Quant.

    Args:
        config: configuration that was read.
        nets: networks from `build_nets`, changed in place.

    Raises:
        ConfigError: the section names layers that a network does not have, or there is nothing to quantize.
    """
    for name, net in nets.items() if config.quant else ():
        if not config.nets[name].sub.freeze_params:
            try:
                config.quant.prepare(net)
            except ValueError as error:
                raise_for(config.path, [Problem(("Quant",), str(error))], config.where, error)


def _start(name, net, path, report) -> None:
    done = load_matching(net, ordinary(path), prefix=f"{name}.").report(path)
    say(done if report else "")


def _prune(name, net, ratios, report) -> None:
    removed = prune(net, ratios, multiple=8)
    say(f"{name}: {sum(map(len, removed.values()))} filters removed" if report else "")


def _freeze(name, net, prefixes, report) -> None:
    frozen = freeze(net, prefixes)
    say(f"{name}: {len(frozen)} parameters are frozen" if report else "")


def build_strategy(config: Config, nets: dict[str, paddle.nn.Layer], shared: Context):
    """Build the training strategy of a configuration: networks and loss.

    Args:
        config: configuration that was read.
        nets: networks from `build_nets`.
        shared: see `configuration.context`.

    Returns: the strategy for the trainer.

    Raises:
        ConfigError: a center loss whose sizes or file of centers do not fit the network.
    """
    name, section = config.losses[0]
    if not isinstance(section, TermSection):
        return section.strategy(nets["Model"])
    classes, terms = shared.alphabet.classes if shared.alphabet else 0, []
    for number, (name, section) in enumerate(config.losses):
        place = ("Loss", "loss_config_list", number, name)
        if isinstance(section, CenterLossSection):
            check_center_section(config, section, place, nets)
        try:
            term = section.term(classes)
        except ValueError as error:
            problem = Problem((*place, "center_file_path"), str(error))
            raise_for(config.path, [problem], config.where, error)
        if isinstance(section, CenterLossSection):
            say(center_warnings(section, term, shared))
        terms.append(Weighted(section.weight, term))
    frozen = [name for name, net in config.nets.items() if net.sub.freeze_params]
    main = config.metric.key if config.distillation else "Model"
    return combine(config.task, nets, terms, main=main, frozen=frozen)


def _steps(config: Config, nets, trial: Trial) -> dict[str, int]:
    """Time steps of the recognizers by section; empty for other networks and for those that cannot be built."""
    if config.task != "rec" or not nets:
        return {}
    return trial.of(("Train", "dataset"), lambda: time_steps(config, nets)) or {}


def build(config: Config, *, dry: bool = False, report: bool = True) -> Built:
    """Build everything that a configuration names.

    Args:
        config: configuration that was read.
        dry: allow frozen networks without weights, to check the rest of the configuration.
        report: print notes, and the weights that were not loaded, to stderr.

    Returns: networks, strategy, optimizer and datasets.

    Raises:
        ConfigError: lists all problems: device, dictionary, networks, weights, loss and datasets.
    """
    trial = Trial(config.path, config.where)
    device = trial.of(("Global", "device"), lambda: start_device(config))
    if report and parallel.world()[0] == 0:
        say("\n".join(f"note: {note}" for note in [*config.notes, *cpu_note(config.settings, device)]))
    shared = trial.of(("Global",), lambda: context(config))
    if shared is None:
        trial.finish()
    paddle.seed(shared.seed)
    with paddle.utils.unique_name.guard():
        nets = trial.of(("Architecture",), lambda: build_nets(config, shared, dry=dry, report=report))
        steps = _steps(config, nets, trial)
        if nets:
            trial.of(("Quant",), lambda: quantize(config, nets))
            strategy = trial.of(("Loss",), lambda: build_strategy(config, nets, shared))
        train_set, eval_set = (
            trial.of(
                (key, "dataset"),
                functools.partial(build_dataset, config, section, shared, key, steps=steps.get(key)),
            )
            for key, section in (("Train", config.train), ("Eval", config.evaluation))
        )
        trial.finish()
        if parallel.shares_batch_norms():
            parallel.synchronize_batch_norms(strategy.trained)
        if isinstance(strategy, Combined) and config.task == "det" and device == "cpu":
            for name in strategy.frozen:
                # In a dry run a teacher without weights is not exported.
                if config.nets[name].sub.pretrained or not dry:
                    strategy.shortcuts[name] = fast_teacher(nets[name])
        optimizer = build_optimizer(config, strategy.trained)
    return Built(shared, nets, strategy, optimizer, train_set, eval_set)


def problems_of_files(config: Config) -> list[Problem]:
    """Find problems of weights, dictionary and labels in a configuration with invalid sections.

    Args:
        config: configuration with the sections that are valid.

    Returns: problems that occur when the valid sections are built.
    """
    task = config.task
    nets = {
        name: net
        for name, net in config.nets.items()
        if net.backbone and net.head and (net.neck or task == "cls")
    }
    config = replace(config, settings=config.settings or Global(), nets=nets)
    trial = Trial(config.path, config.where)
    shared = trial.of(("Global",), lambda: context(config))
    if shared and task:
        built = trial.of(("Architecture",), lambda: build_nets(config, shared, dry=True, report=False))
        steps = _steps(config, built, trial)
        for key, section in (("Train", config.train), ("Eval", config.evaluation)):
            if section and (section.dataset.label_file_list or section.dataset.name == "LMDBDataSet"):
                trial.of(
                    (key, "dataset"),
                    functools.partial(checked_source, config, section, shared, key, steps=steps.get(key)),
                )
    return trial.problems
