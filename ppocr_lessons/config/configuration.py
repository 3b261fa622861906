"""A configuration that passed all checks: typed sections, ready to be built."""

import pathlib
from dataclasses import dataclass, field
from typing import NamedTuple

from ..cls.labels import DIRECTIONS
from ..rec.alphabet import Alphabet
from .find import find_dictionary
from .networks import NetConfig
from .optimizer import LearningRate, Optimizer, Regularizer
from .problems import Problem, raise_for
from .quantization import QuantSection
from .schema import DatasetSection, Global, LoaderSection, MetricSection, Section, ordinary
from .yaml_file import Origin, YamlFile, origin

DIGITS_AND_LETTERS = "0123456789abcdefghijklmnopqrstuvwxyz"
"""Characters of a recognizer whose configuration names no dictionary, as in PaddleOCR."""

DEFAULT_SEED = 1024


@dataclass
class SetConfig:
    """Section Train or Eval.

    Fields:
        dataset: location of the samples.
        transforms: transforms of each sample, as (name, arguments).
        loader: settings of the batches; None if that part of the file has errors.
    """

    dataset: DatasetSection
    transforms: list[tuple[str, dict]]
    loader: LoaderSection | None


@dataclass
class Config:
    """A configuration file after validation.

    Fields:
        path: path of the file.
        values: content of the file with the overrides, as plain values.
        task: "det", "cls" or "rec".
        settings: section Global.
        nets: networks by name; a single one is called "Model".
        losses: the loss, or the terms of CombinedLoss, by name.
        optimizer, lr, regularizer: section Optimizer and its parts.
        quant: section Quant; None trains in floating point.
        postprocess: section PostProcess.
        metric: section Metric.
        train: section Train.
        evaluation: section Eval.
        distillation: whether the file describes several networks.
        notes: sentences about keys that have an effect in PaddleOCR and none here.
        file: the parsed file, which knows the lines of its values.
    """

    path: str
    values: dict
    task: str = ""
    settings: Global | None = None
    nets: dict[str, NetConfig] = field(default_factory=dict)
    losses: list[tuple[str, Section]] = field(default_factory=list)
    optimizer: Optimizer | None = None
    lr: LearningRate | None = None
    regularizer: Regularizer | None = None
    quant: QuantSection | None = None
    postprocess: Section | None = None
    metric: MetricSection | None = None
    train: SetConfig | None = None
    evaluation: SetConfig | None = None
    distillation: bool = False
    notes: list[str] = field(default_factory=list)
    file: YamlFile | None = None

    @property
    def folder(self) -> pathlib.Path:
        """Folder that a run writes to."""
        return pathlib.Path(self.settings.save_model_dir)

    def where(self, place: tuple) -> str:
        """Line of a value in the file, for messages.

        Args:
            place: keys and list indices, from the top of the file.

        Returns: for example "line 12", or "overrides line 12" for a value of an override; empty if there is no line.
        """
        line = self.file.line(place) if self.file else None
        if self.file is None or line is None:
            return ""
        lines = {Origin.file: f"line {line}", Origin.replaced: f"overrides line {line}", Origin.added: ""}
        return lines[origin(self.file.values, self.values, place)]


class Context(NamedTuple):
    """Values of section Global that several parts of a run need.

    Fields:
        alphabet: alphabet of a recognizer; None for the other tasks.
        labels: class names of a classifier.
        longest: maximum number of characters of a text.
        seed: seed of the run.
    """

    alphabet: Alphabet | None
    labels: list[str]
    longest: int
    seed: int


def context(config: Config) -> Context:
    """Read the dictionary and collect the values that several parts of a run need.

    Args:
        config: configuration that was read.

    Returns: the values.

    Raises:
        ConfigError: the dictionary cannot be used; names the file.
    """
    settings, alphabet = config.settings, None
    if config.task == "rec":
        path = settings.character_dict_path
        try:
            if path is None:
                # PaddleOCR adds the space only to dictionaries: 36 characters and the blank, whatever use_space_char says.
                alphabet = Alphabet(DIGITS_AND_LETTERS, use_space=False, lower=True)
            else:
                found = ordinary(find_dictionary(path))
                alphabet = Alphabet.from_file(found, use_space=settings.use_space_char)
        except (ValueError, OSError) as error:
            raise_for(
                config.path, [Problem(("Global", "character_dict_path"), str(error))], config.where, error
            )
    seed = DEFAULT_SEED if settings.seed is None else settings.seed
    return Context(alphabet, settings.label_list or list(DIRECTIONS), settings.max_text_length, seed)
