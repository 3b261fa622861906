"""The index: every strategy of PP-OCR and PP-OCRv2, where it stands, what it claims.

`ppocr-lessons strategies` prints it, the README's table and the map in notebook 00 are made of it, and a
test walks it.
"""

import json
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Strategy:
    """A row of the index.

    Args:
        key: short name, unique.
        edition: 1 for PP-OCR, 2 for PP-OCRv2.
        stages: "det", "cls", "rec": the nets it counts for.
        section: of the chapter.
        title: the chapter's name for it.
        symbol: where it is, as `module:name` under ppocr_lessons.
        notebook: file under notebooks/.
        claim: the published effect.
        source: table or figure of the claim.
        before, after: the lines of the configuration that it changes.
        done: the symbol is there; False while it is still to come.
    """

    key: str
    edition: int
    stages: tuple[str, ...]
    section: str
    title: str
    symbol: str
    notebook: str
    claim: str
    source: str
    before: dict = field(default_factory=dict)
    after: dict = field(default_factory=dict)
    done: bool = True


_COSINE = {"Optimizer.lr.name": "Const"}, {"Optimizer.lr.name": "Cosine"}

STRATEGIES = (
    Strategy(
        "det-light-backbone", 1, ("det",), "2.1.1", "Light backbone",
        "backbones.mobilenet_v3:DetMobileNetV3", "02_det_backbone.ipynb",
        "best accuracy at equal latency among 20 light nets", "chapter 2.1.1, Fig. 6",
        {"Architecture.Backbone.name": "ResNet", "Architecture.Backbone.layers": 18},
        {"Architecture.Backbone.name": "MobileNetV3", "Architecture.Backbone.scale": 0.5, "Architecture.Backbone.model_name": "large"},
    ),
    Strategy(
        "det-light-head", 1, ("det",), "2.1.2", "Light head: DBFPN channel sizing",
        "det.dbfpn:DBFPN", "03_det_dbfpn.ipynb",
        "7 -> 4.1 MB, 406 -> 213 ms, hmean 0.6127 -> 0.6046", "chapter 2.1, Fig. 5",
        {"Architecture.Neck.out_channels": 256}, {"Architecture.Neck.out_channels": 96},
    ),
    Strategy(
        "det-se-removal", 1, ("det",), "2.1.3", "SE removal",
        "det.se_removal:remove_se", "04_det_se_removal.ipynb",
        "4.1 -> 2.6 MB, 213 -> 173 ms, hmean 0.6046 -> 0.6087", "chapter 2.1, Fig. 5",
        {"Architecture.Backbone.disable_se": False}, {"Architecture.Backbone.disable_se": True},
    ),
    Strategy(
        "det-cosine", 1, ("det",), "2.1.4", "Cosine learning rate",
        "training.cosine_warmup:lr_at", "05_det_lr_schedule.ipynb",
        "hmean 0.6087 -> 0.6112", "chapter 2.1, Fig. 5", *_COSINE,
    ),
    Strategy(
        "det-warmup", 1, ("det",), "2.1.4", "Learning rate warm-up",
        "training.cosine_warmup:lr_at", "05_det_lr_schedule.ipynb",
        "hmean 0.6112 -> 0.6239", "chapter 2.1, Fig. 5",
        {"Optimizer.lr.warmup_epoch": 0}, {"Optimizer.lr.warmup_epoch": 2},
    ),
    Strategy(
        "det-fpgm", 1, ("det",), "2.1.5", "FPGM pruning",
        "prune.fpgm:filter_distances", "06_det_fpgm.ipynb",
        "size -46 %, speed +19 %, slightly less accurate", "chapter 2.1.5",
    ),
    Strategy(
        "cls-light-backbone", 1, ("cls",), "2.2.1", "Light backbone",
        "backbones.mobilenet_v3:cls_mobilenet_v3", "08_cls_direction.ipynb",
        "0.85 MB at 0.9403; a larger one gains 0.9 points for +58 % size", "chapter 2.2.1, Fig. 13",
        {"Architecture.Backbone.scale": 0.5}, {"Architecture.Backbone.scale": 0.35},
    ),
    Strategy(
        "cls-augmentation", 1, ("cls",), "2.2.2", "Data augmentation: BDA and RandAugment",
        "augment.rand_augment:RandAugment", "09_cls_augmentation.ipynb",
        "accuracy 0.8879 -> 0.9212", "chapter 2.2.2, Fig. 16",
        {"Train.dataset.transforms.RandAugment": None}, {"Train.dataset.transforms.RandAugment": {}},
    ),
    Strategy(
        "cls-input-resolution", 1, ("cls",), "2.2.3", "Input resolution",
        "cls.input_resolution:cls_resize", "08_cls_direction.ipynb",
        "accuracy 0.9212 -> 0.9403, 3.19 -> 3.21 ms", "chapter 2.2.3, Fig. 17",
        {"Train.dataset.transforms.ClsResizeImg.image_shape": [3, 32, 100]},
        {"Train.dataset.transforms.ClsResizeImg.image_shape": [3, 48, 192]},
    ),
    Strategy(
        "cls-pact", 1, ("cls",), "2.2.4", "PACT quantization",
        "quant.pact:pact", "10_pact.ipynb",
        "0.85 -> 0.46 MB, 3.21 -> 2.38 ms, accuracy 0.9403 -> 0.9456", "chapter 2.2.4, Fig. 17", done=False,
    ),
    Strategy(
        "rec-light-backbone", 1, ("rec",), "2.3.1", "Light backbone",
        "backbones.mobilenet_v3:RecMobileNetV3", "11_rec_backbone_head.ipynb",
        "small x0.5: accuracy 0.6556 at 23 MB; x1.0: 0.6933 at 28 MB", "chapter 2.3.1, Fig. 21",
        {"Architecture.Backbone.scale": 1.0}, {"Architecture.Backbone.scale": 0.5},
    ),
    Strategy(
        "rec-augmentation", 1, ("rec",), "2.3.2", "Data augmentation: BDA and TIA",
        "augment.tia:distort", "12_rec_tia.ipynb",
        "BDA 0.5193 -> 0.5505; TIA +0.9 points on a strong baseline", "chapter 2.3.2, Fig. 20",
        {"Train.dataset.transforms.RecAug": None}, {"Train.dataset.transforms.RecAug": {}},
    ),
    Strategy(
        "rec-cosine", 1, ("rec",), "2.3.3", "Cosine learning rate",
        "training.cosine_warmup:lr_at", "13_rec_training.ipynb",
        "accuracy 0.5505 -> 0.5652", "chapter 2.3.3, Fig. 20", *_COSINE,
    ),
    Strategy(
        "rec-feature-stride", 1, ("rec",), "2.3.4", "Feature map resolution",
        "rec.feature_stride:rec_backbone", "11_rec_backbone_head.ipynb",
        "accuracy 0.5652 -> 0.6179, 11.84 -> 12.96 ms", "chapter 2.3.4, Fig. 20",
        {"Architecture.Backbone.small_stride": [2, 2, 2, 2]}, {"Architecture.Backbone.small_stride": [1, 2, 2, 2]},
    ),
    Strategy(
        "rec-l2", 1, ("rec",), "2.3.3", "Regularization: L2 decay",
        "training.l2_decay:l2_decay", "13_rec_training.ipynb",
        "accuracy 0.6179 -> 0.6519", "chapter 2.3.3, Fig. 20",
        {"Optimizer.regularizer.factor": 0}, {"Optimizer.regularizer.factor": 1e-5},
    ),
    Strategy(
        "rec-warmup", 1, ("rec",), "2.3.3", "Learning rate warm-up",
        "training.cosine_warmup:lr_at", "13_rec_training.ipynb",
        "accuracy 0.6519 -> 0.6581", "chapter 2.3.3, Fig. 20",
        {"Optimizer.lr.warmup_epoch": 0}, {"Optimizer.lr.warmup_epoch": 5},
    ),
    Strategy(
        "rec-light-head", 1, ("rec",), "2.3.1", "Light head: sequence dimension",
        "rec.light_head:SequenceEncoder", "11_rec_backbone_head.ipynb",
        "23 -> 4.6 MB, 17.27 -> 12.26 ms", "chapter 2.3.1, Fig. 22",
        {"Architecture.Neck.hidden_size": 256}, {"Architecture.Neck.hidden_size": 48},
    ),
    Strategy(
        "rec-pretrained", 1, ("rec",), "2.3.6", "Pre-trained model",
        "zoo.pretrained:pretrained", "13_rec_training.ipynb",
        "accuracy 0.6581 -> 0.6900", "chapter 2.3.6, Fig. 20",
        {"Global.pretrained_model": None}, {"Global.pretrained_model": "rec"},
    ),
    Strategy(
        "rec-pact", 1, ("rec",), "2.3.5", "PACT quantization",
        "quant.pact:pact", "10_pact.ipynb",
        "4.6 -> 1.5 MB, accuracy 0.6581 -> 0.6740", "chapter 2.3.5, Fig. 26", done=False,
    ),
    Strategy(
        "det-cml", 2, ("det",), "3.1.1", "CML: collaborative mutual learning",
        "distill.cml:CML", "14_v2_det_cml.ipynb",
        "hmean 0.759 -> 0.789 at the same size and speed", "chapter 3.1.1, Fig. 28",
        {"Architecture.algorithm": "DB"}, {"Architecture.algorithm": "Distillation"},
    ),
    Strategy(
        "det-copy-paste", 2, ("det",), "3.1.2", "CopyPaste",
        "augment.copy_paste:CopyPaste", "15_v2_det_copy_paste.ipynb",
        "hmean 0.789 -> 0.795", "chapter 3.1.2, Fig. 28",
        {"Train.dataset.transforms.CopyPaste": None}, {"Train.dataset.transforms.CopyPaste": {}},
    ),
    Strategy(
        "rec-pp-lcnet", 2, ("rec",), "3.2.1", "PP-LCNet",
        "backbones.pp_lcnet:PPLCNet", "16_v2_rec_pp_lcnet.ipynb",
        "accuracy 0.667 -> 0.693, 7.7 -> 6.2 ms", "chapter 3.2, Fig. 35",
        {"Architecture.Backbone.name": "MobileNetV3"}, {"Architecture.Backbone.name": "MobileNetV1Enhance"},
    ),
    Strategy(
        "rec-udml", 2, ("rec",), "3.2.2", "U-DML: unified deep mutual learning",
        "distill.udml:UDML", "17_v2_rec_udml.ipynb",
        "accuracy 0.693 -> 0.739", "chapter 3.2, Fig. 35",
        {"Architecture.algorithm": "CRNN"}, {"Architecture.algorithm": "Distillation"},
    ),
    Strategy(
        "rec-enhanced-ctc", 2, ("rec",), "3.2.3", "Enhanced CTC loss: center loss",
        "losses.enhanced_ctc:EnhancedCTC", "18_v2_rec_enhanced_ctc.ipynb",
        "accuracy 0.739 -> 0.748", "chapter 3.2, Fig. 35",
        {"Loss.name": "CTCLoss"}, {"Loss.name": "CombinedLoss"},
    ),
)  # fmt: skip


