"""Our reader of LMDB against the library's writer; and damaged files, which end in one error and nothing worse."""

import io
import os
import pickle
import shutil

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from ppocr_lessons.datasets.checks import checked, find_problems
from ppocr_lessons.datasets.labels import LabelError
from ppocr_lessons.datasets.lmdb_file import LmdbError, LmdbFile
from ppocr_lessons.datasets.sources import LmdbSource
from ppocr_lessons.rec.alphabet import Alphabet

lmdb = pytest.importorskip("lmdb")
LETTERS = Alphabet("abcdefghijklmnopqrstuvwxyz0123456789")


def _write(folder, entries, **options):
    folder.mkdir(exist_ok=True)
    env = lmdb.open(str(folder), map_size=1 << 30, **options)
    for part in entries if isinstance(entries, list) else [entries]:
        with env.begin(write=True) as transaction:
            for key, value in part.items():
                assert transaction.put(key, value) if value is not None else transaction.delete(key)
    env.close()
    return folder / "data.mdb"


def _picture(width):
    buffer = io.BytesIO()
    noise = np.random.default_rng(width).integers(0, 255, (32, width, 3), np.uint8)
    Image.fromarray(noise).save(buffer, "PNG")
    return buffer.getvalue()


def _samples(count):
    entries = {b"num-samples": str(count).encode()}
    for i in range(1, count + 1):
        entries[b"image-%09d" % i] = _picture(20 + 40 * (i % 3))
        entries[b"label-%09d" % i] = b"text%d" % i
    return entries


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """Twelve samples, some of whose pictures lie in overflow pages."""
    return _write(tmp_path_factory.mktemp("lmdb") / "set", _samples(12))


@settings(max_examples=40)
@given(
    st.dictionaries(st.binary(min_size=1, max_size=60), st.binary(max_size=9000), max_size=40), st.randoms()
)
def test_finds_what_the_library_wrote(tmp_path_factory, entries, random):
    folder = tmp_path_factory.mktemp("lmdb")
    gone = {key: None for key in entries if random.random() < 0.3}
    path = _write(folder, [entries, gone])
    left = {key: value for key, value in entries.items() if key not in gone}
    file = LmdbFile(path)
    assert file.entries == len(left)
    for key in entries:
        assert file.get(key) == left.get(key)
    assert file.get(b"no such key, whatever the others are" * 2) is None


def test_many_levels(tmp_path):
    entries = {b"image-%09d" % i: b"%d" % i * (i % 50) for i in range(1, 30_000)}
    keys = list(entries)
    np.random.default_rng(0).shuffle(keys)
    file = LmdbFile(
        _write(tmp_path / "x", [{key: entries[key] for key in part} for part in np.array_split(keys, 5)])
    )
    assert all(file.get(key) == value for key, value in entries.items())
    assert file.get(b"image-000000000") is None and file.get(b"z") is None and file.get(b"") is None


def test_an_empty_one_and_what_is_none(tmp_path):
    assert LmdbFile(_write(tmp_path / "empty", {})).get(b"num-samples") is None
    for name, content in {
        "none": b"",
        "text": b"text" * 5000,
        "zeros": bytes(9000),
        "zip": b"PK" + bytes(9000),
    }.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(LmdbError, match=f"{name}: (truncated|not an LMDB database)"):
            LmdbFile(tmp_path / name)
    with pytest.raises(LmdbError, match="gone: cannot be opened: No such file"):
        LmdbFile(tmp_path / "gone")
    with pytest.raises(LmdbError, match="cannot be opened: Is a directory"):
        LmdbFile(tmp_path)


def test_pages_freed_at_the_end_are_not_missed(tmp_path):
    """A value that is written and removed in one transaction leaves pages that no file has."""
    path = _write(tmp_path / "x", [_samples(3), {b"big": bytes(100_000)}, {b"big": None}])
    file = LmdbFile(path)
    assert file.get(b"label-000000003") == b"text3" and file.get(b"big") is None


