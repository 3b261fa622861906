"""On several GPUs batch norms share their statistics, those that learn, and on a CPU none does."""

import types

import paddle
import pytest

from ppocr_lessons import experiment
from ppocr_lessons.config import read_config

from .conftest import CONFIGS

CLS = CONFIGS / "2022/cls_mv3.yml"
SYNC = paddle.nn.SyncBatchNorm


@pytest.fixture
def net_on(monkeypatch, overrides):
    """Net of a run in a world of so many processes on a device, which is made believe."""

    def make(device, processes, **options):
        monkeypatch.setenv("PADDLE_TRAINERS_NUM", str(processes))
        monkeypatch.setattr(paddle.distributed, "is_initialized", lambda: True)
        monkeypatch.setattr(paddle.device, "get_device", lambda: device)
        monkeypatch.setattr(
            experiment, "Trainer", lambda strategy, *_, **__: types.SimpleNamespace(strategy=strategy)
        )
        return experiment.prepare(
            read_config(CLS, overrides("cls", **options)), progress=False
        ).trainer.strategy.net

    return make


def _kinds(net):
    return {name: type(layer) for name, layer in net.named_sublayers() if "BatchNorm" in type(layer).__name__}


def test_two_gpus_share_statistics(net_on):
    kinds = _kinds(net_on("gpu:0", 2))
    assert len(kinds) > 20 and set(kinds.values()) == {SYNC}


@pytest.mark.parametrize(("device", "processes"), [("cpu", 2), ("gpu:0", 1), ("cpu", 1)])
def test_a_cpu_or_a_single_gpu_does_not(net_on, device, processes):
    kinds = _kinds(net_on(device, processes))
    assert len(kinds) > 20 and SYNC not in kinds.values()


def test_frozen_statistics_stay_what_they_are(net_on):
    kinds = _kinds(net_on("gpu:0", 2, **{"Global.freeze": "[backbone.blocks]"}))
    frozen = {kind for name, kind in kinds.items() if name.startswith("backbone.blocks.")}
    others = {kind for name, kind in kinds.items() if not name.startswith("backbone.blocks.")}
    assert frozen and SYNC not in frozen, "SyncBatchNorm has no use_global_stats: the statistics would drift"
    assert others == {SYNC}
