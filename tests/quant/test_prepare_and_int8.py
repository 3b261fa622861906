"""A prepared net rounds, a converted one has integers, a file gives back the same outputs."""

import numpy as np
import paddle
import pytest
from paddle import nn

from ppocr_lessons.backbones.blocks import ConvBN
from ppocr_lessons.datasets.synthetic.streams import cls_batch
from ppocr_lessons.deploy.export import export
from ppocr_lessons.deploy.predictor import Predictor
from ppocr_lessons.det.dbnet import db_mobile
from ppocr_lessons.quant.calibrate import CalibrationError
from ppocr_lessons.quant.input_quantizer import InputQuantizer
from ppocr_lessons.quant.int8 import (
    FLOAT_INPUT,
    FORMAT,
    convert,
    integer_layers,
    load_int8,
    norm_behind,
    save_int8,
)
from ppocr_lessons.quant.onnx_nets import onnx_model
from ppocr_lessons.quant.pact import channel_scales, fake_quant
from ppocr_lessons.quant.prepare import calibrate, decays, prepare, quantized, without_gain
from ppocr_lessons.rec.crnn import crnn_mobile
from ppocr_lessons.training.tensor_files import WeightsError, read_tensors, save_tensors, save_weights
from ppocr_lessons.zoo.pretrained import pretrained


class Small(nn.Layer):
    """Convolution with norm, depthwise convolution with norm, linear layer."""

    def __init__(self):
        super().__init__()
        self.first = ConvBN(3, 8, 3, act="hardswish")
        self.second = ConvBN(8, 8, 3, stride=(2, 1), depthwise=True, act="relu")
        self.fc = nn.Linear(8, 4)

    def forward(self, x):
        return self.fc(self.second(self.first(x)).mean([2, 3]))


@pytest.fixture
def small():
    paddle.seed(3)
    net = Small()
    rng = np.random.default_rng(0)
    for norm in (net.first.bn, net.second.bn):
        norm.weight.set_value(rng.uniform(-1.5, 1.5, 8).astype(np.float32))  # of both signs
        norm.bias.set_value(rng.normal(size=8).astype(np.float32))
        norm._mean.set_value(rng.normal(size=8).astype(np.float32))
        norm._variance.set_value(rng.uniform(0.3, 3, 8).astype(np.float32))
    net.eval()
    return net


def _x(seed=1, n=4):
    return paddle.to_tensor(np.random.default_rng(seed).normal(size=(n, 3, 12, 16)).astype(np.float32))


@pytest.mark.parametrize("symmetric", [True, False])
def test_eight_bits_stay_close_and_two_do_not(small, symmetric):
    with paddle.no_grad():
        before = small(_x()).numpy()
        errors = {}
        for bits in (8, 2):
            paddle.seed(3)
            net = Small()
            net.set_state_dict(small.state_dict())
            calibrate(prepare(net, bits=bits, symmetric=symmetric), [_x()], "min-max")
            net.eval()
            errors[bits] = np.abs(net(_x()).numpy() - before).mean() / np.abs(before).mean()
    assert 0 < errors[8] < 0.03 < 0.2 < errors[2]


@pytest.mark.parametrize("symmetric", [True, False])
def test_folding_moves_the_norm_into_scale_and_bias(small, symmetric):
    calibrate(prepare(small, symmetric=symmetric), [_x()], "min-max")
    with paddle.no_grad():
        simulated = small(_x(2)).numpy()
        convert(small)
        folded = small(_x(2)).numpy()
    assert isinstance(small.first.bn, nn.Identity) and isinstance(small.second.bn, nn.Identity)
    layer = integer_layers(small)["first.conv"]
    assert (
        layer.weight.dtype == np.int8 and np.abs(layer.weight).max() == 127 and (layer.weight_scale > 0).all()
    )
    # The biases are rounded to int32 steps, the rest is the same arithmetic.
    np.testing.assert_allclose(folded, simulated, atol=0.03 * np.abs(simulated).max())
    assert np.median(np.abs(folded - simulated)) < 1e-3


