"""A configuration that passed all checks: typed sections, ready to be built."""

from dataclasses import dataclass, field

from .networks import NetConfig
from .optimizer import LearningRate, Optimizer, Regularizer
from .schema import DatasetPart, Global, LoaderPart, MetricPart, Part
from .yaml_file import YamlFile


@dataclass
class SetConfig:
    """Section Train or Eval.

    Fields:
        dataset: where the samples are.
        transforms: transforms of each sample, as (name, arguments).
        loader: how batches are made; None if that part of the file has errors.
    """

    dataset: DatasetPart
    transforms: list[tuple[str, dict]]
    loader: LoaderPart | None


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
    losses: list[tuple[str, Part]] = field(default_factory=list)
    optimizer: Optimizer | None = None
    lr: LearningRate | None = None
    regularizer: Regularizer | None = None
    postprocess: Part | None = None
    metric: MetricPart | None = None
    train: SetConfig | None = None
    evaluation: SetConfig | None = None
    distillation: bool = False
    notes: list[str] = field(default_factory=list)
    file: YamlFile | None = None

    def line(self, place: tuple) -> int | None:
        """Line of a value in the file.

        Args:
            place: keys and list indices, from the top of the file.

        Returns: number of the line, or None for a value that comes from an override.
        """
        return self.file.line(place) if self.file else None
