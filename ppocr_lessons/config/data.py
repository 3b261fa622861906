"""Sections Train and Eval: validate dataset, transforms and loader, and build the datasets."""

import inspect

import paddle
import pydantic

from ..datasets.checks import checked
from ..datasets.loader import TRANSFORMS, Dataset
from ..datasets.sources import ListSource, LmdbSource
from . import schema
from .compat import DEFAULTS, UNREAD, fraction, name_of
from .configuration import Config, Context, SetConfig
from .pipeline import check_pipeline
from .problems import Checker, Problem, raise_for

SIZES = ("size", "image_shape", "limit_side_len", "resize_long")
"""Arguments of transforms that are side lengths of images in pixels."""

LONGEST_SIDE = 10_000
LARGEST = 1_000_000
"""Largest number in a transform, so that a typing error is reported immediately instead of exhausting the memory."""

STAND_INS = {"alphabet": None, "max_text_length": 25, "label_list": ["0", "180"]}
"""Arguments of transforms that come from section Global if the transform does not have them; used only for validation."""


def read_set(checker: Checker, config: Config, key: str) -> SetConfig | None:
    """Validate section Train or Eval.

    Args:
        checker: collects the problems.
        config: configuration whose task is known.
        key: "Train" or "Eval".

    Returns: the section; None if its dataset is invalid.
    """
    values = checker.named_values(checker.values.get(key), (key,))
    if not values:
        return None
    for other in values.keys() - {"dataset", "loader"}:
        checker.problem((key, other), "unknown key; known here are ['dataset', 'loader']")
    place = (key, "dataset")
    given = checker.named_values(values.get("dataset"), place)
    transforms = (
        _transforms(checker, config, given.get("transforms"), (*place, "transforms"), key) if given else []
    )
    own = {k: v for k, v in given.items() if k != "transforms"}
    own["name"] = name_of(own.get("name"))
    dataset = checker.validate(schema.DatasetSection, own, place, ("dataset",), rest=True) if given else None
    if dataset and dataset.name == "SimpleDataSet" and not dataset.label_file_list:
        checker.problem((*place, "label_file_list"), "missing")
    if dataset and isinstance(dataset.ratio_list, list):
        files = dataset.label_file_list if isinstance(dataset.label_file_list, list) else [0]
        if len(dataset.ratio_list) != len(files):
            counts = f"{len(dataset.ratio_list)} ratios for {len(files)} label files"
            checker.problem((*place, "ratio_list"), f"found {counts}; one each is needed")
    loader = checker.named_values(values.get("loader"), (key, "loader"))
    section = checker.validate(schema.LoaderSection, loader, (key, "loader"), ("loader",)) if loader else None
    return SetConfig(dataset, transforms, section) if dataset else None


def _transforms(checker: Checker, config: Config, entries, place: tuple, key: str) -> list[tuple[str, dict]]:
    if not isinstance(entries, list) or not entries:
        checker.problem(place, "missing" if entries is None else f"found {entries!r:.60}; a list is needed")
        return []
    found, decoded, before = [], False, len(checker.problems)
    for number, entry in enumerate(entries):
        here = (*place, number)
        if isinstance(entry, str):
            entry = {entry: None}
        if not isinstance(entry, dict) or len(entry) != 1 or next(iter(entry)) not in TRANSFORMS:
            checker.problem(here, f"found {entry!r:.60}; known transforms are {sorted(TRANSFORMS)}")
            continue
        ((name, given),) = entry.items()
        arguments = _arguments(checker, name, given, (*here, name))
        if arguments is not None:
            found.append((name, arguments))
        decoded |= name == "DecodeImage"
        if not decoded:
            checker.problem(here, f"{name} must not come before DecodeImage")
    if len(checker.problems) == before:
        check_pipeline(checker, config.task, key, found, place)
    return found


def _moderate(checker: Checker, given: dict, place: tuple) -> bool:
    """Check that all numbers of a transform are finite and within bounds; any other number becomes a problem."""
    before = len(checker.problems)
    for key, value in given.items():
        lowest, highest = (1, LONGEST_SIDE) if key in SIZES else (-LARGEST, LARGEST)
        for number in _numbers(value):
            if not lowest <= number <= highest:
                checker.problem((*place, key), f"found {number!r:.60}; {lowest} to {highest} is possible")
    return len(checker.problems) == before


def _numbers(value):
    if isinstance(value, (dict, list)):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _numbers(inner)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield value