def test_a_file_gives_back_the_same_outputs(small, tmp_path):
    calibrate(prepare(small), [_x()])
    convert(small)
    save_int8(small, tmp_path / "small.safetensors")
    loaded = load_int8(Small(), tmp_path / "small.safetensors")
    with paddle.no_grad():
        np.testing.assert_allclose(loaded(_x(5)).numpy(), small(_x(5)).numpy(), atol=1e-6)


def test_the_classifier_in_eight_bits(tmp_path):
    net, batch = pretrained("cls"), cls_batch(5, 0, size=32)
    with paddle.no_grad():
        floats = net(batch.images)[0].numpy()
    calibrate(prepare(net), [batch.images])
    convert(net)
    save_int8(net, tmp_path / "cls.safetensors")
    assert (tmp_path / "cls.safetensors").stat().st_size < 0.18e6
    loaded = load_int8(pretrained("cls"), tmp_path / "cls.safetensors")
    with paddle.no_grad():
        ours, theirs = loaded(batch.images)[0].numpy(), net(batch.images)[0].numpy()
    np.testing.assert_allclose(ours, theirs, atol=1e-6)
    assert (ours.argmax(1) == floats.argmax(1)).mean() > 0.9


def test_alpha_is_trained_with_its_own_rate_and_decay(small):
    calibrate(prepare(small, alpha_rate=7.0, alpha_decay=0.5), [_x()], "percentile")
    alphas = [layer.quantizer.alpha for layer in quantized(small).values()]
    assert all(alpha.optimize_attr["learning_rate"] == 7.0 for alpha in alphas)
    small.train()
    small(_x() * 3).square().sum().backward()
    assert all(alpha.grad is not None for alpha in alphas) and abs(alphas[0].grad.item()) > 0
    assert small.first.conv.layer.weight.grad is not None


def test_lstm_and_transposed_convolution_stay_in_floating_point():
    det, rec = prepare(db_mobile()), prepare(crnn_mobile(96))
    assert not any("thresh.conv2" in name or "binarize.conv3" in name for name in quantized(det))
    assert not any("lstm" in name for name in quantized(rec)) and "head.fc" in quantized(rec)


def test_layers_that_are_kept(small):
    prepare(small, keep=["fc"])
    assert set(quantized(small)) == {"first.conv", "second.conv"}
    with pytest.raises(ValueError, match=r"does not have: nothing\.here"):
        prepare(Small(), keep=["nothing.here"])


def test_the_threshold_branch_serves_the_training_alone(tmp_path):
    net, x = (
        pretrained("det"),
        paddle.to_tensor(np.random.default_rng(0).normal(size=(1, 3, 64, 64)).astype("f")),
    )
    prepare(net, symmetric=False)
    assert "head.binarize.conv1" in quantized(net)
    assert not any(name.startswith("head.thresh.") for name in quantized(net))
    convert(calibrate(net, [x], "min-max"))
    save_int8(net, tmp_path / "det.safetensors")
    assert not any(name.startswith("head.thresh.") for name in read_tensors(tmp_path / "det.safetensors"))
    loaded = load_int8(pretrained("det"), tmp_path / "det.safetensors")
    with paddle.no_grad():
        np.testing.assert_allclose(loaded(x)[0].prob.numpy(), net(x)[0].prob.numpy(), atol=1e-6)


def test_a_layer_with_a_float_input_rounds_its_weight_alone(small, tmp_path):
    prepare(small, float_inputs=["fc"])
    calibrate(small, [_x()])
    x = paddle.to_tensor(np.random.default_rng(2).normal(size=(5, 8)).astype(np.float32))
    weight = small.fc.layer.weight
    expected = x @ fake_quant(weight, channel_scales(weight, 8, 1), 8) + small.fc.layer.bias
    np.testing.assert_allclose(small.fc(x).numpy(), expected.numpy(), rtol=1e-6, atol=1e-6)
    convert(small)
    assert small.fc.weight.dtype == np.int8 and small.fc.grid[2] == FLOAT_INPUT
    assert not small.fc.rounds_input and small.first.conv.rounds_input
    # The bias is rounded to steps of input scale times weight scale.
    np.testing.assert_allclose(small.fc(x).numpy(), expected.numpy(), atol=1e-4)
    save_int8(small, tmp_path / "small.safetensors")
    loaded = load_int8(Small(), tmp_path / "small.safetensors")
    np.testing.assert_allclose(loaded(_x(5)).numpy(), small(_x(5)).numpy(), atol=1e-6)
    with pytest.raises(ValueError, match=r"float_inputs names layers that the net does not have: fc2"):
        prepare(Small(), float_inputs=["fc2"])


