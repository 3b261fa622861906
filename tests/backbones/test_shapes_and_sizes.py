"""The numbers that the chapter prints and PaddleOCR's nets have."""

import warnings

import numpy as np
import paddle
import pytest

from ppocr_lessons.backbones.mobilenet_v3 import SCALES, DetMobileNetV3, RecMobileNetV3
from ppocr_lessons.backbones.pp_lcnet import WIDE_CHANNELS, PPLCNet
from ppocr_lessons.backbones.resnet_vd import ResNetVd
from ppocr_lessons.backbones.shufflenet_v2 import ShuffleNetV2, shuffle_channels
from ppocr_lessons.bench.macs import count_macs
from ppocr_lessons.cls import direction_mobile
from ppocr_lessons.det import DBFPN, DBHead, db_mobile, db_server
from ppocr_lessons.rec import crnn_lcnet, crnn_mobile, crnn_server, rec_mobilenet_v3
from ppocr_lessons.training.tensor_files import count_parameters


@pytest.mark.parametrize(
    ("build", "expected"),
    [
        (lambda: db_mobile(fpn_channels=256, disable_se=False), 1_857_016),
        (lambda: db_mobile(disable_se=False), 975_336),
        (lambda: db_mobile(), 595_794),
        (lambda: db_mobile(fpn_channels=256), 1_477_474),
        (lambda: direction_mobile(), 133_628),
        (lambda: direction_mobile(scale=0.5), 259_634),
        (lambda: crnn_mobile(97), 454_321),
        (lambda: crnn_lcnet(97), 1_444_161),
        (lambda: crnn_lcnet(6625), 2_077_377),
    ],
)
def test_parameters(build, expected):
    net = build()
    assert count_parameters(net) == expected
    assert sum(p.size for p in net.parameters()) == expected


def test_teacher_without_its_threshold_branch_has_the_published_size():
    net = db_server()
    unused = count_parameters(net.head.thresh)
    statistics = sum(t.size for n, t in net.state_dict().items() if n.endswith(("_mean", "_variance")))
    assert count_parameters(net) - unused == 12_210_081
    assert statistics > 0


@pytest.mark.parametrize("disable_se", [False, True])
def test_stage_shapes_of_chapter_2_1_1(disable_se):
    net = DetMobileNetV3("large", 0.5, disable_se=disable_se)
    shapes = [f.shape for f in net(paddle.zeros([1, 3, 640, 640]))]
    assert shapes == [[1, 16, 160, 160], [1, 24, 80, 80], [1, 56, 40, 40], [1, 480, 20, 20]]


def test_fused_shape_of_chapter_2_1_2():
    feats = [paddle.zeros([1, c, s, s]) for c, s in ((16, 160), (24, 80), (56, 40), (480, 20))]
    assert DBFPN([16, 24, 56, 480], 96)(feats).shape == [1, 96, 160, 160]


@pytest.mark.parametrize("strides", [(2, 2, 2, 2), (1, 2, 2, 2)])
def test_print_of_chapter_2_3_4(strides):
    assert rec_mobilenet_v3(strides=strides)(paddle.zeros([1, 3, 32, 320])).shape == [1, 288, 1, 80]


@pytest.mark.parametrize(
    ("name", "expected"), [("small", {2, 4, 5, 6, 7, 9, 10}), ("large", {0, 2, 4, 5, 7, 8, 9, 11, 13, 14})]
)
def test_recognizers_have_shortcuts_where_paddleocrs_have(name, expected):
    # Of the four blocks whose stride is a pair none has one, though the first would have room for it.
    net = RecMobileNetV3(name, 0.5, strides=(1, 2, 2, 2))
    assert {i for i, unit in enumerate(net.blocks) if unit.if_shortcut} == expected


def test_print_of_chapter_3_2_1_even_with_its_typing_error_of_23_rows():
    assert PPLCNet(0.5)(paddle.zeros([1, 3, 23, 320])).shape == [1, 512, 1, 80]