def _arguments(checker: Checker, name: str, given, place: tuple) -> dict | None:
    """Arguments of a transform, checked by its constructor; None if they are invalid, which becomes a problem."""
    given = checker.effective((name,), checker.named_values(given, place, needed=False), place)
    given = {**DEFAULTS.get(name, {}), **given}
    if not _moderate(checker, given, place):
        return None
    if name == "KeepKeys" and isinstance(given.get("keep_keys"), list):
        given["keep_keys"] = [
            key for key in given["keep_keys"] if not isinstance(key, str) or key not in UNREAD
        ]
    if "scale" in given:
        given["scale"] = fraction(given["scale"])
    parameters = inspect.signature(TRANSFORMS[name]).parameters
    fields = {}
    for key, parameter in parameters.items():
        if key == "alphabet":  # comes from section Global only
            continue
        default = ... if parameter.default is inspect.Parameter.empty else parameter.default
        if key in STAND_INS and key not in given:
            continue
        fields[key] = (parameter.annotation, default)
    model = pydantic.create_model(name, __config__=schema.Section.model_config, **fields)
    section = checker.validate(model, given, place, (name,))
    if section is None:
        return None
    arguments = {key: getattr(section, key) for key in given}
    try:
        TRANSFORMS[name](
            **arguments, **{k: v for k, v in STAND_INS.items() if k in parameters and k not in arguments}
        )
    except ValueError as error:
        checker.problem(place, str(error))
        return None
    return arguments


def build_transforms(section: SetConfig, shared: Context) -> list:
    """Build the transforms of a dataset.

    Args:
        section: section Train or Eval.
        shared: see `configuration.context`.

    Returns: the transforms in their order.
    """
    given = {
        "CTCLabelEncode": {"alphabet": shared.alphabet, "max_text_length": shared.longest},
        "ClsLabelEncode": {"label_list": shared.labels},
    }
    return [
        TRANSFORMS[name](**{**given.get(name, {}), **arguments}) for name, arguments in section.transforms
    ]


def checked_source(
    config: Config, section: SetConfig, shared: Context, what: str, *, steps: int | None = None
):
    """Read the entries of a dataset and check every one of them.

    Args:
        config: configuration that was read.
        section: section Train or Eval.
        shared: see `configuration.context`.
        what: name of the dataset in messages.
        steps: number of time steps of the recognizers for a line of this dataset; None if it is not known.

    Returns: the entries that can be used.

    Raises:
        LabelError: lists the invalid entries.
    """
    given = section.dataset
    if given.name == "LMDBDataSet":
        source = LmdbSource(given.data_dir)
    else:
        ratios = given.ratio_list
        ratios = ratios if isinstance(ratios, list) or ratios is None else float(ratios)
        files = given.label_file_list
        if isinstance(ratios, list) and isinstance(files, str):
            files = [files]
        source = ListSource(
            given.data_dir,
            files,
            ratios=ratios,
            seed=shared.seed,
            delimiter=given.delimiter,
            allow_outside=given.allow_outside,
        )
    return checked(
        source,
        config.task,
        what=what,
        on_bad=given.on_bad,
        alphabet=shared.alphabet,
        longest=shared.longest,
        steps=steps,
        labels=shared.labels,
        progress=len(source) > 10_000,
    )


def time_steps(config: Config, nets: dict[str, paddle.nn.Layer]) -> dict[str, int]:
    """Run the recognizers on an empty line of the size that the transforms produce, and count the time steps.

    Args:
        config: configuration of recognizers that was read.
        nets: networks from `build.build_nets`.

    Returns: the smallest number of time steps of all networks, by name of the section, "Train" and "Eval".

    Raises:
        ConfigError: a network does not accept lines of this size.
    """
    problems, found = [], {}
    for key, section in (("Train", config.train), ("Eval", config.evaluation)):
        for number, (name, arguments) in enumerate(section.transforms if section else ()):
            if name not in ("RecResizeImg", "ClsResizeImg"):
                continue
            try:
                found[key] = min(_steps_of(net, arguments["image_shape"]) for net in nets.values())
            except (ValueError, RuntimeError) as error:
                place = (key, "dataset", "transforms", number, name, "image_shape")
                reason = f"found {arguments['image_shape']}: the network does not accept lines of this height and width: {error}"
                problems.append(Problem(place, reason.splitlines()[0][:300]))
    raise_for(config.path, problems, config.where)
    return found


@paddle.no_grad()
def _steps_of(net, image_shape) -> int:
    was_training = net.training
    net.eval()
    try:
        return net(paddle.zeros([1, *image_shape]))[0].shape[1]
    finally:
        net.train() if was_training else net.eval()


def build_dataset(
    config: Config, section: SetConfig, shared: Context, what: str, *, steps: int | None = None
) -> Dataset:
    """Build a dataset and check every entry of it.

    Args:
        config: configuration that was read.
        section: section Train or Eval.
        shared: see `configuration.context`.
        what: name of the dataset in messages.
        steps: see `checked_source`.

    Returns: the dataset.

    Raises:
        LabelError: lists the invalid entries.
    """
    source = checked_source(config, section, shared, what, steps=steps)
    return Dataset(source, build_transforms(section, shared), seed=shared.seed)
