"""From a configuration to nets and losses."""

import pathlib
import sys
from typing import NamedTuple

import paddle

from ..backbones.mobilenet_v3 import DetMobileNetV3, RecMobileNetV3
from ..backbones.pp_lcnet import PPLCNet
from ..backbones.resnet_vd import ResNetVd
from ..cls.direction import DIRECTIONS, DirectionClassifier, PlainCrossEntropy
from ..det.db_loss import DBLoss, PlainDB
from ..det.dbnet import DBNet
from ..distill.cml import DBTerm, DilatedTerm
from ..distill.dml import DMLTerm
from ..distill.udml import CTCTerm, DistanceTerm
from ..losses.center_loss import CenterLoss
from ..losses.combined import Combined, Weighted
from ..losses.enhanced_ctc import CenterTerm
from ..rec.crnn import CRNN
from ..rec.ctc import Alphabet, PlainCTC
from ..zoo.fine_tuning import freeze, load_matching
from ..zoo.pretrained import read_centers
from . import schema
from .parts import Config, NetConfig
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


def ordinary(path) -> str:
    """A path as it is, if it is not of a device or a pipe, which would be read without end.

    Args:
        path: of a file that the configuration names.

    Raises:
        ValueError: it is.
    """
    found = pathlib.Path(path)
    if found.exists() and not found.is_file() and not found.is_dir():
        raise ValueError(f"{path}: not an ordinary file")
    return str(path)


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


def build_net(part: NetConfig, task: str, classes: int) -> paddle.nn.Layer:
    """A net, untrained.

    Args:
        part: of the configuration.
        task: "det", "cls" or "rec".
        classes: of a recogniser, the blank among them.

    Raises:
        ValueError: sizes that a layer does not take.
    """
    backbone, head = _backbone(part.backbone, task), part.head
    if task == "det":
        return DBNet(backbone, fpn_channels=part.neck.out_channels, k=head.k)
    if task == "cls":
        return DirectionClassifier(backbone, head.class_dim)
    return CRNN(
        backbone,
        classes,
        hidden_size=part.neck.hidden_size,
        mid_channels=head.mid_channels,
        fc_decay=head.fc_decay,
    )


def _backbone(part, task):
    if isinstance(part, schema.DetMobileNetV3Part):
        return DetMobileNetV3(part.model_name, part.scale, disable_se=part.disable_se)
    if isinstance(part, schema.RecMobileNetV3Part):
        strides = part.small_stride if part.model_name == "small" else part.large_stride
        return RecMobileNetV3(part.model_name, part.scale, strides=tuple(strides), disable_se=part.disable_se)
    if isinstance(part, schema.PPLCNetPart):
        return PPLCNet(part.scale)
    return ResNetVd(part.layers, task=task)


def build_nets(
    config: Config, shared: Context, *, dry: bool = False, report: bool = True
) -> dict[str, paddle.nn.Layer]:
    """All nets of a configuration by name, with the weights that it names.

    Args:
        config: that was read.
        shared: see `context`.
        dry: let a frozen net do without weights, to try the rest.
        report: say on stderr what was not loaded and what was frozen.

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
    for key, change in (("pretrained_model", _start), ("freeze", _freeze)):
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


def _freeze(name, net, prefixes, report) -> None:
    frozen = freeze(net, prefixes)
    say(f"{name}: {len(frozen)} parameters are frozen" if report else "")


def _db_loss(part) -> DBLoss:
    kind = {"DiceLoss": "dice", "BCELoss": "bce"}[part.main_loss_type]
    return DBLoss(
        alpha=part.alpha,
        beta=part.beta,
        main_loss=kind,
        balance=part.balance_loss,
        ohem_ratio=part.ohem_ratio,
    )


def build_strategy(config: Config, nets: dict[str, paddle.nn.Layer], shared: Context):
    """The nets with their loss, as the trainer takes them.

    Args:
        config: that was read.
        nets: of `build_nets`.
        shared: see `context`.

    Raises:
        ConfigError: centres that do not fit.
    """
    first, part = config.losses[0]
    if first == "DBLoss":
        return PlainDB(nets["Model"], _db_loss(part))
    if first == "ClsLoss":
        return PlainCrossEntropy(nets["Model"])
    if first == "CTCLoss" and len(config.losses) == 1:
        return PlainCTC(nets["Model"])
    terms = [Weighted(part.weight, _term(config, name, part, nets, shared)) for name, part in config.losses]
    frozen = [name for name, net in config.nets.items() if net.sub.freeze_params]
    main = config.metric.key if config.distillation else "Model"
    return Combined(nets, terms, main=main, frozen=frozen)


def _term(config, name, part, nets, shared):
    if name == "DistillationDBLoss":
        return DBTerm(part.model_name_list, _db_loss(part))
    if name == "DistillationDilaDBLoss":
        return DilatedTerm(part.model_name_pairs, _db_loss(part))
    if name == "DistillationDMLLoss":
        return DMLTerm(part.model_name_pairs, act=part.act, use_log=part.use_log)
    if name == "DistillationCTCLoss":
        return CTCTerm(part.model_name_list)
    if name == "DistillationDistanceLoss":
        return DistanceTerm(part.model_name_pairs, mode=part.mode)
    if name == "CTCLoss":
        return CTCTerm(["Model"])
    width, classes = part.feat_dim, shared.alphabet.classes
    centers = None
    try:
        if part.center_file_path:
            centers = read_centers(ordinary(part.center_file_path), classes, width)
        if part.num_classes != classes:
            say(f"warning: Loss: CenterLoss.num_classes is {part.num_classes}, the dictionary has {classes}")
        return CenterTerm("Model", CenterLoss(classes, width, centers=centers))
    except ValueError as error:
        place = ("Loss", "loss_config_list", [name for name, _ in config.losses].index(name), name)
        problem = Problem((*place, "center_file_path"), str(error))
        raise_for(config.path, [problem], config.line, error)


def output_folder(config: Config) -> pathlib.Path:
    """Where a run writes.

    Args:
        config: that was read.
    """
    return pathlib.Path(config.settings.save_model_dir)
