"""Leave the SE gates out of the detector's backbone (chapter 2.1.3).

At 640 x 640 a gate sees the mean of a large map, which says little about a few letters in it, and it
costs 39 % of the parameters.
"""

import paddle

from ..backbones.blocks import SEModule
from ..backbones.mobilenet_v3 import ResidualUnit


def se_modules(net) -> dict[str, SEModule]:
    """The gates of a net by name.

    Args:
        net: any layer.
    """
    return {name: layer for name, layer in net.named_sublayers() if isinstance(layer, SEModule)}


@paddle.no_grad()
def gates_of(net, x) -> dict[str, paddle.Tensor]:
    """What every SE gate answers to a batch.

    Args:
        net: with gates, in evaluation mode.
        x: (N, 3, H, W), as the net takes it.

    Returns: (N, channels) in 0..1 by name of the gate.
    Raises:
        ValueError: the net has no gates.
    """
    modules, gates = se_modules(net), {}
    if not modules:
        raise ValueError(f"{type(net).__name__} has no SE gates")
    hooks = [
        module.register_forward_pre_hook(
            lambda layer, inputs, name=name: gates.update({name: layer.gate(inputs[0]).flatten(1)})
        )
        for name, module in modules.items()
    ]
    try:
        net(x)
    finally:
        for hook in hooks:
            hook.remove()
    return gates


def remove_se(net):
    """Take the SE gates out of a built net, trained or not, and return the net.

    What is left has the names and shapes of a net that was built with `disable_se=True`, so its weights
    load into such a net. The gated channels lose their scaling: train a little afterwards.

    Args:
        net: any layer that holds MobileNetV3 blocks; changed in place.

    Raises:
        ValueError: the net has no gates to remove.
    Claim: 4.1 MB -> 2.6 MB without loss of accuracy.
    """
    units = [
        layer for layer in net.sublayers(include_self=True) if isinstance(layer, ResidualUnit) and layer.if_se
    ]
    if not units:
        raise ValueError(f"{type(net).__name__} has no SE gates in MobileNetV3 blocks")
    for unit in units:
        del unit.mid_se
        unit.if_se = False
    return net
