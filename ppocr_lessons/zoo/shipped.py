"""The weights that ship with the package, by stage. This module imports no network, so networks can import it."""

import importlib.resources
import pathlib

from ..training.tensor_files import load_weights

SHIPPED = ("det", "cls", "rec")
"""Stages whose networks were trained here from scratch."""

PAGES = "det_pages"
"""Detector that has only seen synthetic pages of text. The detector "det" was trained further on photographs."""

ENGLISH = "rec_english"
"""Recognizer that was fine-tuned from the official one, see english.py."""

FILES = (*SHIPPED, PAGES, ENGLISH)
"""Names of all weights that ship with the package."""


def weights_file(stage: str) -> pathlib.Path:
    """Path of the shipped weights of a stage.

    Args:
        stage: one of FILES.

    Returns: path of a .safetensors file; its model card is beside it, with the suffix .json.
    Raises:
        ValueError: unknown stage.
    """
    if stage not in FILES:
        raise ValueError(f"stage is {stage!r}; known are {', '.join(FILES)}")
    return pathlib.Path(
        str(importlib.resources.files("ppocr_lessons").joinpath("weights", f"{stage}.safetensors"))
    )


def load_shipped(net, stage: str):
    """Load the shipped weights of a stage into a network and switch it to evaluation mode.

    Args:
        net: network of the shipped architecture, changed in place.
        stage: see `weights_file`.

    Returns: the same network.
    Raises:
        ValueError: unknown stage.
        WeightsError: the network has another architecture, or the file is damaged.
    """
    load_weights(net, weights_file(stage))
    net.eval()
    return net
