"""Recognizers as the chapter builds them, and the metric."""

import numpy as np
import paddle
import pytest

from ppocr_lessons.rec import alphabet, feature_stride, metric
from ppocr_lessons.rec.alphabet import ENGLISH, Alphabet
from ppocr_lessons.rec.crnn import CRNN, crnn_lcnet, crnn_mobile, crnn_server
from ppocr_lessons.rec.feature_stride import heights, rec_backbone
from ppocr_lessons.rec.light_head import CTCHead, Im2Seq, SequenceEncoder
from ppocr_lessons.rec.metric import RecMetric, character_error_rate


@pytest.mark.parametrize(
    ("thing", "expected"),
    [
        (CRNN, {"hidden_size": 48, "mid_channels": None, "fc_decay": 1e-5}),
        (crnn_mobile, {"hidden_size": 48, "scale": 0.5, "strides": (1, 2, 2, 2), "pretrained": False}),
        (crnn_lcnet, {"hidden_size": 64, "mid_channels": 96, "scale": 0.5}),
        (crnn_server, {"hidden_size": 256, "layers": 34}),
        (CTCHead, {"mid_channels": None, "fc_decay": 4e-4}),
        (rec_backbone, {"strides": (1, 2, 2, 2), "scale": 0.5, "model_name": "small", "disable_se": False}),
        (heights, {"height": 32}),
        (Alphabet, {"use_space": True, "lower": False}),
        (Alphabet.from_file, {"use_space": True}),
        (RecMetric, {"ignore_space": True, "is_filter": False}),
    ],
    ids=lambda v: getattr(v, "__name__", ""),
)
def test_defaults(defaults_of, thing, expected):
    assert defaults_of(thing) == expected


def test_constants():
    assert (alphabet.BLANK, metric.EPS) == (0, 1e-5)
    assert (feature_stride.BEFORE, feature_stride.AFTER) == ((2, 2, 2, 2), (1, 2, 2, 2))
    assert len(ENGLISH) == 94 and ENGLISH[0] == "!" and ENGLISH[-1] == "~"


def _shapes(net, part):
    return {name: tuple(p.shape) for name, p in getattr(net, part).named_parameters()}


def _decays(layer):
    return sorted({round(p.regularizer._coeff, 9) for p in layer.parameters()})


def test_the_mobile_recognizer():
    net = crnn_mobile(10)
    assert net.backbone.out_channels == 288 and net.neck.out_channels == 96
    assert _shapes(net, "head") == {"fc.weight": (96, 10), "fc.bias": (10,)}
    assert _decays(net.head) == [1e-5]
    other = crnn_mobile(10, hidden_size=8, scale=0.35, strides=(2, 2, 2, 2))
    assert other.neck.out_channels == 16 and other.backbone.out_channels == 200
    assert other.backbone.blocks[0](paddle.zeros([1, 8, 16, 16])).shape[2] == 8


def test_the_recognizer_of_version_two():
    net = crnn_lcnet(10)
    assert net.backbone.out_channels == 512 and net.neck.out_channels == 128
    expected = {"fc1.weight": (128, 96), "fc1.bias": (96,), "fc2.weight": (96, 10), "fc2.bias": (10,)}
    assert _shapes(net, "head") == expected and _decays(net.head) == [2e-5]
    other = crnn_lcnet(10, hidden_size=8, mid_channels=12, scale=0.25)
    assert (other.neck.out_channels, other.head.mid_channels, other.backbone.out_channels) == (16, 12, 256)


def test_the_server_recognizer():
    net = crnn_server(10, hidden_size=16, layers=18)
    assert net.backbone.out_channels == 512 and _shapes(net, "head")["fc.weight"] == (32, 10)
    assert _decays(net.head) == [4e-5]
    assert len(crnn_server(10).backbone.parameters()) > len(net.backbone.parameters())


def test_first_weights_of_the_head():
    head = CTCHead(25, 400, mid_channels=100)
    for layer, width in ((head.fc1, 25), (head.fc2, 100)):
        for parameter in layer.parameters():
            largest = np.abs(parameter.numpy()).max()
            assert 0.8 * width**-0.5 < largest <= width**-0.5


def test_the_encoder_reads_from_left_to_right():
    x = paddle.to_tensor(np.arange(2 * 3 * 4, dtype=np.float32).reshape(2, 3, 1, 4))
    np.testing.assert_array_equal(Im2Seq()(x).numpy(), x.numpy()[:, :, 0].transpose(0, 2, 1))
    encoder = SequenceEncoder(3, 5)
    assert encoder(x).shape == [2, 4, 10] and encoder.encoder.lstm.num_layers == 2
    np.testing.assert_allclose(encoder(x).numpy(), encoder.encoder.lstm(Im2Seq()(x))[0].numpy(), rtol=1e-6)


def test_the_head_returns_what_the_logits_were_made_from():
    x = paddle.randn([2, 4, 6])
    plain, deep = CTCHead(6, 5), CTCHead(6, 5, mid_channels=3)
    logits, feats = plain(x)
    assert feats is x
    np.testing.assert_allclose(
        logits.numpy(), x.numpy() @ plain.fc.weight.numpy() + plain.fc.bias.numpy(), atol=1e-5
    )
    logits, feats = deep(x)
    middle = x.numpy() @ deep.fc1.weight.numpy() + deep.fc1.bias.numpy()
    np.testing.assert_allclose(feats.numpy(), middle, atol=1e-5)
    np.testing.assert_allclose(
        logits.numpy(), middle @ deep.fc2.weight.numpy() + deep.fc2.bias.numpy(), atol=1e-5
    )


def test_intermediates_have_their_names():
    net = crnn_lcnet(7)
    net.eval()
    x = paddle.randn([1, 3, 32, 64])
    logits, feats = net(x)
    np.testing.assert_allclose(net.neck(feats.backbone).numpy(), feats.neck.numpy(), atol=1e-5)
    np.testing.assert_allclose(net.head(feats.neck)[0].numpy(), logits.numpy(), atol=1e-5)
    np.testing.assert_allclose(net.head(feats.neck)[1].numpy(), feats.head.numpy(), atol=1e-5)


@pytest.mark.parametrize(
    ("strides", "height", "rows"),
    [
        ((2, 2, 2, 2), 33, [17, 9, 5, 3, 2, 1]),
        ((1, 1, 1, 1), 64, [32] * 5 + [16]),
        ((1, 2, 2, 2), 3, [2, 2, 1, 1, 1, 1]),
    ],
)
def test_rows_of_odd_heights_are_rounded_up(strides, height, rows):
    assert heights(strides, height) == rows


def test_the_backbone_takes_strides_and_scale():
    assert rec_backbone(scale=0.35).out_channels == 200
    x = paddle.zeros([1, 3, 64, 64])
    assert rec_backbone((1, 1, 2, 2))(x).shape == [1, 288, 4, 16] and rec_backbone((2, 2, 2, 2))(x).shape == [
        1,
        288,
        1,
        16,
    ]


def test_metric_counts_and_distances():
    scores = RecMetric()
    for predicted, expected in (("ab", "ab"), ("abc", "abd"), ("", "xy")):
        scores.add(predicted, expected)
    assert scores.count == 3 and scores.correct == 1
    assert scores.score() == (pytest.approx(1 / 3, abs=1e-5), pytest.approx(1 - (1 / 3 + 1) / 3, abs=1e-5))
    assert character_error_rate("", "abcd") == 1 and character_error_rate("ab", "") == 2
