"""Section Loss: models of its values, and the training strategies that are built from them."""

from typing import Literal

from ..cls.direction import PlainCrossEntropy
from ..det.db_loss import PlainDB
from ..distill.cml import CML
from ..distill.udml import UDML
from ..losses.combined import Combined, Weighted
from ..losses.ctc_loss import CTCTerm, PlainCTC
from ..losses.enhanced_ctc import CenterTerm, EnhancedCTC
from ..losses.focal_ctc import FocalCTC
from .loss_terms import DBLossValues
from .schema import OneOf, Section


class DBLossSection(DBLossValues):
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
    """Loss of a single recognizer: the CTC loss, or its focal form."""

    name: Literal["CTCLoss"]
    use_focal_loss: bool = False

    def strategy(self, net) -> PlainCTC | FocalCTC:
        """The training strategy of this loss.

        Args:
            net: the recognizer.

        Returns: the strategy, as the trainer takes it.
        """
        return FocalCTC(net) if self.use_focal_loss else PlainCTC(net)


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


def combine(task: str, nets: dict, terms: list[Weighted], *, main: str, frozen: list[str]) -> Combined:
    """Build the training strategy of a CombinedLoss: CML, U-DML or Enhanced CTC if networks and terms match it.

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
