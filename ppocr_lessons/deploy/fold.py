"""Fold batch norms into the preceding convolutions, for inference."""

from typing import Any

import paddle
from paddle import nn

from ..quant.int8 import norm_behind
from ..quant.prepare import replace_layer


@paddle.no_grad()
def fold_batch_norms(net: nn.Layer) -> nn.Layer:
    """Replace each convolution and the batch norm that follows it by one convolution with a bias.

    With its running statistics, a batch norm multiplies each channel by a factor and adds an offset:

        y = (conv(x) - mean) * gamma / sqrt(variance + epsilon) + beta

    so both can be part of the convolution's weight and bias. The outputs differ only by rounding, about 1e-6.

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
        # The output channels are dimension 0 of a convolution's weight, but dimension 1 for a transposed convolution.
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
