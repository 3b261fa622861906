"""Small data for configurations: slices of the shipped sets, a dictionary, and the overrides that point to them."""

import pathlib

import pytest

from ppocr_lessons.rec.alphabet import ENGLISH

ROOT = pathlib.Path(__file__).parents[2]
CONFIGS = ROOT / "ppocr_lessons/config/paddleocr"


def _slice(name, count, keep=lambda label: True):
    lines = (ROOT / "data" / name / "label.txt").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if keep(line.split("\t", 1)[1])][:count]


@pytest.fixture(scope="session")
def small_data(tmp_path_factory):
    """Folder with det.txt, cls.txt, rec.txt and dict.txt."""
    folder = tmp_path_factory.mktemp("small")
    for name, count, keep in (
        ("det_en", 4, lambda label: True),
        ("cls_en", 8, lambda label: True),
        ("rec_en", 8, lambda label: len(label) <= 25),
    ):
        (folder / f"{name[:3]}.txt").write_text("\n".join(_slice(name, count, keep)), encoding="utf-8")
    (folder / "dict.txt").write_text("\n".join(ENGLISH) + "\n", encoding="utf-8")
    return folder


@pytest.fixture
def overrides(small_data, tmp_path):
    """Overrides for a task: where things are, and sizes that a test has time for."""

    def make(task, **more):
        found = [
            f"Global.save_model_dir={tmp_path / 'run'}",
            "Global.pretrained_model=",
            "Global.epoch_num=1",
        ]
        for part in ("Train", "Eval"):
            found += [
                f"{part}.dataset.data_dir={ROOT / 'data' / f'{task}_en'}",
                f"{part}.dataset.label_file_list=['{small_data / f'{task}.txt'}']",
                f"{part}.loader.batch_size_per_card={2 if task == 'det' and part == 'Train' else 1 if task == 'det' else 4}",
                f"{part}.loader.num_workers=0",
            ]
        if task == "det":
            found += [
                "Train.dataset.transforms.EastRandomCropData.size=[96, 96]",
                "Eval.dataset.transforms.DetResizeForTest.image_shape=[160, 160]",
            ]
        if task == "rec":
            found += [f"Global.character_dict_path={small_data / 'dict.txt'}"]
        return [*found, *(f"{key}={value}" for key, value in more.items())]

    return make
