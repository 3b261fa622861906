"""Section Quant: all three networks train with PACT, are saved as integers, resume, and wrong values are reported."""

import numpy as np
import paddle
import pytest

from ppocr_lessons.config import ConfigError, read_config
from ppocr_lessons.config.strategy_configs import FOLDER
from ppocr_lessons.deploy.predictor import Predictor
from ppocr_lessons.experiment import evaluate_config, prepare, train, trained_net
from ppocr_lessons.quant.input_quantizer import LEAST
from ppocr_lessons.quant.int8 import integer_layers, load_int8
from ppocr_lessons.quant.pact import levels
from ppocr_lessons.quant.prepare import quantized
from ppocr_lessons.training.tensor_files import read_tensors
from ppocr_lessons.zoo.pretrained import pretrained

from .conftest import ROOT

FILES = {"det": "det_db.yml", "cls": "cls_mobile.yml", "rec": "rec_crnn.yml"}
EIGHT = "Quant={weight_bits: 8, activation_bits: 8}"


@pytest.fixture
def read(overrides, monkeypatch):
    """Function from a task and overrides to a configuration that starts from the shipped weights."""
    monkeypatch.chdir(ROOT)

    def make(task, *more):
        theirs = ("pretrained_model", "character_dict_path", "Resize")
        given = [o for o in overrides(task) if not any(word in o for word in theirs)]
        if task == "det":
            given.append("Eval.dataset.transforms.DetResizeForTest.limit_side_len=160")
        return read_config(FOLDER / FILES[task], [*given, *more])

    return make


@pytest.mark.parametrize("task", FILES)
def test_training_moves_the_bounds_and_writes_integers(task, read):
    config = read(task, EIGHT)
    run = prepare(config, progress=False)
    before = {n: layer.quantizer.alpha.item() for n, layer in quantized(run.nets["Model"]).items()}
    assert len(before) > 30 and all(alpha > 0 for alpha in before.values())
    train(config, max_steps=2, progress=False)
    saved = read_tensors(config.folder / "latest.safetensors")
    moved = [saved[f"{name}.quantizer.alpha"].item() != alpha for name, alpha in before.items()]
    assert all(moved)
    net, _ = trained_net(config, config.folder / "latest.safetensors")
    assert set(integer_layers(net)) == set(before)
    assert (config.folder / "int8.safetensors").is_file()


def test_the_integers_of_a_run_are_those_that_are_evaluated_and_exported(read):
    config = read("cls", EIGHT)
    train(config, max_steps=2, progress=False)
    net, _ = trained_net(config)
    loaded = load_int8(pretrained("cls"), config.folder / "int8.safetensors")
    x = np.random.default_rng(0).uniform(-1, 1, (6, 3, 48, 192)).astype(np.float32)
    with paddle.no_grad():
        ours, theirs = (
            paddle.nn.functional.softmax(n(paddle.to_tensor(x))[0]).numpy() for n in (net, loaded)
        )
    np.testing.assert_allclose(theirs, ours, atol=1e-6)
    # Values that lie halfway between two levels may be rounded the other way by another order of additions.
    np.testing.assert_allclose(Predictor(net, threads=1)(x), ours, atol=0.1)
    assert evaluate_config(config)["acc"] >= 0.75


def test_exports_of_other_bits_are_other_files_in_the_cache(read):
    from ppocr_lessons.deploy.export import fingerprint

    config = read("cls", EIGHT)
    train(config, max_steps=1, progress=False)
    one, two = trained_net(config)[0], trained_net(config)[0]
    assert fingerprint(one) == fingerprint(two)
    layer = next(iter(integer_layers(two).values()))
    layer.grid = (2 * layer.grid[0], *layer.grid[1:])
    assert fingerprint(one) != fingerprint(two)


def test_a_run_resumes_to_the_same_bounds(read, tmp_path):
    whole, parts = (read("cls", EIGHT, f"Global.save_model_dir={tmp_path / name}") for name in "ab")
    train(whole, max_steps=2, progress=False)
    train(parts, max_steps=1, progress=False)
    train(parts, max_steps=2, progress=False)
    one, two = (read_tensors(config.folder / "latest.safetensors") for config in (whole, parts))
    assert one.keys() == two.keys() and all(np.array_equal(one[name], two[name]) for name in one)
    with pytest.raises(ConfigError, match="Quant"):
        train(
            read(
                "cls", f"Global.save_model_dir={tmp_path / 'a'}", "Quant={weight_bits: 4, activation_bits: 4}"
            ),
            max_steps=3,
            progress=False,
        )


def test_the_values_of_the_section_arrive(read):
    config = read(
        "cls",
        "Quant={weight_bits: 4, activation_bits: 4, keep: [head.fc], symmetric: false, alpha_rate: 3.0, "
        "alpha_decay: 0.25, calibration: min-max, calibration_batches: 1, dtype: int8, moving_rate: 0.9}",
    )
    layers = quantized(prepare(config, progress=False).nets["Model"])
    quantizer = layers["backbone.conv1.conv"].quantizer
    assert "head.fc" not in layers and quantizer.bits == 4 and not quantizer.symmetric
    assert quantizer.alpha.optimize_attr["learning_rate"] == 3.0
    assert quantizer.alpha.regularizer._coeff == 0.25
    only = read("cls", "Quant={quantizable_layer_type: [Linear]}")
    assert list(quantized(prepare(only, progress=False).nets["Model"])) == ["head.fc"]
    assert read("cls", "Quant=null").quant is None


def test_a_bound_that_training_drives_below_zero_can_rise_again(read):
    net = prepare(read("cls", EIGHT), progress=False).nets["Model"]
    quantizer = quantized(net)["backbone.conv1.conv"].quantizer
    calibrated = quantizer.alpha.item()
    quantizer.alpha.set_value(np.float32([-0.5]))
    scale, _ = quantizer.grid()
    assert scale == pytest.approx(LEAST * calibrated / levels(8), rel=1e-5)
    quantizer(paddle.full([4], 2 * calibrated)).sum().backward()
    assert quantizer.alpha.grad.item() == pytest.approx(4)


@pytest.mark.parametrize(
    ("section", "reason"),
    [
        ("{weight_bits: 1, activation_bits: 1}", r"Quant\.weight_bits.*found 1.*greater than or equal to 2"),
        ("{weight_bits: 8, activation_bits: 9}", r"Quant\.activation_bits.*found 9.*less than or equal to 8"),
        ("{weight_bits: 8.0}", r"Quant\.weight_bits.*found 8\.0.*integer"),
        ("{weight_bits: 4}", r"weight_bits is 4 and activation_bits is 8; both have to be equal"),
        ("{calibration: best}", r"Quant\.calibration.*found 'best'.*'min-max'"),
        ("{calibration_batches: 0}", r"Quant\.calibration_batches.*found 0"),
        ("{alpha_rate: 0.0}", r"Quant\.alpha_rate.*found 0\.0"),
        ("{quantizable_layer_type: [LSTM]}", r"Quant\.quantizable_layer_type.*found 'LSTM'"),
        ("{bit: 8}", r"Quant\.bit.*unknown key"),
        ("8", r"Quant: found 8, named values are needed"),
    ],
)
def test_wrong_values_are_reported(section, reason, read):
    with pytest.raises(ConfigError, match=reason):
        read("cls", f"Quant={section}")


def test_what_a_network_does_not_have_is_reported(read):
    with pytest.raises(ConfigError, match=r"Quant.*does not have: nothing\.here"):
        prepare(read("cls", "Quant={keep: [nothing.here]}"), progress=False)
