"""PaddleOCR's other spellings, and the keys of its files that mean nothing here. The one place that knows them."""

from typing import NamedTuple

SAME = {
    "ResNet_vd": "ResNet",
    "LMDBDateSet": "LMDBDataSet",
    "Linear_lr": "Linear",
    "PiecewiseDecay": "Piecewise",
    "L1Decay": "L1",
    "L2Decay": "L2",
    "thrink_maps": "shrink_maps",
}
"""Names that changed over the years, old to ours."""

DEFAULTS = {"DecodeImage": {"img_mode": "RGB"}}
"""Arguments of transforms whose default in PaddleOCR differs from our constructor's."""


class Ignored(NamedTuple):
    """A key that is read and has no effect.

    Fields:
        why: the reason, as the end of a sentence.
        told: is the reader told that it is ignored? True for keys that would change training in PaddleOCR.
        unless: values besides null and false at which nothing is lost, so that nothing is told.
        needs: a key of the same section without which PaddleOCR ignores it too.
    """

    why: str
    told: bool = False
    unless: tuple = ()
    needs: str | None = None


def _told(why: str, *unless, needs: str | None = None) -> Ignored:
    return Ignored(why, True, unless, needs)


_LOG = Ignored("it shapes PaddleOCR's log, ours is the bar on stderr and scalars.csv")
_INFER = Ignored("it is for PaddleOCR's scripts of inference and export, which this package does not have")
_OTHER_DEVICE = _told("training runs on a CPU or on CUDA devices")
_TENSOR_NAME = Ignored("it names a tensor in PaddleOCR's dictionaries; our nets return named fields")
_SIZES = Ignored("the sizes follow from the net")
_AMP = "automatic mixed precision runs at level O1 with Paddle's own lists"
_GROWTH = _told("the shrink ratio stays the same from the first epoch to the last")
_LOADER = Ignored("it tunes PaddleOCR's worker processes; the batches are the same without it")

