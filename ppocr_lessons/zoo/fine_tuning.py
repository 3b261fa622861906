"""Fine-tuning: take over what fits of other weights, keep parts of a net as they are (chapter 2.3.6)."""

import pathlib
from typing import NamedTuple

import numpy as np

from ..training.tensor_files import WeightsError, read_tensors, state_of, unusable
from .pretrained import read_pdparams
from .shipped import SHIPPED, weights_file


class Loaded(NamedTuple):
    """What `load_matching` did: `loaded`, `misshapen` (kept as they were, with both shapes), `missing`, `unused`."""

    loaded: list[str]
    misshapen: list[str]
    missing: list[str]
    unused: list[str]

    def report(self, source) -> str:
        """A few lines that say what was not loaded; empty if everything was.

        Args:
            source: name of the weights, for the message.
        """
        lines = [
            f"  {what} ({len(names)}): {', '.join(names[:8])}{' ...' if len(names) > 8 else ''}"
            for what, names in (
                ("of another shape, initialized afresh", self.misshapen),
                ("not in the file, initialized afresh", self.missing),
                ("in the file, not in the net", self.unused),
            )
            if names
        ]
        return "\n".join([f"{source}: {len(self.loaded)} entries loaded", *lines]) if lines else ""


def read_weights(path) -> dict[str, np.ndarray]:
    """Arrays of a weights file: .safetensors, PaddleOCR's .pdparams, a folder of a run, or "det", "cls", "rec".

    Args:
        path: of the file; of a folder the best weights are taken; a stage's name stands for the shipped ones.

    Raises:
        WeightsError: no such file, or one that cannot be read.
    """
    if str(path) in SHIPPED:
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
    """Read those entries of a weights file that fit, for fine-tuning; the others stay as they were initialized.

    With another dictionary that is the head alone. Files of a backbone alone fit a whole net's backbone.

    Args:
        net: any layer.
        path: see `read_weights`.
        prefix: of the entries wanted in the file, "Student.".

    Raises:
        WeightsError: unreadable, nothing in it fits, or entries of the right shape whose values cannot be used, all of
            them listed; then the net is untouched.
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
    """Keep parts of a net as they are while the rest trains, their batch statistics too.

    Args:
        net: any layer.
        prefixes: of parameter names, "backbone" or "backbone.blocks.0".

    Returns: names of the parameters that no longer learn.

    Raises:
        ValueError: a prefix that no parameter has; names it and what there is.
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
        if hasattr(layer, "_use_global_stats") and any(f.startswith(name + ".") for f in frozen):
            layer._use_global_stats = True
    return frozen
