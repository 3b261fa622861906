"""Fold batch norms into the convolutions in front of them, for inference."""

from typing import Any

import paddle
from paddle import nn

from ..quant.int8 import norm_behind
from ..quant.prepare import replace_layer


@paddle.no_grad()
def fold_batch_norms(net: nn.Layer) -> nn.Layer:
    """Replace each convolution and the batch norm behind it by one convolution with a bias.

    With the running statistics, a batch norm multiplies each channel by a number and adds another one:

        y = (conv(x) - mean) * gamma / sqrt(variance + epsilon) + beta

    so both numbers can be part of the convolution's weight and bias. The outputs differ by rounding only, about 1e-6.

    Args:
        net: a network in evaluation mode, changed in place. It can no longer be trained.

    Returns: the network.
    """
    layers = dict(net.named_sublayers())
    for name, layer in layers.items():
        if not isinstance(layer, (nn.Conv2D, nn.Conv2DTranspose)):
            continue
        norm_name = norm_behind(net, name)
        if norm_name is None:
            continue
        norm = layers[norm_name]
        factor = norm.weight / paddle.sqrt(norm._variance + norm._epsilon)
        offset = norm.bias - norm._mean * factor
        # The output channels are the first dimension of a convolution's weight, and the second of a transposed one's.
        transposed = isinstance(layer, nn.Conv2DTranspose)
        weight = layer.weight * factor.reshape([1, -1, 1, 1] if transposed else [-1, 1, 1, 1])
        kind = nn.Conv2DTranspose if transposed else nn.Conv2D
        padding: Any = (
            layer._padding
        )  # Paddle declares fewer kinds of padding for the constructor than it keeps
        folded = kind(
            layer._in_channels,
            layer._out_channels,
            layer._kernel_size,
            stride=layer._stride,
            padding=padding,
            groups=layer._groups,
        )
        folded.weight.set_value(weight)
        folded.bias.set_value(offset if layer.bias is None else offset + layer.bias * factor)
        replace_layer(net, name, folded)
        replace_layer(net, norm_name, nn.Identity())
    net.eval()
    return net
