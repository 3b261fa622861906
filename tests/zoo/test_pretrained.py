"""Weights from elsewhere: PaddleOCR's own by name, and nothing that acts."""

import json
import os
import pickle

import numpy as np
import paddle
import pytest

from ppocr_lessons.cls import direction_mobile
from ppocr_lessons.det import db_mobile, db_server
from ppocr_lessons.rec import crnn_lcnet, crnn_mobile, crnn_server
from ppocr_lessons.training.tensor_files import (
    WeightsError,
    count_parameters,
    load_weights,
    read_tensors,
    save_weights,
    state_of,
)
from ppocr_lessons.zoo import pretrained as pretrained_module
from ppocr_lessons.zoo.fine_tuning import load_matching
from ppocr_lessons.zoo.pretrained import (
    card,
    load_paddleocr_weights,
    pretrained,
    read_pdparams,
    weights_mb,
)
from ppocr_lessons.zoo.shipped import FILES, SHIPPED, weights_file


@pytest.mark.parametrize(
    "make",
    [db_mobile, lambda: db_mobile(disable_se=False), db_server, direction_mobile,
     lambda: crnn_mobile(97), lambda: crnn_lcnet(97), lambda: crnn_server(97)],
    ids=["det", "det SE", "teacher", "cls", "rec", "lcnet", "server"],
)  # fmt: skip
def test_files_that_paddle_saves_come_back(make, tmp_path):
    donor, net = make(), make()
    paddle.save(donor.state_dict(), str(tmp_path / "best_accuracy.pdparams"))
    load_paddleocr_weights(net, tmp_path / "best_accuracy")  # without the ending, as in the configurations
    for name, tensor in state_of(donor).items():
        np.testing.assert_array_equal(tensor.numpy(), state_of(net)[name].numpy(), err_msg=name)


@pytest.mark.parametrize("alias", ["l0", "cell_fw"])
def test_lstm_weights_under_either_name(alias, tmp_path):
    donor, net = crnn_mobile(97), crnn_mobile(97)
    state = {
        k: v.numpy()
        for k, v in donor.state_dict().items()
        if "lstm" not in k or (alias == "l0") == ("_l" in k)
    }
    (tmp_path / "w.pdparams").write_bytes(pickle.dumps(state, protocol=2))
    load_paddleocr_weights(net, tmp_path / "w.pdparams")
    x = paddle.randn([1, 3, 32, 64])
    donor.eval(), net.eval()
    np.testing.assert_array_equal(donor(x)[0].numpy(), net(x)[0].numpy())


def test_student_of_a_distilled_model(tmp_path):
    donor, net = direction_mobile(), direction_mobile()
    state = {f"Student.{k}": v.numpy() for k, v in donor.state_dict().items()}
    state["Teacher.something"] = np.zeros(3, np.float32)
    (tmp_path / "w.pdparams").write_bytes(pickle.dumps(state))
    load_paddleocr_weights(net, tmp_path / "w.pdparams", prefix="Student.")
    np.testing.assert_array_equal(net.head.fc.weight.numpy(), donor.head.fc.weight.numpy())


class _Evil:
    def __reduce__(self):
        return os.system, ("touch evil-was-here",)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"a": _Evil()}, r"posix\.system|nt\.system"),
        ({"a": np.array([_Evil()], dtype=object)}, "kind 'O8'"),
        ({"a": print}, r"builtins\.print"),
        ([1, 2], "holds a list"),
        ({"a": "text"}, "entries that are no arrays: a"),
        ({"a": np.array([None, 1], dtype=object)}, "kind 'O8'"),
    ],
)
def test_files_that_try_more_are_refused_by_name(content, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "evil.pdparams").write_bytes(pickle.dumps(content))
    with pytest.raises(WeightsError, match=words) as caught:
        read_pdparams("evil.pdparams")
    assert "evil.pdparams" in str(caught.value)
    assert not (tmp_path / "evil-was-here").exists()


@pytest.mark.parametrize("data", [b"", b"\x80", b"hello", b"\x80\x04\x95\xff", os.urandom(200)])
def test_damaged_files(data, tmp_path):
    (tmp_path / "bad.pdparams").write_bytes(data)
    with pytest.raises(WeightsError, match=r"bad\.pdparams"):
        read_pdparams(tmp_path / "bad.pdparams")


def test_no_such_file(tmp_path):
    with pytest.raises(WeightsError, match="none"):
        read_pdparams(tmp_path / "none")


def test_all_misfits_are_listed_in_one_error_and_the_net_is_untouched(tmp_path):
    net = direction_mobile()
    before = {k: v.numpy().copy() for k, v in state_of(net).items()}
    state = {k: v.numpy() + 1 for k, v in net.state_dict().items()}
    del state["head.fc.bias"]
    state["head.fc.weight"] = np.zeros((3, 3), np.float32)
    state["head.other"] = np.zeros(1, np.float32)
    (tmp_path / "w.pdparams").write_bytes(pickle.dumps(state))
    with pytest.raises(WeightsError) as caught:
        load_paddleocr_weights(net, tmp_path / "w.pdparams")
    text = str(caught.value)
    for words in (
        "w.pdparams",
        "missing (1): head.fc.bias",
        "unexpected (1): head.other",
        "misshapen (1): head.fc.weight: (3, 3)",
    ):
        assert words in text
    for name, array in before.items():
        np.testing.assert_array_equal(array, state_of(net)[name].numpy())