@pytest.mark.parametrize("name", ["large", "small"])
@pytest.mark.parametrize("scale", SCALES)
def test_every_scale_runs(name, scale):
    det = DetMobileNetV3(name, scale)
    assert [f.shape[1] for f in det(paddle.zeros([1, 3, 64, 64]))] == det.out_channels
    rec = RecMobileNetV3(name, scale, strides=(1, 2, 2, 2))
    assert rec(paddle.zeros([1, 3, 32, 64])).shape == [1, rec.out_channels, 1, 16]


@pytest.mark.parametrize("layers", [18, 34])
def test_resnet(layers):
    det = ResNetVd(layers, task="det")(paddle.zeros([1, 3, 64, 96]))
    assert [f.shape for f in det] == [[1, 64, 16, 24], [1, 128, 8, 12], [1, 256, 4, 6], [1, 512, 2, 3]]
    assert ResNetVd(layers, task="rec")(paddle.zeros([1, 3, 32, 64])).shape == [1, 512, 1, 16]


def test_crnn_names_its_intermediates():
    logits, feats = crnn_lcnet(97)(paddle.zeros([2, 3, 32, 64]))
    assert logits.shape == [2, 16, 97]
    assert [f.shape for f in feats] == [[2, 512, 1, 16], [2, 16, 128], [2, 16, 96]]
    assert crnn_server(97)(paddle.zeros([1, 3, 32, 64]))[0].shape == [1, 16, 97]


def test_dbnet_has_three_maps_in_training_and_one_in_evaluation():
    net = db_mobile()
    maps, feats = net(paddle.zeros([2, 3, 64, 64]))
    assert [m.shape for m in maps] == [[2, 1, 64, 64]] * 3
    assert feats.neck.shape == [2, 96, 16, 16]
    net.eval()
    maps, _ = net(paddle.zeros([2, 3, 64, 64]))
    assert maps.prob.shape == [2, 1, 64, 64] and maps.thresh is None and maps.binary is None


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: DetMobileNetV3("medium"), "model_name is 'medium'"),
        (lambda: DetMobileNetV3("large", 0.6), "scale is 0.6"),
        (lambda: RecMobileNetV3("small", 0.5, strides=(1, 2, 3, 2)), "strides"),
        (lambda: RecMobileNetV3("small", 0.5, strides=(1, 2)), "strides"),
        (lambda: ResNetVd(50), "layers is 50"),
        (lambda: ResNetVd(18, task="cls"), "task is 'cls'"),
        (lambda: PPLCNet(0), "scale is 0"),
        (lambda: PPLCNet(act="swish"), "act is 'swish'"),
        (lambda: PPLCNet(late_kernel=4), "late_kernel is 4; a positive odd number"),
        (lambda: PPLCNet(late_kernel=-1), "late_kernel is -1; a positive odd number"),
        (lambda: PPLCNet(wide_channels=0), "wide_channels is 0; a positive number or None"),
        (lambda: DBFPN([1, 2, 3], 96), "four numbers"),
        (lambda: DBFPN([1, 2, 3, 4], 97), "multiple of 4"),
        (lambda: DBHead(2), "multiple of 4"),
    ],
)
def test_wrong_arguments_are_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()


def test_a_misspelt_argument_is_an_error():
    with pytest.raises(TypeError, match="scael"):
        DetMobileNetV3(scael=0.35)


def test_wrong_height_is_an_error():
    with pytest.raises(ValueError, match="is the input 32 px"):
        crnn_mobile(97)(paddle.zeros([1, 3, 64, 64]))


def _rand(*shape):
    return paddle.to_tensor(np.random.default_rng(0).random(shape).astype(np.float32))


def _macs(backbone):
    return sum(count_macs(backbone, (1, 3, 32, 320)).values())


def test_the_defaults_of_pp_lcnet_are_those_before_its_points_could_be_switched_off():
    net = PPLCNet(0.5)
    names = [name for name, _ in net.named_parameters()]
    assert count_parameters(net) == 1_027_104 and len(names) == 143
    assert (
        names[0] == "conv1._conv.weight"
        and names[-1] == "block_list.12._pointwise_conv._batch_norm._variance"
    )
    assert sum("._se." in name for name in names) == 8


