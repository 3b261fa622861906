"""Rows of the detection ablation: what each strategy changes in config/det_ablation.yml."""

import json
import pathlib
from typing import NamedTuple

from ..config import ConfigError, read_config

CONFIG = pathlib.Path(__file__).parents[1] / "config" / "det_ablation.yml"
PAGES, HELD_BACK, CHOOSING, SIDE = 640, 60, 40, 448
"""Number of pages for training, for scoring, and for choosing the unclip ratio; their side in pixels."""

SEEDS = (1, 2, 3)


class Row(NamedTuple):
    """A row of the table.

    Fields:
        name: short name, used for files.
        title: title in the table.
        section: section of the chapter.
        changes: overrides of the configuration, as for `-o`.
        start: row whose weights the training starts from; None for random weights.
        nets: networks of a distillation, or only the student.
        terms: names of the losses of a distillation.
        surgery: change of the network before training: "prune", "remove_se" or "" for none.
    """

    name: str
    title: str
    section: str
    changes: tuple[str, ...]
    start: str | None = None
    nets: tuple[str, ...] = ("Student",)
    terms: tuple[str, ...] = ()
    surgery: str = ""


CONST, NO_WARMUP = "Optimizer.lr.name=Const", "Optimizer.lr.warmup_epoch=0"
WIDE, SE = "Architecture.Neck.out_channels=256", "Architecture.Backbone.disable_se=false"
FURTHER = ("Global.epoch_num=2", "Optimizer.lr.learning_rate=1.0e-3", "Optimizer.lr.warmup_epoch=0.25")
RESNET = "Architecture.Backbone={name: ResNet_vd, layers: 18}"

FIRST_EDITION = (
    Row("wide", "256 channels, SE, constant rate", "2.1.2", (WIDE, SE, CONST, NO_WARMUP)),
    Row("narrow", "96 channels", "2.1.2", (SE, CONST, NO_WARMUP)),
    Row("no-se", "+ SE removal", "2.1.3", (CONST, NO_WARMUP)),
    Row("cosine", "+ cosine", "2.1.4", (NO_WARMUP,)),
    Row("warm-up", "+ warm-up", "2.1.4", ()),
    Row("fpgm", "+ FPGM", "2.1.5", FURTHER, "warm-up", surgery="prune"),
)
"""Each row adds one strategy to the row before it."""

SECOND_EDITION = (
    Row("further", "PP-OCR's detector, trained further", "3.1", FURTHER, "warm-up"),
    Row("kd", "standard distillation", "3.1.1", FURTHER, "warm-up", ("Teacher", "Student"), ("dilated", "labels")),
    Row("dml", "DML", "3.1.1", FURTHER, "warm-up", ("Student", "Student2"), ("mutual", "labels")),
    Row(
        "cml", "CML", "3.1.1", FURTHER, "warm-up",
        ("Teacher", "Student", "Student2"), ("dilated", "mutual", "labels"),
    ),
    Row(
        "cml-copy-paste", "CML + CopyPaste", "3.1.2", FURTHER, "warm-up",
        ("Teacher", "Student", "Student2"), ("dilated", "mutual", "labels"),
    ),
)  # fmt: skip
"""All rows start from the weights of the row `warm-up` and are trained for the same number of steps."""

BACKBONES = (
    Row("small-0.35", "MobileNetV3 small 0.35", "2.1.1", ("Architecture.Backbone.model_name=small", "Architecture.Backbone.scale=0.35")),
    Row("small-0.5", "MobileNetV3 small 0.5", "2.1.1", ("Architecture.Backbone.model_name=small",)),
    Row("small-1.0", "MobileNetV3 small 1.0", "2.1.1", ("Architecture.Backbone.model_name=small", "Architecture.Backbone.scale=1.0")),
    Row("large-0.35", "MobileNetV3 large 0.35", "2.1.1", ("Architecture.Backbone.scale=0.35",)),
    Row("large-1.0", "MobileNetV3 large 1.0", "2.1.1", ("Architecture.Backbone.scale=1.0",)),
)  # fmt: skip
"""The network of the row `warm-up` with other backbones."""

LONGER = ("Global.epoch_num=4", *FURTHER[1:])
GATES = (
    Row("se-longer", "96 channels, SE, twice as long", "2.1.3", (SE, *LONGER), "narrow"),
    Row("no-se-longer", "SE removal, twice as long", "2.1.3", LONGER, "no-se"),
    Row("se-kept", "SE kept in the trained net", "2.1.3", (SE, *FURTHER), "se-longer"),
    Row(
        "se-removed",
        "SE removed from the trained net",
        "2.1.3",
        (SE, *FURTHER),
        "se-longer",
        surgery="remove_se",
    ),
)
"""Longer training with and without SE gates, and removal of the gates from a trained network."""

