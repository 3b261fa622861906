"""Named tensors of networks, and reading and writing them as weights files.

Files are in the safetensors format, which contains arrays and cannot execute code. Names are the structured ones
(`backbone.conv.conv.weight`), not Paddle's own, which contain a counter and change when a notebook cell is run twice.
"""

import hashlib
import pathlib
import stat

import numpy as np
import paddle
import safetensors
from safetensors.numpy import load_file, save_file


class WeightsError(ValueError):
    """A weights file cannot be read or does not fit a network. Names the file, all invalid entries and the reasons."""


def state_of(net) -> dict[str, paddle.Tensor]:
    """Parameters and batch statistics of a network.

    Paddle lists the weights of an LSTM under two names; only the first is used.

    Args:
        net: any layer.

    Returns: tensors by name, each tensor once.
    """
    state, seen = {}, set()
    for name, tensor in net.state_dict().items():
        if id(tensor) not in seen:
            seen.add(id(tensor))
            state[name] = tensor
    return state


def count_parameters(net) -> int:
    """Number of values in a saved network: weights and running statistics of batch norms.

    Args:
        net: any layer.

    Returns: number of values.
    """
    return sum(tensor.size for tensor in state_of(net).values())


def save_tensors(path, arrays: dict[str, np.ndarray], metadata: dict[str, str] | None = None) -> None:
    """Write arrays to a .safetensors file atomically, replacing an older file.

    Args:
        path: path of the file.
        arrays: arrays by name.
        metadata: short texts that are stored with the arrays.

    Raises:
        OSError: the file cannot be written, for example because the disk is full; names the file.
    """
    path = pathlib.Path(path)
    partial = path.with_name(f".partial-{path.name}")
    partial.touch()
    # The mode that the umask gives; safetensors creates files that only the owner can read.
    mode = stat.S_IMODE(partial.stat().st_mode)
    try:
        save_file({k: np.ascontiguousarray(v) for k, v in arrays.items()}, partial, metadata=metadata)
    except safetensors.SafetensorError as error:  # raised for a full disk, among others
        partial.unlink(missing_ok=True)
        raise OSError(f"{path}: cannot be written: {error}") from error
    partial.chmod(mode)
    partial.replace(path)


def save_weights(net, path, metadata: dict[str, str] | None = None) -> None:
    """Write the weights of a network to a .safetensors file.

    Args:
        net: any layer.
        path: path of the file.
        metadata: short texts that are stored with the weights.

    Raises:
        OSError: see `save_tensors`.
    """
    save_tensors(path, {name: tensor.numpy() for name, tensor in state_of(net).items()}, metadata)


def read_tensors(path) -> dict[str, np.ndarray]:
    """Read the arrays of a .safetensors file.

    Args:
        path: path of the file.

    Returns: arrays by name.

    Raises:
        WeightsError: the file is missing or incomplete, or has a number type that NumPy does not support.
    """
    try:
        return load_file(path)
    except (OSError, safetensors.SafetensorError, TypeError, AttributeError, KeyError, ValueError) as error:
        raise WeightsError(f"{path}: cannot be read as a safetensors file: {error}") from error


def unusable(array: np.ndarray, tensor) -> str | None:
    """Why an array of the right shape cannot be assigned to a tensor.

    Args:
        array: array from a weights file.
        tensor: tensor of a network.

    Returns: the reason, or None if the array can be assigned.
    """
    wanted = str(tensor.dtype).removeprefix("paddle.")
    as_bits = (
        wanted == "bfloat16" and array.dtype == np.uint16
    )  # Paddle converts bfloat16 tensors to uint16 arrays
    if "float" in wanted and array.dtype.kind != "f" and not as_bits:
        return f"{array.dtype} in the file, {wanted} in the net"
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        share = 1 - np.isfinite(array).mean()
        return "nothing but NaN" if np.isnan(array).all() else f"{share:.1%} of it NaN or infinite"
    return None


def assign(net, arrays: dict[str, np.ndarray], source) -> None:
    """Assign arrays to the tensors of a network by name, either all or none.

    Args:
        net: any layer; changed in place.
        arrays: an array for each tensor of the network; weights of LSTMs may have either of Paddle's names.
        source: file name for the error message.

    Raises:
        WeightsError: lists all missing, unexpected, misshapen and unusable entries (see `unusable`); the network is
            unchanged.
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
    """Load a .safetensors file into a network.

    Args:
        net: any layer; changed in place.
        path: path of the file.

    Returns: the network.

    Raises:
        WeightsError: the file cannot be read, or entries do not fit; see `assign`.
    """
    assign(net, read_tensors(path), path)
    return net


def sha256(path) -> str:
    """SHA-256 of a file.

    Args:
        path: path of the file.

    Returns: 64 hexadecimal digits.
    """
    digest = hashlib.sha256()
    with pathlib.Path(path).open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
