"""Enhanced CTC from a configuration: centers of a trained recognizer, and the checks of a center loss (chapter 3.2.3)."""

import sys

import numpy as np
from tqdm import tqdm

from ..losses.enhanced_ctc import CenterTerm
from ..rec.class_centers import classes_without_center
from ..rec.collect_centers import Collected, collect
from .configuration import Config, Context, SetConfig
from .data import build_dataset
from .loss_terms import CenterLossSection
from .problems import ConfigError, Problem, raise_for

SHOWN = 40
"""Maximum number of classes without a center that a message names."""


def check_recognizer(config: Config) -> None:
    """Check that a configuration describes a recognizer, because only recognizers have centers.

    Args:
        config: configuration that was read.

    Raises:
        ConfigError: the configuration has another task.
    """
    if config.task != "rec":
        raise ConfigError(
            f"{config.path}: centers belong to a recognizer, and this configuration is of task {config.task!r}"
        )


def collect_centers(config: Config, net, shared: Context, *, progress: bool = False) -> Collected:
    """Read the training lines of a configuration without augmentation and average the features of each class.

    Args:
        config: configuration of a recognizer.
        net: the trained recognizer, in evaluation mode; see `experiment.trained_net`.
        shared: see `configuration.context`.
        progress: print a progress bar to stderr if that is a terminal.

    Returns: the centers, from the lines that are read correctly.

    Raises:
        ConfigError: the configuration does not describe a recognizer, or no line is read correctly.
        LabelError: lists the invalid entries of the training dataset.
    """
    check_recognizer(config)
    # The transforms of Eval, because those of Train distort the lines at random.
    section = SetConfig(config.train.dataset, config.evaluation.transforms, config.evaluation.loader)
    dataset = build_dataset(config, section, shared, "Train")
    size = section.loader.batch_size_per_card
    starts = range(0, len(dataset), size)

    def batches():
        for start in tqdm(starts, disable=None if progress else True, file=sys.stderr, unit="batch"):
            samples = [dataset.sample(i) for i in range(start, min(start + size, len(dataset)))]
            yield np.stack([sample.image for sample in samples]), [sample.texts[0] for sample in samples]

    found = collect(net, batches(), shared.alphabet)
    if not found.centers:
        reason = f"none of its {found.lines:,} lines was read correctly, so no class has a center; train longer first"
        raise_for(config.path, [Problem(("Train", "dataset"), reason)], config.where)
    return found


def check_center_section(config: Config, section: CenterLossSection, place: tuple, nets: dict) -> None:
    """Check that the number of features of a center loss is that of a single recognizer.

    Args:
        config: configuration that was read.
        section: the center loss.
        place: place of the section in the file.
        nets: networks by name.

    Raises:
        ConfigError: several networks, or another number of features.
    """
    problems = []
    if config.distillation:
        problems.append(Problem(place, f"needs a single network, and Architecture.Models has {list(nets)}"))
    elif (width := nets["Model"].head.feature_channels) != section.feat_dim:
        reason = f"found {section.feat_dim}; the last layer of the network has {width} features"
        problems.append(Problem((*place, "feat_dim"), reason))
    raise_for(config.path, problems, config.where)


def center_warnings(section: CenterLossSection, term: CenterTerm, shared: Context) -> str:
    """Warnings about a center loss that does not fit completely but can be used for training.

    Args:
        section: the center loss.
        term: the term that was built from it.
        shared: see `configuration.context`.

    Returns: one line per warning; an empty text if there are none.
    """
    classes, warnings = shared.alphabet.classes, []
    if section.num_classes != classes:
        warnings.append(f"CenterLoss.num_classes is {section.num_classes}, the dictionary has {classes}")
    missing = classes_without_center(set(np.flatnonzero(term.loss.known.numpy())), shared.alphabet)
    if missing:
        warnings.append(
            f"{section.center_file_path} has no center for {len(missing)} of {classes} classes, whose features are not "
            f"pulled anywhere: {named(missing)}"
        )
    return "\n".join(f"warning: Loss: {warning}" for warning in warnings)


def named(names: list[str]) -> str:
    """Format a list of classes for a message, shortened if it is long.

    Args:
        names: names of classes.

    Returns: the names, at most SHOWN of them.
    """
    more = f" ... and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return " ".join(names[:SHOWN]) + more
