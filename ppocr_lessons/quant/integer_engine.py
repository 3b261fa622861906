"""Run an ONNX model with OpenVINO, which has integer kernels for CPUs with VNNI instructions."""

import functools
import pathlib

import numpy as np

INSTALL = "pip install 'ppocr-lessons[int8]'"


def openvino_module():
    """The package openvino.

    Raises:
        ImportError: it is not installed; the message says how to install it.
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
    """The one openvino.Core of this process, which is never freed.

    The plugin that a Core loads replaces the stack on which the signal handlers of this thread run. When it is freed it
    unmaps this stack, and if another Core was loaded in between, the thread still uses it: the next Ctrl-C then ends the
    process with a segmentation fault.
    """
    return openvino_module().Core()


def has_vnni() -> bool:
    """Whether this CPU multiplies 8-bit integers in one instruction; without it integers are not faster."""
    try:
        flags = pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return False
    return "avx512_vnni" in flags or "avx_vnni" in flags


class IntegerEngine:
    """A function from a batch of pictures to probabilities.

    Args:
        model: onnx.ModelProto of `onnx_model`, or the path of an ONNX file.
        threads: CPU threads.

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
