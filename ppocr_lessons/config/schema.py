"""Schema of a configuration: one pydantic model per section, with PaddleOCR's names and defaults.

The models of Architecture, Loss, Optimizer and Quant are in networks.py, losses.py, loss_terms.py, optimizer.py and
quantization.py.
"""

import pathlib
from typing import Annotated, Literal, Union, get_args

from annotated_types import Ge, Gt, Le, Lt, MinLen
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, field_validator

# The upper bounds are far above all useful values, so that a typing error is reported immediately instead of exhausting
# the memory or starting a run that never ends.
Text = Annotated[str, StringConstraints(pattern=r"\S")]
Count = Annotated[int, Gt(0), Le(1_000_000)]
Steps = Annotated[int, Gt(0), Le(1_000_000_000)]
Width = Annotated[int, Gt(0), Le(8192)]
Share = Annotated[float, Ge(0), Le(1)]
Below1 = Annotated[float, Ge(0), Lt(1)]
Weight = Annotated[float, Ge(0), Le(1_000_000)]
Above0 = Annotated[float, Gt(0), Le(1_000_000)]


class Section(BaseModel):
    """Base of all models: unknown keys and values of the wrong type are errors."""

    model_config = ConfigDict(
        extra="forbid", strict=True, protected_namespaces=(), frozen=True, allow_inf_nan=False
    )


class OneOf:
    """A section that is one of several models, which its key `name` selects: a discriminated union of pydantic.

    Args:
        *models: models with a field `name` of type Literal.
    """

    def __init__(self, *models: type[Section]):
        self.models = {get_args(model.model_fields["name"].annotation)[0]: model for model in models}
        self._adapter = TypeAdapter(
            Annotated[Union[models], Field(discriminator="name")] if len(models) > 1 else models[0]  # noqa: UP007
        )

    def model_validate(self, values: dict) -> Section:
        """Validate a section.

        Args:
            values: values of the section.

        Returns: the model that `name` selects.

        Raises:
            pydantic.ValidationError: invalid values.
        """
        return self._adapter.validate_python(values)


class Global(Section):
    """Section Global. Keys that PaddleOCR does not have: device, save_batch_step, accumulate, ema_decay, tensorboard,
    freeze, prune.

    prune is the share of filters to remove, of all groups of channels or of each by name; see prune/fpgm.py."""

    use_gpu: bool | None = None
    device: str = "auto"
    epoch_num: Count = 1
    seed: Annotated[int, Ge(0), Lt(2**32)] | None = None
    save_model_dir: Text = "./output"
    save_batch_step: Steps | None = None
    eval_batch_step: Steps | Annotated[list[Annotated[int, Ge(0), Le(1_000_000_000)]], MinLen(2)] | None = (
        None
    )
    pretrained_model: str | None = None
    checkpoints: str | None = None
    character_dict_path: str | None = None
    use_space_char: bool = False
    max_text_length: Annotated[int, Gt(0), Le(4096)] = 25
    label_list: Annotated[list[str], MinLen(1)] | None = None
    use_amp: bool = False
    amp_dtype: Literal["float16", "bfloat16"] = "float16"
    accumulate: Count = 1
    ema_decay: Below1 | None = None
    tensorboard: bool = False
    freeze: list[str] = []
    prune: Below1 | dict[str, Below1] | None = None


def ordinary(path) -> str:
    """Check that a path is not a device or a pipe, from which reading might never end.

    Args:
        path: path of a file that the configuration names.

    Returns: the path.

    Raises:
        ValueError: the path is neither a file nor a folder.
    """
    found = pathlib.Path(path)
    if found.exists() and not found.is_file() and not found.is_dir():
        raise ValueError(f"{path}: not an ordinary file")
    return str(path)


class DBPostProcessSection(Section):
    """PostProcess of a detector."""

    name: Literal["DBPostProcess"]
    thresh: Share = 0.3
    box_thresh: Share = 0.7
    max_candidates: Count = 1000
    unclip_ratio: Annotated[float, Gt(0), Le(100)] = 2.0
    use_dilation: bool = False
    score_mode: Literal["fast", "slow"] = "fast"
    box_type: Literal["quad", "poly"] = "quad"


class DistillationDBPostProcessSection(DBPostProcessSection):
    """PostProcess of several detectors. model_name and key have no effect: Metric.key names the network."""

    name: Literal["DistillationDBPostProcess"]
    model_name: list[str] | str = "Student"
    key: str | None = None


class DistillationCTCLabelDecodeSection(Section):
    """PostProcess of several recognizers. model_name and key have no effect: Metric.key names the network."""

    name: Literal["DistillationCTCLabelDecode"]
    model_name: list[str] | str = "Student"
    key: str | None = None
    multi_head: Literal[False] = False


class CTCLabelDecodeSection(Section):
    """PostProcess of a recognizer."""

    name: Literal["CTCLabelDecode"]


class ClsPostProcessSection(Section):
    """PostProcess of a classifier."""

    name: Literal["ClsPostProcess"]


POSTPROCESSES = {
    "det": OneOf(DBPostProcessSection, DistillationDBPostProcessSection),
    "cls": OneOf(ClsPostProcessSection),
    "rec": OneOf(CTCLabelDecodeSection, DistillationCTCLabelDecodeSection),
}
"""Section PostProcess, by task."""


class MetricSection(Section):
    """Section Metric."""

    name: str
    main_indicator: str = "acc"
    base_metric_name: str | None = None
    ignore_space: bool = True
    is_filter: bool = False
    key: str = "Student"


METRICS = {"det": ("DetMetric", ("hmean", "precision", "recall")), "cls": ("ClsMetric", ("acc",)),
           "rec": ("RecMetric", ("acc", "norm_edit_dis"))}  # fmt: skip
"""Name of the metric of each task, and its scores."""


class DatasetSection(Section):
    """Train.dataset and Eval.dataset without the transforms. Keys that PaddleOCR does not have: on_bad, allow_outside."""

    name: Literal["SimpleDataSet", "LMDBDataSet"]
    data_dir: Text
    label_file_list: Annotated[list[Text], MinLen(1)] | Text | None = None
    ratio_list: list[Share] | Share | None = None
    delimiter: Annotated[str, MinLen(1)] = "\t"
    on_bad: Literal["error", "drop"] = "error"
    allow_outside: bool = False

    @field_validator("ratio_list", mode="before")
    @classmethod
    def _numbers(cls, value):
        return [float(v) if isinstance(v, int) else v for v in value] if isinstance(value, list) else value


class LoaderSection(Section):
    """Train.loader and Eval.loader."""

    shuffle: bool = False
    drop_last: bool = False
    batch_size_per_card: Annotated[int, Gt(0), Le(65_536)]
    num_workers: Annotated[int, Ge(0), Le(512)] = 0
    use_shared_memory: bool = True
