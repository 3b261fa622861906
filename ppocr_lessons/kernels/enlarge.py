"""Nearest-neighbor enlargement of feature maps for training on a CPU, by copying whole rows.

Paddle looks up the source of each pixel. Here NumPy writes each row once, with every pixel repeated, and copies it to
the rows below. It processes one image at a time, which stays in the cache.
"""

import paddle
import paddle.nn.functional as F
from paddle.autograd import PyLayer

from .training import shared, usable


class _RepeatCPU(PyLayer):
    """Differentiable repetition of pixels: (N, C, H, W) -> (N, C, scale H, scale W)."""

    @staticmethod
    def forward(ctx, x, scale):
        x = x.contiguous()
        batch, channels, height, width = ctx.shape = x.shape
        ctx.scale = scale
        result = paddle.empty([batch, channels, height * scale, width * scale], "float32")
        out = shared(result).reshape(batch, channels, height, scale, width, scale)
        for image, enlarged in zip(shared(x), out, strict=True):
            row = enlarged[:, :, 0]
            for place in range(scale):
                row[..., place] = image
            enlarged[:, :, 1:] = row[:, :, None]
        return result

    @staticmethod
    def backward(ctx, grad_out):
        grad_out = grad_out.contiguous()
        batch, channels, height, width = ctx.shape
        result = paddle.empty(ctx.shape, "float32")
        grad = shared(grad_out).reshape(batch, channels, height, ctx.scale, -1)
        for total, above in zip(shared(result), grad, strict=True):
            row = above[:, :, 0].copy()
            for place in range(1, ctx.scale):
                row += above[:, :, place]
            cells = row.reshape(channels, height, width, ctx.scale)
            total[:] = cells[..., 0]
            for place in range(1, ctx.scale):
                total += cells[..., place]
        return result


def enlarge(layer, x, scale: int):
    """Enlarge a map by an integer factor; each pixel becomes a block of scale x scale equal pixels.

    Args:
        layer: the calling layer; the copying form is used if `training.usable` allows it for this layer.
        x: (N, C, H, W).
        scale: at least 1.

    Returns: (N, C, scale H, scale W).
    """
    if scale == 1:
        return x
    if usable(layer, x) and 0 not in x.shape:
        return _RepeatCPU.apply(x, scale)
    return F.interpolate(x, scale_factor=scale, mode="nearest")
