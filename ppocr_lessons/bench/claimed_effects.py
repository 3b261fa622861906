"""Recorded numbers that test the claim of each strategy; `claims` evaluates them."""

from typing import Literal, NamedTuple

UNITS = {
    "saved_mb": "MB", "ms": "ms", "acc": "accuracy", "hmean": "hmean", "worn": "accuracy with camera effects",
}  # fmt: skip
SPREADS = {"acc": "spread", "hmean": "spread", "worn": "worn_spread"}
"""Key of a row that holds the spread of a score over its seeds."""

Direction = Literal["up", "down", "kept"]


class Effect(NamedTuple):
    """One number before and after a strategy.

    Fields:
        result: name of a file in data/results, without its ending.
        measure: key of UNITS; "saved_mb" and "ms" are costs, the others stand in the table of scores.
        before: row without the strategy.
        after: row with it.
        direction: what is claimed; "kept" means not lower (scores) or not higher (costs).
    """

    result: str
    measure: str
    before: str
    after: str
    direction: Direction


def _costs(result: str, before: str, after: str) -> tuple[Effect, Effect]:
    return Effect(result, "saved_mb", before, after, "down"), Effect(result, "ms", before, after, "down")


_DET, _CLS, _QUANT = "ablation_det", "ablation_cls", "ablation_quant"
_REC, _V2, _INTEGERS = "ablation_rec", "ablation_rec_v2", "integers"

EFFECTS: dict[str, tuple[Effect, ...]] = {
    "det-light-backbone": (
        Effect(_DET, "hmean", "small-1.0", "narrow", "up"), Effect(_DET, "ms", "large-1.0", "narrow", "down"),
    ),
    "det-light-head": (*_costs(_DET, "wide", "narrow"), Effect(_DET, "hmean", "wide", "narrow", "kept")),
    "det-se-removal": (*_costs(_DET, "narrow", "no-se"), Effect(_DET, "hmean", "narrow", "no-se", "kept")),
    "det-cosine": (Effect(_DET, "hmean", "no-se", "cosine", "up"),),
    "det-warmup": (Effect(_DET, "hmean", "cosine", "warm-up", "up"),),
    "det-fpgm": (*_costs(_DET, "no-se", "fpgm"), Effect(_DET, "hmean", "warm-up", "fpgm", "kept")),
    "cls-light-backbone": (*_costs(_CLS, "small-0.5", "large"), Effect(_CLS, "acc", "small-0.5", "large", "kept")),
    "cls-augmentation": (
        Effect(_CLS, "acc", "none", "rand-augment", "up"), Effect(_CLS, "worn", "none", "rand-augment", "up"),
    ),
    "cls-input-resolution": (
        Effect(_CLS, "acc", "rand-augment", "large", "up"), Effect(_CLS, "ms", "rand-augment", "large", "kept"),
    ),
    "cls-pact": (
        *_costs(_INTEGERS, "cls-float", "cls-int8"), Effect(_QUANT, "acc", "float", "pact-8", "kept"),
        Effect(_QUANT, "acc", "mse-4", "pact-4", "up"),
    ),
    "rec-light-backbone": (
        *_costs(_REC, "scale-1.0", "stride"), Effect(_REC, "acc", "warmup", "scale-1.0", "up"),
    ),
    "rec-augmentation": (Effect(_REC, "acc", "narrow", "bda", "up"), Effect(_REC, "acc", "warmup", "tia", "up")),
    "rec-cosine": (Effect(_REC, "acc", "bda", "cosine", "up"),),
    "rec-feature-stride": (Effect(_REC, "acc", "cosine", "stride", "up"),),
    "rec-l2": (Effect(_REC, "acc", "stride", "l2", "up"),),
    "rec-warmup": (Effect(_REC, "acc", "l2", "warmup", "up"),),
    "rec-light-head": _costs(_REC, "wide", "narrow"),
    "rec-pretrained": (Effect(_REC, "acc", "warmup", "pretrained", "up"),),
    "rec-pact": (
        *_costs(_INTEGERS, "rec-float", "rec-int8"), Effect(_REC, "acc", "longer", "pact", "kept"),
    ),
    "det-cml": (Effect(_DET, "hmean", "further", "cml", "up"),),
    "det-copy-paste": (Effect(_DET, "hmean", "cml", "cml-copy-paste", "up"),),
    "rec-pp-lcnet": (Effect(_V2, "acc", "mv3", "lcnet", "up"), Effect(_V2, "ms", "mv3", "lcnet", "down")),
    "rec-udml": (Effect(_V2, "acc", "start", "udml", "up"),),
    "rec-enhanced-ctc": (
        Effect(_V2, "acc", "longer", "enhanced", "up"), Effect(_V2, "acc", "udml-longer", "udml-enhanced", "up"),
    ),
}  # fmt: skip
"""Effects that test the claim of each strategy."""
