"""FPGM: distances on paper, channels that go for good, nets that are saved, loaded and exported."""

import numpy as np
import paddle
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ppocr_lessons.backbones.blocks import SEModule
from ppocr_lessons.deploy.predictor import Predictor
from ppocr_lessons.det import db_mobile, db_server
from ppocr_lessons.prune.channels import channel_groups, remove_channels
from ppocr_lessons.prune.fpgm import filter_distances, filter_norms, group_scores, prune, to_remove
from ppocr_lessons.prune.sensitivity import ratios_within, sensitivity
from ppocr_lessons.training.tensor_files import count_parameters, load_weights, save_weights
from ppocr_lessons.zoo.pretrained import pretrained


def test_three_filters_on_paper():
    # (0, 0), (3, 4), (0, 8): distances 5, 8 and 5 between them.
    filters = np.array([[0.0, 0.0], [3.0, 4.0], [0.0, 8.0]])
    np.testing.assert_allclose(filter_distances(filters), [13, 10, 13])
    np.testing.assert_allclose(filter_norms(filters), [0, 5, 8])
    assert to_remove(filter_distances(filters), 0.34).tolist() == [1]  # the one in the middle
    assert to_remove(filter_norms(filters), 0.34).tolist() == [0]  # the small one


@given(st.integers(0, 1000))
def test_a_filter_and_its_negation_are_far_apart(seed):
    filters = np.random.default_rng(seed).standard_normal((4, 9))
    opposite = np.concatenate([filters, -filters])
    apart = np.linalg.norm(opposite[0] - opposite[4])
    assert apart == pytest.approx(2 * np.linalg.norm(filters[0]))
    np.testing.assert_allclose(filter_distances(opposite)[:4], filter_distances(opposite)[4:])


@given(st.integers(0, 1000), st.floats(0, 0.99), st.sampled_from([1, 4, 8]))
def test_what_stays(seed, ratio, multiple):
    scores = np.random.default_rng(seed).random(24)
    gone = to_remove(scores, ratio, multiple=multiple)
    assert (24 - len(gone)) % multiple == 0 and len(gone) <= 24 * ratio + 1e-6
    if len(gone):
        assert scores[gone].max() < np.delete(scores, gone).min()


@pytest.mark.parametrize(("ratio", "said"), [(-0.1, "0..1"), (1.5, "0..1"), (1.0, "leaves none")])
def test_ratios_refused(ratio, said):
    net = db_mobile(fpn_channels=16)
    before = count_parameters(net)
    with pytest.raises(ValueError, match=said):
        prune(net, {"backbone.stage0.0.expand_conv": 0.5, "neck.in2_conv": ratio})
    assert count_parameters(net) == before


def test_what_does_not_exist():
    net = db_mobile(fpn_channels=16)
    with pytest.raises(ValueError, match=r"no such groups of channels: \['neck.in9_conv'\]; known are"):
        prune(net, {"neck.in9_conv": 0.5})
    with pytest.raises(ValueError, match="criterion is"):
        prune(net, 0.5, criterion="taste")
    with pytest.raises(ValueError, match="cannot be removed"):
        remove_channels(net, {"neck.p2_conv": [0, 1, 2, 3]})
    with pytest.raises(ValueError, match="a DBNet with a MobileNetV3 backbone"):
        prune(db_server(fpn_channels=16), 0.5)
    with pytest.raises(ValueError, match="is needed"):
        filter_distances(np.zeros(3))


@pytest.mark.parametrize("disable_se", [True, False])
def test_removed_channels_are_those_that_were_silent(disable_se):
    """Channels whose batch norm says 0 reach nobody: taking them out changes nothing at all."""
    paddle.seed(1)
    net = db_mobile(fpn_channels=16, disable_se=disable_se)
    net.eval()
    groups, removed = channel_groups(net), {}
    for name, group in groups.items():
        gone = list(range(0, group.width, 3))[: group.width - 1]
        norms = [layer for layer, _, _ in group.touched if isinstance(layer, paddle.nn.BatchNorm2D)]
        gated = any(isinstance(s, SEModule) for s in [*net.sublayers()]) and "expand_conv" in name
        if (not norms and not name.startswith("neck")) or gated:
            continue  # a gate mixes channels through its own bias; that case is covered by shapes below
        removed[name] = gone
        for norm in norms:
            for parameter in (norm.weight, norm.bias):
                values = parameter.numpy()
                values[gone] = 0
                parameter.set_value(values)
        for conv in group.made_by if name.startswith("neck") else []:
            values = conv.weight.numpy()
            values[gone] = 0
            conv.weight.set_value(values)
    x = paddle.randn([1, 3, 64, 96])
    before, size = net(x)[0].prob.numpy(), count_parameters(net)
    remove_channels(net, removed)
    assert count_parameters(net) < size
    np.testing.assert_allclose(net(x)[0].prob.numpy(), before, atol=2e-5)


def test_a_pruned_net_trains_saves_loads_and_exports(tmp_path):
    net = pretrained("det")
    whole = count_parameters(net)
    removed = prune(net, 0.3, multiple=8)
    assert count_parameters(net) < 0.75 * whole
    net.train()
    optimizer = paddle.optimizer.Adam(1e-4, parameters=net.parameters())
    net(paddle.randn([1, 3, 64, 64]))[0].binary.mean().backward()
    assert all(p.grad is not None for p in net.parameters() if not p.stop_gradient)
    optimizer.step()
    net.eval()
    save_weights(net, tmp_path / "w.safetensors")
    again = db_mobile()
    remove_channels(again, removed)
    load_weights(again, tmp_path / "w.safetensors").eval()
    x = np.random.default_rng(0).standard_normal((1, 3, 96, 64)).astype(np.float32)
    expected = net(paddle.to_tensor(x))[0].prob.numpy()
    np.testing.assert_allclose(again(paddle.to_tensor(x))[0].prob.numpy(), expected, atol=1e-6)
    np.testing.assert_allclose(Predictor(again)(x), expected, atol=1e-5)


def test_ratio_zero_changes_nothing():
    net = db_mobile(fpn_channels=16)
    before = count_parameters(net)
    assert prune(net, 0.0) == {} and count_parameters(net) == before


def test_tied_channels_are_scored_by_all_that_make_them():
    group = channel_groups(db_mobile(fpn_channels=16))["neck.in2_conv"]
    assert len(group.made_by) == 4 and group.width == 16
    assert group_scores(group).sum() == pytest.approx(4 * 16)


def test_sensitivity_leaves_the_net_alone_and_budgets_by_hand():
    net = db_mobile(fpn_channels=16)
    size = count_parameters(net)
    losses = sensitivity(
        net, lambda n: count_parameters(n) / size, groups=["neck.in2_conv"], ratios=(0.25, 0.5)
    )
    assert count_parameters(net) == size and 0 < losses["neck.in2_conv"][0.25] < losses["neck.in2_conv"][0.5]
    with pytest.raises(ValueError, match="is it trained"):
        sensitivity(net, lambda n: 0.0)
    found = ratios_within({"a": {0.1: 0.0, 0.2: 0.01, 0.3: 0.05, 0.4: 0.0}, "b": {0.1: 0.5}}, 0.02)
    assert found == {"a": 0.2}
    with pytest.raises(ValueError, match="budget"):
        ratios_within({}, -1)
