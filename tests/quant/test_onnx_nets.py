"""The written ONNX graphs give the nets' outputs, in floating point and in integers."""

import numpy as np
import onnxruntime
import paddle
import pytest
from paddle import nn

from ppocr_lessons.backbones.pp_lcnet import WIDE_CHANNELS, PPLCNet
from ppocr_lessons.cls.direction import DirectionClassifier
from ppocr_lessons.datasets.synthetic.streams import cls_batch
from ppocr_lessons.det.dbnet import db_mobile
from ppocr_lessons.quant.int8 import convert
from ppocr_lessons.quant.onnx_nets import onnx_model
from ppocr_lessons.quant.prepare import calibrate, prepare, without_gain
from ppocr_lessons.rec.crnn import CRNN, crnn_lcnet, crnn_mobile
from ppocr_lessons.zoo.pretrained import pretrained


def _run(model, x):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    return session.run(None, {"x": x})[0]


def _answer(net, x):
    with paddle.no_grad():
        out = net(paddle.to_tensor(x))[0]
    return out.prob.numpy() if hasattr(out, "prob") else nn.functional.softmax(out).numpy()


NETS = {
    "det": (lambda: pretrained("det"), (1, 3, 64, 96)),
    "cls": (lambda: pretrained("cls"), (2, 3, 48, 192)),
    "rec": (lambda: pretrained("rec"), (2, 3, 32, 96)),
    "rec PP-LCNet": (lambda: crnn_lcnet(40), (2, 3, 32, 96)),
    "rec PP-LCNet with ReLU and a wide layer": (
        lambda: CRNN(PPLCNet(act="relu", late_kernel=3, late_se=False, wide_channels=64), 40),
        (2, 3, 32, 96),
    ),
    "cls PP-LCNet": (
        lambda: DirectionClassifier(PPLCNet(global_pool=True, wide_channels=WIDE_CHANNELS)),
        (2, 3, 48, 192),
    ),
}


@pytest.mark.parametrize("name", NETS)
def test_the_float_graph_is_the_net(name):
    build, shape = NETS[name]
    net = build()
    net.eval()
    x = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    np.testing.assert_allclose(_run(onnx_model(net), x), _answer(net, x), atol=1e-4)


@pytest.mark.parametrize("name", ["cls", "rec"])
def test_the_integer_graph_agrees_with_the_simulation(name):
    build, shape = NETS[name]
    net = build()
    x = np.random.default_rng(0).normal(size=(8, *shape[1:])).astype(np.float32)
    if name == "cls":
        x = cls_batch(5, 0, size=32).images.numpy()
    convert(calibrate(prepare(net), [paddle.to_tensor(x)]))
    model = onnx_model(net)
    ours, theirs = _answer(net, x), _run(model, x)
    assert (ours.argmax(-1) == theirs.argmax(-1)).mean() >= 0.95
    assert np.median(np.abs(ours - theirs)) < 1e-3
    convolutions = [node for node in model.graph.node if node.op_type == "Conv"]
    made = {node.output[0]: node.op_type for node in model.graph.node}
    assert all({made.get(i) for i in node.input[:2]} == {"DequantizeLinear"} for node in convolutions)
    assert all(len(node.input) == 3 for node in convolutions), "the bias is part of the convolution"


def test_layers_with_float_inputs_are_plain_convolutions_of_rounded_weights():
    net, x = pretrained("cls"), cls_batch(5, 0, size=16).images
    names = without_gain(net)
    convert(calibrate(prepare(net, float_inputs=[*names, "head.fc"]), [x]))
    model = onnx_model(net)
    ours, theirs = _answer(net, x.numpy()), _run(model, x.numpy())
    assert (ours.argmax(-1) == theirs.argmax(-1)).all() and np.median(np.abs(ours - theirs)) < 1e-3
    made = {node.output[0]: node.op_type for node in model.graph.node}
    convolutions = [node for node in model.graph.node if node.op_type == "Conv"]
    plain = [node for node in convolutions if "DequantizeLinear" not in map(made.get, node.input)]
    assert len(plain) == len(names) and 0 < len(plain) < len(convolutions)


def test_a_detector_with_an_unsigned_grid():
    net = pretrained("det")
    x = np.random.default_rng(0).normal(size=(1, 3, 64, 96)).astype(np.float32)
    convert(calibrate(prepare(net, symmetric=False), [paddle.to_tensor(x)]))
    np.testing.assert_allclose(_run(onnx_model(net), x), _answer(net, x), atol=0.05)


def test_other_bits_and_other_nets_are_refused():
    net = crnn_mobile(10)
    convert(calibrate(prepare(net, bits=4), [paddle.zeros([1, 3, 32, 64]) + 0.5]))
    with pytest.raises(ValueError, match="8 bits alone"):
        onnx_model(net)
    with pytest.raises(TypeError, match="Linear is not a detector"):
        onnx_model(nn.Linear(2, 2))
    with pytest.raises(TypeError, match="no block"):
        onnx_model(_with_a_strange_block())


def _with_a_strange_block():
    net = db_mobile()
    net.backbone.stage0.add_sublayer("9", nn.Sequential())
    return net
