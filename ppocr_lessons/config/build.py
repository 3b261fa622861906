"""From a configuration to nets and losses."""

import pathlib
import sys
from typing import NamedTuple

import paddle

from ..cls.direction import DIRECTIONS
from ..losses.combined import Weighted
from ..prune.fpgm import prune
from ..rec.alphabet import Alphabet
from ..zoo.fine_tuning import freeze, load_matching
from .configuration import Config
from .losses import CenterLossPart, TermPart, combine
from .networks import build_net
from .schema import ordinary
from .yaml_file import Problem, dotted, raise_for

DIGITS_AND_LETTERS = "0123456789abcdefghijklmnopqrstuvwxyz"
"""The alphabet of a recogniser whose configuration names no dictionary, as in PaddleOCR."""

DEFAULT_SEED = 1024


class Context(NamedTuple):
    """What the parts of a configuration share: `alphabet` (None but for rec), `labels`, `longest`, `seed`."""

    alphabet: Alphabet | None
    labels: list[str]
    longest: int
    seed: int


def say(message: str) -> None:
    """A line on stderr, if there is anything to say.

    Args:
        message: of one or more lines; nothing is printed if it is empty.
    """
    if message:
        print(message, file=sys.stderr)


def context(config: Config) -> Context:
    """Read the dictionary and the like.

    Args:
        config: that was read.

    Raises:
        ConfigError: a dictionary that cannot be used; names the file.
    """
    settings, alphabet = config.settings, None
    if config.task == "rec":
        path = settings.character_dict_path
        try:
            if path is None:
                # PaddleOCR adds the space to dictionaries alone: 36 characters and the blank, whatever the file says.
                alphabet = Alphabet(DIGITS_AND_LETTERS, use_space=False, lower=True)
            else:
                alphabet = Alphabet.from_file(ordinary(path), use_space=settings.use_space_char)
        except (ValueError, OSError) as error:
            raise_for(
                config.path, [Problem(("Global", "character_dict_path"), str(error))], config.line, error
            )
    seed = DEFAULT_SEED if settings.seed is None else settings.seed
    return Context(alphabet, settings.label_list or list(DIRECTIONS), settings.max_text_length, seed)


def build_nets(
    config: Config, shared: Context, *, dry: bool = False, report: bool = True
) -> dict[str, paddle.nn.Layer]:
    """All nets of a configuration by name, with the weights that it names.

    Args:
        config: that was read.
        shared: see `context`.
        dry: let a frozen net do without weights, to try the rest.
        report: say on stderr what was not loaded.

    Raises:
        ConfigError: sizes that do not go together, weights that do not fit, a frozen net without weights, or
            something to freeze that is not there.
    """
    nets, problems = {}, []
    classes = shared.alphabet.classes if shared.alphabet else 0
    for name, part in config.nets.items():
        place = ("Architecture", "Models", name) if config.distillation else ("Architecture",)
        try:
            nets[name] = build_net(part, config.task, classes)
            if part.sub.pretrained:
                place = (*place, "pretrained")
                done = load_matching(nets[name], ordinary(part.sub.pretrained)).report(part.sub.pretrained)
                say(done if report else "")
            elif part.sub.freeze_params:
                reason = "freeze_params is true and pretrained is empty: it would teach noise"
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
    raise_for(config.path, problems, config.line)
    return nets


def _start(name, net, path, report) -> None:
    done = load_matching(net, ordinary(path), prefix=f"{name}.").report(path)
    say(done if report else "")


def _prune(name, net, ratios, report) -> None:
    removed = prune(net, ratios, multiple=8)
    say(f"{name}: {sum(map(len, removed.values()))} filters are removed" if report else "")


def _freeze(name, net, prefixes, report) -> None:
    say(f"{name}: {len(freeze(net, prefixes))} parameters are frozen")


def build_strategy(config: Config, nets: dict[str, paddle.nn.Layer], shared: Context):
    """The training strategy of a configuration: networks and loss.

    Args:
        config: configuration that was read.
        nets: networks of `build_nets`.
        shared: see `context`.

    Returns: the strategy, as the trainer takes it.

    Raises:
        ConfigError: a file of centers that does not fit.
    """
    name, part = config.losses[0]
    if not isinstance(part, TermPart):
        return part.strategy(nets["Model"])
    classes, terms = shared.alphabet.classes if shared.alphabet else 0, []
    for number, (name, part) in enumerate(config.losses):
        if isinstance(part, CenterLossPart) and part.num_classes != classes:
            say(f"warning: Loss: CenterLoss.num_classes is {part.num_classes}, the dictionary has {classes}")
        try:
            terms.append(Weighted(part.weight, part.term(classes)))
        except ValueError as error:
            problem = Problem(("Loss", "loss_config_list", number, name, "center_file_path"), str(error))
            raise_for(config.path, [problem], config.line, error)
    frozen = [name for name, net in config.nets.items() if net.sub.freeze_params]
    main = config.metric.key if config.distillation else "Model"
    return combine(config.task, nets, terms, main=main, frozen=frozen)


def output_folder(config: Config) -> pathlib.Path:
    """Where a run writes.

    Args:
        config: that was read.
    """
    return pathlib.Path(config.settings.save_model_dir)