@pytest.mark.parametrize("load", [load_paddleocr_weights, load_matching])
def test_values_that_cannot_be_used_are_listed_in_one_error_and_the_net_is_untouched(load, tmp_path):
    net = direction_mobile()
    before = {k: v.numpy().copy() for k, v in state_of(net).items()}
    state = {k: v.numpy() + 1 for k, v in net.state_dict().items()}
    state["head.fc.weight"] = np.full_like(state["head.fc.weight"], np.nan)
    state["head.fc.bias"] = state["head.fc.bias"] > 0
    state["backbone.conv1.conv.weight"][0, 0, 0, 0] = np.inf
    state["backbone.conv1.bn.weight"] = state["backbone.conv1.bn.weight"].astype(np.int64)
    (tmp_path / "w.pdparams").write_bytes(pickle.dumps(state))
    with pytest.raises(WeightsError, match=r"w\.pdparams") as caught:
        load(net, tmp_path / "w.pdparams")
    for words in (
        "head.fc.weight: nothing but NaN",
        "head.fc.bias: bool in the file, float32 in the net",
        "backbone.conv1.conv.weight: 0.5% of it NaN or infinite",
        "backbone.conv1.bn.weight: int64 in the file, float32 in the net",
    ):
        assert words in str(caught.value)
    for name, array in before.items():
        np.testing.assert_array_equal(array, state_of(net)[name].numpy())


@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o644), (0o027, 0o640), (0o077, 0o600)])
def test_the_umask_says_who_may_read_weights(mask, mode, tmp_path):
    before = os.umask(mask)
    try:
        save_weights(direction_mobile(), tmp_path / "w.safetensors")
    finally:
        os.umask(before)
    assert (tmp_path / "w.safetensors").stat().st_mode & 0o777 == mode
    assert [path.name for path in tmp_path.iterdir()] == ["w.safetensors"]


@pytest.mark.parametrize("kind", ["BF16", "F8_E4M3", "C64"])
def test_kinds_that_numpy_does_not_have(kind, tmp_path):
    size = {"BF16": 2, "F8_E4M3": 1, "C64": 8}[kind]
    head = json.dumps({"w": {"dtype": kind, "shape": [2], "data_offsets": [0, 2 * size]}}).encode()
    (tmp_path / "w.safetensors").write_bytes(len(head).to_bytes(8, "little") + head + bytes(2 * size))
    with pytest.raises(WeightsError, match=r"w\.safetensors"):
        load_weights(direction_mobile(), tmp_path / "w.safetensors")


def test_safetensors_round_trip_and_damage(tmp_path):
    net, again = crnn_mobile(97), crnn_mobile(97)
    save_weights(net, tmp_path / "w.safetensors", {"net": "crnn"})
    load_weights(again, tmp_path / "w.safetensors")
    for name, tensor in state_of(net).items():
        np.testing.assert_array_equal(tensor.numpy(), state_of(again)[name].numpy())
    (tmp_path / "cut.safetensors").write_bytes((tmp_path / "w.safetensors").read_bytes()[:1000])
    for name in ("cut.safetensors", "none.safetensors"):
        with pytest.raises(WeightsError, match=name):
            read_tensors(tmp_path / name)


@pytest.mark.parametrize("stage", FILES)
def test_shipped_weights_have_a_card_and_fit(stage):
    sets = {"det_pages": ("det", "pages"), "rec_english": ("rec", "english")}
    net = pretrained(*sets.get(stage, (stage, "course")))
    assert not net.training
    facts = card(stage)
    assert facts["parameters"] == count_parameters(net)
    for key in ("net", "data", "samples", "minutes", "machine", "command", "scores"):
        assert facts[key], key


def test_shipped_weights_are_small():
    assert sum(weights_file(stage).stat().st_size for stage in FILES) < 11e6


def test_unknown_stage():
    with pytest.raises(ValueError, match="stage is 'tts'"):
        weights_file("tts")


@pytest.mark.parametrize(
    ("stage", "make"),
    [("det", db_mobile), ("cls", direction_mobile), ("rec", lambda **given: crnn_mobile(96, **given))],
    ids=SHIPPED,
)
def test_builders_load_the_shipped_weights(stage, make):
    net, arrays = make(pretrained=True), read_tensors(weights_file(stage))
    assert not net.training and make().training
    for name, tensor in state_of(net).items():
        np.testing.assert_array_equal(tensor.numpy(), arrays[name], err_msg=name)


@pytest.mark.parametrize(
    "make",
    [lambda: db_mobile(scale=1.0, pretrained=True), lambda: db_mobile(disable_se=False, pretrained=True),
     lambda: direction_mobile(4, pretrained=True), lambda: crnn_mobile(6625, pretrained=True)],
    ids=["scale", "SE", "directions", "alphabet"],
)  # fmt: skip
def test_shipped_weights_of_another_architecture_are_refused(make):
    with pytest.raises(WeightsError, match=r"safetensors: the weights do not fit the net"):
        make()


def test_english_falls_back_to_the_course_without_the_official_package(monkeypatch):
    monkeypatch.setattr(pretrained_module, "installed", lambda: False)
    detector, shipped = pretrained("det", "english"), read_tensors(weights_file("det"))
    for name, tensor in state_of(detector).items():
        np.testing.assert_array_equal(tensor.numpy(), shipped[name], err_msg=name)
    files = [weights_file(name) for name in ("det", "cls", "rec_english")]
    assert weights_mb("english") == pytest.approx(sum(file.stat().st_size for file in files) / 1e6)
