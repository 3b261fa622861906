"""Multiply-accumulate operations (MACs) of a network, counted for each layer while it runs once."""

import paddle
from paddle import nn

from ..deploy.export import evaluating


def count_macs(net, shape: tuple[int, ...]) -> dict[str, int]:
    """Count the MACs of convolutions, linear layers and LSTMs. Batch norms, activations and sums are not counted.

    Args:
        net: any network of this project.
        shape: shape of the input, (N, 3, H, W).

    Returns: MACs by name of the layer; their sum is the number of MACs of the network.
    """
    macs, handles = {}, []
    for name, layer in net.named_sublayers(include_self=True):
        if isinstance(layer, nn.Conv2D | nn.Conv2DTranspose | nn.Linear | nn.LSTM):
            handles.append(layer.register_forward_post_hook(_counter(macs, name)))
    try:
        with paddle.no_grad(), evaluating(net):
            net(paddle.zeros(shape))
    finally:
        for handle in handles:
            handle.remove()
    return macs


def _counter(macs, name):
    def count(layer, inputs, outputs):
        if isinstance(layer, nn.LSTM):
            steps = inputs[0].shape[0] * inputs[0].shape[1]
            weights = sum(p.size for p in layer.parameters() if p.ndim == 2)
            macs[name] = macs.get(name, 0) + steps * weights
            return
        # A convolution uses every weight once per output position, and a transposed one once per input position.
        places = inputs[0] if isinstance(layer, nn.Conv2DTranspose) else outputs
        area = places.shape[0] * (places.shape[2] * places.shape[3] if places.ndim == 4 else 1)
        if isinstance(layer, nn.Linear):
            area = places.size // places.shape[-1]
        macs[name] = macs.get(name, 0) + area * layer.weight.size

    return count


def macs_by_part(net, shape: tuple[int, ...]) -> dict[str, int]:
    """MACs by part of the network.

    Args:
        net: any network of this project.
        shape: shape of the input, (N, 3, H, W).

    Returns: MACs by the first component of the layer name: backbone, neck, head.
    """
    parts: dict[str, int] = {}
    for name, count in count_macs(net, shape).items():
        part = name.split(".")[0]
        parts[part] = parts.get(part, 0) + count
    return parts
