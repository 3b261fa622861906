"""From a configuration to data sets, and whether nets and data go together."""

import paddle

from ..datasets.checks import checked
from ..datasets.loader import TRANSFORMS, Dataset
from ..datasets.sources import ListSource, LmdbSource
from .build import Context
from .configuration import Config, SetConfig
from .yaml_file import Problem, raise_for


def build_transforms(part: SetConfig, shared: Context) -> list:
    """The pipeline of a data set.

    Args:
        part: Train or Eval of a configuration.
        shared: see `context`.
    """
    given = {
        "CTCLabelEncode": {"alphabet": shared.alphabet, "max_text_length": shared.longest},
        "ClsLabelEncode": {"label_list": shared.labels},
    }
    return [TRANSFORMS[name](**{**given.get(name, {}), **arguments}) for name, arguments in part.transforms]


def checked_source(config: Config, part: SetConfig, shared: Context, what: str):
    """The entries of a data set, every one of them checked; see `build_dataset`.

    Args:
        config: that was read.
        part: Train or Eval of it.
        shared: see `context`.
        what: name of the dataset in messages.
    """
    given = part.dataset
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
        labels=shared.labels,
        progress=len(source) > 10_000,
    )


def check_line_heights(config: Config, nets: dict[str, paddle.nn.Layer]) -> None:
    """Try recognisers on a line of each height that the transforms make.

    Args:
        config: that was read.
        nets: of `build_nets`.

    Raises:
        ConfigError: lines from which more than one row of features is left.
    """
    problems, main = [], next(iter(nets.values()))
    for key, part in (("Train", config.train), ("Eval", config.evaluation)):
        for number, (name, arguments) in enumerate(part.transforms):
            if name not in ("RecResizeImg", "ClsResizeImg"):
                continue
            main.eval()
            try:
                with paddle.no_grad():
                    main(paddle.zeros([1, 3, arguments["image_shape"][1], 64]))
            except (ValueError, RuntimeError) as error:
                place = (key, "dataset", "transforms", number, name, "image_shape")
                reason = (
                    f"found {arguments['image_shape']}: the net does not take lines of this height: {error}"
                )
                problems.append(Problem(place, reason.splitlines()[0][:300]))
            main.train()
    raise_for(config.path, problems, config.line)


def build_dataset(config: Config, part: SetConfig, shared: Context, what: str) -> Dataset:
    """A data set whose every entry was checked.

    Args:
        config: that was read.
        part: Train or Eval of it.
        shared: see `context`.
        what: the set's name in messages.

    Raises:
        LabelError: names the bad entries.
    """
    source = checked_source(config, part, shared, what)
    return Dataset(source, build_transforms(part, shared), seed=shared.seed)
