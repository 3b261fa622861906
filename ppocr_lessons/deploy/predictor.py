"""Run a network: Paddle's inference engine, another engine, or the network itself if Paddle's engine fails."""

import os
import pathlib
import warnings
from collections.abc import Callable

import numpy as np

from .engines import check_engine, onnx_engine
from .export_record import FILES, NAME, ONNX, FolderError, read_record
from .prepared import Prepared

SHAPES_KEPT = 4
"""Number of input shapes whose oneDNN kernels and working memory Paddle keeps, for all networks of a process together.

A page of another size needs up to 90 MB of working memory, so with 16 shapes a process that reads pages of many sizes grew
by 40 % before it leveled off. Reading takes equally long with 2, 4, 8 or 16: oneDNN itself caches compiled kernels."""


def gpu_available() -> bool:
    """Whether Paddle was built for GPUs and the machine has one."""
    import paddle

    return paddle.device.is_compiled_with_cuda() and paddle.device.cuda.device_count() > 0


class PaddleEngine:
    """A function from a batch of images to probabilities that runs an export with Paddle's inference engine.

    Args:
        folder: folder of an export.
        threads: number of CPU threads.
        device: "auto", "cpu" or "gpu".
        onednn: use oneDNN on the CPU.

    Shape:
        x: (N, 3, H, W) float32
        returns: as the network
    """

    def __init__(self, folder: pathlib.Path, *, threads: int, device: str, onednn: bool):
        from paddle import inference

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
        self.engine = inference.create_predictor(config)

    def __call__(self, x: np.ndarray) -> np.ndarray:
        handle = self.engine.get_input_handle(self.engine.get_input_names()[0])
        handle.copy_from_cpu(np.ascontiguousarray(x, np.float32))
        self.engine.run()
        return self.engine.get_output_handle(self.engine.get_output_names()[0]).copy_to_cpu()


class Predictor:
    """A function from a batch of images to the output of a network, both NumPy arrays.

    Args:
        net: DBNet, CRNN or DirectionClassifier, exported to the cache first; the folder of an export; or a pretrained
            network as `prepared.Prepared`, which is built only if the cache has no export of it.
        threads: number of CPU threads; all cores if None.
        device: "auto", "cpu" or "gpu"; for the engine "paddle" only.
        onednn: use oneDNN on the CPU; False is for comparisons only.
        engine: one of `engines.ENGINES`.

    Shape:
        x: (N, 3, H, W) float32
        returns: DBNet (N, 1, H, W), CRNN (N, T, K), classifier (N, K); probabilities

    Raises:
        ValueError: unknown device or engine, or a GPU with another engine than Paddle's.
        ImportError: the engine is not installed; says how to install it.
        FolderError: another engine than Paddle's, and the folder has no ONNX file.
    """

    def __init__(
        self,
        net,
        *,
        threads: int | None = None,
        device: str = "auto",
        onednn: bool = True,
        engine: str = "paddle",
    ):
        if device not in ("auto", "cpu", "gpu"):
            raise ValueError(f"device is {device!r}; known are ['auto', 'cpu', 'gpu']")
        check_engine(engine)
        if engine != "paddle" and device == "gpu":
            raise ValueError(f"device is 'gpu', and the engine {engine!r} runs on the CPU only here")
        threads = threads or os.cpu_count() or 1
        self.engine: Callable[[np.ndarray], np.ndarray] | None = None
        self._net = net
        if engine != "paddle":
            self.engine = onnx_engine(engine, _onnx_file(net, engine), threads)
        elif isinstance(net, pathlib.Path):
            self.engine = self._engine(net, threads, device, onednn)
        else:
            self._run_the_export(threads, device, onednn)

    def _run_the_export(self, threads, device, onednn) -> None:
        if not isinstance(self._net, Prepared):
            from .export import Answer, export_cached

            Answer(self._net)  # raises the error for other layers before anything is written
        try:
            folder = self._net.folder(FILES) if isinstance(self._net, Prepared) else export_cached(self._net)
            self.engine = self._engine(folder, threads, device, onednn)
        except (OSError, RuntimeError, ValueError, NotImplementedError) as error:
            reason = str(error).strip().splitlines()[-1] if str(error).strip() else type(error).__name__
            warnings.warn(
                f"Paddle's inference engine is not used, the network itself runs: {reason}", stacklevel=3
            )

    @staticmethod
    def _engine(folder: pathlib.Path, threads, device, onednn):
        return PaddleEngine(folder, threads=threads, device=device, onednn=onednn)

    def __call__(self, x: np.ndarray) -> np.ndarray:
        return self.eager(x) if self.engine is None else self.engine(x)

    def eager(self, x: np.ndarray) -> np.ndarray:
        """Run the network itself in evaluation mode. This is not possible for the folder of an export.

        Args:
            x: (N, 3, H, W) float32, normalized.

        Returns: probabilities, in the shapes of the class.

        Raises:
            ValueError: the predictor was made from the folder of an export.
        """
        if isinstance(self._net, pathlib.Path):
            raise ValueError("this predictor runs the folder of an export, which holds no net to evaluate")
        import paddle

        from .export import Answer, evaluating

        if isinstance(self._net, Prepared):
            self._net = self._net.build()
        with paddle.no_grad(), evaluating(self._net):
            answer = Answer(self._net)
            return np.asarray(answer(paddle.to_tensor(x)).numpy())


def _onnx_file(net, engine: str) -> pathlib.Path:
    """The ONNX file of a network or of a folder of an export."""
    if isinstance(net, pathlib.Path):
        if not (net / ONNX).is_file():
            raise FolderError(
                f"{net}: has no {ONNX}, which the engine {engine!r} needs; export the network again with --onnx"
            )
        read_record(net, (ONNX,))
        return net / ONNX
    if isinstance(net, Prepared):
        return net.folder((ONNX,)) / ONNX
    from .export import onnx_cached

    return onnx_cached(net) / ONNX
