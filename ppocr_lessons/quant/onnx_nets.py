"""The three networks as ONNX graphs, in integers where they were converted."""

import numpy as np
import onnx
from paddle import nn

from ..backbones.blocks import ConvBN
from ..backbones.mobilenet_v3 import ResidualUnit
from ..backbones.pp_lcnet import DepthwiseSeparable
from ..cls.direction import DirectionClassifier
from ..det.dbnet import DBNet
from ..rec.crnn import CRNN
from .onnx_graph import GraphWriter
from .prepare import refuse_prepared


def _conv_bn(graph: GraphWriter, x: str, block: ConvBN) -> str:
    conv, norm = (getattr(block, name) for name in block.names)
    return graph.activation(graph.norm(graph.convolution(x, conv), norm), block.act)


def _gate(graph: GraphWriter, x: str, module) -> str:
    squeezed = graph.node("GlobalAveragePool", [x])
    squeezed = graph.node("Relu", [graph.convolution(squeezed, module.conv1)])
    excited = graph.convolution(squeezed, module.conv2)
    gates = graph.node("HardSigmoid", [excited], {"alpha": float(module.slope), "beta": 0.5})
    return graph.node("Mul", [x, gates])


def _unit(graph: GraphWriter, x: str, unit) -> str:
    """One block of a backbone."""
    if isinstance(unit, ConvBN):
        return _conv_bn(graph, x, unit)
    if isinstance(unit, DepthwiseSeparable):
        y = _conv_bn(graph, x, unit._depthwise_conv)
        y = y if unit._se is None else _gate(graph, y, unit._se)
        return _conv_bn(graph, y, unit._pointwise_conv)
    if isinstance(unit, ResidualUnit):
        y = _conv_bn(graph, _conv_bn(graph, x, unit.expand_conv), unit.bottleneck_conv)
        y = _gate(graph, y, unit.mid_se) if unit.if_se else y
        y = _conv_bn(graph, y, unit.linear_conv)
        return graph.node("Add", [x, y]) if unit.if_shortcut else y
    raise TypeError(f"{type(unit).__name__} is no block that can be written to ONNX")


def _line_backbone(graph: GraphWriter, x: str, backbone) -> str:
    """MobileNetV3 or PP-LCNet of recognizer and classifier."""
    names = backbone._sub_layers
    x = _conv_bn(graph, x, backbone.conv1)
    for unit in names["blocks"] if "blocks" in names else names["block_list"]:
        x = _unit(graph, x, unit)
    if "conv2" in names:
        x = _conv_bn(graph, x, backbone.conv2)
    if isinstance(backbone.pool, nn.AdaptiveAvgPool2D):
        x = graph.node("GlobalAveragePool", [x])
    else:
        x = graph.node("MaxPool", [x], {"kernel_shape": [2, 2], "strides": [2, 2], "ceil_mode": 0})
    wide = names.get("wide_conv")
    return x if wide is None else graph.activation(graph.convolution(x, wide), "hardswish")


def _classifier(graph: GraphWriter, net: DirectionClassifier) -> str:
    x = graph.node("GlobalAveragePool", [_line_backbone(graph, "x", net.backbone)])
    logits = graph.linear(graph.node("Flatten", [x]), net.head.fc)
    return graph.node("Softmax", [logits], {"axis": -1})


def _recognizer(graph: GraphWriter, net: CRNN) -> str:
    x = graph.node(
        "Squeeze", [_line_backbone(graph, "x", net.backbone), graph.array(np.array([2], np.int64))]
    )
    x = graph.node("Transpose", [x], {"perm": [2, 0, 1]})  # (N, C, T) -> (T, N, C)
    lstm = net.neck.encoder.lstm
    for layer in lstm:
        x = graph.lstm(x, (layer.cell_fw, layer.cell_bw), layer.cell_fw.hidden_size)
    x = graph.node("Transpose", [x], {"perm": [1, 0, 2]})  # (T, N, D) -> (N, T, D)
    if net.head.mid_channels is None:
        x = graph.linear(x, net.head.fc)
    else:
        x = graph.linear(graph.linear(x, net.head.fc1), net.head.fc2)
    return graph.node("Softmax", [x], {"axis": -1})


def _detector(graph: GraphWriter, net: DBNet) -> str:
    x, maps = _conv_bn(graph, "x", net.backbone.conv), []
    for index in range(4):
        for unit in net.backbone._sub_layers[f"stage{index}"]:
            x = _unit(graph, x, unit)
        maps.append(x)
    merged, fused = None, []
    for level in (5, 4, 3, 2):
        lateral = graph.convolution(maps[level - 2], net.neck._sub_layers[f"in{level}_conv"])
        merged = lateral if merged is None else graph.node("Add", [lateral, graph.enlarge(merged, 2)])
        smooth = graph.convolution(merged, net.neck._sub_layers[f"p{level}_conv"])
        fused.append(graph.enlarge(smooth, 2 ** (level - 2)) if level > 2 else smooth)
    x, branch = graph.node("Concat", fused, {"axis": 1}), net.head.binarize
    x = graph.node("Relu", [graph.norm(graph.convolution(x, branch.conv1), branch.conv_bn1)])
    x = graph.node("Relu", [graph.norm(graph.double_size(x, branch.conv2), branch.conv_bn2)])
    return graph.node("Sigmoid", [graph.double_size(x, branch.conv3)])


def onnx_model(net, *, size: tuple[int, int] | None = None) -> onnx.ModelProto:
    """Convert a network to an ONNX model with input `x` (N, 3, H, W) float32 and probabilities as output.

    Args:
        net: DBNet on MobileNetV3, CRNN or DirectionClassifier, in floating point or converted to integers.
        size: (height, width) in pixels of the input of a classifier; 48 x 192 if None.

    Returns: the model. Its output is (N, 1, H, W) for a detector, (N, T, K) for a recognizer, (N, K) for a classifier.

    Raises:
        TypeError: another network, or a backbone block that is not supported.
        ValueError: integers with a number of bits other than 8, or a network that was prepared and not converted.
    """
    refuse_prepared(net)
    net.eval()
    if isinstance(net, DBNet):
        graph = GraphWriter(("N", 3, "H", "W"))
        return graph.model(_detector(graph, net), "detector", ("N", 1, "H", "W"))
    if isinstance(net, CRNN):
        graph = GraphWriter(("N", 3, 32, "W"))
        return graph.model(_recognizer(graph, net), "recognizer", ("N", "T", "K"))
    if isinstance(net, DirectionClassifier):
        graph = GraphWriter(("N", 3, *(size or (48, 192))))
        return graph.model(_classifier(graph, net), "classifier", ("N", "K"))
    raise TypeError(f"{type(net).__name__} is not a detector, recognizer or classifier of this package")
