"""Groups of dependent channels of a detector, and how to remove channels from all layers that use them (chapter 2.1.5).

A filter produces a channel. If it is removed, everything that belongs to the channel has to be removed as well: its batch
norm, the depthwise filter after it, the gate of an SE block and the inputs of every convolution that reads it. Where the
outputs of convolutions are added, as in a shortcut or in the pyramid, the same channel of each of them has to go.
"""

from dataclasses import dataclass, field

import numpy as np
import paddle
from paddle import nn

from ..backbones.blocks import ConvBN
from ..backbones.mobilenet_v3 import DetMobileNetV3, ResidualUnit

PARAMETERS = ("weight", "bias", "_mean", "_variance")


@dataclass
class ChannelGroup:
    """Channels that can only be removed from several layers together.

    Args:
        width: number of channels.
        made_by: convolutions whose filters produce the channels.
        touched: all layers that use the channels, including those in `made_by`, as (layer, axis of its weight, index of
            the first channel on this axis).
    """

    width: int
    made_by: list[nn.Layer] = field(default_factory=list)
    touched: list[tuple[nn.Layer, int, int]] = field(default_factory=list)

    def filters(self) -> list[np.ndarray]:
        """Weights of the convolutions that produce the channels.

        Returns: one (channels, ...) array per convolution.
        """
        turned = (nn.Conv2DTranspose,)
        weights = [(layer.weight.numpy(), isinstance(layer, turned)) for layer in self.made_by]
        return [w.swapaxes(0, 1) if flip else w for w, flip in weights]

    def made(self, conv: nn.Layer, *norms: nn.Layer) -> "ChannelGroup":
        """Add a convolution that produces the channels, and the batch norms after it.

        Args:
            conv: convolution whose outputs are the channels.
            *norms: batch norms, and other layers with one entry per channel, that follow it.

        Returns: the group itself.
        """
        self.made_by.append(conv)
        self.touched.append((conv, 1 if isinstance(conv, nn.Conv2DTranspose) else 0, 0))
        self.touched += [(norm, 0, 0) for norm in norms]
        return self

    def read(self, conv: nn.Layer, first: int = 0) -> None:
        """Add a layer that reads the channels.

        Args:
            conv: convolution or linear layer whose inputs are the channels.
            first: index of its input at which they begin.
        """
        self.touched.append((conv, 0 if isinstance(conv, nn.Conv2DTranspose) else 1, first))


def _parts(layer: ConvBN):
    return [getattr(layer, name) for name in layer.names]


def channel_groups(net) -> dict[str, ChannelGroup]:
    """All groups of dependent channels of a detector.

    Args:
        net: DBNet with a MobileNetV3 backbone.

    Returns: groups by the name of the first convolution that produces them.

    Raises:
        ValueError: the network has another backbone.
    """
    if not isinstance(getattr(net, "backbone", None), DetMobileNetV3):
        raise ValueError(f"{type(net).__name__}: a DBNet with a MobileNetV3 backbone is needed")
    groups: dict[str, ChannelGroup] = {}

    def new(name, conv, *norms):
        width = conv.weight.shape[1 if isinstance(conv, nn.Conv2DTranspose) else 0]
        groups[name] = ChannelGroup(width).made(conv, *norms)
        return groups[name]

    backbone, neck = net.backbone, net.neck
    outputs = new("backbone.conv", *_parts(backbone.conv))
    for stage in range(len(backbone.out_channels)):
        for index, layer in enumerate(getattr(backbone, f"stage{stage}")):
            name = f"backbone.stage{stage}.{index}"
            if isinstance(layer, ResidualUnit):
                outputs = _unit(new, name, layer, outputs)
            else:
                conv, norm = _parts(layer)
                outputs.read(conv)
                outputs = new(name, conv, norm)
        outputs.read(getattr(neck, f"in{stage + 2}_conv"))
    fused = new("neck.in2_conv", neck.in2_conv)
    for level in (3, 4, 5):
        fused.made(getattr(neck, f"in{level}_conv"))
    branches, first = (net.head.binarize, net.head.thresh), 0
    for level in (5, 4, 3, 2):  # the order of their concatenation
        conv = getattr(neck, f"p{level}_conv")
        fused.read(conv)
        smooth = new(f"neck.p{level}_conv", conv)
        for branch in branches:
            smooth.read(branch.conv1, first)
        first += smooth.width
    for name, branch in zip(("binarize", "thresh"), branches, strict=True):
        new(f"head.{name}.conv1", branch.conv1, branch.conv_bn1).read(branch.conv2)
        new(f"head.{name}.conv2", branch.conv2, branch.conv_bn2).read(branch.conv3)
    return groups


