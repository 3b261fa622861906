"""Fine-tuning: load the weights that fit, and freeze parts of a network (chapter 2.3.6)."""

import pathlib
from typing import NamedTuple

import numpy as np

from ..training.tensor_files import WeightsError, read_tensors, state_of, unusable
from .pretrained import read_pdparams
from .shipped import FILES, weights_file


class Loaded(NamedTuple):
    """Result of `load_matching`.

    Fields:
        loaded: names of the tensors that were loaded.
        misshapen: tensors that have another shape in the file, with both shapes; not loaded.
        missing: names of tensors that the file does not contain.
        unused: names of entries of the file that the network does not contain.
    """

    loaded: list[str]
    misshapen: list[str]
    missing: list[str]
    unused: list[str]

    def report(self, source) -> str:
        """Summarize what was not loaded.

        Args:
            source: name of the weights for the message.

        Returns: a few lines; empty if everything was loaded.
        """
        lines = [
            f"  {what} ({len(names)}): {', '.join(names[:8])}{' ...' if len(names) > 8 else ''}"
            for what, names in (
                ("of another shape, not loaded", self.misshapen),
                ("not in the file, not loaded", self.missing),
                ("in the file, not in the net", self.unused),
            )
            if names
        ]
        return "\n".join([f"{source}: {len(self.loaded)} entries loaded", *lines]) if lines else ""


def read_weights(path) -> dict[str, np.ndarray]:
    """Read the arrays of a weights file.

    Args:
        path: .safetensors file, .pdparams file of PaddleOCR, folder of a run (its best weights), or one of
            `shipped.FILES` for the shipped weights.

    Returns: arrays by name.

    Raises:
        WeightsError: the file is missing or cannot be read.
    """
    if str(path) in FILES:
        return read_tensors(weights_file(str(path)))
    path = pathlib.Path(path)
    if path.is_dir():
        inside = [
            path / name for name in ("best.safetensors", "model.safetensors") if (path / name).is_file()
        ]
        if not inside:
            raise WeightsError(f"{path}: a folder without best.safetensors or model.safetensors")
        path = inside[0]
    return read_tensors(path) if path.suffix == ".safetensors" else read_pdparams(path)


def load_matching(net, path, *, prefix: str = "") -> Loaded:
    """Load the entries of a weights file that fit; all other tensors keep their initial values.

    With another dictionary, for example, only the head does not fit. A file that contains only a backbone is loaded into the
    backbone of the network.

    Args:
        net: any layer; changed in place.
        path: see `read_weights`.
        prefix: prefix of the entries to load, such as "Student.".

    Returns: see `Loaded`.

    Raises:
        WeightsError: the file cannot be read, nothing in it fits, or entries of the right shape have unusable values. The
            network is unchanged.
    """
    arrays = read_weights(path)
    if prefix and any(name.startswith(prefix) for name in arrays):
        arrays = {k.removeprefix(prefix): v for k, v in arrays.items() if k.startswith(prefix)}
    names: dict[int, list[str]] = {}
    for alias, tensor in net.state_dict().items():
        names.setdefault(id(tensor), []).append(alias)
    if not any(alias in arrays for aliases in names.values() for alias in aliases):
        arrays = {f"backbone.{name}": array for name, array in arrays.items()}
    result, used, bad = Loaded([], [], [], []), set(), []
    chosen = {}
    for name, tensor in state_of(net).items():
        found = next((alias for alias in names[id(tensor)] if alias in arrays), None)
        used |= {alias for alias in names[id(tensor)] if alias in arrays}
        if found is None:
            result.missing.append(name)
        elif tuple(arrays[found].shape) != tuple(tensor.shape):
            result.misshapen.append(f"{name} {tuple(arrays[found].shape)} -> {tuple(tensor.shape)}")
        elif reason := unusable(arrays[found], tensor):
            bad.append(f"{name}: {reason}")
        else:
            chosen[name] = arrays[found]
    result.unused.extend(name for name in arrays if name not in used)
    if bad:
        raise WeightsError(f"{path}: values that cannot be used\n  " + "\n  ".join(bad))
    state = state_of(net)
    for name, array in chosen.items():
        state[name].set_value(array.astype(state[name].numpy().dtype, copy=False))
        result.loaded.append(name)
    if not result.loaded:
        raise WeightsError(f"{path}: none of its {len(arrays)} entries fits the net")
    return result


def freeze(net, prefixes) -> list[str]:
    """Freeze parts of a network, including their batch statistics.

    Args:
        net: any layer; changed in place.
        prefixes: prefixes of parameter names, such as "backbone" or "backbone.blocks.0".

    Returns: names of the frozen parameters.

    Raises:
        ValueError: no parameter has one of the prefixes; names it and the parts of the network.
    """
    frozen = []
    for prefix in prefixes:
        inside = [n for n, _ in net.named_parameters() if n == prefix or n.startswith(prefix + ".")]
        if not inside:
            parts = sorted({name.split(".")[0] for name, _ in net.named_parameters()})
            raise ValueError(f"nothing to freeze is called {prefix!r}; parts of the net are {parts}")
        frozen += inside
    for name, parameter in net.named_parameters():
        if name in frozen:
            parameter.stop_gradient = True
    for name, layer in net.named_sublayers():
        if not layer.sublayers() and any(f.startswith(name + ".") for f in frozen):
            fix_statistics(layer)
    return frozen


def fix_statistics(net) -> None:
    """Let every batch norm use and keep its running statistics in training, too.

    The small or unusual batches of a fine-tuning would replace statistics that were measured on far more data.

    Args:
        net: any layer; changed in place. Scale and shift are still trained.
    """
    for layer in net.sublayers(include_self=True):
        if hasattr(layer, "_use_global_stats"):  # batch norms, synchronized ones included
            layer._use_global_stats = True
