"""Weights that fit in part, frozen parts, centers from a pickle that may hold nothing but arrays."""

import os
import pickle

import numpy as np
import paddle
import pytest

from ppocr_lessons.rec import crnn_mobile
from ppocr_lessons.training.tensor_files import WeightsError, save_weights, state_of
from ppocr_lessons.zoo.center_files import read_centers
from ppocr_lessons.zoo.fine_tuning import freeze, load_matching, read_weights


def test_another_dictionary_changes_the_head_alone(tmp_path):
    donor, net = crnn_mobile(97), crnn_mobile(50)
    fresh = net.head.fc.weight.numpy().copy()
    save_weights(donor, tmp_path / "w.safetensors")
    done = load_matching(net, tmp_path / "w.safetensors")
    assert [m.split()[0] for m in done.misshapen] == ["head.fc.weight", "head.fc.bias"] and not done.missing
    np.testing.assert_array_equal(net.head.fc.weight.numpy(), fresh)
    np.testing.assert_array_equal(
        net.backbone.conv1.conv.weight.numpy(), donor.backbone.conv1.conv.weight.numpy()
    )
    assert "(96, 97) -> (96, 50)" in done.report("w") and "not loaded" in done.report("w")


def test_a_backbones_own_file_and_a_prefix(tmp_path):
    donor = crnn_mobile(97)
    save_weights(donor.backbone, tmp_path / "backbone.safetensors")
    done = load_matching(crnn_mobile(97), tmp_path / "backbone.safetensors")
    assert len(done.loaded) == len(state_of(donor.backbone)) and done.missing
    arrays = {f"Student.{k}": v.numpy() for k, v in donor.state_dict().items()}
    (tmp_path / "two.pdparams").write_bytes(pickle.dumps(arrays | {"Teacher.x": np.zeros(1)}, protocol=2))
    done = load_matching(crnn_mobile(97), tmp_path / "two", prefix="Student.")
    assert not done.missing and not done.unused and done.report("two") == ""


def test_nothing_fits(tmp_path):
    save_weights(paddle.nn.Linear(2, 2), tmp_path / "w.safetensors")
    with pytest.raises(WeightsError, match="none of its 2 entries fits"):
        load_matching(crnn_mobile(97), tmp_path / "w.safetensors")
    with pytest.raises(WeightsError, match="without best"):
        read_weights(tmp_path)
    assert "backbone.conv1.conv.weight" in read_weights("rec")


def test_frozen_parts_stay_with_their_statistics():
    net = crnn_mobile(20)
    names = freeze(net, ["backbone"])
    assert names and all(name.startswith("backbone.") for name in names)
    before = {k: v.numpy().copy() for k, v in state_of(net).items()}
    optimizer = paddle.optimizer.Adam(1e-2, parameters=net.parameters())
    net.train()
    net(paddle.randn([2, 3, 32, 64]))[0].sum().backward()
    optimizer.step()
    changed = {k for k, v in state_of(net).items() if (v.numpy() != before[k]).any()}
    assert changed and not any(name.startswith("backbone.") for name in changed)
    with pytest.raises(ValueError, match="called 'neckk'; parts of the net are"):
        freeze(net, ["neckk"])


def test_centers(tmp_path):
    (tmp_path / "c.pkl").write_bytes(pickle.dumps({0: np.ones(3), 2: np.full(3, 2.0)}))
    assert read_centers(tmp_path / "c.pkl", 4, 3)[:, 0].astype(str).tolist() == ["1.0", "nan", "2.0", "nan"]
    with pytest.raises(WeightsError, match="classes 0 to 1"):
        read_centers(tmp_path / "c.pkl", 2, 3)


class Evil:
    """Runs a program when it is unpickled."""

    def __reduce__(self):
        return os.system, ("true",)


def test_a_pickle_that_acts_is_refused(tmp_path):
    (tmp_path / "c.pkl").write_bytes(pickle.dumps({0: Evil()}))
    with pytest.raises(WeightsError, match="refused, nothing was run"):
        read_centers(tmp_path / "c.pkl", 4, 3)
