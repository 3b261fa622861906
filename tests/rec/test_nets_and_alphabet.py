"""Recognisers as the chapter builds them, and the corners of the alphabet and the metric."""

import numpy as np
import paddle
import pytest

from ppocr_lessons.datasets.batches import RecBatch
from ppocr_lessons.losses.ctc_loss import PlainCTC, ctc_losses
from ppocr_lessons.rec import alphabet, feature_stride, metric
from ppocr_lessons.rec.alphabet import ENGLISH, Alphabet
from ppocr_lessons.rec.crnn import CRNN, crnn_lcnet, crnn_mobile, crnn_server
from ppocr_lessons.rec.ctc_decode import collapse, greedy_decode
from ppocr_lessons.rec.feature_stride import heights, rec_backbone
from ppocr_lessons.rec.light_head import CTCHead, Im2Seq, SequenceEncoder
from ppocr_lessons.rec.metric import RecMetric, character_error_rate


@pytest.mark.parametrize(
    ("thing", "expected"),
    [
        (CRNN, {"hidden_size": 48, "mid_channels": None, "fc_decay": 1e-5}),
        (crnn_mobile, {"hidden_size": 48, "scale": 0.5, "strides": (1, 2, 2, 2)}),
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


def test_the_mobile_recogniser():
    net = crnn_mobile(10)
    assert net.backbone.out_channels == 288 and net.neck.out_channels == 96
    assert _shapes(net, "head") == {"fc.weight": (96, 10), "fc.bias": (10,)}
    assert _decays(net.head) == [1e-5]
    other = crnn_mobile(10, hidden_size=8, scale=0.35, strides=(2, 2, 2, 2))
    assert other.neck.out_channels == 16 and other.backbone.out_channels == 200
    assert other.backbone.blocks[0](paddle.zeros([1, 8, 16, 16])).shape[2] == 8


def test_the_recogniser_of_version_two():
    net = crnn_lcnet(10)
    assert net.backbone.out_channels == 512 and net.neck.out_channels == 128
    expected = {"fc1.weight": (128, 96), "fc1.bias": (96,), "fc2.weight": (96, 10), "fc2.bias": (10,)}
    assert _shapes(net, "head") == expected and _decays(net.head) == [2e-5]
    other = crnn_lcnet(10, hidden_size=8, mid_channels=12, scale=0.25)
    assert (other.neck.out_channels, other.head.mid_channels, other.backbone.out_channels) == (16, 12, 256)


def test_the_server_recogniser():
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


def test_classes_in_order_and_the_space_last():
    assert Alphabet("ba").index == {"b": 1, "a": 2, " ": 3} and Alphabet("ba").classes == 4
    assert Alphabet("ba", use_space=False).classes == 3
    assert Alphabet("b a").characters == ["b", " ", "a"] and Alphabet([" "], use_space=False).classes == 2
    assert Alphabet("").characters == [" "]
    assert Alphabet("ab").decode([0, 2, 0, 1, 3, 0]) == "ba " and Alphabet("ab").decode([]) == ""


def test_capital_letters_may_be_read_as_small_ones():
    lower = Alphabet("ab", lower=True)
    assert lower.encode("AbB") == [1, 2, 2] and lower.lower
    with pytest.raises(ValueError, match=r"\['A', 'C'\]"):
        Alphabet("ab").encode("CaA")


def test_dictionary_files(tmp_path):
    def read(text, **options):
        (tmp_path / "d.txt").write_bytes(text.encode())
        return Alphabet.from_file(tmp_path / "d.txt", **options).characters

    assert read("a\nb\n") == read("a\nb") == ["a", "b", " "]
    assert read("a\nb\n", use_space=False) == ["a", "b"]
    assert read("a\n \n") == ["a", " ", " "] and read("a\n \n", use_space=False) == ["a", " "]
    with pytest.raises(ValueError, match=r"d\.txt.*line 2: 'a' is a duplicate of line 1"):
        read("a\na\n")
    with pytest.raises(ValueError, match=r"none\.txt"):
        Alphabet.from_file(tmp_path / "none.txt")


def test_every_line_of_a_batch_is_decoded():
    ab = Alphabet("ab", use_space=False)
    probs = np.full((2, 3, 3), 0.1, np.float32)
    probs[0, [0, 1, 2], [1, 1, 2]] = 0.8, 0.6, 0.5
    probs[1, [0, 1, 2], [2, 0, 2]] = 0.9, 0.7, 0.3
    first, second = greedy_decode(probs, ab)
    assert (first.text, second.text) == ("ab", "bb")
    assert first.score == pytest.approx((0.8 + 0.5) / 2) and second.score == pytest.approx((0.9 + 0.3) / 2)
    for shape in ((3, 3), (1, 3, 4), (1, 3, 2)):
        with pytest.raises(ValueError, match="is needed"):
            greedy_decode(np.zeros(shape), ab)
    assert (
        collapse([]).tolist() == [] and collapse([2]).tolist() == [True] and collapse([0]).tolist() == [False]
    )


def test_losses_are_those_of_each_line(rng):
    logits = rng.standard_normal((3, 6, 4)).astype(np.float32)
    labels, lengths = np.array([[1, 2, 0], [3, 0, 0], [1, 1, 2]], np.int32), np.array([2, 1, 3])
    together = ctc_losses(*map(paddle.to_tensor, (logits, labels, lengths)))
    assert together.shape == [3]
    for i in range(3):
        alone = ctc_losses(
            *(paddle.to_tensor(a[i : i + 1]) for a in (logits, labels[:, : lengths[i]], lengths))
        )
        assert together[i].item() == pytest.approx(alone.item(), rel=1e-5)
    half = ctc_losses(
        paddle.to_tensor(logits).astype("float64"), paddle.to_tensor(labels), paddle.to_tensor(lengths)
    )
    assert half.dtype == paddle.float32


def test_plain_ctc_is_the_mean_over_lines():
    net = crnn_mobile(7)
    net.eval()
    batch = RecBatch(
        paddle.randn([2, 3, 32, 64]), paddle.to_tensor([[1, 2], [3, 0]], "int32"), paddle.to_tensor([2, 1])
    )
    strategy = PlainCTC(net)
    result = strategy(batch)
    logits, _ = net(batch.images)
    assert float(result.loss) == pytest.approx(float(ctc_losses(logits, *batch[1:]).mean()), rel=1e-5)
    assert result.parts["ctc"] is result.loss and strategy.net is strategy.trained is net


def test_metric_counts_and_distances():
    scores = RecMetric()
    for predicted, expected in (("ab", "ab"), ("abc", "abd"), ("", "xy")):
        scores.add(predicted, expected)
    assert scores.count == 3 and scores.correct == 1
    assert scores.score() == (pytest.approx(1 / 3, abs=1e-5), pytest.approx(1 - (1 / 3 + 1) / 3, abs=1e-5))
    assert character_error_rate("", "abcd") == 1 and character_error_rate("ab", "") == 2
