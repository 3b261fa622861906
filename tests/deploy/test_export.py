"""Exported nets say what the nets say."""

import subprocess
import sys

import numpy as np
import paddle
import pytest

from ppocr_lessons.deploy import export as export_module
from ppocr_lessons.deploy.export import Answer, export, export_cached, fingerprint, size_mb
from ppocr_lessons.deploy.predictor import Predictor
from ppocr_lessons.deploy.teacher import fast_teacher
from ppocr_lessons.det.db_head import DBMaps
from ppocr_lessons.det.db_loss import DetBatch
from ppocr_lessons.det.dbnet import db_mobile
from ppocr_lessons.distill.cml import standard_distillation
from ppocr_lessons.engine.pretrained import build


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("PPOCR_LESSONS_CACHE", str(tmp_path / "cache"))


@pytest.mark.parametrize(
    ("stage", "shapes"),
    [
        ("det", [(1, 3, 64, 96), (2, 3, 96, 64)]),
        ("cls", [(3, 3, 48, 192)]),
        ("rec", [(2, 3, 32, 96), (1, 3, 32, 320)]),
    ],
)
@pytest.mark.parametrize("onednn", [True, False])
def test_equals_the_net_at_several_sizes(stage, shapes, onednn, rng):
    net = build(stage)
    net.train()
    predictor = Predictor(net, onednn=onednn)
    assert predictor.engine is not None
    for shape in shapes:
        x = rng.standard_normal(shape).astype(np.float32)
        np.testing.assert_allclose(predictor(x), predictor.eager(x), atol=1e-5)
    assert net.training


def test_exported_once_and_found_again(tmp_path, monkeypatch):
    net = build("cls")
    first = export_cached(net)
    monkeypatch.setattr(export_module, "export", lambda *_: pytest.fail("exported twice"))
    assert export_cached(net) == first
    assert size_mb(first) > 0.5
    assert not list((tmp_path / "cache/exports").glob(".export-*"))


def test_other_weights_are_another_export():
    net = build("cls")
    before = fingerprint(net)
    net.head.fc.bias.set_value(net.head.fc.bias.numpy() + 1)
    assert fingerprint(net) != before


def test_export_leaves_the_net_in_its_mode(tmp_path):
    net = build("cls")
    net.train()
    export(net, tmp_path / "out")
    assert net.training
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["inference.json", "inference.pdiparams"]


def test_numba_is_no_part_of_an_export(tmp_path):
    export(build("cls"), tmp_path / "out")
    code = (
        "import sys; sys.modules['numba'] = None\n"
        "import numpy, paddle.inference as i\n"
        f"p = i.create_predictor(i.Config(r'{tmp_path}/out/inference.json', r'{tmp_path}/out/inference.pdiparams'))\n"
        "h = p.get_input_handle('x'); h.copy_from_cpu(numpy.zeros((1, 3, 48, 192), 'float32')); p.run()\n"
        "assert 'ppocr_lessons' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True, capture_output=True, timeout=120)


def test_without_the_engine_the_net_runs_and_says_so(monkeypatch, rng):
    def broken(*_):
        raise RuntimeError("no such thing\nas an engine")

    monkeypatch.setattr(Predictor, "_engine", staticmethod(broken))
    with pytest.warns(UserWarning, match="the net itself runs: as an engine"):
        predictor = Predictor(build("cls"))
    assert predictor(rng.standard_normal((1, 3, 48, 192)).astype(np.float32)).shape == (1, 2)


def test_other_layers_are_refused():
    with pytest.raises(TypeError, match="cannot export a Linear"):
        Answer(paddle.nn.Linear(2, 2))
    with pytest.raises(ValueError, match="device is 'tpu'"):
        Predictor(build("cls"), device="tpu")


def test_a_fast_teacher_teaches_the_same():
    teacher, student = db_mobile(fpn_channels=16), db_mobile(fpn_channels=16)
    strategy = standard_distillation(teacher, student)
    strategy.trained.eval()  # no batch statistics in the way of the comparison
    rng = np.random.default_rng(2)
    maps = [paddle.to_tensor((rng.random((2, 64, 64)) > 0.5).astype(np.float32)) for _ in range(4)]
    batch = DetBatch(paddle.to_tensor(rng.random((2, 3, 64, 64)).astype(np.float32)), *maps)
    answer = DBMaps(*(m.unsqueeze(1) * 0.8 for m in maps[:3]))
    student.forward = lambda x: (answer, None)
    slow = strategy(batch)
    strategy.shortcuts["Teacher"] = fast_teacher(teacher)
    fast = strategy(batch)
    np.testing.assert_allclose(
        fast.outputs["Teacher"].answer.prob.numpy(), slow.outputs["Teacher"].answer.prob.numpy(), atol=1e-5
    )
    assert float(fast.loss) == pytest.approx(float(slow.loss), rel=1e-4)
