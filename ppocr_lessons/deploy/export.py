"""From a trained net to a program that Paddle's inference engine runs without Python."""

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
    """The net in evaluation mode for a while, and as it was afterwards.

    Args:
        net: any layer.
    """
    was_training = net.training
    net.eval()
    try:
        yield net
    finally:
        if was_training:
            net.train()


def write_beside(net, folder, about: dict | None = None) -> pathlib.Path:
    """Export a net to a new folder beside another one, under a name of its own.

    Args:
        net: DBNet, CRNN or DirectionClassifier.
        folder: that it will replace.
        about: more entries of the record.

    Raises:
        TypeError: another kind of net.
        OSError: not written, the disk is full for instance.
    """
    answer = Answer(net)
    answer.training = False  # the wrapper's own flag; the net's is set for the time of the export
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial = folder.parent / f".export-{secrets.token_hex(8)}"
    partial.mkdir()  # not mkdtemp, which would shut others out for good
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
        if (
            isinstance(error, OSError) and not error.filename
        ):  # Paddle says that the disk is full, but not where
            raise OSError(error.errno, error.strerror or str(error), str(folder)) from error
        raise
    return partial


def export(net, folder, *, about: dict | None = None) -> pathlib.Path:
    """Write `inference.json`, `inference.pdiparams` and their record to a folder, whole or not at all.

    Args:
        net: DBNet, CRNN or DirectionClassifier.
        folder: made if need be; an older export in it is replaced.
        about: more entries of the record.

    Raises:
        TypeError: another kind of net.
        FolderError: the folder holds something that no export made; see `refuse_to_replace`.
        OSError: not written.
    """
    folder = pathlib.Path(folder)
    refuse_to_replace(folder)
    partial = write_beside(net, folder, about)
    try:
        refuse_to_replace(folder)  # the export takes seconds, in which others may have written there
    except FolderError:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    put_in_place(partial, folder)
    return folder


def size_mb(folder) -> float:
    """Size of an export in megabytes (10^6 bytes): program and parameters.

    Args:
        folder: of an export.
    """
    return sum((pathlib.Path(folder) / name).stat().st_size for name in FILES) / 1e6


def cache_folder() -> pathlib.Path:
    """Where exports are kept: PPOCR_LESSONS_CACHE, or the user's own cache folder."""
    return pathlib.Path(os.environ.get("PPOCR_LESSONS_CACHE") or platformdirs.user_cache_dir("ppocr-lessons"))


def fingerprint(net) -> str:
    """SHA-256 over a net's structure, names and numbers, and the version of Paddle.

    Args:
        net: DBNet, CRNN or DirectionClassifier.
    """
    digest = hashlib.sha256(f"{full_version} {net}".encode())
    for name, tensor in state_of(net).items():
        digest.update(name.encode())
        digest.update(tensor.numpy().tobytes())
    return digest.hexdigest()


def _exports() -> pathlib.Path:
    """Folder of cached exports, for this user alone.

    Raises:
        PermissionError: it belongs to another user, who could put any program there.
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
    """Export of a net from the cache; made anew the first time, and whenever its files are not those of the record.

    Args:
        net: DBNet, CRNN or DirectionClassifier.

    Raises:
        OSError: the cache cannot be written, or belongs to another user.
    """
    folder = _exports() / fingerprint(net)[:32]
    if _is_whole(folder):
        return folder
    partial = write_beside(net, folder)
    if _is_whole(folder):  # another process was quicker, and may have begun to use it
        shutil.rmtree(partial, ignore_errors=True)
        return folder
    try:
        put_in_place(partial, folder)
    except OSError:
        if not _is_whole(folder):
            raise
    return folder
