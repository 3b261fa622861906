"""Batches depend on their number alone: workers, order of asking and restarts change nothing."""

import contextlib
import multiprocessing
import os
import pathlib
import signal

import cv2
import numpy as np
import pytest

from ppocr_lessons.augment.bda import BDA, RecAug
from ppocr_lessons.augment.copy_paste import CopyPaste
from ppocr_lessons.augment.geometry import Placement
from ppocr_lessons.augment.rand_augment import RandAugment
from ppocr_lessons.augment.random_crop import EastRandomCropData
from ppocr_lessons.datasets.det_transforms import (
    DetLabelEncode,
    DetResizeForTest,
    IaaAugment,
    MakeBorderMap,
    MakeShrinkMap,
)
from ppocr_lessons.datasets.labels import LabelError
from ppocr_lessons.datasets.line_transforms import (
    ClsLabelEncode,
    ClsResizeImg,
    CTCLabelEncode,
    RecResizeImg,
)
from ppocr_lessons.datasets.loader import TRANSFORMS, Dataset, Loader
from ppocr_lessons.datasets.resize import fit_line, normalize_page
from ppocr_lessons.datasets.run_step import run_step
from ppocr_lessons.datasets.sample import Sample
from ppocr_lessons.datasets.seeding import rng_for
from ppocr_lessons.datasets.slots import Slots
from ppocr_lessons.datasets.sources import ListSource
from ppocr_lessons.datasets.transforms import DecodeImage, KeepKeys, NormalizeImage, ToCHWImage
from ppocr_lessons.datasets.workers import LoaderError
from ppocr_lessons.det.targets import make_targets
from ppocr_lessons.rec.alphabet import ENGLISH, Alphabet

DATA = pathlib.Path(__file__).parents[2] / "data"
DET = [DecodeImage(), DetLabelEncode(), CopyPaste(), IaaAugment(), EastRandomCropData(size=(96, 96)),
       MakeBorderMap(), MakeShrinkMap(), NormalizeImage(), ToCHWImage(),
       KeepKeys(keep_keys=["image", "threshold_map", "threshold_mask", "shrink_map", "shrink_mask"])]  # fmt: skip


def _dataset(name, transforms, seed=5):
    return Dataset(ListSource(DATA / name, DATA / name / "label.txt"), transforms, seed=seed)