def test_depthwise_convolutions_and_gates_are_without_gain(small):
    assert without_gain(small) == ["second.conv"]
    names = without_gain(pretrained("cls"))
    assert len(names) == 11 + 2 * 9 and not any("linear_conv" in name or "expand" in name for name in names)


def test_a_prepared_net_is_exported_after_its_conversion_alone(tmp_path):
    net, x = prepare(pretrained("cls")), cls_batch(5, 0, size=8).images
    reason = "cannot be exported .* call convert"
    for _ in ("before the calibration", "after it"):
        with pytest.raises(ValueError, match=reason):
            export(net, tmp_path / "export")
        assert not (tmp_path / "export").exists()
        with pytest.raises(ValueError, match=reason):
            onnx_model(net)
        calibrate(net, [x])
    convert(net)
    with paddle.no_grad():
        ours = nn.functional.softmax(net(x)[0]).numpy()
    engine = Predictor(export(net, tmp_path / "export"), threads=1)
    assert (engine(x.numpy()).argmax(1) == ours.argmax(1)).all()


@pytest.mark.parametrize("calibrated", [False, True])
def test_a_prepared_net_is_not_traced(small, tmp_path, calibrated):
    prepare(small)
    if calibrated:
        calibrate(small, [_x()])
    spec = paddle.static.InputSpec([None, 3, 12, 16], "float32", "x")
    with pytest.raises(ValueError, match=r"cannot be exported .* call convert"):
        paddle.jit.save(
            paddle.jit.to_static(small, input_spec=[spec], full_graph=True), str(tmp_path / "net")
        )


def _bound_after_two_steps(small, optimizer_of):
    calibrate(prepare(small, alpha_rate=5.0, alpha_decay=0.5), [_x()], "min-max")
    alpha = quantized(small)["fc"].quantizer.alpha
    alpha.set_value(np.float32([2.0]))
    optimizer = optimizer_of(small)
    for gradient in (0.25, -2.0):
        for parameter in small.parameters():
            parameter.clear_grad()
        (alpha * gradient).sum().backward()
        optimizer.step()
    return alpha.item()


def test_the_bound_has_its_own_rate_and_decay_by_hand(small):
    # SGD: the gradient is g + 0.5 alpha, the rate is 5 * 0.01. 2 - 0.05 (0.25 + 1) = 1.9375, then g = -2.
    found = _bound_after_two_steps(
        small, lambda net: paddle.optimizer.SGD(0.01, net.parameters(), weight_decay=0.9)
    )
    assert found == pytest.approx(1.9375 - 0.05 * (-2 + 0.5 * 1.9375), rel=1e-6)


def test_the_decoupled_decay_of_adamw_leaves_the_bound_alone(small):
    def optimizer_of(net):
        return paddle.optimizer.AdamW(
            0.01, parameters=net.parameters(), weight_decay=0.9, apply_decay_param_fun=decays(net)
        )

    found = _bound_after_two_steps(small, optimizer_of)
    # Adam with the gradients g + 0.5 alpha and the rate 5 * 0.01; nothing is multiplied by 1 - rate * 0.9.
    alpha, first, second = 2.0, 0.0, 0.0
    for step, g in enumerate((0.25, -2.0), 1):
        g += 0.5 * alpha
        first, second = 0.9 * first + 0.1 * g, 0.999 * second + 0.001 * g * g
        alpha -= 0.05 * (first / (1 - 0.9**step)) / ((second / (1 - 0.999**step)) ** 0.5 + 1e-8)
    assert found == pytest.approx(alpha, rel=1e-5)
    assert decays(small)(small.fc.layer.weight.name)


def test_the_norm_behind_a_layer(small):
    assert norm_behind(small, "first.conv") == "first.bn" and norm_behind(small, "fc") is None


