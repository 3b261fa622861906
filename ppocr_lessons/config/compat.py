"""PaddleOCR's other spellings, and the keys of its files that mean nothing here. The one place that knows them."""

SAME = {
    "ResNet_vd": "ResNet",
    "LMDBDateSet": "LMDBDataSet",
    "Linear_lr": "Linear",
    "PiecewiseDecay": "Piecewise",
    "thrink_maps": "shrink_maps",
}
"""Names that changed over the years, old to ours."""

IGNORED = {
    (): {"profiler_options", "wandb", "Hooks"},
    ("Global",): {
        "log_smooth_window", "save_epoch_step", "cal_metric_during_train", "infer_img", "infer_mode", "save_res_path", "use_visualdl",
        "load_static_weights", "character_type", "distributed", "debug", "use_xpu", "use_npu", "use_mlu", "use_gcu",
        "use_mps", "use_iluvatar_gpu", "use_metax_gpu", "use_sync_bn", "d2s_train_image_shape", "profiler_options",
        "use_wandb", "amp_custom_black_list", "amp_custom_white_list", "amp_level", "model_name", "export_with_pir",
        "uniform_output_enabled", "calc_epoch_interval", "save_inference_dir", "print_batch_step", "scale_loss",
        "use_dynamic_loss_scaling", "image_shape", "use_tensorrt", "min_subgraph_size", "quant",
    },
    ("Architecture",): {"Transform"},
    ("Architecture", "Head"): {"in_channels", "out_channels"},
    ("Architecture", "Neck"): {"in_channels"},
    ("Architecture", "Backbone"): {"pretrained", "in_channels"},
    ("Loss",): {"eps", "reduction"},
    ("Optimizer", "lr"): {"last_epoch", "verbose"},
    ("PostProcess",): {"character_dict_path", "use_space_char", "infer_mode", "label_list"},
    ("Metric",): {"base_metric_indicator"},
    ("dataset",): {"ext_op_transform_idx", "seed", "ds_width", "add_space"},
    ("loader",): {"use_mp", "persistent_workers", "collate_fn", "prefetch_factor"},
    ("RecResizeImg",): {"infer_mode", "eval_mode", "character_dict_path"},
    ("DistillationDBLoss",): {"name", "key", "eps"},
    ("DistillationDilaDBLoss",): {"name", "key", "eps"},
    ("DistillationDMLLoss",): {"name", "key", "dis_head"},
    ("DistillationCTCLoss",): {"name", "key"},
    ("DistillationDistanceLoss",): {"name", "key"},
}  # fmt: skip
"""By place or by kind: keys that PaddleOCR's files carry and that change nothing here."""


def drop_ignored(kind: tuple, values: dict) -> dict:
    """Values of a section without those that mean nothing here."""
    return {key: value for key, value in values.items() if key not in IGNORED.get(kind, ())}


def name_of(value):
    """Our spelling of a name."""
    return SAME.get(value, value) if isinstance(value, str) else value


def fraction(value):
    """The number that "1./255." stands for; anything else comes back as it is."""
    if isinstance(value, str):
        above, found, below = value.partition("/")
        try:
            return float(above) / float(below) if found else float(above)
        except (ValueError, ZeroDivisionError):
            return value
    return value
