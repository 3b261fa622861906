"""Sensitivity of layers to quantization: round one layer at a time and compare with the floating-point network."""

from collections.abc import Iterable

import paddle
from paddle import nn

from .calibrate import CalibrationError
from .prepare import quantized, replace_layer


def _answer(net, batch):
    """First output of a network; the probability map of a detector."""
    out = net(batch)
    out = out[0] if isinstance(out, (tuple, list)) else out
    return getattr(out, "prob", out)


@paddle.no_grad()
def sensitivity(net: nn.Layer, batches: Iterable) -> dict[str, float]:
    """Error in the network's output when only a single layer rounds its weight and input, for each layer.

    The error is sum (y - y')^2 / sum y^2 over all output values of the floating-point network (y) and of the network in
    which only this layer rounds (y'). The layers with the largest errors are candidates for `keep` or `float_inputs` of
    `prepare`. Errors of several layers do not simply add up, so the choice has to be checked with the whole network.

    Args:
        net: network after `prepare` and `calibrate`; unchanged except that it is in evaluation mode afterwards.
        batches: input tensors (N, 3, H, W).

    Returns: error of each layer by name, the largest first.

    Raises:
        ValueError: the network was not prepared.
        CalibrationError: there is no batch, or a layer has no clipping bound yet.
    """
    layers, batches = quantized(net), list(batches)
    if not layers:
        raise ValueError(f"{type(net).__name__} was not prepared: call prepare(net) first")
    if not batches:
        raise CalibrationError("no batch to measure the sensitivity with")
    net.eval()
    found = {}
    try:
        for name, layer in layers.items():
            replace_layer(net, name, layer.layer)
        whole = [_answer(net, batch) for batch in batches]
        size = sum(y.square().sum().item() for y in whole)
        for name, layer in layers.items():
            replace_layer(net, name, layer)
            pairs = zip(batches, whole, strict=True)
            found[name] = sum((_answer(net, x) - y).square().sum().item() for x, y in pairs) / size
            replace_layer(net, name, layer.layer)
    finally:
        for name, layer in layers.items():
            replace_layer(net, name, layer)
    return dict(sorted(found.items(), key=lambda item: -item[1]))
