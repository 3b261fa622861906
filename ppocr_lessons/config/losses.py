"""Section Loss: the values that it may have, and the training strategy that they stand for."""

from typing import Annotated, Literal

from annotated_types import Gt, Le, MaxLen, MinLen
from pydantic import AfterValidator, field_validator, model_validator

from ..cls.direction import PlainCrossEntropy
from ..det.db_loss import DBLoss, PlainDB
from ..distill.cml import CML, DBTerm, DilatedTerm
from ..distill.dml import MapDMLTerm, SequenceDMLTerm
from ..distill.udml import UDML, DistanceTerm
from ..losses.center_loss import CenterLoss
from ..losses.combined import Combined, Weighted, checked_pairs
from ..losses.ctc_loss import CTCTerm, PlainCTC
from ..losses.enhanced_ctc import CenterTerm, EnhancedCTC
from ..zoo.pretrained import read_centers
from .compat import name_of
from .schema import OneOf, Section, Weight, Width, ordinary

Names = Annotated[list[str], MinLen(1)]
Pairs = Annotated[list[Annotated[list[str], MinLen(2), MaxLen(2)]], MinLen(1), AfterValidator(checked_pairs)]


class _DBLossValues(Section):
    """Values of the DB loss, alone or as a term."""

    balance_loss: bool = True
    main_loss_type: Literal["DiceLoss", "BCELoss"] = "DiceLoss"
    alpha: Weight = 5
    beta: Weight = 10
    ohem_ratio: Weight = 3

    def db_loss(self) -> DBLoss:
        """The DB loss with these values."""
        return DBLoss(
            alpha=self.alpha,
            beta=self.beta,
            main_loss={"DiceLoss": "dice", "BCELoss": "bce"}[self.main_loss_type],
            balance=self.balance_loss,
            ohem_ratio=self.ohem_ratio,
        )


class DBLossSection(_DBLossValues):
    """Loss of a single detector."""

    name: Literal["DBLoss"]

    def strategy(self, net) -> PlainDB:
        """The training strategy of this loss.

        Args:
            net: the detector.

        Returns: the strategy, as the trainer takes it.
        """
        return PlainDB(net, self.db_loss())


class CTCLossSection(Section):
    """Loss of a single recognizer."""

    name: Literal["CTCLoss"]
    use_focal_loss: Literal[False] = False

    def strategy(self, net) -> PlainCTC:
        """The training strategy of this loss.

        Args:
            net: the recognizer.

        Returns: the strategy, as the trainer takes it.
        """
        return PlainCTC(net)


class ClsLossSection(Section):
    """Loss of a single classifier."""

    name: Literal["ClsLoss"]

    def strategy(self, net) -> PlainCrossEntropy:
        """The training strategy of this loss.

        Args:
            net: the classifier.

        Returns: the strategy, as the trainer takes it.
        """
        return PlainCrossEntropy(net)


class CombinedLossSection(Section):
    """Several terms; each of them is validated by its model in TERMS."""

    name: Literal["CombinedLoss"]
    loss_config_list: list[dict]


LOSSES = {
    "det": OneOf(DBLossSection, CombinedLossSection),
    "cls": OneOf(ClsLossSection, CombinedLossSection),
    "rec": OneOf(CTCLossSection, CombinedLossSection),
}
"""Section Loss, by task."""


class TermSection(Section):
    """Term of CombinedLoss."""

    weight: Weight = 1.0

    def term(self, classes: int):
        """The term of the combined loss.

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
        """Sentences about what the term does where the file does not say so."""
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


class DistillationDBLossSection(_DBLossValues, _ListTermSection):
    """Term of CombinedLoss: students against the labels."""

    def term(self, classes: int) -> DBTerm:
        return DBTerm(self.model_name_list, self.db_loss())


class DistillationDilaDBLossSection(_DBLossValues, _PairsTermSection):
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
    """Term of CombinedLoss: CTC loss of the only recognizer."""

    use_focal_loss: Literal[False] = False

    def term(self, classes: int) -> CTCTerm:
        return CTCTerm(["Model"])


class CenterLossSection(TermSection):
    """Term of CombinedLoss: center loss of the only recognizer."""

    num_classes: Annotated[int, Gt(0), Le(1_000_000)] = 6625
    feat_dim: Width = 96
    center_file_path: str | None = None

    def term(self, classes: int) -> CenterTerm:
        path, centers = self.center_file_path, None
        if path:
            centers = read_centers(ordinary(path), classes, self.feat_dim)
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
    },
}
"""Terms that CombinedLoss may have, by task."""


def combine(task: str, nets: dict, terms: list[Weighted], *, main: str, frozen: list[str]) -> Combined:
    """The training strategy of a CombinedLoss: CML, U-DML or Enhanced CTC where the networks and terms are theirs.

    Args:
        task: "det", "cls" or "rec".
        nets: networks by name.
        terms: terms in the order of the configuration.
        main: name of the network that is evaluated and exported.
        frozen: names of the networks that are not trained.

    Returns: the strategy; `Combined` itself for any other combination.
    """
    learning = [name for name in nets if name not in frozen]
    if task == "det" and len(frozen) == 1 and len(learning) == 2:
        names = (frozen[0], *learning)
        return CML(*(nets[name] for name in names), terms=terms, names=names, main=main)
    if task == "rec" and len(learning) == len(nets) > 1:
        return UDML(nets, terms=terms, main=main)
    by_kind = {type(weighted.term): weighted for weighted in terms}
    if len(terms) == 2 and by_kind.keys() == {CTCTerm, CenterTerm}:
        ctc, center = by_kind[CTCTerm], by_kind[CenterTerm]
        return EnhancedCTC(nets[main], center.term.loss, weight=center.weight, ctc_weight=ctc.weight)
    return Combined(nets, terms, main=main, frozen=frozen)