def test_sorted_duplicates_are_refused(tmp_path):
    env = lmdb.open(str(tmp_path), max_dbs=1)
    env.open_db(b"inner", dupsort=True)
    env.close()
    file = LmdbFile(tmp_path / "data.mdb")
    with pytest.raises(LmdbError, match="is damaged"):
        file.get(b"inner")  # a data base of its own, which is no value


def _all_or_one_error(folder):
    """Read a set as training does; the error's text, or ""."""
    try:
        source = LmdbSource(folder)
        checked(source, "rec", what="Train", alphabet=LETTERS)
        texts = [source[index].label for index in range(len(source))]
    except LabelError as error:
        assert str(folder) in str(error)
        return str(error)
    return "" if texts == [f"text{i + 1}" for i in range(12)] else "other texts"


def test_cut_off_anywhere(small, tmp_path):
    data = small.read_bytes()
    (tmp_path / "set").mkdir()
    for length in [*range(0, 9000, 500), *range(9000, len(data), 1111), len(data) - 1, len(data) - 4096]:
        (tmp_path / "set/data.mdb").write_bytes(data[:length])
        assert _all_or_one_error(tmp_path / "set"), length
    assert _all_or_one_error(small.parent) == ""


def test_garbled_anywhere(small, tmp_path):
    data, rng, found = small.read_bytes(), np.random.default_rng(0), []
    (tmp_path / "set").mkdir()
    places = [*range(0, 300, 3), *range(4096, 4096 + 300, 3), *rng.integers(8192, len(data), 200)]
    for place in places:
        changed = bytearray(data)
        changed[place : place + 4] = rng.bytes(4)
        (tmp_path / "set/data.mdb").write_bytes(changed[: len(data)])
        found.append(_all_or_one_error(tmp_path / "set"))
    assert sum(map(bool, found)) > 30


@pytest.mark.parametrize(
    ("count", "said"),
    [(b"1000000000", "num-samples is 1,000,000,000, but 25 entries are fewer"), (b"13", "num-samples is 13"), (b"-1", "not a number"),
     (b"9" * 5000, "not a number"), (b"", "not a number"), (b"1e3", "not a number"), (b"0", "the dataset is empty"), (None, "num-samples is missing")],
)  # fmt: skip
def test_numbers_of_samples(count, said, small, tmp_path):
    shutil.copytree(small.parent, tmp_path / "set")
    _write(tmp_path / "set", {b"num-samples": count})
    with pytest.raises(LabelError, match=said):
        LmdbSource(tmp_path / "set")


def test_entries_that_are_missing_or_no_text(small, tmp_path):
    shutil.copytree(small.parent, tmp_path / "set")
    _write(
        tmp_path / "set",
        [{b"image-000000002": None, b"label-000000003": b"\xff"}, {b"x": b"", b"label-000000004": None}],
    )
    _write(tmp_path / "set", {b"num-samples": b"11", b"y": b"", b"z": b""})
    found = {
        index: str(problem)
        for index, problem in find_problems(LmdbSource(tmp_path / "set"), "rec", alphabet=LETTERS).items()
    }
    assert list(found) == [1, 2, 3]
    assert "has no image" in found[1] and "can't decode" in found[2] and "has no label" in found[3]


def test_a_file_that_shrinks_while_it_is_read(small, tmp_path):
    shutil.copytree(small.parent, tmp_path / "set")
    source = LmdbSource(tmp_path / "set")
    os.truncate(tmp_path / "set/data.mdb", 8192)
    with pytest.raises(LabelError, match="truncated"):
        source[3]


def test_workers_open_it_themselves(small):
    source = LmdbSource(small.parent)
    again = pickle.loads(pickle.dumps(source))
    assert again[5] == source[5] and not pickle.loads(pickle.dumps(source))._open