def _same(one, other):
    return all((a.numpy() == b.numpy()).all() for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("shared_memory", [True, False])
def test_workers_make_the_same_batches(shared_memory):
    plain = Loader(_dataset("det_en", DET), "det", batch_size=2)
    ahead = Loader(_dataset("det_en", DET), "det", batch_size=2, workers=2, shared_memory=shared_memory)
    for number in (0, 1, plain.steps_per_epoch + 1):  # the last one starts the workers again
        assert _same(plain.batch_at(number), ahead.batch_at(number))
    ahead.close()


class _Numbers:
    """A dataset of large arrays that are full of the index, and of labels that are the index."""

    seed = 0

    def __len__(self):
        return 1000

    def sample(self, index, epoch):
        image = np.full((3, 300, 400 if index < 40 else 500), index, np.float32)
        return Sample(str(index), None, "", image=image, target=index)


def test_batches_keep_their_values_while_later_ones_are_prepared():
    with contextlib.closing(Loader(_Numbers(), "cls", batch_size=4, shuffle=False, workers=2)) as loader:
        batches = [loader.batch_at(number) for number in range(20)]
    for number, batch in enumerate(batches):
        expected = np.arange(4 * number, 4 * number + 4)
        assert (batch.labels.numpy() == expected).all()
        assert (batch.images.numpy() == expected[:, None, None, None]).all()
    assert batches[0].images.shape == [4, 3, 300, 400] and batches[-1].images.shape == [4, 3, 300, 500]


@pytest.mark.skipif(not Slots.available(), reason="only Linux has anonymous files in memory")
def test_workers_do_not_map_new_memory_for_each_batch():
    """A new mapping costs a page fault for every 4 KiB that are written, which made a worker slower than none."""
    with contextlib.closing(Loader(_Numbers(), "cls", batch_size=4, shuffle=False, workers=1)) as loader:
        for number in range(12):
            loader.batch_at(number)
        (worker,) = multiprocessing.active_children()
        before = _page_faults(worker.pid)
        for number in range(12, 16):
            loader.batch_at(number)
        pages_of_a_batch = 4 * 3 * 300 * 500 * 4 / 4096
        assert _page_faults(worker.pid) - before < 4 * pages_of_a_batch


def _page_faults(pid):
    """Page faults of a process so far."""
    return int(pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[7])


def test_workers_use_one_thread_of_opencv_and_this_process_keeps_its_threads():
    threads = cv2.getNumThreads()
    cv2.setNumThreads(2)
    try:
        dataset = Dataset(ListSource(DATA / "cls_en", DATA / "cls_en/label.txt"), [DecodeImage(), _Threads()])
        with contextlib.closing(Loader(dataset, "cls", batch_size=2, workers=1)) as loader:
            assert loader.batch_at(0).labels.numpy().tolist() == [1, 1]
        assert cv2.getNumThreads() == 2
    finally:
        cv2.setNumThreads(threads)


class _Threads:
    """Makes the number of OpenCV's threads the label."""

    def __call__(self, rng, sample):
        sample.image, sample.target = np.zeros((3, 4, 4), np.float32), cv2.getNumThreads()


def test_epochs_differ_and_come_again():
    loader = Loader(_dataset("cls_en", [DecodeImage(), ClsLabelEncode(label_list=["0", "180"]),
                                        ClsResizeImg(image_shape=[3, 48, 192])]), "cls", batch_size=16)  # fmt: skip
    each = loader.steps_per_epoch
    orders = [
        np.concatenate([[i for _, i in loader.keys(e * each + s)] for s in range(each)]) for e in range(2)
    ]
    assert (orders[0] != orders[1]).any()
    assert sorted(orders[0]) == sorted(orders[1]) == list(range(len(loader.dataset)))
    first = loader.batch_at(0)
    loader.batch_at(each)
    assert _same(first, loader.batch_at(0))
    assert first.images.shape == [16, 3, 48, 192] and set(first.labels.tolist()) <= {0, 1}


@pytest.mark.parametrize("drop_last", [True, False])
def test_processes_share_the_joint_batch(drop_last):
    dataset = _dataset("rec_en", [])
    options = {"batch_size": 7, "drop_last": drop_last}
    parts = [Loader(dataset, "rec", rank=r, world=3, **options) for r in range(3)]
    joint = Loader(dataset, "rec", batch_size=21, drop_last=drop_last)
    assert {p.steps_per_epoch for p in parts} == {joint.steps_per_epoch}
    for number in range(joint.steps_per_epoch):
        together = [key for part in parts for key in part.keys(number)]
        assert set(together) == set(joint.keys(number)) and len(together) >= len(joint.keys(number))


def test_too_few_for_a_batch():
    with pytest.raises(LabelError, match="do not fill a batch of 100000"):
        Loader(_dataset("rec_en", []), "rec", batch_size=100_000, drop_last=True)
    with pytest.raises(ValueError, match="batch_size is 0"):
        Loader(_dataset("rec_en", []), "rec", batch_size=0)


def test_batch_fields_go_by_name():
    batch = Loader(_dataset("det_en", DET), "det", batch_size=2).batch_at(0)
    assert batch.images.shape == [2, 3, 96, 96]
    low, high = np.percentile(batch.threshold_map.numpy(), [0, 100])
    assert low == pytest.approx(0.3) and high <= 0.7 + 1e-6
    assert set(np.unique(batch.shrink_map.numpy())) <= {0, 1} and batch.shrink_mask.numpy().max() == 1


def test_recognition_labels():
    alphabet = Alphabet(ENGLISH)
    steps = [
        DecodeImage(),
        RecAug(),
        CTCLabelEncode(alphabet=alphabet, max_text_length=80),
        RecResizeImg(image_shape=[3, 32, 100]),
    ]
    dataset = _dataset("rec_en", steps)
    batch = Loader(dataset, "rec", batch_size=4, shuffle=False).batch_at(0)
    for row, length, index in zip(batch.labels.tolist(), batch.lengths.tolist(), range(4), strict=True):
        assert alphabet.decode(row[:length]) == dataset.source[index].label and not any(row[length:])


def test_transforms_are_the_functions_of_the_library():
    """Without chance, the pipeline gives exactly what det/targets.py and datasets/resize.py give."""
    steps = [
        DecodeImage(),
        DetLabelEncode(),
        MakeBorderMap(),
        MakeShrinkMap(),
        NormalizeImage(scale=1 / 255),
        ToCHWImage(),
    ]
    dataset = _dataset("det_en", steps)
    sample, opened = dataset.sample(0), dataset.open(0)
    DecodeImage()(None, opened)
    DetLabelEncode()(None, opened)
    targets = make_targets(opened.polygons, opened.ignored, opened.image.shape[:2])
    np.testing.assert_allclose(sample.image, normalize_page(opened.image), atol=1e-6)
    for name in ("shrink_map", "shrink_mask", "threshold_map", "threshold_mask"):
        np.testing.assert_array_equal(getattr(sample, name), getattr(targets, name))


def test_planes_in_the_order_that_is_asked_for():
    line = _dataset("rec_en", [DecodeImage(), RecResizeImg(image_shape=[3, 32, 320])]).sample(3).image
    rgb = (
        _dataset("rec_en", [DecodeImage(img_mode="RGB"), RecResizeImg(image_shape=[3, 32, 320])])
        .sample(3)
        .image
    )
    np.testing.assert_array_equal(line, rgb[::-1])
    opened = _dataset("rec_en", [DecodeImage()]).sample(3)
    np.testing.assert_array_equal(line, fit_line(opened.image))
    gray = _dataset("rec_en", [DecodeImage(img_mode="GRAY")]).sample(3).image
    assert (gray[..., 0] == gray[..., 1]).all()


@pytest.mark.parametrize(
    ("options", "size", "expected"),
    [({}, (480, 640), (736, 992)), ({"limit_side_len": 960, "limit_type": "max"}, (1000, 2000), (480, 960)),
     ({"image_shape": [736, 1280]}, (480, 640), (736, 1280)), ({"resize_long": 960}, (480, 640), (768, 1024)),
     ({"limit_side_len": 960, "limit_type": "resize_long"}, (100, 200), (480, 960)),
     ({"limit_side_len": 320, "resize_long": 960}, (480, 640), (480, 640)), ({"limit_type": "max"}, (480, 640), (736, 992)),
     ({"image_shape": [320, 1], "keep_ratio": True}, (480, 650), (320, 448))],
)  # fmt: skip
def test_sizes_for_evaluation(options, size, expected):
    assert DetResizeForTest(**options).new_size(*size) == expected


def test_a_bad_sample_is_named(tmp_path):
    (tmp_path / "label.txt").write_text("gone.png\t0")
    dataset = Dataset(ListSource(tmp_path, tmp_path / "label.txt"), [DecodeImage()])
    with pytest.raises(LabelError, match=r"label.txt:1: .*gone.png: no such file"):
        dataset.sample(0)


def test_steps_can_be_watched():
    names = [name for name, _ in _dataset("det_en", DET).steps(1)]
    assert names == [type(step).__name__ for step in DET]


def test_donors_are_other_pages_and_paste_survives_the_crop():
    steps = [
        DecodeImage(),
        DetLabelEncode(),
        CopyPaste(objects_paste_ratio=1.0),
        EastRandomCropData(size=(320, 320)),
    ]
    dataset = _dataset("det_en", steps)
    own = [len(dataset.open(i).label) for i in range(3)]
    seen = {}
    for i in range(3):
        for name, sample in dataset.steps(i):
            seen[i, name] = (len(sample.polygons) if sample.polygons is not None else 0, len(sample.texts))
    assert own and any(seen[i, "CopyPaste"][0] > seen[i, "DetLabelEncode"][0] for i in range(3))
    assert all(count == texts for count, texts in seen.values())


@pytest.mark.parametrize(
    ("name", "augmentation"),
    [("RecAug", RecAug()), ("BaseDataAugmentation", BDA()), ("RandAugment", RandAugment(prob=0.9))],
)
def test_lines_are_augmented_by_the_lessons_own_class(name, augmentation):
    assert TRANSFORMS[name] is type(augmentation)
    dataset, plain = (_dataset("rec_en", [DecodeImage(), *steps]) for steps in ((augmentation,), ()))
    changed = 0
    for index in range(12):
        line = plain.sample(index, epoch=3).image
        by_hand = augmentation(rng_for(5, 3, index), line)
        np.testing.assert_array_equal(dataset.sample(index, epoch=3).image, by_hand)
        changed += line.shape != by_hand.shape or (line != by_hand).any()
    assert changed > 6


def test_pages_are_augmented_by_the_lessons_own_class():
    assert TRANSFORMS["CopyPaste"] is CopyPaste and TRANSFORMS["EastRandomCropData"] is EastRandomCropData
    crop, encode = EastRandomCropData(size=(320, 160)), [DecodeImage(), DetLabelEncode()]
    cropped, plain = _dataset("det_en", [*encode, crop]).sample(2), _dataset("det_en", encode).sample(2)
    window = crop.sample(rng_for(5, 0, 2), plain.polygons, plain.ignored, plain.image.shape[:2])
    placement, filled = crop.place(Placement.of(plain.image), window)
    np.testing.assert_array_equal(cropped.image, crop.pixels(plain.image, placement))
    moved = placement.points(plain.polygons)
    np.testing.assert_array_equal(cropped.polygons, moved[crop.kept(moved, filled)])
    pasting = CopyPaste(objects_paste_ratio=1.0)
    page, donor = _dataset("det_en", encode).sample(0), _dataset("det_en", encode).sample(1)
    own, page.donor, expected = len(page.texts), donor, pasting(rng_for(1), page.page(), donor.page())
    run_step(pasting, rng_for(1), page)
    np.testing.assert_array_equal(page.image, expected.image)
    assert page.texts == expected.texts and len(page.texts) > own


def test_without_a_donor_nothing_is_pasted():
    page = _dataset("det_en", [DecodeImage(), DetLabelEncode()]).sample(0)
    before = page.image.copy(), list(page.texts)
    run_step(CopyPaste(objects_paste_ratio=1.0), rng_for(1), page)
    np.testing.assert_array_equal(page.image, before[0])
    assert page.texts == before[1]


def test_names_are_paddleocrs():
    assert {"DecodeImage", "IaaAugment", "EastRandomCropData", "MakeBorderMap", "RecAug", "KeepKeys"} <= set(
        TRANSFORMS
    )


class _Harm(ClsLabelEncode):
    """Does something to the process at one of the samples."""

    def __init__(self, act):
        super().__init__(label_list=["0", "180"])
        self.act = act

    def __call__(self, rng, sample):
        super().__call__(rng, sample)
        if sample.name.endswith("00005.jpg"):
            self.act()


def _raising(error):
    def act():
        raise error

    return act


HARMS = {
    "killed": (lambda: os.kill(os.getpid(), signal.SIGKILL), LoaderError, "died .killed by signal 9"),
    "gone": (lambda: os._exit(3), LoaderError, "died .exit code 3"),
    "bad sample": (
        _raising(ValueError("no such thing")),
        LabelError,
        r"label.txt:6: .*00005.jpg: no such thing$",
    ),
    "no memory": (_raising(MemoryError("9 GiB")), MemoryError, "^9 GiB$"),
    "a fault": (_raising(KeyError("x")), LoaderError, "^KeyError in a worker: 'x'$"),
}


@pytest.mark.parametrize("shared_memory", [True, False])
@pytest.mark.parametrize(("act", "kind", "said"), HARMS.values(), ids=HARMS)
def test_what_happens_in_a_worker_is_one_error_and_no_noise(act, kind, said, shared_memory, capfd):
    source = ListSource(DATA / "cls_en", DATA / "cls_en/label.txt")
    dataset = Dataset(source, [DecodeImage(), _Harm(act), ClsResizeImg(image_shape=[3, 48, 192])])
    loader = Loader(dataset, "cls", batch_size=4, shuffle=False, workers=2, shared_memory=shared_memory)
    capfd.readouterr()
    with pytest.raises(kind, match=said) as caught:
        for batch in range(4):
            loader.batch_at(batch)
    loader.close()
    assert "Traceback" not in str(caught.value) and capfd.readouterr().err == ""
    assert not multiprocessing.active_children()
