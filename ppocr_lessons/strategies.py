"""The index of all strategies of PP-OCR and PP-OCRv2: where each is implemented, what it changes, what it claims.

`ppocr-lessons strategies` prints it. The table in the README and the map in notebook 00 are generated from it.
"""

import json
from dataclasses import dataclass, field

ABSENT = "(absent)"
"""Value of a key of `before` or `after` that the configuration does not contain."""


@dataclass(frozen=True, slots=True)
class Strategy:
    """One row of the index.

    Most strategies change a few values of a configuration. `before` and `after` map the key of each value,
    written as in an override (`-o Optimizer.lr.name=Const`), to the value; config/strategy_configs.py reads both.

    Args:
        key: short unique name.
        edition: 1 for PP-OCR, 2 for PP-OCRv2.
        stages: networks that use the strategy: "det", "cls", "rec".
        section: section of the chapter.
        title: name of the strategy in the chapter.
        symbol: implementation, as `module:name` below ppocr_lessons.
        notebook: file name in notebooks/.
        claim: published effect.
        source: table or figure that the claim is taken from.
        config: configuration that the strategy is applied to, a file below ppocr_lessons/config/.
        before: values without the strategy; ABSENT removes a key.
        after: values with the strategy, at the same places.
        config_before: configuration without the strategy if that is another file; empty if it is `config`.
        done: whether the strategy is implemented; False means "to come".
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
    config: str = ""
    before: dict = field(default_factory=dict)
    after: dict = field(default_factory=dict)
    config_before: str = ""
    done: bool = True


_DET, _CLS, _REC = "det_ablation.yml", "cls_mobile.yml", "rec_crnn.yml"
_V2 = "paddleocr/2022/ch_PP-OCRv2_"
_CONST, _COSINE = {"Optimizer.lr.name": "Const"}, {"Optimizer.lr.name": "Cosine"}
_REC_AUG = "Train.dataset.transforms.RecAug"
_RAND_AUGMENT = "Train.dataset.transforms.RandAugment"
_BDA = "Train.dataset.transforms.BaseDataAugmentation"
_COPY_PASTE = "Train.dataset.transforms.CopyPaste"
_PACT = {"weight_bits": 8, "activation_bits": 8}
_CLS_SHAPES = tuple(f"{part}.dataset.transforms.ClsResizeImg.image_shape" for part in ("Train", "Eval"))

STRATEGIES = (
    Strategy(
        "det-light-backbone", 1, ("det",), "2.1.1", "Light backbone",
        "backbones.mobilenet_v3:DetMobileNetV3", "02_det_backbone.ipynb",
        "best accuracy at equal latency among more than 20 light networks", "chapter 2.1.1, Fig. 6",
        _DET, {"Architecture.Backbone": {"name": "ResNet", "layers": 18}},
        {"Architecture.Backbone": {"name": "MobileNetV3", "model_name": "large", "scale": 0.5}},
    ),
    Strategy(
        "det-light-head", 1, ("det",), "2.1.2", "Light head: DBFPN channel sizing",
        "det.dbfpn:DBFPN", "03_det_dbfpn.ipynb",
        "7 -> 4.1 MB, 406 -> 213 ms, hmean 0.6127 -> 0.6046", "chapter 2.1, Fig. 5",
        _DET, {"Architecture.Neck.out_channels": 256}, {"Architecture.Neck.out_channels": 96},
    ),
    Strategy(
        "det-se-removal", 1, ("det",), "2.1.3", "SE removal",
        "det.se_removal:remove_se", "04_det_se_removal.ipynb",
        "4.1 -> 2.6 MB, 213 -> 173 ms, hmean 0.6046 -> 0.6087", "chapter 2.1, Fig. 5",
        _DET, {"Architecture.Backbone.disable_se": False}, {"Architecture.Backbone.disable_se": True},
    ),
    Strategy(
        "det-cosine", 1, ("det",), "2.1.4", "Cosine learning rate",
        "training.cosine_warmup:lr_at", "05_det_lr_schedule.ipynb",
        "hmean 0.6087 -> 0.6112", "chapter 2.1, Fig. 5", _DET, _CONST, _COSINE,
    ),
    Strategy(
        "det-warmup", 1, ("det",), "2.1.4", "Learning rate warm-up",
        "training.cosine_warmup:lr_at", "05_det_lr_schedule.ipynb",
        "hmean 0.6112 -> 0.6239", "chapter 2.1, Fig. 5",
        _DET, {"Optimizer.lr.warmup_epoch": 0}, {"Optimizer.lr.warmup_epoch": 2},
    ),
    Strategy(
        "det-fpgm", 1, ("det",), "2.1.5", "FPGM pruning",
        "prune.fpgm:filter_distances", "06_det_fpgm.ipynb",
        "size -46 %, speed +19 %, slightly less accurate", "chapter 2.1.5",
        "det_db.yml", {"Global.prune": None}, {"Global.prune": 0.33},
    ),
    Strategy(
        "cls-light-backbone", 1, ("cls",), "2.2.1", "Light backbone",
        "backbones.mobilenet_v3:RecMobileNetV3", "08_cls_direction.ipynb",
        "0.85 MB at 0.9403; a larger one gains 0.9 points for +58 % size", "chapter 2.2.1, Fig. 13",
        _CLS, {"Architecture.Backbone.scale": 0.5}, {"Architecture.Backbone.scale": 0.35},
    ),
    Strategy(
        "cls-augmentation", 1, ("cls",), "2.2.2", "Data augmentation: BDA and RandAugment",
        "augment.rand_augment:RandAugment", "09_cls_augmentation.ipynb",
        "accuracy 0.8879 -> 0.9212", "chapter 2.2.2, Fig. 16",
        _CLS, {_BDA: ABSENT, _RAND_AUGMENT: ABSENT}, {_BDA: {}, _RAND_AUGMENT: {}},
    ),
    Strategy(
        "cls-input-resolution", 1, ("cls",), "2.2.3", "Input resolution",
        "cls.input_resolution:cls_resize", "08_cls_direction.ipynb",
        "accuracy 0.9212 -> 0.9403, 3.19 -> 3.21 ms", "chapter 2.2.3, Fig. 17",
        _CLS, {key: [3, 32, 100] for key in _CLS_SHAPES}, {key: [3, 48, 192] for key in _CLS_SHAPES},
    ),
    Strategy(
        "cls-pact", 1, ("cls",), "2.2.4", "PACT quantization",
        "quant.pact:pact", "10_pact.ipynb",
        "0.85 -> 0.46 MB, 3.21 -> 2.38 ms, accuracy 0.9403 -> 0.9456", "chapter 2.2.4, Fig. 17",
        _CLS, {"Quant": None}, {"Quant": _PACT},
    ),
    Strategy(
        "rec-light-backbone", 1, ("rec",), "2.3.1", "Light backbone",
        "backbones.mobilenet_v3:RecMobileNetV3", "11_rec_backbone_head.ipynb",
        "small x0.5: accuracy 0.6556 at 23 MB; x1.0: 0.6933 at 28 MB", "chapter 2.3.1, Fig. 21",
        _REC, {"Architecture.Backbone.scale": 1.0}, {"Architecture.Backbone.scale": 0.5},
    ),
    Strategy(
        "rec-augmentation", 1, ("rec",), "2.3.2", "Data augmentation: BDA and TIA",
        "augment.bda:RecAug", "12_rec_tia.ipynb",
        "BDA 0.5193 -> 0.5505; TIA +0.9 points on a strong baseline", "chapter 2.3.2, Fig. 20",
        _REC, {_REC_AUG: ABSENT}, {_REC_AUG: {}},
    ),
    Strategy(
        "rec-cosine", 1, ("rec",), "2.3.3", "Cosine learning rate",
        "training.cosine_warmup:lr_at", "13_rec_training.ipynb",
        "accuracy 0.5505 -> 0.5652", "chapter 2.3.3, Fig. 20", _REC, _CONST, _COSINE,
    ),
    Strategy(
        "rec-feature-stride", 1, ("rec",), "2.3.4", "Feature map resolution",
        "rec.feature_stride:rec_backbone", "11_rec_backbone_head.ipynb",
        "accuracy 0.5652 -> 0.6179, 11.84 -> 12.96 ms", "chapter 2.3.4, Fig. 20",
        _REC, {"Architecture.Backbone.small_stride": [2, 2, 2, 2]}, {"Architecture.Backbone.small_stride": [1, 2, 2, 2]},
    ),
    Strategy(
        "rec-l2", 1, ("rec",), "2.3.3", "Regularization: L2 decay",
        "training.l2_decay:regularizer", "13_rec_training.ipynb",
        "accuracy 0.6179 -> 0.6519", "chapter 2.3.3, Fig. 20",
        _REC, {"Optimizer.regularizer.factor": 0.0}, {"Optimizer.regularizer.factor": 1e-5},
    ),
    Strategy(
        "rec-warmup", 1, ("rec",), "2.3.3", "Learning rate warm-up",
        "training.cosine_warmup:lr_at", "13_rec_training.ipynb",
        "accuracy 0.6519 -> 0.6581", "chapter 2.3.3, Fig. 20",
        _REC, {"Optimizer.lr.warmup_epoch": 0}, {"Optimizer.lr.warmup_epoch": 5},
    ),
    Strategy(
        "rec-light-head", 1, ("rec",), "2.3.1", "Light head: sequence dimension",
        "rec.light_head:SequenceEncoder", "11_rec_backbone_head.ipynb",
        "23 -> 4.6 MB, 17.27 -> 12.26 ms", "chapter 2.3.1, Fig. 22",
        _REC, {"Architecture.Neck.hidden_size": 256}, {"Architecture.Neck.hidden_size": 48},
    ),
    Strategy(
        "rec-pretrained", 1, ("rec",), "2.3.6", "Pre-trained model",
        "zoo.fine_tuning:load_matching", "13b_rec_pretraining.ipynb",
        "accuracy 0.6581 -> 0.6900", "chapter 2.3.6, Fig. 20",
        _REC, {"Global.pretrained_model": None}, {"Global.pretrained_model": "rec"},
    ),
    Strategy(
        "rec-pact", 1, ("rec",), "2.3.5", "PACT quantization",
        "quant.pact:pact", "10_pact.ipynb",
        "4.6 -> 1.5 MB, accuracy 0.6581 -> 0.6740", "chapter 2.3.5, Fig. 26",
        _REC, {"Quant": None}, {"Quant": _PACT},
    ),
    Strategy(
        "det-cml", 2, ("det",), "3.1.1", "CML: collaborative mutual learning",
        "distill.cml:CML", "14_v2_det_cml.ipynb",
        "hmean 0.759 -> 0.789 at the same size and speed", "chapter 3.1.1, Fig. 28",
        f"{_V2}det_cml.yml", {"Architecture.algorithm": "DB"}, {"Architecture.algorithm": "Distillation"},
        "paddleocr/2022/ch_det_mv3_db_v2.0.yml",
    ),
    Strategy(
        "det-copy-paste", 2, ("det",), "3.1.2", "CopyPaste",
        "augment.copy_paste:CopyPaste", "15_v2_det_copy_paste.ipynb",
        "hmean 0.789 -> 0.795", "chapter 3.1.2, Fig. 28",
        f"{_V2}det_cml.yml", {_COPY_PASTE: ABSENT}, {_COPY_PASTE: {}},
    ),
    Strategy(
        "rec-pp-lcnet", 2, ("rec",), "3.2.1", "PP-LCNet",
        "backbones.pp_lcnet:PPLCNet", "16_v2_rec_pp_lcnet.ipynb",
        "accuracy 0.667 -> 0.693, 7.7 -> 6.2 ms", "chapter 3.2, Fig. 35",
        f"{_V2}rec.yml",
        {"Architecture.Backbone": {"name": "MobileNetV3", "model_name": "small", "scale": 0.5, "small_stride": [1, 2, 2, 2]}},
        {"Architecture.Backbone": {"name": "MobileNetV1Enhance", "scale": 0.5}},
    ),
    Strategy(
        "rec-udml", 2, ("rec",), "3.2.2", "U-DML: unified deep mutual learning",
        "distill.udml:UDML", "17_v2_rec_udml.ipynb",
        "accuracy 0.693 -> 0.739", "chapter 3.2, Fig. 35",
        f"{_V2}rec_distillation.yml", {"Architecture.algorithm": "CRNN"}, {"Architecture.algorithm": "Distillation"},
        f"{_V2}rec.yml",
    ),
    Strategy(
        "rec-enhanced-ctc", 2, ("rec",), "3.2.3", "Enhanced CTC loss: center loss",
        "losses.enhanced_ctc:EnhancedCTC", "18_v2_rec_enhanced_ctc.ipynb",
        "accuracy 0.739 -> 0.748", "chapter 3.2, Fig. 35",
        f"{_V2}rec_enhanced_ctc_loss.yml", {"Loss": {"name": "CTCLoss"}},
        {"Loss": {
            "name": "CombinedLoss",
            "loss_config_list": [
                {"CTCLoss": {"use_focal_loss": False, "weight": 1.0}},
                {"CenterLoss": {"weight": 0.05, "num_classes": 6625, "feat_dim": 96}},
            ],
        }},
    ),
)  # fmt: skip


def rows() -> list[dict]:
    """The index as plain values, one dictionary per strategy.

    Returns: dictionaries with key, edition, stages, section, title, symbol, notebook, claim, source and done.
    """
    names = ("key", "edition", "stages", "section", "title", "symbol", "notebook", "claim", "source", "done")
    return [{name: getattr(s, name) for name in names} | {"stages": list(s.stages)} for s in STRATEGIES]


def as_json() -> str:
    """The index as JSON.

    Returns: text of a JSON list; see `rows`.
    """
    return json.dumps(rows(), indent=1, ensure_ascii=False)


def as_markdown() -> str:
    """The index as a Markdown table, for the README and notebook 00.

    Returns: the table, one line per strategy.
    """
    lines = ["| | strategy | nets | chapter | file | claim |", "|--|--|--|--|--|--|"]
    for number, s in enumerate(STRATEGIES, 1):
        file = "ppocr_lessons/" + s.symbol.split(":")[0].replace(".", "/") + ".py"
        place = f"`{file}`" if s.done else f"`{file}` (to come)"
        lines.append(f"| {number} | {s.title} | {', '.join(s.stages)} | {s.section} | {place} | {s.claim} |")
    return "\n".join(lines)


def get(key: str) -> Strategy:
    """Look up a strategy by its key.

    Args:
        key: key of a strategy, such as "det-cml".

    Returns: the row of the index.

    Raises:
        KeyError: unknown key; lists the known ones.
    """
    for strategy in STRATEGIES:
        if strategy.key == key:
            return strategy
    raise KeyError(f"no strategy {key!r}; known are {[s.key for s in STRATEGIES]}")