IGNORED = {
    (): {
        "profiler_options": Ignored("it is for Paddle's profiler"),
        "wandb": _told("there is no logging to Weights & Biases; Global.tensorboard: true writes TensorBoard files"),
        "Hooks": Ignored("it is for PaddleOCR's own hooks"),
    },
    ("Global",): {
        "cal_metric_during_train": _told("accuracy is computed on the Eval set alone, not on training batches"),
        "amp_level": _told(_AMP, "O1", "O0", needs="use_amp"),
        "amp_custom_black_list": _told(_AMP, needs="use_amp"),
        "amp_custom_white_list": _told(_AMP, needs="use_amp"),
        "scale_loss": _told("the factor of the loss is found by Paddle's GradScaler", needs="use_amp"),
        "use_dynamic_loss_scaling": Ignored("the loss is always scaled dynamically where float16 needs it"),
        "eval_batch_epoch": _told("when to evaluate is set by eval_batch_step, in steps"),
        "use_visualdl": _told("there is no VisualDL; Global.tensorboard: true writes TensorBoard files"),
        "use_wandb": _told("there is no Weights & Biases; Global.tensorboard: true writes TensorBoard files"),
        "use_sync_bn": Ignored("with several processes batch norms are always synchronized"),
        "distributed": Ignored("the launcher says how many processes there are"),
        "save_epoch_step": Ignored("checkpoints are written every save_batch_step steps, the last ones are kept"),
        "calc_epoch_interval": Ignored("it is for PaddleOCR's U-DML of layouts"),
        "load_static_weights": Ignored("weights are matched by name whatever wrote them"),
        "character_type": Ignored("since 2022 the dictionary alone says which characters there are"),
        "d2s_train_image_shape": Ignored("it is for training in static graphs, and training here is eager"),
        "to_static": Ignored("training here is eager"),
        "find_unused_parameters": Ignored("gradients are averaged after the backward pass, whichever there are"),
        "image_shape": Ignored("the transforms say the size"),
        "model_name": Ignored("it is a label for PaddleX"),
        "quant": Ignored("quantization is not chosen in the configuration of a training"),
        "debug": _LOG, "log_smooth_window": _LOG, "print_batch_step": _LOG, "profiler_options": _LOG, "log_ranks": _LOG,
        "infer_img": _INFER, "infer_mode": _INFER, "infer_visual_type": _INFER, "save_res_path": _INFER,
        "save_inference_dir": _INFER, "export_with_pir": _INFER, "uniform_output_enabled": _INFER,
        "use_tensorrt": _INFER, "min_subgraph_size": _INFER, "enable_mkldnn": _INFER, "cpu_threads": _INFER,
        "use_xpu": _OTHER_DEVICE, "use_npu": _OTHER_DEVICE, "use_mlu": _OTHER_DEVICE, "use_gcu": _OTHER_DEVICE,
        "use_mps": _OTHER_DEVICE, "use_iluvatar_gpu": _OTHER_DEVICE, "use_metax_gpu": _OTHER_DEVICE,
    },
    ("Architecture",): {
        "in_channels": Ignored("pictures have three planes"),
        "return_all_feats": Ignored("our nets always return their intermediates"),
    },
    ("Architecture", "Head"): {"in_channels": _SIZES, "out_channels": _SIZES},
    ("Architecture", "Neck"): {"in_channels": _SIZES},
    ("Architecture", "Backbone"): {
        "in_channels": _SIZES,
        "pretrained": _told("weights are named in Global.pretrained_model, or in `pretrained` of one of several nets"),
    },
    ("ResNet",): {"disable_se": Ignored("this net has no squeeze-and-excitation blocks to leave out")},
    ("Loss",): {"eps": _told("the loss keeps divisions safe with 1e-6", 1e-6), "reduction": _told("the mean is taken", "mean")},
    ("Optimizer",): {
        "lazy_mode": Ignored("it skips rows of sparse gradients, and there are none"),
        "multi_precision": Ignored("weights stay in float32 under automatic mixed precision of level O1"),
    },
    ("Optimizer", "lr"): {
        "last_epoch": Ignored("a resumed run takes its step from its checkpoint"),
        "verbose": _LOG,
    },
    ("PostProcess",): {
        "character_dict_path": Ignored("Global names the dictionary"), "use_space_char": Ignored("Global says so"),
        "infer_mode": _INFER, "visual_output": _INFER, "label_list": Ignored("Global has it"),
    },
    ("Metric",): {"base_metric_indicator": Ignored("main_indicator says it")},
    ("dataset",): {
        "ext_op_transform_idx": Ignored("a donor passes the transforms before CopyPaste, however many there are"),
        "seed": Ignored("everything random derives from Global.seed"),
        "ds_width": _told("batches are not sorted by width"), "add_space": _told("texts are not changed"),
    },
    ("loader",): {
        "use_mp": _LOADER, "persistent_workers": _LOADER, "prefetch_factor": _LOADER, "num_sections": _LOADER,
        "collate_fn": _told("samples of one size are stacked"),
    },
    ("MakeBorderMap",): {"epoch": _GROWTH, "total_epoch": _GROWTH},
    ("MakeShrinkMap",): {"epoch": _GROWTH, "total_epoch": _GROWTH},
    ("RecResizeImg",): {"infer_mode": _INFER, "eval_mode": _INFER, "character_dict_path": _INFER},
    ("DistillationDBLoss",): {"name": _TENSOR_NAME, "key": _TENSOR_NAME, "eps": _told("it is 1e-6", 1e-6)},
    ("DistillationDilaDBLoss",): {"name": _TENSOR_NAME, "key": _TENSOR_NAME, "eps": _told("it is 1e-6", 1e-6)},
    ("DistillationDMLLoss",): {"name": _TENSOR_NAME, "key": _TENSOR_NAME, "dis_head": _TENSOR_NAME},
    ("DistillationCTCLoss",): {"name": _TENSOR_NAME, "key": _TENSOR_NAME},
    ("DistillationDistanceLoss",): {"name": _TENSOR_NAME, "key": _TENSOR_NAME},
}  # fmt: skip
"""By place or by kind: keys that PaddleOCR's files carry and that change nothing here, each with the reason."""

UNREAD = {
    "label_ace": "counts of characters, which ACELoss alone reads",
    "valid_ratio": "width of the line in its picture, which attention heads alone read",
    "img_path": "the file's name, which no loss reads",
}
"""Names in KeepKeys that no net and no loss of this package reads."""


def split_ignored(kind: tuple, values: dict) -> tuple[dict, list[tuple[str, str]]]:
    """Values of a section without those that mean nothing here; and what the reader should be told of those.

    Args:
        kind: key of IGNORED.
        values: of the section.

    Returns: the values that count, and (key, reason) pairs.
    """
    known = IGNORED.get(kind, {})
    told = []
    for key, value in values.items():
        rule = known.get(key)
        if not rule or not rule.told or value in (None, False, "", [], {}) or value in rule.unless:
            continue
        if rule.needs is None or values.get(rule.needs):
            told.append((key, f"{value!r:.60} has no effect: {rule.why}"))
    return {key: value for key, value in values.items() if key not in known}, told


def name_of(value):
    """Our spelling of a name.

    Args:
        value: of a key `name`.
    """
    return SAME.get(value, value) if isinstance(value, str) else value


def fraction(value):
    """The number that "1./255." stands for; anything else comes back as it is.

    Args:
        value: a number, or a text such as `1./255.`.
    """
    if isinstance(value, str):
        above, found, below = value.partition("/")
        try:
            return float(above) / float(below) if found else float(above)
        except (ValueError, ZeroDivisionError):
            return value
    return value
