"""Depthwise convolution for training on a CPU, compiled with numba.

Paddle's CPU kernel for depthwise convolution is a plain loop that takes two thirds of a CRNN training step. The two
kernels below process padded planes row by row, so that the inner loop runs over adjacent memory and the compiler can
vectorize it. They are used only in training on a CPU: on a GPU, in evaluation and in exported networks Paddle's
convolution is used.
"""

import numpy as np
import paddle
from numba import njit, prange
from paddle.autograd import PyLayer

from .training import frozen, shared, unless_frozen

_FAST = {"parallel": True, "fastmath": True, "cache": True}


@njit(**_FAST)
def _forward(x, weight, stride_h, stride_w, pad, out):
    """x (N, C, H, W), weight (C, 1, k, k) -> out (N, C, H', W'), written in place."""
    batch, channels, height, width = x.shape
    size = weight.shape[2]
    out_h, out_w = out.shape[2], out.shape[3]
    for plane in prange(batch * channels):
        n, c = plane // channels, plane % channels
        padded = np.zeros((height + 2 * pad, width + 2 * pad), np.float32)
        for i in range(height):
            for j in range(width):
                padded[i + pad, j + pad] = x[n, c, i, j]
        for i in range(out_h):
            acc = out[n, c, i]
            acc[:] = 0
            for a in range(size):
                row = padded[i * stride_h + a]
                for b in range(size):
                    w = weight[c, 0, a, b]
                    if stride_w == 1:  # a slice of step 1 lets the compiler vectorize the loop
                        shifted = row[b : b + out_w]
                        for j in range(out_w):
                            acc[j] += w * shifted[j]
                    else:
                        for j in range(out_w):
                            acc[j] += w * row[j * stride_w + b]


@njit(**_FAST)
def _backward(x, weight, grad_out, stride_h, stride_w, pad, grad_x, grad_weight):
    """Gradients for x and weight, written in place; one channel per task, so that no two tasks add to the same sum."""
    batch, channels, height, width = x.shape
    size = weight.shape[2]
    out_h, out_w = grad_out.shape[2], grad_out.shape[3]
    for c in prange(channels):
        for n in range(batch):
            padded = np.zeros((height + 2 * pad, width + 2 * pad), np.float32)
            grad_padded = np.zeros((height + 2 * pad, width + 2 * pad), np.float32)
            for i in range(height):
                for j in range(width):
                    padded[i + pad, j + pad] = x[n, c, i, j]
            for i in range(out_h):
                grad_row = grad_out[n, c, i]
                for a in range(size):
                    row = padded[i * stride_h + a]
                    grad_in = grad_padded[i * stride_h + a]
                    for b in range(size):
                        w = weight[c, 0, a, b]
                        total = np.float32(0)
                        if stride_w == 1:
                            shifted = row[b : b + out_w]
                            grad_shifted = grad_in[b : b + out_w]
                            for j in range(out_w):
                                total += grad_row[j] * shifted[j]
                            for j in range(out_w):
                                grad_shifted[j] += w * grad_row[j]
                        else:
                            for j in range(out_w):
                                total += grad_row[j] * row[j * stride_w + b]
                                grad_in[j * stride_w + b] += w * grad_row[j]
                        grad_weight[c, 0, a, b] += total
            for i in range(height):
                for j in range(width):
                    grad_x[n, c, i, j] = grad_padded[i + pad, j + pad]


class DepthwiseConvCPU(PyLayer):
    """Differentiable depthwise convolution on a CPU: float32, square kernel of odd size, symmetric padding.

    Shape:
        x: (N, C, H, W)
        weight: (C, 1, k, k)
        returns: (N, C, (H + 2 pad - k) // stride[0] + 1, (W + 2 pad - k) // stride[1] + 1)
    """

    @staticmethod
    def forward(ctx, x, weight, stride, padding):
        ctx.frozen = frozen(x, weight)
        x, weight = x.contiguous(), weight.contiguous()
        ctx.save_for_backward(x, weight)
        ctx.stride, ctx.padding = stride, padding
        size = weight.shape[2]
        sides = [
            (side + 2 * padding - size) // step + 1 for side, step in zip(x.shape[2:], stride, strict=True)
        ]
        out = paddle.empty([*x.shape[:2], *sides], "float32")
        _forward(shared(x), shared(weight), stride[0], stride[1], padding, shared(out))
        return out

    @staticmethod
    def backward(ctx, grad_out):
        x, weight = ctx.saved_tensor()
        grad_out = grad_out.contiguous()
        grad_x, grad_weight = paddle.empty(x.shape, "float32"), paddle.zeros(weight.shape, "float32")
        _backward(
            shared(x),
            shared(weight),
            shared(grad_out),
            *ctx.stride,
            ctx.padding,
            shared(grad_x),
            shared(grad_weight),
        )
        return unless_frozen(ctx.frozen, grad_x, grad_weight)
