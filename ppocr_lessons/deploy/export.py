"""Export of trained networks for Paddle's inference engine."""

import contextlib
import hashlib
import pathlib
import shutil
import warnings

import paddle
import paddle.nn.functional as F
from paddle.static import InputSpec
from paddle.version import full_version

from ..cls.direction import DirectionClassifier
from ..det.dbnet import DBNet
from ..quant.prepare import refuse_prepared
from ..rec.crnn import CRNN
from ..training.tensor_files import state_of
from .cache import cached
from .engines import INSTALL
from .export_record import (
    FILES,
    NAME,
    ONNX,
    FolderError,
    put_in_place,
    refuse_to_replace,
    write_record,
    written_beside,
)


class Answer(paddle.nn.Layer):
    """A network with a single output: the probability map, or the probabilities of the classes.

    Args:
        net: DBNet, CRNN or DirectionClassifier.

    Raises:
        TypeError: any other network.
    """

    def __init__(self, net):
        super().__init__()
        if not isinstance(net, DBNet | CRNN | DirectionClassifier):
            raise TypeError(
                f"cannot export a {type(net).__name__}; DBNet, CRNN or DirectionClassifier is needed"
            )
        self.net = net
        self.is_map = isinstance(net, DBNet)

    @property
    def input_shape(self):
        """Shape of an input image without the batch; None where any size is accepted."""
        return [3, 32, None] if isinstance(self.net, CRNN) else [3, None, None]

    def forward(self, x):
        answer, _ = self.net(x)
        return answer.prob if self.is_map else F.softmax(answer, axis=-1)


class Recorded(paddle.nn.Layer):
    """A layer that Paddle exports by recording its operations in a single run.

    That works if no `if` and no loop depends on values or on sizes of the input, as in the layers of this package. For all
    other layers Paddle first rewrites the source code of each function, which takes four times as long as the rest.

    Args:
        layer: one for which `can_record` is true.
    """

    def __init__(self, layer: paddle.nn.Layer):
        super().__init__()
        self.layer = layer

    @paddle.jit.not_to_static
    def forward(self, x):
        # A call of the layer itself would add its name to the name of every operation in the exported file.
        return self.layer.forward(x)

    @staticmethod
    def can_record(layer: paddle.nn.Layer) -> bool:
        """Whether a layer and all layers in it are of this package or of Paddle.

        Args:
            layer: any layer.
        """
        known = (__name__.partition(".")[0], paddle.__name__)
        layers = layer.sublayers(include_self=True)
        return all(type(part).__module__.partition(".")[0] in known for part in layers)


@contextlib.contextmanager
def evaluating(net):
    """Context in which a network is in evaluation mode.

    Args:
        net: any layer.

    Yields: the network.
    """
    was_training = net.training
    net.eval()
    try:
        yield net
    finally:
        if was_training:
            net.train()


def write_beside(
    net, folder, about: dict | None = None, *, onnx: bool = False, size: tuple[int, int] | None = None
) -> pathlib.Path:
    """Export a network to a new temporary folder beside its final folder.

    Args:
        net: DBNet, CRNN or DirectionClassifier.
        folder: final folder.
        about: further entries of the record.
        onnx: write an ONNX file as well.
        size: (height, width) in pixels that the ONNX file of a classifier accepts.

    Returns: the temporary folder; see `put_in_place`.

    Raises:
        TypeError: any other network.
        ValueError: the network was prepared for quantization and not converted.
        ImportError: the package onnx is not installed.
        OSError: the export cannot be written, for example because the disk is full.
    """
    refuse_prepared(net)
    answer = Answer(net)
    shape = [None, *answer.input_shape]
    answer = Recorded(answer) if Recorded.can_record(answer) else answer
    answer.training = False  # the flag of the wrapper; that of the network is set during the export
    with written_beside(folder) as partial:
        with evaluating(net), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            spec = InputSpec(shape, "float32", "x")
            program = paddle.jit.to_static(answer, input_spec=[spec], full_graph=True)
            paddle.jit.save(program, str(partial / NAME))
        if onnx:
            write_onnx(net, partial / ONNX, size=size)
        write_record(partial, about, (*FILES, ONNX) if onnx else FILES)
    return partial


