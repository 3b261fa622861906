"""From a trained net to a program that Paddle's inference engine runs without Python."""

import contextlib
import hashlib
import os
import pathlib
import shutil
import tempfile
import warnings

import paddle
import paddle.nn.functional as F
import platformdirs
from paddle.static import InputSpec

from ..cls.direction import DirectionClassifier
from ..det.dbnet import DBNet
from ..engine.tensors import state_of
from ..rec.crnn import CRNN

NAME = "inference"


class Answer(paddle.nn.Layer):
    """A net reduced to its one answer: the probability map, or probabilities of the classes.

    Args:
        net: DBNet, CRNN or DirectionClassifier.

    Raises:
        TypeError: another kind of net.
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
        """Shape of one picture; None where any size goes."""
        return [3, 32, None] if isinstance(self.net, CRNN) else [3, None, None]

    def forward(self, x):
        answer, _ = self.net(x)
        return answer.prob if self.is_map else F.softmax(answer, axis=-1)


@contextlib.contextmanager
def evaluating(net):
    """The net in evaluation mode for a while, and as it was afterwards."""
    was_training = net.training
    net.eval()
    try:
        yield net
    finally:
        if was_training:
            net.train()


def export(net, folder) -> pathlib.Path:
    """Write `inference.json` and `inference.pdiparams` to a folder, whole or not at all.

    Args:
        net: DBNet, CRNN or DirectionClassifier.
        folder: made if need be; an older export in it is replaced.

    Raises:
        TypeError: another kind of net.
    """
    folder = pathlib.Path(folder)
    answer = Answer(net)
    answer.training = False  # the wrapper's own flag; the net's is set for the time of the export
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial = pathlib.Path(tempfile.mkdtemp(prefix=".export-", dir=folder.parent))
    try:
        with evaluating(net), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            spec = InputSpec([None, *answer.input_shape], "float32", "x")
            program = paddle.jit.to_static(answer, input_spec=[spec], full_graph=True)
            paddle.jit.save(program, str(partial / NAME))
        if folder.exists():
            shutil.rmtree(folder)
        partial.rename(folder)
    except OSError:
        # Another process exported the same net a moment earlier: its folder is as good as ours.
        if not (folder / f"{NAME}.pdiparams").is_file():
            raise
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return folder


def size_mb(folder) -> float:
    """Size of an export in megabytes (10^6 bytes): program and parameters."""
    return sum(p.stat().st_size for p in pathlib.Path(folder).iterdir()) / 1e6


def cache_folder() -> pathlib.Path:
    """Where exports are kept: PPOCR_LESSONS_CACHE, or the user's own cache folder."""
    return pathlib.Path(os.environ.get("PPOCR_LESSONS_CACHE") or platformdirs.user_cache_dir("ppocr-lessons"))


def fingerprint(net) -> str:
    """SHA-256 over a net's structure, names and numbers, and the version of Paddle."""
    digest = hashlib.sha256(f"{paddle.__version__} {net}".encode())
    for name, tensor in state_of(net).items():
        digest.update(name.encode())
        digest.update(tensor.numpy().tobytes())
    return digest.hexdigest()


def export_cached(net) -> pathlib.Path:
    """Export of a net from the cache, made there if it is the first time."""
    folder = cache_folder() / "exports" / fingerprint(net)[:32]
    if not (folder / f"{NAME}.pdiparams").is_file():
        export(net, folder)
    return folder
