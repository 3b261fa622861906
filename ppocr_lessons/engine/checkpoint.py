"""Checkpoints that are either whole or not there.

A checkpoint is a directory `step-00001200`: model.safetensors, optimizer.safetensors, state.json with the
step and the SHA-256 of the other files. It is written under a name beside it, flushed to the disk and renamed,
so that a power cut leaves the old one or the new one, never half of each.
"""

import json
import os
import pathlib
import shutil
import sys
from typing import NamedTuple

from .tensors import assign, read_tensors, save_tensors, sha256, state_of

PREFIX, PARTIAL = "step-", ".partial-"


class CheckpointError(ValueError):
    """A directory with checkpoints in it of which none can be read."""


class Checkpoint(NamedTuple):
    """Where a checkpoint stands and the state that was saved with it."""

    path: pathlib.Path
    state: dict


def optimizer_arrays(optimizer, net) -> dict:
    """Moments of an optimizer as `parameter name/moment`, without the count that Paddle puts behind."""
    saved = optimizer.state_dict()
    arrays = {}
    for name, tensor in state_of(net).items():
        prefix = tensor.name + "_"
        for key, value in saved.items():
            if key.startswith(prefix) and hasattr(value, "numpy"):
                arrays[f"{name}/{key[len(prefix) :].rpartition('_')[0]}"] = value.numpy()
    return arrays


def restore_optimizer(optimizer, net, arrays: dict) -> None:
    """Put moments of `optimizer_arrays` back."""
    names = {name: tensor.name for name, tensor in state_of(net).items()}
    state = {}
    for key, array in arrays.items():
        name, moment = key.rsplit("/", 1)
        state[f"{names[name]}_{moment}_0"] = array
    optimizer.set_state_dict(state)


def _flush(path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def save_checkpoint(
    folder, net, optimizer, state: dict, *, extra: dict[str, dict] | None = None, keep: int = 2
) -> pathlib.Path:
    """Write a checkpoint of `state["step"]` and drop all but the newest `keep`.

    Args:
        folder: of the run; made if need be.
        net: all nets of the run in one layer.
        optimizer: its moments are saved too.
        state: JSON values; "step" is required.
        extra: further files of arrays, by name.
        keep: how many to leave.
    """
    folder = pathlib.Path(folder)
    final = folder / f"{PREFIX}{state['step']:08d}"
    partial = folder / f"{PARTIAL}{final.name}"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    save_tensors(partial / "model.safetensors", {k: v.numpy() for k, v in state_of(net).items()})
    save_tensors(partial / "optimizer.safetensors", optimizer_arrays(optimizer, net))
    for name, arrays in (extra or {}).items():
        save_tensors(partial / f"{name}.safetensors", arrays)
    hashes = {p.name: sha256(p) for p in partial.iterdir()}
    (partial / "state.json").write_text(json.dumps({**state, "sha256": hashes}, indent=1), encoding="utf-8")
    for path in (*partial.iterdir(), partial):
        _flush(path)
    shutil.rmtree(final, ignore_errors=True)
    partial.rename(final)
    _flush(folder)
    for old in sorted(folder.glob(PREFIX + "*"))[:-keep]:
        shutil.rmtree(old)
    return final


def read_state(path) -> dict:
    """state.json of a checkpoint whose files are whole.

    Raises:
        ValueError: a file is missing, cut off or changed.
    """
    path = pathlib.Path(path)
    try:
        state = json.loads((path / "state.json").read_text(encoding="utf-8"))
        for name, expected in state["sha256"].items():
            if sha256(path / name) != expected:
                raise ValueError(f"{path / name}: content does not match its SHA-256")
    except (OSError, KeyError, json.JSONDecodeError) as error:
        raise ValueError(f"{path}: not a whole checkpoint: {error}") from error
    return state


def newest_checkpoint(folder) -> Checkpoint | None:
    """The newest checkpoint that is whole; a damaged newer one is named on stderr. None if there are none.

    Raises:
        CheckpointError: there are checkpoints, and all of them are damaged.
    """
    candidates = sorted(pathlib.Path(folder).glob(PREFIX + "*"), reverse=True)
    for path in candidates:
        try:
            return Checkpoint(path, read_state(path))
        except ValueError as error:
            print(f"skipped a damaged checkpoint: {error}", file=sys.stderr)
    if candidates:
        raise CheckpointError(f"{folder}: none of its {len(candidates)} checkpoints can be read")
    return None


def restore_checkpoint(checkpoint: Checkpoint, net, optimizer) -> dict[str, dict]:
    """Load weights and moments of a checkpoint, and return the arrays of its further files.

    Raises:
        WeightsError: the net is another one than was saved.
    """
    assign(net, read_tensors(checkpoint.path / "model.safetensors"), checkpoint.path / "model.safetensors")
    restore_optimizer(optimizer, net, read_tensors(checkpoint.path / "optimizer.safetensors"))
    others = {pathlib.Path(n).stem for n in checkpoint.state["sha256"]} - {"model", "optimizer"}
    return {name: read_tensors(checkpoint.path / f"{name}.safetensors") for name in sorted(others)}
