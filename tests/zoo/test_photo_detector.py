"""Further training of the detector on synthetic photographs."""

import json

import numpy as np
import pytest

from ppocr_lessons.datasets.synthetic.photo_pages import photo_page_at
from ppocr_lessons.datasets.synthetic.photo_streams import photo_det_batch
from ppocr_lessons.det.dbnet import db_mobile
from ppocr_lessons.training.tensor_files import WeightsError, load_weights
from ppocr_lessons.zoo import photo_detector
from ppocr_lessons.zoo.pretrained import pretrained


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(
        photo_detector,
        "photo_det_batch",
        lambda seed, step, fonts: photo_det_batch(seed, step, size=2, side=96),
    )
    monkeypatch.setattr(photo_detector, "score", lambda net, fonts: {"pages_hmean": 0.5})


@pytest.mark.parametrize("start", ["det_pages", "official"])
def test_a_short_training_writes_weights_and_card(start, small, tmp_path):
    card = photo_detector.train(start=start, steps=2, out=tmp_path, thresh_steps=1)
    samples = 4 + 2 * (start == "official")
    assert card["origin"] == start and card["samples"] == samples and card["scores"] == {"pages_hmean": 0.5}
    assert json.loads((tmp_path / "card.json").read_text(encoding="utf-8")) == card
    assert f"--start {start} --steps 2" in card["command"]
    net = load_weights(db_mobile(), tmp_path / "weights.safetensors")
    untrained = db_mobile()
    name = "neck.in5_conv.weight"
    assert not np.array_equal(net.state_dict()[name].numpy(), untrained.state_dict()[name].numpy())


def test_official_weights_are_untouched_while_the_missing_branch_is_trained(small, tmp_path):
    photo_detector.train(start="official", steps=1, out=tmp_path, thresh_steps=2, peak=0.0)
    official = pretrained("det", "official").state_dict()
    trained = load_weights(db_mobile(), tmp_path / "weights.safetensors").state_dict()
    for name, tensor in trained.items():
        if not name.startswith("head.thresh"):
            np.testing.assert_array_equal(tensor.numpy(), official[name].numpy(), err_msg=name)


def test_weights_that_do_not_fit_are_refused(small, tmp_path):
    with pytest.raises(WeightsError, match="rec"):
        photo_detector.train(start="rec", steps=1, out=tmp_path)


def test_scores_are_of_pages_and_of_photographs():
    net = db_mobile(pretrained=True)
    scores = photo_detector.score(net, "course", count=1)
    assert set(scores) == {
        f"{k}_{n}" for k in ("pages", "photographs") for n in ("precision", "recall", "hmean")
    }
    assert all(0 <= value <= 1 for value in scores.values())


def test_photographed_pages_are_a_function_of_seed_and_index():
    first, again, other = (photo_page_at(5, index, size=(96, 96)) for index in (0, 0, 1))
    assert np.array_equal(first.image, again.image) and not np.array_equal(first.image, other.image)