def test_wrong_uses_are_named(small, tmp_path):
    with pytest.raises(ValueError, match="no convolution"):
        prepare(nn.ReLU())
    with pytest.raises(ValueError, match="not prepared"):
        calibrate(small, [_x()])
    with pytest.raises(ValueError, match="not prepared"):
        convert(small)
    with pytest.raises(ValueError, match="no integer layers"):
        save_int8(small, tmp_path / "x.safetensors")
    prepare(small)
    with pytest.raises(ValueError, match="prepare a net only once"):
        prepare(small)
    with pytest.raises(CalibrationError, match=r"first\.conv"):
        convert(small)
    with pytest.raises(CalibrationError, match="no clipping bound"):
        small(_x())
    with pytest.raises(CalibrationError, match=r"first\.conv: no values"):
        calibrate(small, [])
    with pytest.raises(ValueError, match="from 2 to 8"):
        prepare(Small(), bits=16)


def test_a_file_of_another_net_and_a_float_file(small, tmp_path):
    calibrate(prepare(small), [_x()])
    convert(small)
    save_int8(small, tmp_path / "small.safetensors")
    net = pretrained("cls")
    before = {k: v.numpy().copy() for k, v in net.state_dict().items()}
    with pytest.raises(WeightsError, match=r"small\.safetensors.*first\.conv: no such layer"):
        load_int8(net, tmp_path / "small.safetensors")
    assert all(np.array_equal(before[k], v.numpy()) for k, v in net.state_dict().items())
    save_weights(net, tmp_path / "float.safetensors")
    with pytest.raises(WeightsError, match="not a file of integer weights"):
        load_int8(pretrained("cls"), tmp_path / "float.safetensors")


def test_damaged_files_leave_the_net_untouched(small, tmp_path):
    calibrate(prepare(small), [_x()])
    convert(small)
    save_int8(small, tmp_path / "good.safetensors")
    arrays = read_tensors(tmp_path / "good.safetensors")
    last_negative = arrays["fc.weight_scale"].copy()
    last_negative[-1] = -1
    damages = {
        r"fc\.bias: missing": {"fc.bias": None},
        r"fc\.weight: float32 .*int8": {"fc.weight": arrays["fc.weight"].astype(np.float32)},
        r"fc\.input: .* is no grid": {"fc.input": np.array([0.1, 0, 16, 1])},
        r"fc\.weight_scale: a scale that is not positive": {"fc.weight_scale": last_negative},
        r"second\.conv\.weight: int8 .* is needed": {"second.conv.weight": arrays["second.conv.weight"][:4]},
        r"extra: not of this net": {"extra": np.zeros(3, np.float32)},
    }
    for number, (reason, change) in enumerate(damages.items()):
        file, net = tmp_path / f"{number}.safetensors", Small()
        changed = {name: array for name, array in {**arrays, **change}.items() if array is not None}
        save_tensors(file, changed, {"format": FORMAT})
        before = {name: tensor.numpy().copy() for name, tensor in net.state_dict().items()}
        with pytest.raises(WeightsError, match=reason):
            load_int8(net, file)
        assert all(np.array_equal(before[name], tensor.numpy()) for name, tensor in net.state_dict().items())
    (tmp_path / "cut.safetensors").write_bytes((tmp_path / "good.safetensors").read_bytes()[:400])
    with pytest.raises(WeightsError, match=r"cut\.safetensors"):
        load_int8(Small(), tmp_path / "cut.safetensors")


@pytest.mark.parametrize("symmetric", [True, False])
def test_calibration_sees_the_extremes_and_refuses_an_empty_or_broken_set(symmetric):
    quantizer = InputQuantizer(symmetric=symmetric)
    values = np.random.default_rng(1).standard_normal((1, 1, 500, 500)).astype(np.float32)
    values[0, 0, 250, 77] = 77.0
    quantizer.observed = []
    quantizer(paddle.to_tensor(values))
    quantizer.set_range(np.concatenate(quantizer.observed), "min-max")
    assert quantizer.alpha.item() == pytest.approx(77.0)
    for broken in (np.zeros(0), np.full(5, np.nan)):
        with pytest.raises(CalibrationError):
            InputQuantizer(symmetric=symmetric).set_range(broken, "mse")
