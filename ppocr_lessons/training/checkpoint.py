"""Atomic checkpoints: a checkpoint is either complete or absent.

A checkpoint is a directory such as `step-00001200` with model.safetensors, optimizer.safetensors, and state.json, which has
the step and the SHA-256 of the other files. It is written under a temporary name, flushed to the disk and then renamed, so
that a power failure leaves either the old checkpoint or the new one.

Only directories of exactly this form are read, counted or deleted. Other files in the folder are not touched.
"""

import json
import math
import os
import pathlib
import re
import shutil
import sys
from typing import NamedTuple

import numpy as np

from .tensor_files import WeightsError, assign, read_tensors, save_tensors, sha256, state_of

PREFIX, PARTIAL, REPLACED = "step-", ".partial-", ".replaced-"
NAME = re.compile(r"step-\d{8}")
MODEL, OPTIMIZER = "model", "optimizer"


class CheckpointError(ValueError):
    """None of the checkpoints in a directory can be read."""


class Checkpoint(NamedTuple):
    """A checkpoint that was read: its directory, the contents of state.json, and its arrays by file and name."""

    path: pathlib.Path
    state: dict
    files: dict[str, dict[str, np.ndarray]]


def step_name(step: int) -> str:
    """Name of the directory of a checkpoint: "step-" and eight digits.

    Args:
        step: number of finished steps.
    """
    return f"{PREFIX}{step:08d}"


def optimizer_arrays(optimizer, net) -> dict:
    """Moments of an optimizer by `parameter name/moment`, without the counter that Paddle appends.

    Args:
        optimizer: optimizer of the run.
        net: network whose parameters it updates.

    Returns: NumPy arrays by name.
    """
    saved = optimizer.state_dict()
    arrays = {}
    for name, tensor in state_of(net).items():
        prefix = tensor.name + "_"
        for key, value in saved.items():
            if key.startswith(prefix) and hasattr(value, "numpy"):
                arrays[f"{name}/{key[len(prefix) :].rpartition('_')[0]}"] = value.numpy()
    return arrays


def restore_optimizer(optimizer, net, arrays: dict, source: str | pathlib.Path = "the moments") -> None:
    """Restore the moments that `optimizer_arrays` returned, either all or none.

    Args:
        optimizer: optimizer of the network's parameters.
        net: all networks of the run in one layer.
        arrays: moments by `parameter name/moment`.
        source: file name for the error message.

    Raises:
        WeightsError: a moment belongs to no parameter of the network, or has another shape.
    """
    tensors, state, problems = state_of(net), {}, []
    for key, array in arrays.items():
        name, _, moment = key.rpartition("/")
        if name not in tensors:
            problems.append(f"{key}: the net has no such parameter")
        elif array.size != 1 and tuple(array.shape) != tuple(tensors[name].shape):
            problems.append(f"{key}: {tuple(array.shape)}, the parameter has {tuple(tensors[name].shape)}")
        else:
            state[f"{tensors[name].name}_{moment}_0"] = array
    if problems:
        raise WeightsError("\n  ".join([f"{source}: the moments do not fit the net", *problems[:20]]))
    optimizer.set_state_dict(state)


def not_finite(arrays: dict[str, np.ndarray]) -> str | None:
    """Find an array with infinite or NaN values.

    Args:
        arrays: arrays by name.

    Returns: name of the first such array; None if all values are finite.
    """
    for name, array in arrays.items():
        if array.dtype.kind in "fc" and not np.isfinite(array).all():
            return name
    return None