def test_each_design_point_of_pp_lcnet_costs_what_it_says():
    plain = PPLCNet(act="relu", late_kernel=3, late_se=False)
    swish, large = PPLCNet(late_kernel=3, late_se=False), PPLCNet(late_se=False)
    x = _rand(2, 3, 32, 64)
    for net in (swish, plain):
        net.set_state_dict(plain.state_dict())
        net.eval()
    assert count_parameters(swish) == count_parameters(plain) and _macs(swish) == _macs(plain)
    assert plain(x).numpy().min() >= 0 > swish(x).numpy().min(), (
        "hardswish has negative values, ReLU has none"
    )
    blocks = ((256, 4), (256, 4), (256, 4), (256, 4), (256, 4), (256, 2), (512, 2))  # channels and rows
    assert count_parameters(large) - count_parameters(swish) == 16 * sum(c for c, _ in blocks)
    assert _macs(large) - _macs(swish) == 16 * 160 * sum(c * rows for c, rows in blocks)
    gates = sum(c * c // 4 * 2 + c // 4 + c for c in (256, 512))
    assert count_parameters(PPLCNet()) - count_parameters(large) == gates


@pytest.mark.parametrize(("global_pool", "steps"), [(False, 80), (True, 1)])
def test_the_wide_layer_costs_little_only_after_global_pooling(global_pool, steps):
    narrow, wide = (
        PPLCNet(global_pool=global_pool),
        PPLCNet(global_pool=global_pool, wide_channels=WIDE_CHANNELS),
    )
    assert WIDE_CHANNELS == 1280 and narrow.out_channels == 512 and wide.out_channels == 1280
    assert wide(_rand(1, 3, 32, 320)).shape == [1, 1280, 1, steps]
    assert narrow(_rand(1, 3, 32, 320)).shape == [1, 512, 1, steps]
    assert count_parameters(wide) - count_parameters(narrow) == 512 * 1280
    assert _macs(wide) - _macs(narrow) == 512 * 1280 * steps


def test_global_pooling_averages():
    net, other = PPLCNet(), PPLCNet(global_pool=True)
    other.set_state_dict(net.state_dict())
    net.eval(), other.eval()
    x = _rand(1, 3, 32, 64)
    features = net.block_list(net.conv1(x))
    np.testing.assert_allclose(
        other(x).numpy()[0, :, 0, 0], features.numpy()[0].mean((1, 2)), rtol=1e-4, atol=1e-6
    )


@pytest.mark.parametrize("scale", [0.5, 1.0])
def test_shufflenet_computes_what_paddles_own_does(scale):
    peers = {0.5: paddle.vision.models.shufflenet_v2_x0_5, 1.0: paddle.vision.models.shufflenet_v2_x1_0}
    ours, theirs = ShuffleNetV2(scale), peers[scale](num_classes=-1, with_pool=False)
    rng = np.random.default_rng(0)
    state = {
        name: rng.uniform(0.5, 1.5, t.shape) if t.ndim == 1 else rng.normal(0, 0.2, t.shape)
        for name, t in theirs.state_dict().items()
    }
    state = {name: paddle.to_tensor(value.astype(np.float32)) for name, value in state.items()}
    theirs.set_state_dict(state)
    ours.set_state_dict(dict(zip(ours.state_dict(), state.values(), strict=True)))
    ours.eval(), theirs.eval()
    x = paddle.to_tensor(rng.normal(size=(1, 3, 48, 96)).astype(np.float32))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Paddle warns of its own call of paddle.split
        expected = theirs(x).numpy()
    assert expected.std() > 0.1 and expected.shape == (1, 1024, 2, 3)
    np.testing.assert_allclose(ours(x).numpy(), expected, rtol=1e-5, atol=1e-5 * np.abs(expected).max())


def test_shuffling_interleaves_the_groups_and_a_wrong_scale_is_named():
    x = paddle.arange(6, dtype="float32").reshape([1, 6, 1, 1])
    assert shuffle_channels(x).flatten().tolist() == [0, 3, 1, 4, 2, 5]
    assert shuffle_channels(x, groups=3).flatten().tolist() == [0, 2, 4, 1, 3, 5]
    with pytest.raises(ValueError, match=r"scale is 0.75; known are \[0.5, 1.0\]"):
        ShuffleNetV2(0.75)
