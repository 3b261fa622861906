"""Terms of the combined loss in section Loss: models of their values, and the losses that are built from them."""

from typing import Annotated, Literal

from annotated_types import Gt, Le, MaxLen, MinLen
from pydantic import AfterValidator, field_validator, model_validator

from ..det.db_loss import DBLoss
from ..distill.cml import DBTerm, DilatedTerm
from ..distill.dml import MapDMLTerm, SequenceDMLTerm
from ..distill.udml import DistanceTerm
from ..losses.ace import ACETerm
from ..losses.center_loss import CenterLoss
from ..losses.combined import checked_pairs
from ..losses.ctc_loss import CTCTerm
from ..losses.enhanced_ctc import CenterTerm
from ..losses.focal_ctc import FocalCTCTerm
from ..zoo.center_files import read_centers
from .compat import name_of
from .schema import Section, Weight, Width, ordinary


def _pairs(value: list[list[str]]) -> list[list[str]]:
    return [list(pair) for pair in checked_pairs(value)]


Names = Annotated[list[str], MinLen(1)]
Pairs = Annotated[list[Annotated[list[str], MinLen(2), MaxLen(2)]], MinLen(1), AfterValidator(_pairs)]


class DBLossValues(Section):
    """Values of the DB loss, alone or as a term."""

    balance_loss: bool = True
    main_loss_type: Literal["DiceLoss", "BCELoss"] = "DiceLoss"
    alpha: Weight = 5
    beta: Weight = 10
    ohem_ratio: Weight = 3

    def db_loss(self) -> DBLoss:
        """Build the DB loss with these values."""
        return DBLoss(
            alpha=self.alpha,
            beta=self.beta,
            main_loss={"DiceLoss": "dice", "BCELoss": "bce"}[self.main_loss_type],
            balance=self.balance_loss,
            ohem_ratio=self.ohem_ratio,
        )


class TermSection(Section):
    """Term of CombinedLoss."""

    weight: Weight = 1.0

    def term(self, classes: int):
        """Build the term of the combined loss.

        Args:
            classes: number of classes of a recognizer, including the blank.

        Returns: a `losses.combined.Term`.

        Raises:
            ValueError: a file that the term names cannot be used.
        """
        raise NotImplementedError

    def networks(self) -> set[str]:
        """Names of the networks that the term refers to."""
        return set()

    def notes(self) -> list[str]:
        """Sentences about defaults that the term uses for missing values."""
        return []


class _ListTermSection(TermSection):
    """Terms over single networks."""

    model_name_list: Names

    def networks(self) -> set[str]:
        return set(self.model_name_list)


class _PairsTermSection(TermSection):
    """Terms over pairs of networks. PaddleOCR's files write a single pair without the outer list."""

    model_name_pairs: Pairs

    @field_validator("model_name_pairs", mode="before")
    @classmethod
    def _nested(cls, value):
        flat = isinstance(value, list) and len(value) == 2 and all(isinstance(v, str) for v in value)
        return [value] if flat else value

    def networks(self) -> set[str]:
        return {name for pair in self.model_name_pairs for name in pair}


class DistillationDBLossSection(DBLossValues, _ListTermSection):
    """Term of CombinedLoss: students against the labels."""

    def term(self, classes: int) -> DBTerm:
        return DBTerm(self.model_name_list, self.db_loss())


class DistillationDilaDBLossSection(DBLossValues, _PairsTermSection):
    """Term of CombinedLoss: students against the dilated map of a teacher."""

    def term(self, classes: int) -> DilatedTerm:
        return DilatedTerm(self.model_name_pairs, self.db_loss())


class _DMLSection(_PairsTermSection):
    """Values of DistillationDMLLoss."""

    act: Literal["softmax", "sigmoid"] | None = None
    use_log: bool | None = None
    maps_name: list[str] | str | None = None
    multi_head: Literal[False] = False


class DetDMLLossSection(_DMLSection):
    """Term DistillationDMLLoss of CombinedLoss: detectors against each other."""

    @field_validator("maps_name")
    @classmethod
    def _shrink_maps(cls, value):
        if any(
            name_of(name) != "shrink_maps" for name in ([value] if isinstance(value, str) else value or [])
        ):
            raise ValueError("known is 'shrink_maps' (or 'thrink_maps')")
        return value

    def notes(self) -> list[str]:
        return [] if self.maps_name else ["without maps_name the shrink maps are compared"]

    def term(self, classes: int) -> MapDMLTerm:
        return MapDMLTerm(self.model_name_pairs, act=self.act, use_log=self.use_log)


class RecDMLLossSection(_DMLSection):
    """Term DistillationDMLLoss of CombinedLoss: recognizers against each other."""

    @model_validator(mode="after")
    def _softmax(self):
        if self.act != "softmax" or self.use_log is False:
            raise ValueError("recognizers need act: softmax, and use_log: true if it is given")
        return self

    def term(self, classes: int) -> SequenceDMLTerm:
        return SequenceDMLTerm(self.model_name_pairs)


class DistillationCTCLossSection(_ListTermSection):
    """Term of CombinedLoss: recognizers against the labels."""

    multi_head: Literal[False] = False

    def term(self, classes: int) -> CTCTerm:
        return CTCTerm(self.model_name_list)


class DistillationDistanceLossSection(_PairsTermSection):
    """Term of CombinedLoss: features of recognizers against each other."""

    mode: Literal["l1", "l2", "smooth_l1"] = "l2"
    key: Literal["backbone_out", "neck_out", "head_out"] = "backbone_out"

    def term(self, classes: int) -> DistanceTerm:
        return DistanceTerm(self.model_name_pairs, mode=self.mode, key=self.key)


class CTCTermSection(TermSection):
    """Term of CombinedLoss: CTC loss of the only recognizer, or its focal form."""

    use_focal_loss: bool = False

    def term(self, classes: int) -> CTCTerm | FocalCTCTerm:
        return FocalCTCTerm(["Model"]) if self.use_focal_loss else CTCTerm(["Model"])


class ACELossSection(TermSection):
    """Term of CombinedLoss: aggregation cross entropy of the only recognizer."""

    def term(self, classes: int) -> ACETerm:
        return ACETerm("Model")


class CenterLossSection(TermSection):
    """Term of CombinedLoss: center loss of the only recognizer."""

    num_classes: Annotated[int, Gt(0), Le(1_000_000)] = 6625
    feat_dim: Width = 96
    center_file_path: str | None = None

    def notes(self) -> list[str]:
        note = "without center_file_path the centers are random; `ppocr-lessons centers` computes them"
        return [] if self.center_file_path else [note]

    def term(self, classes: int) -> CenterTerm:
        path = self.center_file_path
        centers = read_centers(ordinary(path), classes, self.feat_dim) if path else None
        return CenterTerm("Model", CenterLoss(classes, self.feat_dim, centers=centers))


TERMS = {
    "det": {
        "DistillationDBLoss": DistillationDBLossSection,
        "DistillationDilaDBLoss": DistillationDilaDBLossSection,
        "DistillationDMLLoss": DetDMLLossSection,
    },
    "cls": {},
    "rec": {
        "DistillationCTCLoss": DistillationCTCLossSection,
        "DistillationDMLLoss": RecDMLLossSection,
        "DistillationDistanceLoss": DistillationDistanceLossSection,
        "CTCLoss": CTCTermSection,
        "CenterLoss": CenterLossSection,
        "ACELoss": ACELossSection,
    },
}
"""Terms that CombinedLoss may have, by task."""