def _flush(path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def checkpoint_arrays(net, optimizer, extra: dict[str, dict]) -> dict[str, dict]:
    """Collect the arrays of a checkpoint, by file and name.

    Args:
        net: all networks of the run in one layer.
        optimizer: optimizer whose moments are saved too.
        extra: further arrays by file and name.
    """
    model = {name: tensor.numpy() for name, tensor in state_of(net).items()}
    return {MODEL: model, OPTIMIZER: optimizer_arrays(optimizer, net), **extra}


def save_checkpoint(folder, files: dict[str, dict], state: dict, *, keep: int = 2) -> pathlib.Path:
    """Write a checkpoint of `state["step"]` and delete all complete checkpoints except the newest `keep`.

    Args:
        folder: folder of the run; created if necessary.
        files: arrays from `checkpoint_arrays`.
        state: JSON values; "step" is required.
        keep: number of checkpoints to keep, at least 1.

    Returns: directory of the checkpoint.

    Raises:
        ValueError: an array is not finite, so a run could not resume from this checkpoint.
    """
    for file, arrays in files.items():
        if bad := not_finite(arrays):
            raise ValueError(f"{file}: {bad} is not finite; nothing was saved")
    folder = pathlib.Path(folder)
    final = folder / step_name(state["step"])
    partial, replaced = folder / f"{PARTIAL}{final.name}", folder / f"{REPLACED}{final.name}"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    for name, arrays in files.items():
        save_tensors(partial / f"{name}.safetensors", arrays)
    hashes = {p.name: sha256(p) for p in partial.iterdir()}
    (partial / "state.json").write_text(json.dumps({**state, "sha256": hashes}, indent=1), encoding="utf-8")
    for path in (*partial.iterdir(), partial):
        _flush(path)
    if final.exists():
        _make_way(final, replaced)
    partial.rename(final)
    _flush(folder)
    if _is_ours(replaced):
        shutil.rmtree(replaced)
    _rotate(folder, final, keep)
    return final


def _make_way(path: pathlib.Path, target: pathlib.Path) -> None:
    """Rename a directory that has the name of the new checkpoint. If this program did not write it, it is kept."""
    if not _is_ours(path):
        count = 1
        while (target := path.with_name(f"not-a-checkpoint-{count}-{path.name}")).exists():
            count += 1
        print(f"{path} was not written by this run; it is now {target.name}", file=sys.stderr)
    elif target.exists():
        shutil.rmtree(target)
    path.rename(target)


def _is_ours(path: pathlib.Path) -> bool:
    """Whether a directory contains only files of a checkpoint, complete or damaged."""
    if path.is_symlink() or not path.is_dir():
        return False
    names = [p.name for p in path.iterdir()]
    return bool(names) and all(n == "state.json" or n.endswith(".safetensors") for n in names)


def _rotate(folder: pathlib.Path, newest: pathlib.Path, keep: int) -> None:
    """Delete complete checkpoints older than the newest `keep` ones. Damaged ones are kept for inspection."""
    whole = 1
    for path in candidates(folder):
        if path == newest:
            continue
        try:
            files = read_state(path)["sha256"]
        except ValueError:
            continue
        whole += 1
        if whole > max(1, keep) and {p.name for p in path.iterdir()} == {*files, "state.json"}:
            shutil.rmtree(path)


def candidates(folder) -> list[pathlib.Path]:
    """Directories that may be checkpoints: `step-` and eight digits, with at least one file of a checkpoint.

    Args:
        folder: folder of the run.

    Returns: directories, newest first.
    """
    folder = pathlib.Path(folder)
    found = [p for p in folder.glob(PREFIX + "*") if NAME.fullmatch(p.name) and p.is_dir()]
    known = ("state.json", f"{MODEL}.safetensors", f"{OPTIMIZER}.safetensors")
    return sorted((p for p in found if any((p / n).exists() for n in known)), reverse=True)


def _checked_state(path: pathlib.Path) -> dict:
    state = json.loads((path / "state.json").read_text(encoding="utf-8"))
    if not isinstance(state, dict):
        raise ValueError(f"state.json holds a {type(state).__name__} instead of named values")
    step, best, hashes = state.get("step"), state.get("best"), state.get("sha256")
    if type(step) is not int or step != int(path.name.removeprefix(PREFIX)):
        raise ValueError(f"state.json: step is {step!r:.40}, the directory is {path.name}")
    if best is not None and (type(best) not in (int, float) or not math.isfinite(best)):
        raise ValueError(f"state.json: best is {best!r:.40}, not a number")
    if not isinstance(state.get("scaler") or {}, dict):
        raise ValueError(f"state.json: scaler is {state['scaler']!r:.40}, not named values")
    if not isinstance(hashes, dict) or not {f"{MODEL}.safetensors", f"{OPTIMIZER}.safetensors"} <= {*hashes}:
        raise ValueError("state.json: sha256 does not name the files of a checkpoint")
    if any(pathlib.PurePath(name).name != name or not name.endswith(".safetensors") for name in hashes):
        raise ValueError("state.json: sha256 names files outside the checkpoint")
    return state


def read_state(path) -> dict:
    """Verify the files of a checkpoint and read its state.json.

    Args:
        path: directory of the checkpoint.

    Returns: contents of state.json.

    Raises:
        ValueError: a file is missing, truncated or changed, or state.json is invalid.
    """
    path = pathlib.Path(path)
    try:
        state = _checked_state(path)
        for name, expected in state["sha256"].items():
            if sha256(path / name) != expected:
                raise ValueError(f"{name}: content does not match its SHA-256")
    except (OSError, ValueError, RecursionError) as error:
        raise ValueError(f"{path}: not a whole checkpoint: {error}") from error
    return state


def _read(path: pathlib.Path) -> Checkpoint:
    state = read_state(path)
    files = {pathlib.Path(name).stem: read_tensors(path / name) for name in sorted(state["sha256"])}
    for file, arrays in files.items():
        if bad := not_finite(arrays):
            raise ValueError(f"{path}: {file}.safetensors: {bad} is not finite")
    return Checkpoint(path, state, files)


def newest_checkpoint(folder) -> Checkpoint | None:
    """Read the newest complete checkpoint. Damaged checkpoints that are newer are named on stderr.

    Args:
        folder: folder of the run.

    Returns: the checkpoint, or None if there is none.

    Raises:
        CheckpointError: there are checkpoints, but all of them are damaged.
    """
    found = candidates(folder)
    for path in found:
        try:
            return _read(path)
        except ValueError as error:
            print(f"skipped a damaged checkpoint: {error}", file=sys.stderr)
    if found:
        raise CheckpointError(f"{folder}: none of its {len(found)} checkpoints can be read")
    return None


def restore_checkpoint(checkpoint: Checkpoint, net, optimizer) -> None:
    """Load the weights and moments of a checkpoint.

    Args:
        checkpoint: verified checkpoint.
        net: all networks of the run in one layer.
        optimizer: optimizer of its parameters.

    Raises:
        WeightsError: the network differs from the saved one. Its weights may have been loaded, the moments have not.
    """
    assign(net, checkpoint.files[MODEL], checkpoint.path / f"{MODEL}.safetensors")
    source = checkpoint.path / f"{OPTIMIZER}.safetensors"
    restore_optimizer(optimizer, net, checkpoint.files[OPTIMIZER], source)