def _unit(new, name, unit, outputs):
    """Groups of an inverted residual; returns the group of its outputs."""
    (expand, expand_bn), (depthwise, depthwise_bn) = _parts(unit.expand_conv), _parts(unit.bottleneck_conv)
    narrow, narrow_bn = _parts(unit.linear_conv)
    outputs.read(expand)
    inside = new(f"{name}.expand_conv", expand, expand_bn)
    inside.touched += [(depthwise, 0, 0), (depthwise_bn, 0, 0)]
    if unit.if_se:
        inside.read(unit.mid_se.conv1)
        inside.touched.append((unit.mid_se.conv2, 0, 0))
    inside.read(narrow)
    if unit.if_shortcut:
        return outputs.made(narrow, narrow_bn)  # added to the input, so the channels are the same
    return new(f"{name}.linear_conv", narrow, narrow_bn)


def remove_channels(net, removed: dict[str, list[int]]) -> None:
    """Remove channels from a detector.

    Args:
        net: DBNet with a MobileNetV3 backbone; changed in place. Build its optimizer afterwards.
        removed: indices of channels by name of the group; see `channel_groups`.

    Raises:
        ValueError: a group or channel does not exist, or no channel of a group would be left; the network is unchanged.
    """
    groups = channel_groups(net)
    masks: dict[tuple[int, int], tuple[nn.Layer, np.ndarray]] = {}
    for name, gone in removed.items():
        if name not in groups:
            raise ValueError(f"no such group of channels: {name!r}; known are {list(groups)}")
        width = groups[name].width
        if len(set(gone)) >= width or any(not 0 <= channel < width for channel in gone):
            raise ValueError(f"{name}: channels {list(gone)[:10]} of {width} cannot be removed")
        for layer, axis, first in groups[name].touched:
            full = np.ones(layer.weight.shape[axis], bool)
            _, mask = masks.setdefault((id(layer), axis), (layer, full))
            mask[first + np.asarray(gone, int)] = False
    for (_, axis), (layer, mask) in masks.items():
        _cut(layer, axis, np.nonzero(mask)[0])


def _cut(layer, axis, kept):
    turned = isinstance(layer, nn.Conv2DTranspose)
    makes = axis == (1 if turned else 0)  # the axis of the outputs, which biases and norms share
    for name in PARAMETERS:
        tensor = getattr(layer, name, None)
        if tensor is None or not (name == "weight" or makes):
            continue
        values = np.take(tensor.numpy(), kept, axis=axis if name == "weight" else 0)
        if isinstance(tensor, paddle.base.framework.EagerParamBase):
            smaller = layer.create_parameter(values.shape)
            smaller.stop_gradient = tensor.stop_gradient
            smaller.optimize_attr, smaller.regularizer = tensor.optimize_attr, tensor.regularizer
            smaller.set_value(values)
            setattr(layer, name, smaller)
        else:
            layer._buffers[name] = paddle.to_tensor(values)
    if isinstance(layer, nn.BatchNorm2D):
        layer._num_features = len(kept)
    elif layer._groups > 1:
        layer._groups = layer._in_channels = layer._out_channels = len(kept)
    elif makes:
        layer._out_channels = len(kept)
    else:
        layer._in_channels = len(kept)