def rows() -> list[dict]:
    """The index as plain values: key, edition, stages, section, title, symbol, notebook, claim, done."""
    names = ("key", "edition", "stages", "section", "title", "symbol", "notebook", "claim", "source", "done")
    return [{name: getattr(s, name) for name in names} | {"stages": list(s.stages)} for s in STRATEGIES]


def as_json() -> str:
    """The index as JSON."""
    return json.dumps(rows(), indent=1, ensure_ascii=False)


def as_markdown() -> str:
    """The index as a Markdown table, for the README and notebook 00."""
    lines = ["| | strategy | nets | chapter | file | claim |", "|--|--|--|--|--|--|"]
    for number, s in enumerate(STRATEGIES, 1):
        file = "ppocr_lessons/" + s.symbol.split(":")[0].replace(".", "/") + ".py"
        place = f"`{file}`" if s.done else f"`{file}` (to come)"
        lines.append(f"| {number} | {s.title} | {', '.join(s.stages)} | {s.section} | {place} | {s.claim} |")
    return "\n".join(lines)


def get(key: str) -> Strategy:
    """The row of a key.

    Args:
        key: of a strategy, "det-cml".

    Raises:
        KeyError: unknown key; lists those there are.
    """
    for strategy in STRATEGIES:
        if strategy.key == key:
            return strategy
    raise KeyError(f"no strategy {key!r}; known are {[s.key for s in STRATEGIES]}")
