"""An ONNX graph written node by node, so that the quantization nodes are where integer kernels need them.

A runtime replaces "dequantize, convolve" by an integer kernel only if the convolution's bias is part of the node and
each of its inputs comes straight from a DequantizeLinear. General converters do not write graphs in this form.
"""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from paddle import nn

from .int8 import FLOAT_INPUT, IntegerLayer

OPSET = 17


class GraphWriter:
    """Collects nodes and arrays. Methods that add nodes return the name of the output.

    Args:
        shape: shape of the input, with names for the dimensions that vary: ("N", 3, 48, 192).
    """

    def __init__(self, shape):
        self.shape, self.nodes, self.arrays, self.grids = shape, [], [], {}

    def node(self, kind: str, inputs, attributes: dict | None = None) -> str:
        """Add a node with one output.

        Args:
            kind: ONNX operator.
            inputs: names of its inputs.
            attributes: attributes of the operator.
        """
        output = f"{kind}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [output], output, **(attributes or {})))
        return output

    def array(self, values) -> str:
        """Add a constant.

        Args:
            values: NumPy array.
        """
        name = f"array_{len(self.arrays)}"
        self.arrays.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def quantized(self, x: str, grid) -> str:
        """Round an input to a layer's grid, unless it stays in floating point; inputs of the same grid share the nodes.

        Args:
            x: name of a tensor.
            grid: (scale, zero, bits, signed) of an IntegerLayer.

        Raises:
            ValueError: the grid does not have 8 bits; runtimes have no kernels for other integers.
        """
        scale, zero, bits, signed = grid
        if bits == FLOAT_INPUT:
            return x
        if bits != 8:
            raise ValueError(f"{bits:g} bits: integer kernels exist for 8 bits alone")
        if (x, grid) not in self.grids:
            steps = self.array(np.float32(scale)), self.array((np.int8 if signed else np.uint8)(zero))
            self.grids[x, grid] = self.node(
                "DequantizeLinear", [self.node("QuantizeLinear", [x, *steps]), *steps]
            )
        return self.grids[x, grid]

    def convolution(self, x: str, layer) -> str:
        """Add a convolution, in integers for an IntegerLayer.

        Args:
            x: name of a tensor (N, C, H, W).
            layer: IntegerLayer or nn.Conv2D.
        """
        inside = layer.layer if isinstance(layer, IntegerLayer) else layer
        padding = inside._padding if isinstance(inside._padding, (list, tuple)) else [inside._padding] * 2
        stride = inside._stride if isinstance(inside._stride, (list, tuple)) else [inside._stride] * 2
        attributes = {"strides": list(stride), "pads": [*padding, *padding], "group": inside._groups}
        return self.node("Conv", [*self._operands(x, layer, inside)], attributes)

    def _operands(self, x, layer, inside):
        if not isinstance(layer, IntegerLayer):
            bias = [] if inside.bias is None else [self.array(inside.bias.numpy())]
            return [x, self.array(inside.weight.numpy()), *bias]
        bias = (layer.bias.astype(np.float64) * layer.grid[0] * layer.weight_scale).astype(np.float32)
        if not layer.rounds_input:  # OpenVINO would convert integer weights to floats again in every run
            return [x, self.array(layer.scaled.numpy()), self.array(bias)]
        axis = 0 if layer.kind == "conv" else 1
        scales = self.array(layer.weight_scale), self.array(np.zeros(len(layer.weight_scale), np.int8))
        weight = self.node("DequantizeLinear", [self.array(layer.weight), *scales], {"axis": axis})
        return [self.quantized(x, layer.grid), weight, self.array(bias)]

    def linear(self, x: str, layer) -> str:
        """Add a linear layer over the last dimension, in integers for an IntegerLayer.

        Args:
            x: name of a tensor (..., D).
            layer: IntegerLayer or nn.Linear.
        """
        inside = layer.layer if isinstance(layer, IntegerLayer) else layer
        x, weight, *bias = self._operands(x, layer, inside)
        product = self.node("MatMul", [x, weight])
        return self.node("Add", [product, *bias]) if bias else product

    def norm(self, x: str, layer) -> str:
        """Add a batch norm, or nothing if it was folded.

        Args:
            x: name of a tensor (N, C, H, W).
            layer: nn.BatchNorm2D or nn.Identity.
        """
        if isinstance(layer, nn.Identity):
            return x
        parts = (layer.weight, layer.bias, layer._mean, layer._variance)
        return self.node(
            "BatchNormalization", [x, *(self.array(p.numpy()) for p in parts)], {"epsilon": layer._epsilon}
        )

    def activation(self, x: str, name: str | None) -> str:
        """Add an activation of ConvBN.

        Args:
            x: name of a tensor.
            name: "relu", "hardswish" or None.
        """
        return x if name is None else self.node({"relu": "Relu", "hardswish": "HardSwish"}[name], [x])

    def enlarge(self, x: str, factor: int) -> str:
        """Add an enlargement that repeats rows and columns.

        Args:
            x: name of a tensor (N, C, H, W).
            factor: factor of height and width.
        """
        scales = self.array(np.array([1, 1, factor, factor], np.float32))
        attributes = {
            "mode": "nearest",
            "coordinate_transformation_mode": "asymmetric",
            "nearest_mode": "floor",
        }
        return self.node("Resize", [x, "", scales], attributes)

    def double_size(self, x: str, layer) -> str:
        """Add a transposed convolution of stride 2, in floating point.

        Args:
            x: name of a tensor (N, C, H, W).
            layer: nn.Conv2DTranspose.
        """
        inputs = [x, self.array(layer.weight.numpy()), self.array(layer.bias.numpy())]
        return self.node("ConvTranspose", inputs, {"strides": [2, 2]})

    def lstm(self, x: str, cells, hidden: int) -> str:
        """Add a bidirectional LSTM layer in floating point.

        Paddle orders the gates as input, forget, cell, output; ONNX as input, output, forget, cell.

        Args:
            x: name of a tensor (T, N, D).
            cells: the forward and the backward nn.LSTMCell.
            hidden: hidden size of one direction.

        Returns: name of a tensor (T, N, 2 hidden).
        """

        def gates(tensor):
            i, f, c, o = np.split(tensor.numpy(), 4)
            return np.concatenate([i, o, f, c])

        inputs = np.stack([gates(cell.weight_ih) for cell in cells])
        recurrent = np.stack([gates(cell.weight_hh) for cell in cells])
        biases = np.stack([np.concatenate([gates(c.bias_ih), gates(c.bias_hh)]) for c in cells])
        arrays = [self.array(a) for a in (inputs, recurrent, biases)]
        y = self.node("LSTM", [x, *arrays], {"hidden_size": hidden, "direction": "bidirectional"})
        y = self.node("Transpose", [y], {"perm": [0, 2, 1, 3]})  # (T, 2, N, H) -> (T, N, 2, H)
        return self.node("Reshape", [y, self.array(np.array([0, 0, 2 * hidden], np.int64))])

    def model(self, output: str, name: str, shape) -> onnx.ModelProto:
        """Assemble and check the model.

        Args:
            output: name of the tensor that it returns.
            name: name of the graph.
            shape: shape of the output, with names for the dimensions that vary.
        """
        graph = helper.make_graph(
            self.nodes,
            name,
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, list(self.shape))],
            [helper.make_tensor_value_info(output, TensorProto.FLOAT, list(shape))],
            self.arrays,
        )
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="ppocr-lessons"
        )
        model.ir_version = 8
        onnx.checker.check_model(model)
        return model
