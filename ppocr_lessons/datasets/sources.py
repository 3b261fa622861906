"""Sources of samples: label files with folders of images, or LMDB databases for datasets of millions."""

import os
import pathlib
from typing import NamedTuple, Protocol

import numpy as np

from .labels import LabelError, LabelFile
from .lmdb_file import LmdbFile
from .seeding import rng_for


class Entry(NamedTuple):
    """A sample before it is decoded.

    Fields:
        name: of the sample, for messages.
        picture: path of the image file, or its bytes.
        label: text of the label.
    """

    name: str
    picture: object
    label: str


class Source(Protocol):
    """A numbered sequence of entries."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> Entry: ...

    def place(self, index: int) -> tuple[str, int]:
        """Find where an entry is defined, for messages.

        Args:
            index: of the entry, from 0.

        Returns: file and line.
        """


class ListSource:
    """Label files and a folder of images.

    Args:
        data_dir: folder to which the paths in the label files are relative.
        label_files: path of a label file, or a list of paths.
        ratios: fraction of each file that is used, chosen at random: one number, or a list with one per file; None uses
            all entries.
        seed: of this choice.
        delimiter: between the path of the image and the label.
        allow_outside: follow absolute paths, `..` and symbolic links that lead out of data_dir. PaddleOCR always does.
            Here this is off by default, so that an untrusted label file cannot open arbitrary files.

    Raises:
        LabelError: a missing file, or no entries at all.
        ValueError: the number of ratios is not the number of files, or a ratio is outside 0..1.
    PaddleOCR: SimpleDataSet in ppocr/data/simple_dataset.py.
    """

    def __init__(
        self,
        data_dir,
        label_files,
        *,
        ratios=None,
        seed: int = 0,
        delimiter: str = "\t",
        allow_outside: bool = False,
    ):
        self.data_dir, self.allow_outside = pathlib.Path(data_dir), allow_outside
        self._root, self._inside = os.path.realpath(data_dir), {}
        paths = [label_files] if isinstance(label_files, (str, pathlib.Path)) else list(label_files)
        ratios = [1.0 if ratios is None else ratios] * len(paths) if not isinstance(ratios, list) else ratios
        if len(ratios) != len(paths) or not all(0 <= r <= 1 for r in ratios):
            raise ValueError(
                f"ratio_list is {ratios} for {len(paths)} label files; one ratio in 0..1 is needed for each"
            )
        self.files = [LabelFile(path, delimiter=delimiter) for path in paths]
        index = []
        for number, (file, ratio) in enumerate(zip(self.files, ratios, strict=True)):
            chosen = np.arange(len(file))
            if ratio < 1:
                count = round(len(file) * ratio)
                chosen = np.sort(rng_for(seed, number).choice(len(file), count, replace=False))
            index.append(np.stack([np.full(len(chosen), number), chosen], 1).astype(np.int32))
        self._index = np.concatenate(index) if index else np.empty((0, 2), np.int32)
        if not len(self._index):
            raise LabelError(f"{', '.join(map(str, paths)) or 'label_file_list'}: the dataset is empty")

    def __len__(self) -> int:
        return len(self._index)

    def __getitem__(self, index: int) -> Entry:
        file, line = self._index[index]
        picture, label = self.files[file][line]
        return Entry(str(path := self.path(picture)), path, label)

    def path(self, picture: str) -> pathlib.Path:
        """Resolve the path of an image.

        Args:
            picture: path in the label file.

        Returns: the path, which need not exist.

        Raises:
            ValueError: the path leads out of data_dir and allow_outside is off, or it contains a null character.
        """
        if "\0" in picture:
            raise ValueError(f"the path of the image contains a null character: {picture[:80]!r}")
        path = self.data_dir / picture
        if not self.allow_outside and not self._is_inside(path):
            raise ValueError(
                f"{picture[:200]!r} leads out of data_dir {self.data_dir}; "
                "set allow_outside: true in the dataset section to use such images"
            )
        return path

    def _is_inside(self, path: pathlib.Path) -> bool:
        # Each folder is resolved once; after that an image costs one system call, which asks whether it is a link.
        folder = str(path.parent)
        if folder not in self._inside:
            self._inside[folder] = _within(os.path.realpath(folder), self._root)
        if path.name == ".." or os.path.islink(path):  # noqa: PTH114 - false for a name that is too long
            return _within(os.path.realpath(path), self._root)
        return self._inside[folder]

    def place(self, index: int) -> tuple[str, int]:
        """Find where an entry is defined.

        Args:
            index: of the entry, from 0.

        Returns: path of the label file, and line number from 1.
        """
        file, line = self._index[index]
        return str(self.files[file].path), self.files[file].line_number(line)

    def without(self, indices) -> "ListSource":
        """Make a copy without some of the entries.

        Args:
            indices: of the entries to leave out.

        Returns: a new source.

        Raises:
            LabelError: no entry is left.
        """
        fewer = object.__new__(ListSource)
        fewer.data_dir, fewer.files, fewer.allow_outside = self.data_dir, self.files, self.allow_outside
        fewer._root, fewer._inside = self._root, self._inside
        fewer._index = np.delete(self._index, sorted(indices), axis=0)
        if not len(fewer._index):
            raise LabelError(
                f"{', '.join(str(f.path) for f in self.files)}: the dataset is empty: all entries are bad"
            )
        return fewer


class LmdbSource:
    """LMDB databases in PaddleOCR's form, with the keys `num-samples`, `image-000000001`, `label-000000001` and so on.

    Args:
        data_dir: a folder with data.mdb, or a tree of such folders.

    Raises:
        LabelError: there is no database under data_dir, or one is damaged, has no `num-samples`, or has fewer entries than
            `num-samples` says, or there are no samples at all.
    PaddleOCR: LMDBDataSet in ppocr/data/lmdb_dataset.py.
    """

    def __init__(self, data_dir):
        self.folders = sorted(p.parent for p in pathlib.Path(data_dir).rglob("data.mdb"))
        if not self.folders:
            raise LabelError(f"{data_dir}: contains no LMDB database (data.mdb)")
        self._open: dict[pathlib.Path, LmdbFile] = {}
        self._ends = np.cumsum([self._count(folder) for folder in self.folders])
        if not self._ends[-1]:
            raise LabelError(f"{data_dir}: the dataset is empty")

    def __getstate__(self):
        # Workers open the database themselves: two processes must not share a file position.
        return {**self.__dict__, "_open": {}}

    def _count(self, folder: pathlib.Path) -> int:
        value = self._read(folder, b"num-samples")
        if value is None or not value.isdigit() or len(value) > 15:
            raise LabelError(
                f"{folder}: num-samples is missing or not a number; is this a dataset in PaddleOCR's form?"
            )
        there = self._open[folder].entries
        if 2 * int(value) > there:
            raise LabelError(
                f"{folder}: num-samples is {int(value):,}, but {there:,} entries are fewer than two per sample"
            )
        return int(value)

    def _read(self, folder: pathlib.Path, key: bytes) -> bytes | None:
        if folder not in self._open:
            self._open[folder] = LmdbFile(folder / "data.mdb")
        return self._open[folder].get(key)

    def __len__(self) -> int:
        return int(self._ends[-1])

    def place(self, index: int) -> tuple[str, int]:
        """Find where an entry is stored.

        Args:
            index: of the entry, from 0.

        Returns: folder of the database, and number of the sample in it from 1.
        """
        number = int(np.searchsorted(self._ends, index, side="right"))
        before = int(self._ends[number - 1]) if number else 0
        return str(self.folders[number]), index - before + 1

    def __getitem__(self, index: int) -> Entry:
        folder, number = self.place(index)
        image = self._read(pathlib.Path(folder), b"image-%09d" % number)
        label = self._read(pathlib.Path(folder), b"label-%09d" % number)
        if image is None or label is None:
            raise ValueError(f"sample {number} has no {'image' if image is None else 'label'}")
        return Entry(f"{folder}#{number}", image, label.decode("utf-8"))


def _within(path: str, root: str) -> bool:
    return path == root or path.startswith(root.rstrip(os.sep) + os.sep)
