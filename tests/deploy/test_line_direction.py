"""The direction stage with two and with four directions."""

import numpy as np
import pytest

from ppocr_lessons.cls.direction import direction_mobile
from ppocr_lessons.deploy import line_direction
from ppocr_lessons.deploy.export_folder import classifier_of, write_folder
from ppocr_lessons.deploy.export_record import FolderError
from ppocr_lessons.deploy.line_direction import Classifier, Direction
from ppocr_lessons.deploy.rectify import turn_back
from ppocr_lessons.ocr import OCR

FOUR = ("0", "90", "180", "270")
LINE = np.arange(6 * 20 * 3, dtype=np.uint8).reshape(6, 20, 3)


@pytest.fixture
def asked(monkeypatch):
    """Batches that a classifier's network is asked for; the network is replaced by one that answers class 1."""
    batches = []

    class Net:
        def __init__(self, net, *, threads=None, engine="paddle"):
            pass

        def __call__(self, batch):
            batches.append(batch.shape)
            return np.tile(np.array([[0.1, 0.7, 0.1, 0.1]], np.float32), (len(batch), 1))

    monkeypatch.setattr(line_direction, "Predictor", Net)
    return batches


@pytest.mark.parametrize("angle", [0, 90, 180, 270])
def test_turning_back_is_the_inverse_of_the_rotation(angle):
    rotated = np.rot90(LINE, angle // 90)  # NumPy rotates counterclockwise
    np.testing.assert_array_equal(turn_back(rotated, angle), LINE)


def test_other_angles_are_refused():
    with pytest.raises(ValueError, match="angle_deg is 45"):
        turn_back(LINE, 45)


def test_the_answer_is_the_label_of_the_class(asked):
    (found,) = Classifier(object(), labels=("270", "90", "0", "180"), size=(32, 100))([LINE])
    assert found == Direction(90, pytest.approx(0.7, abs=1e-4)) and asked == [(1, 3, 32, 100)]


def test_tall_crops_are_divided_only_with_four_directions(asked):
    tall = np.zeros((100, 20, 3), np.uint8)
    Classifier(object(), labels=FOUR)([tall])  # five squares high, pieces of at most two: 3
    Classifier(object())([tall])
    assert [shape[0] for shape in asked] == [3, 1]
    asked.clear()
    wide = Classifier(object(), labels=FOUR)([np.zeros((10, 130, 3), np.uint8)])  # 13 squares, pieces of 6: 3
    assert asked == [(3, 3, 48, 192)] and wide[0].score > 0.99


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (("0", "45"), "'45'"),
        (("0", "0"), "different ones"),
        (("0",), "two or more"),
        (FOUR, "has 2 classes and there are 4 labels"),
    ],
)
def test_labels_that_do_not_fit(labels, message):
    with pytest.raises(ValueError, match=message):
        Classifier(direction_mobile(), labels=labels)


def test_an_exported_classifier_keeps_labels_and_size(tmp_path):
    write_folder(direction_mobile(4), tmp_path / "net", "cls", labels=FOUR, size=(32, 100))
    loaded = classifier_of(tmp_path / "net")
    assert loaded.angles_deg == (0, 90, 180, 270) and loaded.size == (32, 100)
    assert loaded([LINE])[0].angle_deg in (0, 90, 180, 270)
    write_folder(direction_mobile(4), tmp_path / "two", "cls", labels=("0", "180"), size=(48, 192))
    with pytest.raises(FolderError, match="2 labels"):
        classifier_of(tmp_path / "two")
    write_folder(direction_mobile(2), tmp_path / "words", "cls", labels=("up", "down"), size=(48, 192))
    with pytest.raises(FolderError, match="'up'"):
        classifier_of(tmp_path / "words")
    write_folder(direction_mobile(2), tmp_path / "bare", "cls")
    with pytest.raises(FolderError, match="labels is missing"):
        classifier_of(tmp_path / "bare")


def test_the_system_turns_crops_by_the_angle_found(repository):
    """A classifier that calls every line rotated makes the recognizer read rotated crops."""

    def always(angle, score):
        return lambda crops: [Direction(angle, score) for _ in crops]

    picture = repository / "data/reading.png"
    plain = OCR(classifier=always(90, 0.5)).stages(picture)
    np.testing.assert_array_equal(plain.upright[0], plain.crops[0])
    for angle, quarters in ((90, 3), (270, 1), (180, 2)):
        stages = OCR(classifier=always(angle, 0.95), drop_score=0).stages(picture)
        np.testing.assert_array_equal(stages.upright[0], np.rot90(stages.crops[0], quarters))
        assert {line.direction for line in stages.lines} == {angle}


def test_pieces_share_batches_of_few_sizes(asked):
    square = np.zeros((10, 10, 3), np.uint8)
    assert len(Classifier(object())([square] * 31)) == 31
    assert [shape[0] for shape in asked] == [24, 12]  # 7 pieces are filled up to 12
    asked.clear()
    Classifier(object())([square] * 5)
    assert [shape[0] for shape in asked] == [5]


def test_long_lines_are_looked_at_in_three_places(monkeypatch):
    seen = []
    monkeypatch.setattr(
        line_direction, "cls_resize", lambda piece, size: seen.append(int(piece[0, 0, 0])) or piece
    )
    monkeypatch.setattr(
        line_direction, "Predictor", lambda net, threads, engine: lambda batch: np.full((len(batch), 2), 0.5)
    )
    line = np.zeros((10, 420, 3), np.uint8)  # seven pieces
    line[:] = (np.arange(420) // 60)[:, None]
    Classifier(object())([line])
    assert seen == [0, 3, 6]
