"""Multiply-accumulates of a net, counted layer by layer while it runs once."""

import paddle
from paddle import nn

from ..deploy.export import evaluating


def count_macs(net, shape: tuple[int, ...]) -> dict[str, int]:
    """MACs of every convolution and linear layer for one input; batch norm, activations and sums are left out.

    Args:
        net: any layer of this project; LSTM layers are counted too.
        shape: of the input, (N, 3, H, W).

    Returns: MACs by name of the layer; the sum of the values is that of the net.
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
        # Every weight of a convolution works once a place: of the output, or of the input of a transposed one.
        places = inputs[0] if isinstance(layer, nn.Conv2DTranspose) else outputs
        area = places.shape[0] * (places.shape[2] * places.shape[3] if places.ndim == 4 else 1)
        if isinstance(layer, nn.Linear):
            area = places.size // places.shape[-1]
        macs[name] = macs.get(name, 0) + area * layer.weight.size

    return count


def macs_by_part(net, shape: tuple[int, ...]) -> dict[str, int]:
    """MACs of `count_macs` added up by the first part of the name: backbone, neck, head.

    Args:
        net, shape: see `count_macs`.
    """
    parts: dict[str, int] = {}
    for name, count in count_macs(net, shape).items():
        part = name.split(".")[0]
        parts[part] = parts.get(part, 0) + count
    return parts