def write_onnx(net, path: pathlib.Path, *, size: tuple[int, int] | None = None) -> None:
    """Write a network as an ONNX file, with input `x` (N, 3, H, W) float32 and its probabilities as output.

    Args:
        net: DBNet, CRNN or DirectionClassifier.
        path: of the file.
        size: (height, width) in pixels that the file of a classifier accepts; its usual size if None.

    Raises:
        ImportError: the package onnx is not installed; says how to install it.
        TypeError: a network that cannot be written as ONNX.
    """
    try:
        from ..quant.onnx_nets import onnx_model
    except ImportError as error:
        raise ImportError(
            f"writing ONNX files needs the package onnx, which is not installed: {INSTALL}"
        ) from error
    with evaluating(net):
        path.write_bytes(onnx_model(net, size=size).SerializeToString())


def export(
    net, folder, *, about: dict | None = None, onnx: bool = False, size: tuple[int, int] | None = None
) -> pathlib.Path:
    """Write `inference.json`, `inference.pdiparams` and their record to a folder atomically.

    Args:
        net: DBNet, CRNN or DirectionClassifier.
        folder: created if necessary; an older export in it is replaced.
        about: further entries of the record.
        onnx: write `inference.onnx` as well, for other inference engines.
        size: (height, width) in pixels that the ONNX file of a classifier accepts.

    Returns: the folder.

    Raises:
        TypeError: any other network.
        ValueError: the network was prepared for quantization and not converted.
        FolderError: the folder contains files that are not part of an export; see `refuse_to_replace`.
        ImportError: the package onnx is not installed.
        OSError: the export cannot be written.
    """
    folder = pathlib.Path(folder)
    refuse_to_replace(folder)
    partial = (
        write_beside(net, folder, about, onnx=True, size=size) if onnx else write_beside(net, folder, about)
    )
    try:
        refuse_to_replace(folder)  # other programs may have written to it during the export
    except FolderError:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    put_in_place(partial, folder)
    return folder


def size_mb(folder) -> float:
    """Size of an export: program and parameters.

    Args:
        folder: folder of an export.

    Returns: size in megabytes (10^6 bytes).
    """
    return sum((pathlib.Path(folder) / name).stat().st_size for name in FILES) / 1e6


def fingerprint(net) -> str:
    """SHA-256 of the structure, tensor names and values of a network, and of the version of Paddle.

    Args:
        net: DBNet, CRNN or DirectionClassifier.

    Returns: 64 hexadecimal digits.
    """
    digest = hashlib.sha256(f"{full_version} {net}".encode())
    for name, tensor in state_of(net).items():
        digest.update(name.encode())
        digest.update(tensor.numpy().tobytes())
    return digest.hexdigest()


def export_cached(net) -> pathlib.Path:
    """Export a network to the cache, unless the cache has an intact export of it.

    Args:
        net: DBNet, CRNN or DirectionClassifier.

    Returns: folder of the export.

    Raises:
        OSError: the cache cannot be written, or belongs to another user.
    """
    return cached(fingerprint(net)[:32], FILES, lambda folder: write_beside(net, folder))


def onnx_beside(net, folder: pathlib.Path) -> pathlib.Path:
    """Write a network as an ONNX file, with its record, to a new temporary folder beside its final folder.

    Args:
        net: DBNet, CRNN or DirectionClassifier.
        folder: final folder.

    Returns: the temporary folder; see `put_in_place`.

    Raises:
        TypeError, ImportError: see `write_onnx`.
        OSError: the file cannot be written.
    """
    with written_beside(folder) as partial:
        write_onnx(net, partial / ONNX)
        write_record(partial, None, (ONNX,))
    return partial


def onnx_cached(net) -> pathlib.Path:
    """Write a network as an ONNX file to the cache, unless the cache already has an intact file.

    Args:
        net: DBNet, CRNN or DirectionClassifier.

    Returns: folder with `inference.onnx`.

    Raises:
        TypeError, ImportError: see `write_onnx`.
        OSError: the cache cannot be written, or belongs to another user.
    """
    return cached(f"{fingerprint(net)[:32]}-onnx", (ONNX,), lambda folder: onnx_beside(net, folder))
