"""Run an ONNX model with OpenVINO, which has integer kernels for CPUs with VNNI instructions."""

import functools
import pathlib

import numpy as np

INSTALL = "pip install 'ppocr-lessons[int8]'"


def openvino_module():
    """The package openvino.

    Raises:
        ImportError: it is not installed; says how to install it.
    """
    try:
        import openvino
    except ImportError as error:
        raise ImportError(
            f"integers run with the package openvino, which is not installed: {INSTALL}"
        ) from error
    return openvino


@functools.cache
def _core():
    """The only openvino.Core of this process, which is never freed.

    The plugin that a Core loads replaces the signal stack of this thread, and unmaps it when the Core is freed. If
    another Core was loaded in between, the thread still uses the unmapped stack, and the next Ctrl-C ends the process
    with a segmentation fault.
    """
    return openvino_module().Core()


def has_vnni() -> bool:
    """Whether this CPU has VNNI instructions for 8-bit integers; without them integers are not faster."""
    try:
        flags = pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return False
    return "avx512_vnni" in flags or "avx_vnni" in flags


class IntegerEngine:
    """A function from a batch of images to probabilities that runs an ONNX model with OpenVINO on the CPU.

    Args:
        model: onnx.ModelProto from `onnx_model`, or the path of an ONNX file.
        threads: number of CPU threads.

    Shape:
        x: (N, 3, H, W) float32
        returns: as `onnx_model`

    Raises:
        ImportError: openvino is not installed.
    """

    def __init__(self, model, *, threads: int = 1):
        core = _core()
        source = str(model) if isinstance(model, (str, pathlib.Path)) else model.SerializeToString()
        settings = {
            "INFERENCE_NUM_THREADS": threads,
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": "f32",
        }
        self.compiled = core.compile_model(core.read_model(source), "CPU", settings)
        self.request = self.compiled.create_infer_request()

    def __call__(self, x: np.ndarray) -> np.ndarray:
        # Shared arrays save a copy of the input; the output is copied, because the next run overwrites it.
        x = np.ascontiguousarray(x, np.float32)
        return self.request.infer([x], share_inputs=True, share_outputs=True)[0].copy()

    def precisions(self) -> dict[str, str]:
        """Number format in which each operator runs: "i8", "u8", "f32"."""
        found = {}
        for node in self.compiled.get_runtime_model().get_ops():
            info = node.get_rt_info()
            if "runtimePrecision" in info and "layerType" in info:
                name = f"{info['layerType'].astype(str)} {node.get_friendly_name()}"
                found[name] = info["runtimePrecision"].astype(str)
        return found
