"""Nets as named tensors: what stands in a net, in a weights file, and how one gets into the other.

Everything is safetensors, which holds arrays and can execute nothing. Names are the structured ones
(`backbone.conv.conv.weight`), never Paddle's own, which come from a counter that runs on when a notebook
cell is run twice.
"""

import hashlib
import pathlib
import stat

import numpy as np
import paddle
import safetensors
from safetensors.numpy import load_file, save_file


class WeightsError(ValueError):
    """A weights file that does not fit, with the file, every offending entry and the reason."""


def state_of(net) -> dict[str, paddle.Tensor]:
    """Parameters and batch statistics by name, each tensor once.

    Paddle lists an LSTM's weights under two names; the first one is kept.

    Args:
        net: any layer.
    """
    state, seen = {}, set()
    for name, tensor in net.state_dict().items():
        if id(tensor) not in seen:
            seen.add(id(tensor))
            state[name] = tensor
    return state


def count_parameters(net) -> int:
    """Numbers that a saved net holds: weights and the running statistics of the batch norms.

    Args:
        net: any layer.
    """
    return sum(tensor.size for tensor in state_of(net).values())


def save_tensors(path, arrays: dict[str, np.ndarray], metadata: dict[str, str] | None = None) -> None:
    """Write arrays by name to a .safetensors file, whole or not at all; an older file is replaced.

    Args:
        path: of the file.
        arrays: by name.
        metadata: short texts that travel with them.

    Raises:
        OSError: cannot be written, the disk is full for instance; names the file.
    """
    path = pathlib.Path(path)
    partial = path.with_name(f".partial-{path.name}")
    partial.touch()
    mode = stat.S_IMODE(
        partial.stat().st_mode
    )  # what the umask leaves; safetensors makes files for the owner alone
    try:
        save_file({k: np.ascontiguousarray(v) for k, v in arrays.items()}, partial, metadata=metadata)
    except safetensors.SafetensorError as error:  # its word for a full disk
        partial.unlink(missing_ok=True)
        raise OSError(f"{path}: cannot be written: {error}") from error
    partial.chmod(mode)
    partial.replace(path)


def save_weights(net, path, metadata: dict[str, str] | None = None) -> None:
    """Write a net's weights to a .safetensors file.

    Args:
        net: any layer.
        path: of the file.
        metadata: short texts that travel with it.
    """
    save_tensors(path, {name: tensor.numpy() for name, tensor in state_of(net).items()}, metadata)


def read_tensors(path) -> dict[str, np.ndarray]:
    """Arrays of a .safetensors file.

    Args:
        path: of a safetensors file.

    Raises:
        WeightsError: no such file, not a complete .safetensors file, or kinds of numbers that NumPy does not have.
    """
    try:
        return load_file(path)
    except (OSError, safetensors.SafetensorError, TypeError, AttributeError, KeyError, ValueError) as error:
        raise WeightsError(f"{path}: cannot be read as a safetensors file: {error}") from error


def unusable(array: np.ndarray, tensor) -> str | None:
    """Why an array of the right shape cannot be the values of a tensor, or None.

    Args:
        array: of a weights file.
        tensor: of a net.
    """
    wanted = str(tensor.dtype).removeprefix("paddle.")
    as_bits = wanted == "bfloat16" and array.dtype == np.uint16  # how Paddle hands such a tensor to NumPy
    if "float" in wanted and array.dtype.kind != "f" and not as_bits:
        return f"{array.dtype} in the file, {wanted} in the net"
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        share = 1 - np.isfinite(array).mean()
        return "nothing but NaN" if np.isnan(array).all() else f"{share:.1%} of it NaN or infinite"
    return None


def assign(net, arrays: dict[str, np.ndarray], source) -> None:
    """Put arrays into a net by name, all or nothing.

    Args:
        net: any layer.
        arrays: one for each entry of the net; LSTM weights under either of Paddle's names.
        source: file name for the error.

    Raises:
        WeightsError: missing, unexpected, misshapen or unusable entries (see `unusable`), all of them listed; the net
            is untouched.
    """
    state, names = state_of(net), {}
    for alias, tensor in net.state_dict().items():
        names.setdefault(id(tensor), []).append(alias)
    known = {alias for aliases in names.values() for alias in aliases}
    chosen, missing, misshapen, bad = {}, [], [], []
    for name, tensor in state.items():
        found = next((alias for alias in names[id(tensor)] if alias in arrays), None)
        if found is None:
            missing.append(name)
        elif tuple(arrays[found].shape) != tuple(tensor.shape):
            misshapen.append(
                f"{name}: {tuple(arrays[found].shape)} in the file, {tuple(tensor.shape)} in the net"
            )
        elif reason := unusable(arrays[found], tensor):
            bad.append(f"{name}: {reason}")
        else:
            chosen[name] = arrays[found]
    unexpected = [name for name in arrays if name not in known]
    problems = {"missing": missing, "unexpected": unexpected, "misshapen": misshapen, "unusable": bad}
    if any(problems.values()):
        lines = [f"  {kind} ({len(items)}): {', '.join(items)}" for kind, items in problems.items() if items]
        raise WeightsError("\n".join([f"{source}: the weights do not fit the net", *lines]))
    for name, array in chosen.items():
        state[name].set_value(array.astype(state[name].numpy().dtype, copy=False))


def load_weights(net, path):
    """Read a .safetensors file into a net and return the net.

    Args:
        net: that the weights belong to, changed in place.
        path: of a safetensors file.

    Raises:
        WeightsError: unreadable, or entries do not fit; see `assign`.
    """
    assign(net, read_tensors(path), path)
    return net


def sha256(path) -> str:
    """Hexadecimal SHA-256 of a file.

    Args:
        path: of a file.
    """
    digest = hashlib.sha256()
    with pathlib.Path(path).open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
