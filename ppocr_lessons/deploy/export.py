"""Export of trained networks for Paddle's inference engine."""

import contextlib
import hashlib
import json
import os
import pathlib
import secrets
import shutil
import stat
import warnings

import paddle
import paddle.nn.functional as F
import platformdirs
from paddle.static import InputSpec
from paddle.version import full_version

from ..cls.direction import DirectionClassifier
from ..det.dbnet import DBNet
from ..rec.crnn import CRNN
from ..training.tensor_files import sha256, state_of
from .export_record import (
    ABOUT,
    FILES,
    NAME,
    FolderError,
    put_in_place,
    read_record,
    refuse_to_replace,
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


def write_beside(net, folder, about: dict | None = None) -> pathlib.Path:
    """Export a network to a new temporary folder beside its final folder.

    Args:
        net: DBNet, CRNN or DirectionClassifier.
        folder: final folder.
        about: further entries of the record.

    Returns: the temporary folder; see `put_in_place`.

    Raises:
        TypeError: any other network.
        OSError: the export cannot be written, for example because the disk is full.
    """
    answer = Answer(net)
    answer.training = False  # the flag of the wrapper; that of the network is set during the export
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial = folder.parent / f".export-{secrets.token_hex(8)}"
    partial.mkdir()  # not mkdtemp, whose folders only the owner can read
    try:
        with evaluating(net), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            spec = InputSpec([None, *answer.input_shape], "float32", "x")
            program = paddle.jit.to_static(answer, input_spec=[spec], full_graph=True)
            paddle.jit.save(program, str(partial / NAME))
        record = {**(about or {}), "sha256": {name: sha256(partial / name) for name in FILES}}
        (partial / ABOUT).write_text(json.dumps(record, ensure_ascii=False, indent=1), encoding="utf-8")
    except BaseException as error:
        shutil.rmtree(partial, ignore_errors=True)
        if isinstance(error, OSError) and not error.filename:
            # Paddle reports a full disk without the name of the file.
            raise OSError(error.errno, error.strerror or str(error), str(folder)) from error
        raise
    return partial


def export(net, folder, *, about: dict | None = None) -> pathlib.Path:
    """Write `inference.json`, `inference.pdiparams` and their record to a folder atomically.

    Args:
        net: DBNet, CRNN or DirectionClassifier.
        folder: created if necessary; an older export in it is replaced.
        about: further entries of the record.

    Returns: the folder.

    Raises:
        TypeError: any other network.
        FolderError: the folder contains files that are not part of an export; see `refuse_to_replace`.
        OSError: the export cannot be written.
    """
    folder = pathlib.Path(folder)
    refuse_to_replace(folder)
    partial = write_beside(net, folder, about)
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


def cache_folder() -> pathlib.Path:
    """Folder of the cache: PPOCR_LESSONS_CACHE, or the cache folder of the user."""
    return pathlib.Path(os.environ.get("PPOCR_LESSONS_CACHE") or platformdirs.user_cache_dir("ppocr-lessons"))


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


def _exports() -> pathlib.Path:
    """Folder of the cached exports, accessible only to this user.

    Raises:
        PermissionError: the folder belongs to another user, who could place any program in it.
    """
    cache = cache_folder()
    cache.mkdir(mode=0o700, parents=True, exist_ok=True)
    exports = cache / "exports"
    exports.mkdir(mode=0o700, exist_ok=True)
    if hasattr(os, "geteuid"):
        mine = os.geteuid()
        foreign = [
            p for p, owners in ((cache, (mine, 0)), (exports, (mine,))) if p.stat().st_uid not in owners
        ]
        if foreign or exports.is_symlink():
            place = foreign[0] if foreign else exports
            reason = "belongs to another user" if foreign else "is a link"
            raise PermissionError(f"{place}: {reason}; set PPOCR_LESSONS_CACHE to a folder of your own")
        if stat.S_IMODE(exports.stat().st_mode) != 0o700:
            exports.chmod(0o700)
    return exports


def _is_whole(folder: pathlib.Path) -> bool:
    try:
        read_record(folder)
    except FolderError:
        return False
    return not folder.is_symlink()


def export_cached(net) -> pathlib.Path:
    """Export a network to the cache, unless the cache has an intact export of it.

    Args:
        net: DBNet, CRNN or DirectionClassifier.

    Returns: folder of the export.

    Raises:
        OSError: the cache cannot be written, or belongs to another user.
    """
    folder = _exports() / fingerprint(net)[:32]
    if _is_whole(folder):
        return folder
    partial = write_beside(net, folder)
    if _is_whole(folder):  # another process has exported it in the meantime and may be using it
        shutil.rmtree(partial, ignore_errors=True)
        return folder
    try:
        put_in_place(partial, folder)
    except OSError:
        if not _is_whole(folder):
            raise
    return folder