TEACHER_ROWS = (
    Row("teacher-start", "ResNet18_vd, 256 channels", "3.1.1", (RESNET, WIDE, "Global.epoch_num=6")),
    Row(
        "teacher", "CML's teacher: ResNet18_vd, trained further", "3.1.1",
        (RESNET, WIDE, *FURTHER[1:], "Global.epoch_num=3"), "teacher-start",
    ),
)  # fmt: skip
"""The teacher is trained longer than its students, in two runs."""

ONCE = tuple(row.name for row in (*BACKBONES, *GATES, *TEACHER_ROWS))
"""Rows that are trained only with the first of SEEDS: large effects, side questions, and the teacher."""

ROWS = {row.name: row for row in (*BACKBONES, *FIRST_EDITION, *GATES, *TEACHER_ROWS, *SECOND_EDITION)}


def _student(weights) -> dict:
    return {
        "model_type": "det",
        "algorithm": "DB",
        "pretrained": str(weights),
        "Backbone": {"name": "MobileNetV3", "model_name": "large", "scale": 0.5, "disable_se": True},
        "Neck": {"name": "DBFPN", "out_channels": 96},
        "Head": {"name": "DBHead", "k": 50},
    }


def _teacher(weights) -> dict:
    return {
        "model_type": "det",
        "algorithm": "DB",
        "pretrained": str(weights),
        "freeze_params": True,
        "Backbone": {"name": "ResNet_vd", "layers": 18},
        "Neck": {"name": "DBFPN", "out_channels": 256},
        "Head": {"name": "DBHead", "k": 50},
    }


def distillation(row: Row, weights: dict[str, pathlib.Path]) -> list[str]:
    """Overrides that turn the configuration into a distillation.

    Args:
        row: row with nets and terms.
        weights: initial weights of each network.

    Returns: overrides, as for `-o`.
    """
    students = [name for name in row.nets if name != "Teacher"]
    nets = {name: (_student if name in students else _teacher)(weights[name]) for name in row.nets}
    known = {
        "dilated": {"DistillationDilaDBLoss": {"model_name_pairs": [[name, "Teacher"] for name in students]}},
        "mutual": {"DistillationDMLLoss": {"model_name_pairs": [students], "maps_name": "thrink_maps"}},
        "labels": {"DistillationDBLoss": {"model_name_list": students}},
    }
    architecture = {"model_type": "det", "algorithm": "Distillation", "Models": nets}
    loss = {"name": "CombinedLoss", "loss_config_list": [known[term] for term in row.terms]}
    metric = {
        "name": "DistillationMetric", "base_metric_name": "DetMetric", "main_indicator": "hmean", "key": "Student"
    }  # fmt: skip
    sections = {"Architecture": architecture, "Loss": loss, "Metric": metric}
    return [f"{name}={json.dumps(section)}" for name, section in sections.items()]


def folder_of(out: pathlib.Path, row: str, seed: int) -> pathlib.Path:
    """Folder of the checkpoints, weights and record of a run.

    Args:
        out: folder of all runs.
        row: name of the row.
        seed: seed of the run.

    Returns: path of the folder.
    """
    return out / f"{row}-{seed}"


def settings_of(row: Row, seed: int, out: pathlib.Path):
    """The configuration of a run.

    Args:
        row: row of ROWS.
        seed: seed of all random numbers.
        out: folder of all runs.

    Returns: the validated configuration.

    Raises:
        ConfigError: the run that it starts from is not finished.
    """
    mine = folder_of(out, row.name, seed)
    assignments = [
        f"Global.seed={seed}",
        f"Global.save_model_dir={mine}",
        f"Train.dataset.data_dir={out / 'train'}",
        f"Train.dataset.label_file_list=[{out / 'train' / 'label.txt'}]",
        f"Eval.dataset.data_dir={out / 'eval'}",
        f"Eval.dataset.label_file_list=[{out / 'eval' / 'label.txt'}]",
        *row.changes,
    ]
    if row.start:
        # Two students with equal weights would stay equal, so the second one starts from another seed.
        other = SEEDS[(SEEDS.index(seed) + 1) % len(SEEDS)] if seed in SEEDS else seed + 1
        places = {"Student": (row.start, seed), "Student2": (row.start, other), "Teacher": ("teacher", 1)}
        weights = {name: folder_of(out, *places[name]) / "latest.safetensors" for name in row.nets}
        for path in weights.values():
            if not path.is_file():
                raise ConfigError(f"{row.name}: starts from {path.parent.name}, which is not finished")
        if len(row.nets) > 1:
            assignments += distillation(row, weights)
        else:
            assignments.append(f"Global.pretrained_model={weights['Student']}")
    if row.name == "cml-copy-paste":
        assignments.append(f"Train.dataset.transforms={json.dumps(_with_copy_paste())}")
    return read_config(CONFIG, assignments)


def _with_copy_paste() -> list:
    transforms = read_config(CONFIG, []).values["Train"]["dataset"]["transforms"]
    after = next(i for i, part in enumerate(transforms) if "DetLabelEncode" in part) + 1
    return [*transforms[:after], {"CopyPaste": None}, *transforms[after:]]
