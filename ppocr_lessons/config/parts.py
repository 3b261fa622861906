"""A configuration that passed: typed parts, ready to be built."""

from dataclasses import dataclass, field

from . import loss_schema, schema


@dataclass
class NetConfig:
    """One net: its task and the parts of schema.py, and what distillation says of it."""

    backbone: schema.Part | None = None
    neck: schema.Part | None = None
    head: schema.Part | None = None
    sub: loss_schema.SubNet = field(default_factory=loss_schema.SubNet)


@dataclass
class SetConfig:
    """Train or Eval: the data set, its transforms as (name, arguments), and the loader."""

    dataset: schema.DatasetPart
    transforms: list[tuple[str, dict]]
    loader: schema.LoaderPart


@dataclass
class Config:
    """A whole configuration; `values` is the file with its overrides as plain values."""

    path: str
    values: dict
    task: str = ""
    settings: schema.Global | None = None
    nets: dict[str, NetConfig] = field(default_factory=dict)
    losses: list[tuple[str, schema.Part]] = field(default_factory=list)
    optimizer: schema.Optimizer | None = None
    lr: schema.LearningRate | None = None
    regularizer: schema.Regularizer | None = None
    postprocess: schema.Part | None = None
    metric: schema.MetricPart | None = None
    train: SetConfig | None = None
    evaluation: SetConfig | None = None
    distillation: bool = False
