"""Named arrays of an ONNX file: the weights of a network that another framework exported.

Only arrays are read from the file. The graph is not executed, and data that is stored outside the file is not read.
"""

import pathlib

import numpy as np

from ..training.tensor_files import WeightsError

MAX_BYTES = 1 << 28
"""Maximum size of a file in bytes; the networks of this package take up to 9 MB."""


def read_onnx_arrays(path) -> dict[str, np.ndarray]:
    """Arrays of an ONNX file by name: its initializers and the outputs of its `Constant` nodes.

    Args:
        path: path of the `.onnx` file.

    Returns: arrays by name, in the order of the file.

    Raises:
        ImportError: the package onnx is not installed.
        WeightsError: the file cannot be opened, is too large, is not a complete ONNX file, has its data in another
            file, or contains no arrays or a damaged one; names the file.
    """
    try:
        import onnx
        from google.protobuf.message import DecodeError
    except ImportError as error:
        raise ImportError(
            f"{path}: reading ONNX files needs the package onnx: pip install 'ppocr-lessons[official]'"
        ) from error
    path = pathlib.Path(path)
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise WeightsError(f"{path}: {size:,} bytes; at most {MAX_BYTES:,} are read")
        model = onnx.ModelProto.FromString(path.read_bytes())
    except OSError as error:
        raise WeightsError(f"{path}: cannot be opened: {error.strerror}") from error
    except DecodeError as error:
        raise WeightsError(f"{path}: not a complete ONNX file: {error}") from error
    tensors = {tensor.name: tensor for tensor in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type == "Constant":
            values = [a.t for a in node.attribute if a.name == "value" and a.HasField("t")]
            tensors.update(zip(node.output, values, strict=False))
    if not tensors:
        raise WeightsError(f"{path}: not an ONNX file with weights: it holds no arrays")
    return {name: _array(path, name, tensor) for name, tensor in tensors.items()}


def _array(path: pathlib.Path, name: str, tensor) -> np.ndarray:
    from onnx import TensorProto, numpy_helper

    if tensor.data_location == TensorProto.EXTERNAL:
        raise WeightsError(f"{path}: the data of {name!r} is in another file, which is not followed")
    try:
        return np.asarray(numpy_helper.to_array(tensor))
    except (ValueError, TypeError, KeyError, NotImplementedError) as error:
        raise WeightsError(f"{path}: the array {name!r} is damaged: {error}") from error
