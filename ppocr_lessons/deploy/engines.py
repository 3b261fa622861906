"""Inference engines other than Paddle's, which run ONNX files: OpenVINO and ONNX Runtime."""

import importlib.util
import pathlib
from collections.abc import Callable

import numpy as np

ENGINES = ("paddle", "openvino", "onnxruntime")
"""Programs that can run a network. `paddle` is Paddle's inference engine; the others run ONNX files on the CPU."""

INSTALL = "pip install 'ppocr-lessons[engines]'"


def check_engine(engine: str) -> None:
    """Check that an inference engine is known and installed.

    Args:
        engine: one of ENGINES.

    Raises:
        ValueError: unknown engine.
        ImportError: the engine, or the package that writes ONNX files, is not installed; says how to install it.
    """
    if engine not in ENGINES:
        raise ValueError(f"engine is {engine!r}; known are {', '.join(ENGINES)}")
    needed = () if engine == "paddle" else (engine, "onnx")
    missing = [name for name in needed if importlib.util.find_spec(name) is None]
    if missing:
        raise ImportError(
            f"engine {engine!r} needs the package {missing[0]}, which is not installed: {INSTALL}"
        )


class OnnxRuntime:
    """A function from a batch of images to probabilities that runs an ONNX file with ONNX Runtime on the CPU.

    Args:
        path: of the ONNX file.
        threads: number of CPU threads.

    Shape:
        x: (N, 3, H, W) float32
        returns: as `quant.onnx_nets.onnx_model`
    """

    def __init__(self, path, *, threads: int):
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        options.log_severity_level = 3  # errors only
        # Memory plans would be kept for every shape of the input, so memory would grow with the number of shapes.
        options.enable_mem_pattern = False
        self.session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self.input = self.session.get_inputs()[0].name

    def __call__(self, x: np.ndarray) -> np.ndarray:
        (answer,) = self.session.run(None, {self.input: np.ascontiguousarray(x, np.float32)})
        return np.asarray(answer)


def onnx_engine(engine: str, path: pathlib.Path, threads: int) -> Callable[[np.ndarray], np.ndarray]:
    """Load an ONNX file into an inference engine.

    Args:
        engine: "openvino" or "onnxruntime".
        path: of the ONNX file.
        threads: number of CPU threads.

    Returns: function from a batch to probabilities.

    Raises:
        ValueError, ImportError: see `check_engine`.
    """
    check_engine(engine)
    if engine == "onnxruntime":
        return OnnxRuntime(path, threads=threads)
    from ..quant.integer_engine import IntegerEngine  # runs floating point as well

    return IntegerEngine(path, threads=threads)
