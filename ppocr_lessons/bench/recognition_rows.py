"""Rows of the tables of chapters 2.3, 2.3.6 and 3.2: the definition of each run of the recognition ablations."""

from typing import Any, Literal, NamedTuple

from ..augment.bda import RecAug

SEEDS = (1, 2, 3)
STEPS, BATCH = 1000, 16
"""Steps of a row that starts from random weights, and lines per batch."""

FURTHER, FEW_STEPS, FEW_LINES = 300, 200, 200
"""Steps of a row that continues one of them; and steps and training lines of rows that start from PP-OCRv2's weights: with all
lines they read all but two of a hundred words after 400 steps, which leaves nothing to compare."""

LABELED, LABELED_STEPS = (50, 200, 1000, 5000), 400
"""Numbers of labeled lines of the curve of chapter 2.3.6, and steps on them. A row from random weights has STEPS more, so that
it has as many steps as the pre-training and the training on labeled lines have together."""

PEAK, LOW = 3e-3, 1e-3
"""Highest learning rate of a row, and of a row that starts from trained weights."""

WARMUP = 100
TALL, SHORT = (1, 2, 2, 2), (2, 2, 2, 2)
"""Strides of the height with and without the strategy of chapter 2.3.4."""

_BDA, _ALL = RecAug(use_tia=False), RecAug()


class Row(NamedTuple):
    """One row of a table.

    Fields:
        title: as the chapter calls it.
        section: of the chapter.
        published: accuracy in the chapter's table, or None.
        hidden: width of the LSTM.
        strides: of the height.
        backbone: "mobile" (MobileNetV3 small 0.5), "mobile-1.0" (twice as wide), "lcnet" (PP-LCNet 0.5) or "server" (ResNet34_vd).
        augmentation: of each line, or None.
        cosine: whether the learning rate falls along a cosine.
        l2: factor of the coupled weight decay.
        warmup: number of steps of the warm-up.
        start: "" for random weights, "rec" for the shipped recognizer, OFFICIAL, or the name of another row.
        steps: number of training steps.
        lines: number of training lines; None for all.
        source: of the training lines: "clean", or "worn" with tilt, background and camera effects.
        how: what is trained: "ctc", "udml", "center" (Enhanced CTC) or "pact".
    """

    title: str
    section: str
    published: float | None
    hidden: int = 48
    strides: tuple[int, ...] = TALL
    backbone: Literal["mobile", "mobile-1.0", "lcnet", "server"] = "mobile"
    augmentation: RecAug | None = None
    cosine: bool = True
    l2: float = 0.0
    warmup: int = 0
    start: str = ""
    steps: int = STEPS
    lines: int | None = None
    source: Literal["clean", "worn"] = "clean"
    how: str = "ctc"


OFFICIAL = "official"
"""Start of rows that train PP-OCRv2's own recognizer on the short words. Only its last layer, of 6,625 classes, does not fit."""

_V2: dict[str, Any] = {
    "backbone": "lcnet",
    "augmentation": _ALL,
    "l2": 1e-5,
    "steps": FEW_STEPS,
    "lines": FEW_LINES,
}

_LABELS: dict[str, Any] = {"augmentation": _BDA, "l2": 1e-5, "warmup": WARMUP}


def _labeled(start: str, backbone: Literal["mobile", "lcnet"] = "mobile") -> dict[str, Row]:
    """Rows of one start, one for each number of labeled lines."""
    name, steps = start or "random", LABELED_STEPS if start else STEPS + LABELED_STEPS
    return {
        f"{name}-{count}": Row(
            f"{name} first, {count} labeled lines" if start else f"from scratch, {count} labeled lines",
            "2.3.6",
            None,
            **_LABELS,
            backbone=backbone,
            start=start,
            steps=steps,
            lines=count,
            source="worn",
        )
        for count in LABELED
    }


ROWS = {
    "rec": {
        "wide": Row("baseline, LSTM of 256", "2.3", None, 256, SHORT, cosine=False),
        "narrow": Row("LSTM of 48", "2.3.1", 0.5193, strides=SHORT, cosine=False),
        "bda": Row("+ BDA", "2.3.2", 0.5505, strides=SHORT, augmentation=_BDA, cosine=False),
        "cosine": Row("+ cosine", "2.3.3", 0.5652, strides=SHORT, augmentation=_BDA),
        "stride": Row("+ feature map stride", "2.3.4", 0.6179, augmentation=_BDA),
        "l2": Row("+ L2", "2.3.3", 0.6519, augmentation=_BDA, l2=1e-5),
        "warmup": Row("+ warm-up", "2.3.3", 0.6581, augmentation=_BDA, l2=1e-5, warmup=WARMUP),
        "tia": Row("+ TIA", "2.3.2", None, augmentation=_ALL, l2=1e-5, warmup=WARMUP),
        "longer": Row("+ warm-up, more steps", "2.3.5", None, augmentation=_BDA, l2=1e-5, warmup=WARMUP, start="warmup", steps=FURTHER),
        "pact": Row("+ warm-up, more steps with PACT", "2.3.5", 0.674, augmentation=_BDA, l2=1e-5, warmup=WARMUP, start="warmup", steps=FURTHER, how="pact"),
        "pretrained": Row("+ pre-training", "2.3.6", 0.69, augmentation=_BDA, l2=1e-5, warmup=WARMUP, start="rec"),
        "scale-1.0": Row("+ warm-up, MobileNetV3 small 1.0", "2.3.1", None, backbone="mobile-1.0", augmentation=_BDA, l2=1e-5, warmup=WARMUP),
        "server": Row("server: ResNet34_vd, LSTM of 256", "1", None, 256, backbone="server", augmentation=_BDA, l2=1e-5, warmup=WARMUP),
    },
    "rec_v2": {
        "mv3": Row("MobileNetV3, from scratch", "3.2", 0.667, augmentation=_ALL, l2=1e-5, warmup=WARMUP),
        "lcnet": Row("PP-LCNet, from scratch", "3.2.1", 0.693, backbone="lcnet", augmentation=_ALL, l2=1e-5, warmup=WARMUP),
        "start": Row("PP-LCNet, from PP-OCRv2's weights", "3.2", None, **_V2, start=OFFICIAL),
        "udml": Row("+ U-DML", "3.2.2", 0.739, **_V2, start=OFFICIAL, how="udml"),
        "longer": Row("PP-LCNet, more steps", "3.2.3", None, **_V2, start="start"),
        "enhanced": Row("PP-LCNet, more steps with Enhanced CTC", "3.2.3", None, **_V2, start="start", how="center"),
        "udml-longer": Row("+ U-DML, more steps", "3.2.3", None, **_V2, start="udml"),
        "udml-enhanced": Row("+ U-DML, more steps with Enhanced CTC", "3.2.3", 0.748, **_V2, start="udml", how="center"),
    },
    "labels": {
        "synthetic": Row("clean words, from scratch", "2.3.6", None, **_LABELS),
        **_labeled(""),
        **_labeled("synthetic"),
        **_labeled(OFFICIAL, "lcnet"),
    },
}  # fmt: skip
"""The rows of all tables, in the order of the chapter."""

ONCE = ("server",)
"""Rows that are trained only with the first of SEEDS: the difference is large, and a step takes ten times as long."""

PAIRS = (("longer", "pact"), ("longer", "enhanced"), ("udml-longer", "udml-enhanced"))
"""Rows that differ in the strategy alone."""
