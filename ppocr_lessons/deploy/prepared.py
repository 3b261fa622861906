"""Pretrained networks in the cache, ready for an inference engine.

To find the export of an arbitrary network, the network has to be built and its weights hashed (`export.export_cached`).
Exports of pretrained networks are found by the hash of their weights file instead, so that nothing is built once they
are in the cache. Their batch norms are folded into the convolutions. Otherwise the engine would do so each time it
loads the network, which takes Paddle's engine 0.2 to 0.3 seconds per network.
"""

import functools
import hashlib
import importlib.metadata
import pathlib
from typing import NamedTuple

from ..training.tensor_files import sha256
from ..zoo.pretrained import source_file
from .cache import cached
from .export_record import FILES

SOURCES = ("backbones", "det", "cls", "rec", "deploy", "quant")
"""Packages whose code determines what an export of a pretrained network computes."""


@functools.cache
def _code() -> str:
    """SHA-256 of the code of SOURCES and of the version of Paddle, so that exports by other versions are not used."""
    digest = hashlib.sha256()
    for name in ("paddlepaddle", "paddlepaddle-gpu"):
        try:
            digest.update(f"{name} {importlib.metadata.version(name)}".encode())
        except importlib.metadata.PackageNotFoundError:
            continue
    package = pathlib.Path(__file__).parents[1]
    for path in sorted(path for folder in SOURCES for path in (package / folder).glob("*.py")):
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


class Prepared(NamedTuple):
    """A pretrained network that is built only if the cache has no export of it.

    Fields:
        stage: "det", "cls" or "rec".
        weights: one of `zoo.pretrained.WEIGHTS`.
    """

    stage: str
    weights: str

    def build(self):
        """Build the network; see `zoo.pretrained.pretrained`."""
        from ..zoo.pretrained import pretrained

        return pretrained(self.stage, self.weights)

    def folder(self, files: tuple[str, ...]) -> pathlib.Path:
        """Folder of an export of the network.

        Args:
            files: files that the export must have: `export_record.FILES` for Paddle's engine, ONNX for the others.

        Returns: folder in the cache; the export is written at the first call.

        Raises:
            ImportError: the official weights, or the package that writes ONNX files, are not installed.
            OSError: the cache cannot be written, or belongs to another user.
        """
        source = source_file(self.stage, self.weights)
        key = "\n".join([self.stage, *files, sha256(source), _code()])
        name = hashlib.sha256(key.encode()).hexdigest()[:32]
        return cached(name, files, lambda folder: self._write(folder, files))

    def _write(self, folder: pathlib.Path, files: tuple[str, ...]) -> pathlib.Path:
        from .export import onnx_beside, write_beside
        from .fold import fold_batch_norms

        net = fold_batch_norms(self.build())
        return write_beside(net, folder) if files == FILES else onnx_beside(net, folder)
