"""Data-parallel training in several processes, one per device, started by `python -m paddle.distributed.launch`.

This module does all communication between the processes: gradients, initial weights, and the decision to stop.
"""

import contextlib
import json
import os
from collections.abc import Callable

import numpy as np
import paddle
import paddle.distributed as dist


class PeerError(ValueError):
    """The first process failed. Raised with its message in the others, so that they do not wait for it."""


def world() -> tuple[int, int]:
    """(rank of this process, number of processes); (0, 1) without the launcher."""
    return int(os.environ.get("PADDLE_TRAINER_ID", 0)), int(os.environ.get("PADDLE_TRAINERS_NUM", 1))


def start(device: str = "auto") -> str:
    """Choose the device of this process and connect to the other processes.

    Args:
        device: "auto", "cpu", "gpu" or "gpu:N".

    Returns: the device that was chosen, "cpu" or "gpu:N".

    Raises:
        ValueError: a GPU is asked for and Paddle has none, or an unknown device.
    """
    kind, _, number = device.partition(":")
    if kind not in ("auto", "cpu", "gpu") or (number and not number.isdigit()):
        raise ValueError(f"device is {device!r}; known are auto, cpu, gpu and gpu:N")
    has_gpu = paddle.device.is_compiled_with_cuda() and paddle.device.cuda.device_count() > 0
    if kind == "gpu" and not has_gpu:
        raise ValueError(f"device is {device!r}, but this Paddle sees no GPU: is it paddlepaddle-gpu?")
    if kind == "auto":
        kind = "gpu" if has_gpu else "cpu"
    if kind == "gpu" and not number:
        number = os.environ.get("FLAGS_selected_gpus", "0").split(",")[0]  # Paddle's spelling  # noqa: SIM112
    paddle.device.set_device(f"gpu:{number}" if kind == "gpu" else "cpu")
    if world()[1] > 1 and not dist.is_initialized():
        dist.init_parallel_env()
    return paddle.device.get_device()


@paddle.no_grad()
def same_weights(net) -> None:
    """Copy the weights and batch statistics of the first process to all others.

    Args:
        net: network to synchronize.
    """
    if world()[1] > 1:
        for tensor in net.state_dict().values():
            dist.broadcast(tensor, src=0)


def asks_every_step() -> bool:
    """Whether processes may communicate at every step. On GPUs they do so less often, because it stalls the device."""
    return world()[1] == 1 or paddle.device.get_device() == "cpu"


def highest(numbers: list[int]) -> list[int]:
    """Maximum of each number over all processes. Every process must call it with equally many numbers.

    Args:
        numbers: integers of this process.

    Returns: the maxima, equal in all processes.
    """
    if world()[1] == 1:
        return list(numbers)
    message = paddle.to_tensor(np.array(numbers, np.int64))
    dist.all_reduce(message, op=dist.ReduceOp.MAX)
    return message.numpy().tolist()


def total(numbers: list[float]) -> list[float]:
    """Sum of each number over all processes, in float64, so that counts stay exact.

    Args:
        numbers: numbers of this process.

    Returns: the sums, equal in all processes.
    """
    if world()[1] == 1:
        return list(numbers)
    message = paddle.to_tensor(np.array(numbers, np.float64))
    dist.all_reduce(message)
    return message.numpy().tolist()


def _send(data: bytes | None) -> bytes:
    """Send bytes from the first process to all others."""
    length = highest([0 if data is None else len(data)])[0]
    own = np.zeros(length, np.uint8) if data is None else np.frombuffer(data, np.uint8)
    message = paddle.to_tensor(own)
    if length:
        dist.broadcast(message, src=0)
    return message.numpy().tobytes()


def share(value):
    """Send a JSON value from the first process to all others.

    Args:
        value: JSON value; ignored in all processes but the first.

    Returns: the value of the first process.
    """
    rank, size = world()
    if size == 1:
        return value
    return json.loads(_send(json.dumps(value).encode() if rank == 0 else None))


