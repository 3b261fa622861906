"""Compatibility with PaddleOCR's files: other spellings of names, and keys that have no effect here."""

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
"""Names that changed over the years, from the other spelling to the one used here."""

DEFAULTS = {"DecodeImage": {"img_mode": "RGB"}}
"""Arguments of transforms whose default in PaddleOCR differs from that of the constructor here."""


class Ignored(NamedTuple):
    """A key that is accepted and has no effect.

    Fields:
        why: the reason, as the end of a sentence.
        told: whether a note is printed; True for keys that change the training in PaddleOCR.
        unless: values besides null and false that need no note, because they request the behavior of this package.
        needs: key of the same section without which PaddleOCR ignores the key too.
    """

    why: str
    told: bool = False
    unless: tuple = ()
    needs: str | None = None


def _told(why: str, *unless, needs: str | None = None) -> Ignored:
    return Ignored(why, True, unless, needs)


_LOG = Ignored(
    "it configures the log of PaddleOCR; here a log has one line every 30 seconds, and scalars.csv has every step"
)
_INFER = Ignored("it is for the inference and export scripts of PaddleOCR, which this package does not have")
_OTHER_DEVICE = _told("training runs on a CPU or on CUDA devices")
_TENSOR_NAME = Ignored("it names a tensor in PaddleOCR's dictionaries; the networks here return named fields")
_SIZES = Ignored("the sizes follow from the network")
_AMP = "automatic mixed precision uses level O1 with the lists of Paddle"
_RANGE = Ignored("the trained clipping bound is the range of an activation")
_GROWTH = _told("the shrink ratio is the same in all epochs")
_LOADER = Ignored("it tunes the worker processes of PaddleOCR; batches do not depend on it")

