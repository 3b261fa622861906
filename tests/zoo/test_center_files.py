"""Files of centers: written and read in both formats, and PaddleOCR's own, whose classes are NumPy integers."""

import pickle

import numpy as np
import pytest

from ppocr_lessons.training.tensor_files import WeightsError, save_tensors
from ppocr_lessons.zoo.center_files import check_writable, read_centers, write_centers

CENTERS = {k: np.arange(3) + k / 7 for k in (0, 2, 11, 3)}


@pytest.mark.parametrize("name", ["c.safetensors", "c.pkl"])
def test_what_is_written_is_read(name, tmp_path):
    write_centers(tmp_path / name, CENTERS, 12)
    rows = read_centers(tmp_path / name, 12, 3)
    assert rows.dtype == np.float32 and rows.shape == (12, 3)
    for k in range(12):
        np.testing.assert_array_equal(rows[k], np.float32(CENTERS.get(k, [np.nan] * 3)))
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_pickle_is_one_for_paddleocr_with_an_old_numpy(tmp_path):
    write_centers(tmp_path / "c.pkl", CENTERS, 12)
    data = (tmp_path / "c.pkl").read_bytes()
    loaded = pickle.loads(data)
    assert list(loaded) == [0, 2, 3, 11] and all(type(k) is int for k in loaded)
    assert all(
        v.dtype == np.float32 and v.tolist() == np.float32(CENTERS[k]).tolist() for k, v in loaded.items()
    )
    assert b"numpy._core" not in data and b"numpy.core.multiarray" in data


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_paddleocrs_own_file_has_numpy_integers_as_classes(protocol, tmp_path):
    """`update_center` takes its keys from an array of int64."""
    classes = np.array([0, 2, 11])
    with (tmp_path / "train_center.pkl").open("wb") as file:
        pickle.dump({k: np.float32(CENTERS[int(k)]) for k in classes}, file, protocol)
    rows = read_centers(tmp_path / "train_center.pkl", 12, 3)
    assert np.flatnonzero(~np.isnan(rows).any(1)).tolist() == [0, 2, 11]
    np.testing.assert_array_equal(rows[11], np.float32(CENTERS[11]))


def test_a_file_of_the_whole_chinese_dictionary(tmp_path):
    centers = {np.int64(k): np.full(96, k, np.float32) for k in range(6625)}
    (tmp_path / "c.pkl").write_bytes(pickle.dumps(centers))
    assert read_centers(tmp_path / "c.pkl", 6625, 96)[:, 95].tolist() == list(range(6625))


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ([np.int64(1), 1], "entry 1 is there twice"),
        ([np.float64(1)], "name is no text and no number"),
        ([np.bool_(True)], "name is no text and no number"),
        ([np.int64(-1)], r"entry -1 of shape \(3,\)"),
        ([np.int64(12)], "entry 12 of .*classes 0 to 11"),
    ],
)
def test_classes_that_are_none(keys, words, tmp_path):
    # Equal keys are one entry of a dictionary; the bytes of a pickle can have both.
    data = b"\x80\x04}(" + b"".join(
        pickle.dumps(part, 2)[2:-1] for key in keys for part in (key, np.zeros(3, np.float32))
    )
    (tmp_path / "c.pkl").write_bytes(data + b"u.")
    with pytest.raises(WeightsError, match=rf"c\.pkl: .*{words}"):
        read_centers(tmp_path / "c.pkl", 12, 3)


@pytest.mark.parametrize("name", ["c.safetensors", "c.pkl"])
def test_another_width_or_no_centers(name, tmp_path):
    write_centers(tmp_path / name, CENTERS, 12)
    with pytest.raises(WeightsError, match=r"entry '?0'? of shape \(3,\).* with \(4,\) are needed"):
        read_centers(tmp_path / name, 12, 4)
    write_centers(tmp_path / name, {}, 12)
    with pytest.raises(WeightsError, match=f"{name}: contains no centers"):
        read_centers(tmp_path / name, 12, 3)


def test_another_number_of_classes(tmp_path):
    for name in ("c.safetensors", "c.pkl"):
        write_centers(tmp_path / name, CENTERS, 12)
    for classes in (11, 13):
        with pytest.raises(WeightsError, match=f"recognizer with 12 classes; this recognizer has {classes}"):
            read_centers(tmp_path / "c.safetensors", classes, 3)
    # A pickle does not say for how many classes it is: only a class that is too large can be told.
    with pytest.raises(WeightsError, match=r"entry 11 .*classes 0 to 10"):
        read_centers(tmp_path / "c.pkl", 11, 3)
    save_tensors(tmp_path / "bare.safetensors", {"0": np.ones(3, np.float32)})
    assert read_centers(tmp_path / "bare.safetensors", 2, 3)[0].tolist() == [1, 1, 1]


def test_only_a_file_of_centers_is_replaced(tmp_path):
    for name in ("c.safetensors", "c.pkl"):
        write_centers(tmp_path / name, CENTERS, 12)
        check_writable(tmp_path / name)
    save_tensors(tmp_path / "best.safetensors", {"head.fc.weight": np.ones(2)})
    (tmp_path / "notes.pkl").write_text("not a pickle")
    for name, words in (
        ("best.safetensors", "does not contain centers"),
        ("notes.pkl", "does not contain centers"),
        ("c.npz", r"ends with \.safetensors or \.pkl, not with '\.npz'"),
        ("c", "not with ''"),
        ("nowhere/c.pkl", "there is no folder .*nowhere"),
    ):
        with pytest.raises(ValueError, match=words):
            write_centers(tmp_path / name, CENTERS, 12)
    assert (tmp_path / "notes.pkl").read_text() == "not a pickle"
