"""Batch norm with its activation for training on a CPU, compiled with numba.

Paddle computes batch norm and activation one after the other, and each of them reads and writes the whole feature map.
Both are limited by memory, not by arithmetic. The kernels below process one channel at a time, which stays in the cache
between the passes over it, and compute the activation in the same pass. The backward pass needs only the input of the
batch norm, so the map between the two layers is not kept.

Each channel is handled by one thread in a fixed order, so that the results do not depend on the number of threads.
"""

import numpy as np
import paddle
from numba import njit, prange
from paddle.autograd import PyLayer

from .training import frozen, shared, unless_frozen

# Sums may be reordered, which vectorizes them. The flags that assume finite values are left out: they could hide a
# training that diverges.
_FAST = {"parallel": True, "fastmath": {"reassoc", "contract", "nsz"}, "cache": True}

KINDS = {None: 0, "relu": 1, "hardswish": 2}
"""Number of an activation inside the kernels."""

ZERO, ONE, THREE, SIX = (np.float32(value) for value in (0, 1, 3, 6))
SIXTH = np.float32(1 / 6)


@njit(**_FAST)
def _forward(x, gamma, beta, epsilon, keep, kind, out, mean, scale, running_mean, running_variance):
    """x (N, C, H W) -> out, mean and 1 / standard deviation (C,); everything after `kind` is written in place."""
    batch, channels, size = x.shape
    count = batch * size
    for c in prange(channels):
        total = 0.0
        for n in range(batch):
            plane = x[n, c]
            part = ZERO
            for i in range(size):
                part += plane[i]
            total += part
        center = np.float32(total / count)
        total = 0.0
        for n in range(batch):
            plane = x[n, c]
            part = ZERO
            for i in range(size):
                part += (plane[i] - center) * (plane[i] - center)
            total += part
        variance = total / count
        mean[c] = center
        scale[c] = np.float32(1 / np.sqrt(variance + epsilon))
        running_mean[c] = np.float32(keep * running_mean[c] + (1 - keep) * center)
        running_variance[c] = np.float32(keep * running_variance[c] + (1 - keep) * variance)
        slope = gamma[c] * scale[c]
        shift = beta[c] - center * slope
        for n in range(batch):
            plane, result = x[n, c], out[n, c]
            if kind == 0:
                for i in range(size):
                    result[i] = plane[i] * slope + shift
            elif kind == 1:
                for i in range(size):
                    z = plane[i] * slope + shift
                    result[i] = ZERO if z < ZERO else z
            else:
                for i in range(size):
                    z = plane[i] * slope + shift
                    gate = z + THREE
                    gate = ZERO if gate < ZERO else gate
                    gate = SIX if gate > SIX else gate
                    result[i] = z * gate * SIXTH


@njit(**_FAST)
def _backward(x, gamma, beta, mean, scale, kind, grad_out, grad_x, grad_gamma, grad_beta):
    """Write grad_x, grad_gamma and grad_beta in place.

    With an activation, grad_x temporarily holds the gradient of the activation's input.
    """
    batch, channels, size = x.shape
    count = batch * size
    for c in prange(channels):
        center = mean[c]
        slope = gamma[c] * scale[c]
        shift = beta[c] - center * slope
        total, product = 0.0, 0.0
        for n in range(batch):
            plane, above, below = x[n, c], grad_out[n, c], grad_x[n, c]
            part, part_product = ZERO, ZERO
            if kind == 0:
                for i in range(size):
                    part += above[i]
                    part_product += above[i] * (plane[i] - center)
            elif kind == 1:
                for i in range(size):
                    grad = above[i] if plane[i] * slope + shift > ZERO else ZERO
                    below[i] = grad
                    part += grad
                    part_product += grad * (plane[i] - center)
            else:
                for i in range(size):
                    z = plane[i] * slope + shift
                    rise = (z + z + THREE) * SIXTH
                    rise = rise if z > -THREE else ZERO
                    rise = rise if z < THREE else ONE
                    grad = above[i] * rise
                    below[i] = grad
                    part += grad
                    part_product += grad * (plane[i] - center)
            total += part
            product += part_product
        product *= scale[c]
        grad_beta[c] = np.float32(total)
        grad_gamma[c] = np.float32(product)
        back = np.float32(-slope * scale[c] * product / count)
        constant = np.float32(-slope * total / count - back * center)
        for n in range(batch):
            plane, below = x[n, c], grad_x[n, c]
            above = grad_out[n, c] if kind == 0 else below
            for i in range(size):
                below[i] = above[i] * slope + (plane[i] * back + constant)


class BatchNormActCPU(PyLayer):
    """Differentiable batch norm in training mode, followed by an activation, on a CPU in float32.

    The running statistics of the layer are updated as in Paddle, with the biased variance (no Bessel's correction).

    Shape:
        x: (N, C, H, W)
        gamma, beta: (C,)
        returns: (N, C, H, W)
    """

    @staticmethod
    def forward(ctx, x, gamma, beta, norm, act):
        ctx.frozen = frozen(x, gamma, beta)
        x = x.contiguous()
        out = paddle.empty(x.shape, "float32")
        mean, scale = (np.empty(x.shape[1], np.float32) for _ in range(2))
        _forward(
            _planes(x), shared(gamma), shared(beta), norm._epsilon, norm._momentum, KINDS[act], _planes(out),
            mean, scale, shared(norm._mean), shared(norm._variance),
        )  # fmt: skip
        ctx.save_for_backward(x, gamma, beta)
        ctx.statistics, ctx.kind = (mean, scale), KINDS[act]
        return out

    @staticmethod
    def backward(ctx, grad_out):
        x, gamma, beta = ctx.saved_tensor()
        grad_out = grad_out.contiguous()
        grad_x, grad_gamma, grad_beta = (paddle.empty(t.shape, "float32") for t in (x, gamma, beta))
        _backward(
            _planes(x), shared(gamma), shared(beta), *ctx.statistics, ctx.kind,
            _planes(grad_out), _planes(grad_x), shared(grad_gamma), shared(grad_beta),
        )  # fmt: skip
        return unless_frozen(ctx.frozen, grad_x, grad_gamma, grad_beta)


def _planes(tensor) -> np.ndarray:
    return shared(tensor).reshape(tensor.shape[0], tensor.shape[1], -1)
