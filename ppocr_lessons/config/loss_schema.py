"""What a CombinedLoss may hold, and what distillation says of each net."""

from typing import Annotated, Literal

from annotated_types import Gt, Le, MaxLen, MinLen
from pydantic import field_validator

from .schema import Part, Weight, Width

Names = Annotated[list[str], MinLen(1)]
Pairs = Annotated[list[Annotated[list[str], MinLen(2), MaxLen(2)]], MinLen(1)]


class _PairsPart(Part):
    """Terms over pairs of nets; PaddleOCR writes a single pair without the outer list."""

    model_name_pairs: Pairs
    weight: Weight = 1.0

    @field_validator("model_name_pairs", mode="before")
    @classmethod
    def _nested(cls, value):
        flat = isinstance(value, list) and len(value) == 2 and all(isinstance(v, str) for v in value)
        return [value] if flat else value


class _DBTermPart(Part):
    weight: Weight = 1.0
    balance_loss: bool = True
    main_loss_type: Literal["DiceLoss", "BCELoss"] = "DiceLoss"
    alpha: Weight = 5
    beta: Weight = 10
    ohem_ratio: Weight = 3


class DistillationDBLossPart(_DBTermPart):
    """Term of CombinedLoss: students against the labels."""

    model_name_list: Names


class DistillationDilaDBLossPart(_DBTermPart, _PairsPart):
    """Term of CombinedLoss: students against the dilated map of a teacher."""


class DistillationDMLLossPart(_PairsPart):
    """Term of CombinedLoss: nets against each other; see distill/dml.py."""

    act: Literal["softmax", "sigmoid"] | None = None
    use_log: bool | None = None
    maps_name: list[str] | str | None = None
    multi_head: Literal[False] = False


class DistillationCTCLossPart(Part):
    """Term of CombinedLoss: nets against the labels."""

    model_name_list: Names
    weight: Weight = 1.0
    multi_head: Literal[False] = False


class DistillationDistanceLossPart(_PairsPart):
    """Term of CombinedLoss: features of nets against each other."""

    mode: Literal["l1", "l2", "smooth_l1"] = "l2"


class CTCTermPart(Part):
    """Term of CombinedLoss: CTC of the one net."""

    weight: Weight = 1.0
    use_focal_loss: Literal[False] = False


class CenterLossPart(Part):
    """Term of CombinedLoss: center loss of the one net."""

    weight: Weight = 1.0
    num_classes: Annotated[int, Gt(0), Le(1_000_000)] = 6625
    feat_dim: Width = 96
    center_file_path: str | None = None


TERMS = {
    "det": {
        "DistillationDBLoss": DistillationDBLossPart,
        "DistillationDilaDBLoss": DistillationDilaDBLossPart,
        "DistillationDMLLoss": DistillationDMLLossPart,
    },
    "cls": {},
    "rec": {
        "DistillationCTCLoss": DistillationCTCLossPart,
        "DistillationDMLLoss": DistillationDMLLossPart,
        "DistillationDistanceLoss": DistillationDistanceLossPart,
        "CTCLoss": CTCTermPart,
        "CenterLoss": CenterLossPart,
    },
}
"""What a CombinedLoss may hold, by task."""


class SubNet(Part):
    """What distillation says of each net beside its architecture."""

    freeze_params: bool = False
    pretrained: str | None = None
    return_all_feats: bool = False
