"""Several processes, a device each, one set of weights: started by `python -m paddle.distributed.launch`."""

import os

import numpy as np
import paddle
import paddle.distributed as dist


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
def same_start(net) -> None:
    """Give every process the weights of the first."""
    if world()[1] > 1:
        for tensor in net.state_dict().values():
            dist.broadcast(tensor, src=0)


@paddle.no_grad()
def average_gradients(parameters) -> None:
    """Replace every gradient by its mean over the processes: that of the joint batch, if losses are means.

    All gradients of one type travel in a single message.
    """
    size = world()[1]
    if size == 1:
        return
    # A parameter that this process's batch did not touch still has its share of the others' mean.
    learning = [p for p in parameters if not p.stop_gradient]
    for p in learning:
        if p.grad is None:
            p.grad = paddle.zeros_like(p)
    for kind in sorted({str(p.grad.dtype) for p in learning}):
        group = [p for p in learning if str(p.grad.dtype) == kind]
        message = paddle.concat([p.grad.reshape([-1]) for p in group])
        dist.all_reduce(message)
        message = message / size
        ends = np.cumsum([int(np.prod(p.shape)) for p in group])
        for p, start_at, end in zip(group, [0, *ends[:-1]], ends, strict=True):
            p.grad.set_value(message[int(start_at) : int(end)].reshape(p.shape))


def synchronised_batch_norm(net):
    """The net with batch norms that share their statistics between GPUs; as it is on CPU or alone.

    Frozen ones stay as they are: SyncBatchNorm has no use_global_stats, and would let their statistics drift.

    Args:
        net: any layer, its frozen parts already frozen.
    """
    if world()[1] == 1 or not paddle.device.get_device().startswith("gpu"):
        return net
    for name, child in list(net.named_children()):
        if getattr(child, "_use_global_stats", None) is None:
            # A batch norm that learns is converted, and any other layer is looked into.
            is_norm = hasattr(child, "_use_global_stats")
            convert = paddle.nn.SyncBatchNorm.convert_sync_batchnorm if is_norm else synchronised_batch_norm
            net.add_sublayer(name, convert(child))
    return net