def share_arrays(groups: dict[str, dict[str, np.ndarray]] | None) -> dict[str, dict[str, np.ndarray]]:
    """Send groups of named arrays from the first process to all others.

    Args:
        groups: groups of the first process; the others pass None.

    Returns: a dictionary of groups, each a dictionary of arrays by name, equal in all processes.
    """
    groups, (rank, size) = groups or {}, world()
    if size == 1:
        return groups
    flat = [(g, n, a) for g, arrays in groups.items() for n, a in arrays.items()]
    described = share([[g, n, str(a.dtype), list(a.shape)] for g, n, a in flat])
    names = share(list(groups))
    data = _send(b"".join(np.ascontiguousarray(a).tobytes() for _, _, a in flat) if rank == 0 else None)
    result, place = {name: {} for name in names}, 0
    for group, name, kind, shape in described:
        count = int(np.prod(shape, dtype=np.int64))
        result[group][name] = np.frombuffer(data, kind, count, place).reshape(shape).copy()
        place += result[group][name].nbytes
    return result


def on_first(action: Callable):
    """Call a function in the first process while the others wait. If it fails, an error is raised in all of them.

    Args:
        action: function without arguments.

    Returns: the result of the function; None in the other processes.

    Raises:
        PeerError: in the other processes, if the function failed. The first process raises the error itself.
    """
    result = failure = None
    if world()[0] == 0:
        try:
            result = action()
        except Exception as error:  # whatever it is, the others would wait forever
            failure = error
    message = share(failure and (str(failure) or type(failure).__name__))
    if failure:
        raise failure
    if message:
        raise PeerError(f"the first process failed: {message}")
    return result


class _Whole(paddle.nn.Layer):
    """A strategy as a layer from a batch to (loss, parts), because paddle.DataParallel wraps layers."""

    def __init__(self, strategy):
        super().__init__()
        self.trained = strategy.trained
        self.strategy = strategy

    def forward(self, batch):
        result = self.strategy(batch)
        return result.loss, result.parts


class Joint:
    """A strategy whose gradients are averaged over all processes.

    If the loss is a mean, the result is the gradient of the joint batch. paddle.DataParallel sends gradients while the
    backward pass still works on earlier layers. Parameters that a batch does not use count as zero; frozen ones are
    excluded. In a single process the strategy is called directly. Create only one Joint for a set of parameters, because
    its hooks stay registered.

    Args:
        strategy: strategy of the trainer.
    """

    def __init__(self, strategy):
        self._call = _Whole(strategy)
        if world()[1] > 1:
            self._call = paddle.DataParallel(self._call, find_unused_parameters=True)

    def __call__(self, batch):
        return self._call(batch)

    def without_exchange(self):
        """Context in which gradients are accumulated locally. The next batch outside it exchanges them."""
        return self._call.no_sync() if world()[1] > 1 else contextlib.nullcontext()


def synchronize_batch_norms(net) -> None:
    """Let batch norms share their statistics between processes, in place.

    Frozen ones stay as they are: SyncBatchNorm has no use_global_stats, and would let their statistics drift.

    Args:
        net: any layer, its frozen parts already frozen.
    """
    kinds = (paddle.nn.BatchNorm1D, paddle.nn.BatchNorm2D, paddle.nn.BatchNorm3D)
    for name, child in list(net.named_children()):
        if isinstance(child, kinds):
            learns = not child._use_global_stats and any(not p.stop_gradient for p in child.parameters())
            if learns:
                net.add_sublayer(name, paddle.nn.SyncBatchNorm.convert_sync_batchnorm(child))
        else:
            synchronize_batch_norms(child)


def shares_batch_norms() -> bool:
    """Whether batch norms can share statistics: there are several processes, and they run on GPUs."""
    return world()[1] > 1 and paddle.device.get_device().startswith("gpu")