IGNORED = {
    (): {
        "profiler_options": Ignored("it is for Paddle's profiler"),
        "wandb": _told("there is no logging to Weights & Biases; Global.tensorboard: true writes TensorBoard files"),
        "Hooks": Ignored("it is for PaddleOCR's own hooks"),
    },
    ("Global",): {
        "cal_metric_during_train": _told("accuracy is computed on the evaluation dataset, not on training batches"),
        "amp_level": _told(_AMP, "O1", "O0", needs="use_amp"),
        "amp_custom_black_list": _told(_AMP, needs="use_amp"),
        "amp_custom_white_list": _told(_AMP, needs="use_amp"),
        "scale_loss": _told("Paddle's GradScaler determines the scale of the loss", needs="use_amp"),
        "use_dynamic_loss_scaling": Ignored("the loss is always scaled dynamically with float16"),
        "eval_batch_epoch": _told("eval_batch_step determines when to evaluate, in steps"),
        "use_visualdl": _told("there is no VisualDL; Global.tensorboard: true writes TensorBoard files"),
        "use_wandb": _told("there is no Weights & Biases; Global.tensorboard: true writes TensorBoard files"),
        "use_sync_bn": Ignored("on GPUs, batch normalization is always synchronized between processes"),
        "distributed": Ignored("the launcher determines the number of processes"),
        "save_epoch_step": Ignored("checkpoints are written every save_batch_step steps, and the latest ones are kept"),
        "calc_epoch_interval": Ignored("it is for the layout analysis of PaddleOCR"),
        "load_static_weights": Ignored("weights are always matched by name"),
        "character_type": Ignored("since 2022 the dictionary alone determines the characters"),
        "d2s_train_image_shape": Ignored("it is for training with static graphs; training here is eager"),
        "to_static": Ignored("training here is eager"),
        "find_unused_parameters": Ignored("parameters that a batch does not use are always found"),
        "image_shape": Ignored("the transforms determine the size"),
        "model_name": Ignored("it is a label for PaddleX"),
        "quant": Ignored("section Quant says whether a network is quantized"),
        "debug": _LOG, "log_smooth_window": _LOG, "print_batch_step": _LOG, "profiler_options": _LOG, "log_ranks": _LOG,
        "infer_img": _INFER, "infer_mode": _INFER, "infer_visual_type": _INFER, "save_res_path": _INFER,
        "save_inference_dir": _INFER, "export_with_pir": _INFER, "uniform_output_enabled": _INFER,
        "use_tensorrt": _INFER, "min_subgraph_size": _INFER, "enable_mkldnn": _INFER, "cpu_threads": _INFER,
        "use_xpu": _OTHER_DEVICE, "use_npu": _OTHER_DEVICE, "use_mlu": _OTHER_DEVICE, "use_gcu": _OTHER_DEVICE,
        "use_mps": _OTHER_DEVICE, "use_iluvatar_gpu": _OTHER_DEVICE, "use_metax_gpu": _OTHER_DEVICE,
    },
    ("Architecture",): {
        "in_channels": Ignored("images have three channels"),
        "return_all_feats": Ignored("the networks always return their intermediate features"),
    },
    ("Architecture", "Head"): {"in_channels": _SIZES, "out_channels": _SIZES},
    ("Architecture", "Neck"): {"in_channels": _SIZES},
    ("Architecture", "Backbone"): {
        "in_channels": _SIZES,
        "pretrained": _told("weights are named in Global.pretrained_model, or in `pretrained` of one of several nets"),
    },
    ("ResNet",): {"disable_se": Ignored("this network has no squeeze-and-excitation blocks")},
    ("Loss",): {"eps": _told("the loss uses 1e-6 against divisions by zero", 1e-6), "reduction": _told("the mean is taken", "mean")},
    ("Optimizer",): {
        "lazy_mode": Ignored("it applies to sparse gradients only, and there are none"),
        "multi_precision": Ignored("weights stay in float32 with automatic mixed precision of level O1"),
    },
    ("Optimizer", "lr"): {
        "last_epoch": Ignored("a resumed run reads its step from the checkpoint"),
        "verbose": _LOG,
    },
    ("Quant",): {
        "activation_quantize_type": _RANGE, "moving_rate": _RANGE, "window_size": _RANGE,
        "activation_preprocess_type": Ignored("PACT always clips the activations"),
        "weight_preprocess_type": _told("weights are rounded without preprocessing"),
        "dtype": Ignored("integers of up to 8 bits are stored as int8"),
    },
    ("PostProcess",): {
        "character_dict_path": Ignored("Global names the dictionary"), "use_space_char": Ignored("Global has it"),
        "infer_mode": _INFER, "visual_output": _INFER, "label_list": Ignored("Global has it"),
    },
    ("Metric",): {"base_metric_indicator": Ignored("main_indicator names it")},
    ("dataset",): {
        "ext_op_transform_idx": Ignored("a donor image always passes all transforms before CopyPaste"),
        "seed": Ignored("everything random derives from Global.seed"),
        "ds_width": _told("batches are not sorted by width"), "add_space": _told("texts are used as they are"),
    },
    ("loader",): {
        "use_mp": _LOADER, "persistent_workers": _LOADER, "prefetch_factor": _LOADER, "num_sections": _LOADER,
        "collate_fn": _told("samples have the same size and are stacked"),
    },
    ("MakeBorderMap",): {"epoch": _GROWTH, "total_epoch": _GROWTH},
    ("MakeShrinkMap",): {"epoch": _GROWTH, "total_epoch": _GROWTH},
    ("RecResizeImg",): {"infer_mode": _INFER, "eval_mode": _INFER, "character_dict_path": _INFER},
    ("DistillationDBLoss",): {"name": _TENSOR_NAME, "key": _TENSOR_NAME, "eps": _told("it is 1e-6", 1e-6)},
    ("DistillationDilaDBLoss",): {"name": _TENSOR_NAME, "key": _TENSOR_NAME, "eps": _told("it is 1e-6", 1e-6)},
    ("DistillationDMLLoss",): {"name": _TENSOR_NAME, "key": _TENSOR_NAME, "dis_head": _TENSOR_NAME},
    ("DistillationCTCLoss",): {"name": _TENSOR_NAME, "key": _TENSOR_NAME},
    ("DistillationDistanceLoss",): {"name": _TENSOR_NAME},
}  # fmt: skip
"""Keys of PaddleOCR's files that have no effect here, with the reason, by place or kind of the section."""

UNREAD = {
    "label_ace": "counts of characters, which ACELoss here computes from the label",
    "valid_ratio": "share of the image width that the line fills, which only attention heads read",
    "img_path": "file name, which no loss reads",
}
"""Names in KeepKeys that no network and no loss of this package reads."""


def split_ignored(kind: tuple, values: dict) -> tuple[dict, list[tuple[str, str]]]:
    """Separate the values of a section that have no effect.

    Args:
        kind: key of IGNORED.
        values: values of the section.

    Returns: the values that have an effect, and (key, note) for the others that need a note.
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
    """The spelling of a name that this package uses.

    Args:
        value: value of a key `name`.

    Returns: the name; anything else is returned unchanged.
    """
    return SAME.get(value, value) if isinstance(value, str) else value


def fraction(value):
    """Convert a text such as "1./255." to a number.

    Args:
        value: a number or a text.

    Returns: the number; anything else is returned unchanged.
    """
    if isinstance(value, str):
        above, found, below = value.partition("/")
        try:
            return float(above) / float(below) if found else float(above)
        except (ValueError, ZeroDivisionError):
            return value
    return value
