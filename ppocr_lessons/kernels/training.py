"""When the kernels for training may be used, and how they read and write Paddle's tensors without a copy."""

import ctypes
import importlib.util
import math
import os

import numpy as np
import paddle

SWITCH = "PPOCR_LESSONS_TRAINING_KERNELS"
"""Environment variable; with the value 0, all layers use Paddle's operators even in training."""

HAS_NUMBA = importlib.util.find_spec("numba") is not None


def usable(layer, x) -> bool:
    """Whether a layer may use a kernel for training: in eager training on a CPU in float32.

    On a GPU, in evaluation, in mixed precision and in exported networks Paddle's operators are used.

    Args:
        layer: the calling layer, which has to be in training mode.
        x: its input.
    """
    return (
        layer.training
        and paddle.in_dynamic_mode()
        and x.place.is_cpu_place()
        and x.dtype == paddle.float32
        and os.environ.get(SWITCH, "1") != "0"
    )


def shared(tensor) -> np.ndarray:
    """The values of a tensor as an array in the same memory. `Tensor.numpy` copies them.

    The array is valid as long as the tensor exists, so the caller has to hold the tensor.

    Args:
        tensor: float32, contiguous, on the CPU.

    Returns: array of the same shape; writing to it changes the tensor.
    """
    memory = (ctypes.c_float * math.prod(tensor.shape)).from_address(tensor.data_ptr())
    return np.frombuffer(memory, np.float32).reshape(tensor.shape)


def frozen(*tensors) -> list[bool]:
    """Which inputs of a PyLayer take no gradient. Call it in the forward pass, before the inputs are converted.

    Args:
        tensors: inputs, as the forward pass receives them.

    Returns: one truth value for each tensor.
    """
    return [tensor.stop_gradient for tensor in tensors]


def unless_frozen(without_gradient: list[bool], *grads):
    """Return value for the backward pass of a PyLayer: Paddle rejects a gradient for an input that takes none.

    Args:
        without_gradient: from `frozen`.
        grads: gradients in the same order.

    Returns: tuple with None in place of the gradients that are not taken.
    """
    return tuple(None if skipped else grad for skipped, grad in zip(without_gradient, grads, strict=True))
