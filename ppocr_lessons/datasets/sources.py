"""Where samples come from: label files beside folders of pictures, or LMDB for sets of millions."""

import os
import pathlib
from typing import NamedTuple, Protocol

import numpy as np

from .labels import LabelError, LabelFile
from .lmdb_file import LmdbFile
from .seeding import rng_for


class Entry(NamedTuple):
    """A sample before it is opened: `name` for messages, `picture` a path or bytes, `label`."""

    name: str
    picture: object
    label: str


class Source(Protocol):
    """A numbered set of entries."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> Entry: ...

    def place(self, index: int) -> tuple[str, int]:
        """File and line of an entry.

        Args:
            index: of the entry, from 0.
        """


class ListSource:
    """Label files and a folder of pictures.

    Args:
        data_dir: the paths in the files start here.
        label_files: one or more.
        ratios: share of each file that is used, drawn by the seed; all of it if None.
        seed: of the draw.
        delimiter: between picture and label.
        allow_outside: follow absolute paths, `..` and links that lead out of data_dir. PaddleOCR always does; here a
            label file from elsewhere cannot open whatever it names unless that is asked for.

    Raises:
        LabelError: a missing file, or no entries at all.
        ValueError: not one ratio a file, or ratios outside 0..1.
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
                f"ratio_list is {ratios} for {len(paths)} label files; one in 0..1 each is needed"
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
            raise LabelError(f"{', '.join(map(str, paths)) or 'label_file_list'}: an empty set")

    def __len__(self) -> int:
        return len(self._index)

    def __getitem__(self, index: int) -> Entry:
        file, line = self._index[index]
        picture, label = self.files[file][line]
        return Entry(str(path := self.path(picture)), path, label)

    def path(self, picture: str) -> pathlib.Path:
        """Path of a picture as a label file names it.

        Args:
            picture: as the label file names it.

        Raises:
            ValueError: it leads out of data_dir, and allow_outside is off; or it is no path.
        """
        if "\0" in picture:
            raise ValueError(f"a picture's name with a character 0 in it: {picture[:80]!r}")
        path = self.data_dir / picture
        if not self.allow_outside and not self._is_inside(path):
            raise ValueError(
                f"{picture[:200]!r} leads out of data_dir {self.data_dir}; "
                "set allow_outside: true in the dataset section to use such pictures"
            )
        return path

    def _is_inside(self, path: pathlib.Path) -> bool:
        # Folders are resolved once; of a million pictures each costs one more look at the file itself.
        folder = str(path.parent)
        if folder not in self._inside:
            self._inside[folder] = _within(os.path.realpath(folder), self._root)
        if path.name == ".." or os.path.islink(path):  # noqa: PTH114 - false for a name that is too long
            return _within(os.path.realpath(path), self._root)
        return self._inside[folder]

    def place(self, index: int) -> tuple[str, int]:
        """Label file and line of an entry.

        Args:
            index: of the entry, from 0.
        """
        file, line = self._index[index]
        return str(self.files[file].path), self.files[file].line_number(line)

    def without(self, indices) -> "ListSource":
        """The same source without some of its entries.

        Args:
            indices: of the entries to leave out.
        """
        fewer = object.__new__(ListSource)
        fewer.data_dir, fewer.files, fewer.allow_outside = self.data_dir, self.files, self.allow_outside
        fewer._root, fewer._inside = self._root, self._inside
        fewer._index = np.delete(self._index, sorted(indices), axis=0)
        if not len(fewer._index):
            raise LabelError(
                f"{', '.join(str(f.path) for f in self.files)}: an empty set, all entries are bad"
            )
        return fewer


class LmdbSource:
    """LMDB folders as PaddleOCR writes them: `num-samples`, `image-000000001`, `label-000000001`.

    Args:
        data_dir: a folder with data.mdb, or a tree of such folders.

    Raises:
        LabelError: no data base under it, a damaged one, one without `num-samples` or with fewer entries, or an empty one.
    PaddleOCR: LMDBDataSet in ppocr/data/lmdb_dataset.py.
    """

    def __init__(self, data_dir):
        self.folders = sorted(p.parent for p in pathlib.Path(data_dir).rglob("data.mdb"))
        if not self.folders:
            raise LabelError(f"{data_dir}: no LMDB data base (data.mdb) under it")
        self._open: dict[pathlib.Path, LmdbFile] = {}
        self._ends = np.cumsum([self._count(folder) for folder in self.folders])
        if not self._ends[-1]:
            raise LabelError(f"{data_dir}: an empty set")

    def __getstate__(self):
        # Workers open the data base themselves: two processes must not share a place in a file.
        return {**self.__dict__, "_open": {}}

    def _count(self, folder: pathlib.Path) -> int:
        value = self._read(folder, b"num-samples")
        if value is None or not value.isdigit() or len(value) > 15:
            raise LabelError(
                f"{folder}: has no num-samples, or one that is no number; is it a set of PaddleOCR?"
            )
        there = self._open[folder].entries
        if 2 * int(value) > there:
            raise LabelError(
                f"{folder}: num-samples is {int(value):,}, but its {there:,} entries are not two for each sample"
            )
        return int(value)

    def _read(self, folder: pathlib.Path, key: bytes) -> bytes | None:
        if folder not in self._open:
            self._open[folder] = LmdbFile(folder / "data.mdb")
        return self._open[folder].get(key)

    def __len__(self) -> int:
        return int(self._ends[-1])

    def place(self, index: int) -> tuple[str, int]:
        """Folder and number of an entry, from 1.

        Args:
            index: of the entry, from 0.
        """
        number = int(np.searchsorted(self._ends, index, side="right"))
        before = int(self._ends[number - 1]) if number else 0
        return str(self.folders[number]), index - before + 1

    def __getitem__(self, index: int) -> Entry:
        folder, number = self.place(index)
        image = self._read(pathlib.Path(folder), b"image-%09d" % number)
        label = self._read(pathlib.Path(folder), b"label-%09d" % number)
        if image is None or label is None:
            raise ValueError(f"entry {number} has no {'image' if image is None else 'label'}")
        return Entry(f"{folder}#{number}", image, label.decode("utf-8"))


def _within(path: str, root: str) -> bool:
    return path == root or path.startswith(root.rstrip(os.sep) + os.sep)
