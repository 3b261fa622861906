"""Nets against PaddleOCR's, on the same made-up weights.

The expected numbers come from a PyTorch port of PaddleOCR's nets (pytorchocr, as magic-pdf 1.3.12 carries it), into which
these weights were loaded by name. It is no part of this project's tests; its answers are.
"""

import zlib

import numpy as np
import paddle
import paddle.nn.functional as F
import pytest

from ppocr_lessons.cls import direction_mobile
from ppocr_lessons.det import db_mobile
from ppocr_lessons.rec import CRNN, crnn_lcnet, crnn_mobile, rec_mobilenet_v3


def fill(net, gain):
    """Give every parameter and statistic numbers that follow from its name; `gain` keeps the signal alive."""
    statistics = [(n, t) for n, t in net.named_buffers() if n.endswith(("_mean", "_variance"))]
    for name, tensor in [*net.named_parameters(), *statistics]:
        values = np.random.default_rng(zlib.crc32(name.encode())).normal(0, 1, tensor.shape)
        if name.endswith("_variance"):
            values = np.abs(values) + 0.5
        elif len(tensor.shape) == 4:
            values *= (gain / np.prod(tensor.shape[1:])) ** 0.5
        elif len(tensor.shape) == 2:
            values *= 0.2
        elif name.endswith("weight"):
            values = 1 + 0.2 * values
        else:
            values *= 0.2
        tensor.set_value(values.astype(np.float32))


CASES = {
    "detector": (lambda: db_mobile(), (1, 3, 64, 96), 1.4),
    "detector with gates, 256 channels": (
        lambda: db_mobile(fpn_channels=256, disable_se=False),
        (1, 3, 64, 96),
        1.4,
    ),
    "classifier": (lambda: direction_mobile(), (2, 3, 48, 192), 2),
    "recognizer": (lambda: crnn_mobile(97), (2, 3, 32, 160), 2),
    "recognizer, large": (
        lambda: CRNN(rec_mobilenet_v3("large", 0.35, strides=(1, 2, 2, 2)), 97, hidden_size=48),
        (2, 3, 32, 160),
        2,
    ),
    "recognizer, PP-LCNet": (lambda: crnn_lcnet(97), (2, 3, 32, 160), 4),
}

EXPECTED = {
    "detector": [0.538563, 0.599134, 0.849261, 0.693707, 0.581693, 0.146753, 0.567901, 0.256632],
    "detector with gates, 256 channels": [0.330276, 0.212767, 0.603861, 0.977263, 0.507879, 0.0782796, 0.795532, 0.516397],
    "classifier": [0.343518, 0.343518, 0.343518, 0.656482, 0.656482, 0.337007, 0.337007, 0.662993],
    "recognizer": [0.0137384, 0.0141074, 0.00979169, 0.00883373, 0.00521141, 0.00476574, 0.0116771, 0.0125427],
    "recognizer, large": [0.00919442, 0.00241361, 0.00834838, 0.0120939, 0.00759552, 0.008289, 0.00838564, 0.00508696],
    "recognizer, PP-LCNet": [0.00921514, 0.00667194, 0.0370122, 0.0031434, 0.00361815, 0.0282544, 0.00570903, 0.000195722],
}  # fmt: skip
"""Eight numbers of each answer, first to last."""


def answer(name):
    """Eight of the numbers that a filled net gives in evaluation mode."""
    build, shape, gain = CASES[name]
    net = build()
    fill(net, gain)
    net.eval()
    with paddle.no_grad():
        out, _ = net(paddle.to_tensor(np.random.default_rng(0).normal(0, 1, shape).astype(np.float32)))
    out = out.prob if hasattr(out, "prob") else F.softmax(out, axis=-1)
    return out.numpy().ravel()[np.linspace(0, out.size - 1, 8).astype(int)]


@pytest.mark.parametrize("name", CASES)
def test_the_same_weights_give_the_same_answer(name):
    np.testing.assert_allclose(answer(name), EXPECTED[name], rtol=1e-3, atol=2e-5)
