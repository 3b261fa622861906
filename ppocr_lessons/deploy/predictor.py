"""Run a network: paddle.inference with oneDNN on a CPU or on a GPU, or the network itself if that fails."""

import os
import pathlib
import warnings

import numpy as np
import paddle
from paddle import inference

from .export import Answer, evaluating, export_cached
from .export_record import NAME

SHAPES_KEPT = 16
"""Number of input shapes for which compiled oneDNN kernels are cached; each new shape is compiled."""


def gpu_available() -> bool:
    """Whether Paddle was built for GPUs and the machine has one."""
    return paddle.device.is_compiled_with_cuda() and paddle.device.cuda.device_count() > 0


class Predictor:
    """A function from a batch of images to the output of a network, both NumPy arrays.

    Args:
        net: DBNet, CRNN or DirectionClassifier, exported to the cache first; or the folder of an export.
        threads: number of CPU threads; all cores if None.
        device: "auto", "cpu" or "gpu".
        onednn: use oneDNN on the CPU; False is for comparisons only.

    Shape:
        x: (N, 3, H, W) float32
        returns: DBNet (N, 1, H, W), CRNN (N, T, K), classifier (N, K); probabilities

    Raises:
        ValueError: unknown device.
    """

    def __init__(self, net, *, threads: int | None = None, device: str = "auto", onednn: bool = True):
        if device not in ("auto", "cpu", "gpu"):
            raise ValueError(f"device is {device!r}; known are ['auto', 'cpu', 'gpu']")
        self.engine, self.net = None, None
        if isinstance(net, pathlib.Path):
            self.engine = self._engine(net, threads or os.cpu_count(), device, onednn)
            return
        self.net = Answer(net)
        try:
            self.engine = self._engine(export_cached(net), threads or os.cpu_count(), device, onednn)
        except (OSError, RuntimeError, ValueError, NotImplementedError) as error:
            reason = str(error).strip().splitlines()[-1] if str(error).strip() else type(error).__name__
            warnings.warn(
                f"Paddle's inference engine is not used, the network itself runs: {reason}", stacklevel=2
            )

    @staticmethod
    def _engine(folder: pathlib.Path, threads, device, onednn):
        config = inference.Config(str(folder / f"{NAME}.json"), str(folder / f"{NAME}.pdiparams"))
        config.disable_glog_info()
        if device == "gpu" or (device == "auto" and gpu_available()):
            config.enable_use_gpu(256, 0)
        else:
            config.disable_gpu()
            config.set_cpu_math_library_num_threads(threads)
            if onednn:
                config.enable_mkldnn()
                config.set_mkldnn_cache_capacity(SHAPES_KEPT)
            else:
                config.disable_mkldnn()
        return inference.create_predictor(config)

    def __call__(self, x: np.ndarray) -> np.ndarray:
        if self.engine is None:
            return self.eager(x)
        handle = self.engine.get_input_handle(self.engine.get_input_names()[0])
        handle.copy_from_cpu(np.ascontiguousarray(x, np.float32))
        self.engine.run()
        return self.engine.get_output_handle(self.engine.get_output_names()[0]).copy_to_cpu()

    def eager(self, x: np.ndarray) -> np.ndarray:
        """Run the network itself in evaluation mode. This is not possible for the folder of an export.

        Args:
            x: (N, 3, H, W) float32, normalized.

        Returns: probabilities, in the shapes of the class.

        Raises:
            ValueError: the predictor was made from the folder of an export.
        """
        if self.net is None:
            raise ValueError("this predictor runs the folder of an export, which holds no net to evaluate")
        with paddle.no_grad(), evaluating(self.net.net):
            return self.net(paddle.to_tensor(x)).numpy()
