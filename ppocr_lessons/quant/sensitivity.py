"""Which layer suffers most from integers: round one layer at a time and compare the answers with those of the float net."""

from collections.abc import Iterable

import paddle
from paddle import nn

from .calibrate import CalibrationError
from .prepare import quantized, replace_layer


def _answer(net, batch):
    """First output of a net; of a detector the probability map."""
    out = net(batch)
    out = out[0] if isinstance(out, (tuple, list)) else out
    return getattr(out, "prob", out)


@paddle.no_grad()
def sensitivity(net: nn.Layer, batches: Iterable) -> dict[str, float]:
    """Error that each layer alone causes in the net's answer if it rounds its weight and its input.

    The error is sum (y - y')^2 / sum y^2 over all values of the answer, of the float net (y) and of the net in which a single
    layer rounds (y'). The layers with the largest errors are those to name in `keep` or `float_inputs` of `prepare`. Errors of
    several layers do not simply add up, so the choice has to be checked with the whole net.

    Args:
        net: of `prepare` and `calibrate`; the same afterwards, in evaluation mode.
        batches: input tensors (N, 3, H, W).

    Returns: error of each layer by name, the largest first.

    Raises:
        ValueError: the net was not prepared.
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
