"""Several processes, a device each, one set of weights: started by `python -m paddle.distributed.launch`.

Whatever the processes have to agree on goes through this file: gradients, the weights to start from, when to stop.
"""

import contextlib
import json
import os
from collections.abc import Callable

import numpy as np
import paddle
import paddle.distributed as dist


class PeerError(ValueError):
    """The first process failed; its message, raised in the others so that none of them waits for it."""


def world() -> tuple[int, int]:
    """(rank of this process, number of processes); (0, 1) without the launcher."""
    return int(os.environ.get("PADDLE_TRAINER_ID", 0)), int(os.environ.get("PADDLE_TRAINERS_NUM", 1))


def start(device: str = "auto") -> str:
    """Choose the device of this process and meet the others.

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
    """Give every process the weights and batch statistics of the first.

    Args:
        net: whose state every process shall share.
    """
    if world()[1] > 1:
        for tensor in net.state_dict().values():
            dist.broadcast(tensor, src=0)


def asks_every_step() -> bool:
    """Whether an agreement costs nothing: alone, or on CPUs. A GPU would have to wait for it, so there it is rarer."""
    return world()[1] == 1 or paddle.device.get_device() == "cpu"


def highest(numbers: list[int]) -> list[int]:
    """The highest of each number over all processes. Every process has to call it, with as many numbers.

    Args:
        numbers: integers of this process.
    """
    if world()[1] == 1:
        return list(numbers)
    message = paddle.to_tensor(np.array(numbers, np.int64))
    dist.all_reduce(message, op=dist.ReduceOp.MAX)
    return message.numpy().tolist()


def total(numbers: list[float]) -> list[float]:
    """The sum of each number over all processes, in float64, so that counts stay exact.

    Args:
        numbers: of this process.
    """
    if world()[1] == 1:
        return list(numbers)
    message = paddle.to_tensor(np.array(numbers, np.float64))
    dist.all_reduce(message)
    return message.numpy().tolist()


def _send(data: bytes | None) -> bytes:
    """Bytes of the first process, in all of them."""
    length = highest([0 if data is None else len(data)])[0]
    own = np.zeros(length, np.uint8) if data is None else np.frombuffer(data, np.uint8)
    message = paddle.to_tensor(own)
    if length:
        dist.broadcast(message, src=0)
    return message.numpy().tobytes()


def share(value):
    """A JSON value of the first process, in all of them; what the others pass does not count.

    Args:
        value: a JSON value.
    """
    rank, size = world()
    if size == 1:
        return value
    return json.loads(_send(json.dumps(value).encode() if rank == 0 else None))


def share_arrays(groups: dict[str, dict[str, np.ndarray]] | None) -> dict[str, dict[str, np.ndarray]]:
    """Groups of named arrays of the first process, in all of them.

    Args:
        groups: of the first process; the others pass None.

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
    """Do something in the first process alone, while the others wait; its failure is raised in all of them.

    Args:
        action: called without arguments.

    Returns: what the action returned; None in the other processes.

    Raises:
        PeerError: in the other processes, if the action failed. The first raises the error itself.
    """
    result = failure = None
    if world()[0] == 0:
        try:
            result = action()
        except (ValueError, RuntimeError, OSError) as error:
            failure = error
    message = share(failure and str(failure))
    if failure:
        raise failure
    if message:
        raise PeerError(f"the first process failed: {message}")
    return result


class _Whole(paddle.nn.Layer):
    """A strategy as one layer from a batch to (loss, parts), which is what paddle.DataParallel can wrap."""

    def __init__(self, strategy):
        super().__init__()
        self.trained = strategy.trained
        self.strategy = strategy

    def forward(self, batch):
        result = self.strategy(batch)
        return result.loss, result.parts


class Joint:
    """A strategy whose gradients become those of the joint batch of all processes, if its loss is a mean.

    paddle.DataParallel sends gradients while the backward pass is still at work on earlier layers. Parameters that a
    batch does not touch count as zero, frozen ones stay out of it. Alone, the strategy is called as it is.
    One for each set of parameters and process: a second one's hooks would meet those of the first.

    Args:
        strategy: of the trainer.
    """

    def __init__(self, strategy):
        self._call = _Whole(strategy)
        if world()[1] > 1:
            self._call = paddle.DataParallel(self._call, find_unused_parameters=True)

    def __call__(self, batch):
        return self._call(batch)

    def without_exchange(self):
        """A block whose gradients stay in this process until the next batch outside of it: for accumulation."""
        return self._call.no_sync() if world()[1] > 1 else contextlib.nullcontext()


def synchronise_batch_norms(net) -> None:
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
            synchronise_batch_norms(child)


def shares_batch_norms() -> bool:
    """Whether there are other processes to share statistics with, and GPUs, which alone can."""
    return world()[1] > 1 and paddle.device.get_device().startswith("gpu")
