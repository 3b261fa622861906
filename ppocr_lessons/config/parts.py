"""A configuration that passed: typed parts, ready to be built."""

from dataclasses import dataclass, field

from . import optimizer_schema, schema
from .yaml_file import YamlFile


@dataclass
class NetConfig:
    """One net: its task and the parts of schema.py, and what distillation says of it."""

    backbone: schema.Part | None = None
    neck: schema.Part | None = None
    head: schema.Part | None = None
    sub: schema.SubNet = field(default_factory=schema.SubNet)


@dataclass
class SetConfig:
    """Train or Eval: the data set, its transforms as (name, arguments), and the loader, None if it did not pass."""

    dataset: schema.DatasetPart
    transforms: list[tuple[str, dict]]
    loader: schema.LoaderPart | None


@dataclass
class Config:
    """A whole configuration.

    Fields:
        path: of the file.
        values: the file with its overrides, as plain values.
        task: "det", "cls" or "rec".
        notes: what has no effect here and would have in PaddleOCR, a sentence each.
        file: for the lines of places in it.
        settings, nets, losses, optimizer, lr, regularizer, postprocess, metric, train, evaluation: the parts.
        distillation: are there several nets?
    """

    path: str
    values: dict
    task: str = ""
    settings: schema.Global | None = None
    nets: dict[str, NetConfig] = field(default_factory=dict)
    losses: list[tuple[str, schema.Part]] = field(default_factory=list)
    optimizer: optimizer_schema.Optimizer | None = None
    lr: optimizer_schema.LearningRate | None = None
    regularizer: optimizer_schema.Regularizer | None = None
    postprocess: schema.Part | None = None
    metric: schema.MetricPart | None = None
    train: SetConfig | None = None
    evaluation: SetConfig | None = None
    distillation: bool = False
    notes: list[str] = field(default_factory=list)
    file: YamlFile | None = None

    def line(self, place: tuple) -> int | None:
        """Line of a place in the file, or None.

        Args:
            place: keys and list indices, from the top of the file.
        """
        return self.file.line(place) if self.file else None
