"""Exported nets say what the nets say."""

import errno
import inspect
import os
import pathlib
import secrets
import shutil
import subprocess
import sys

import numpy as np
import paddle
import pytest

from ppocr_lessons.datasets.batches import DetBatch
from ppocr_lessons.deploy import export as export_module
from ppocr_lessons.deploy.export import Answer, export, export_cached, fingerprint, size_mb
from ppocr_lessons.deploy.export_record import FolderError, read_record
from ppocr_lessons.deploy.predictor import Predictor
from ppocr_lessons.deploy.teacher import fast_teacher
from ppocr_lessons.det.db_head import DBMaps
from ppocr_lessons.det.dbnet import db_mobile
from ppocr_lessons.distill.cml import standard_distillation
from ppocr_lessons.zoo.pretrained import build, pretrained


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("PPOCR_LESSONS_CACHE", str(tmp_path / "cache"))


@pytest.fixture(scope="module")
def tiny():
    return build("cls")


@pytest.fixture(scope="module")
def made(tiny, tmp_path_factory):
    """An export of `tiny`, to be copied: making one takes seconds."""
    return export(tiny, tmp_path_factory.mktemp("made") / "out")


@pytest.fixture
def quick(made, monkeypatch):
    """`write_beside` that copies."""

    def copy(net, folder, about=None):
        return shutil.copytree(made, folder.parent / f".export-{secrets.token_hex(8)}")

    monkeypatch.setattr(export_module, "write_beside", copy)


class DoublesWhatIsBright(paddle.nn.Layer):
    """A backbone of a user, with an `if` that depends on values."""

    def __init__(self, backbone):
        super().__init__()
        self.backbone, self.out_channels = backbone, backbone.out_channels

    def forward(self, x):
        feats = self.backbone(x)
        if paddle.mean(x) > 0:
            feats = 2.0 * feats
        return feats


def test_source_code_is_rewritten_only_for_layers_of_others(tiny, tmp_path, monkeypatch):
    """Paddle reads the source of each function that it rewrites, which takes longer than all else of an export."""
    read, source = [], inspect.getsource
    monkeypatch.setattr(inspect, "getsource", lambda thing: read.append(thing) or source(thing))
    export(tiny, tmp_path / "ours")
    assert not read

    net = pretrained("cls", "course")
    noise = np.random.default_rng(0).random((2, 1, 3, 48, 192), np.float32) - 0.5
    bright, dark = abs(noise[0]), -abs(noise[1])
    once = Predictor(net)(bright), Predictor(net)(dark)
    net.backbone = DoublesWhatIsBright(net.backbone)
    predictor = Predictor(export(net, tmp_path / "other"))
    assert read
    np.testing.assert_allclose(predictor(bright), Predictor(net).eager(bright), atol=1e-5)
    np.testing.assert_allclose(predictor(dark), once[1], atol=1e-5)
    assert np.abs(predictor(bright) - once[0]).max() > 0.01


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
    monkeypatch.setattr(export_module, "write_beside", lambda *_: pytest.fail("exported twice"))
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
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == [
        "inference.json",
        "inference.pdiparams",
        "lessons.json",
    ]


@pytest.mark.parametrize("name", ["inference.json", "inference.pdiparams", "lessons.json"])
@pytest.mark.parametrize("harm", ["changed", "cut", "gone", "link"])
def test_a_cached_export_that_is_not_what_was_written_is_made_anew(name, harm, tmp_path, capfd, tiny, quick):
    folder = export_cached(tiny)
    whole = {path.name: path.read_bytes() for path in folder.iterdir()}
    data = whole[name]
    (folder / name).unlink()
    if harm == "changed":
        (folder / name).write_bytes(data[:-9] + b"x" + data[-8:])
    elif harm == "cut":
        (folder / name).write_bytes(data[: len(data) // 2])
    elif harm == "link":
        (folder / name).symlink_to(tmp_path / "elsewhere")
    capfd.readouterr()
    assert export_cached(tiny) == folder
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == whole
    assert capfd.readouterr().err == "" and not list(folder.parent.glob(".export*"))


@pytest.mark.parametrize("kind", ["file", "link", "link to nothing", "folder with notes"])
def test_whatever_lies_at_the_place_of_a_cached_export(kind, tmp_path, tiny, quick):
    folder = export_cached(tiny)
    elsewhere = folder.rename(tmp_path / "elsewhere")
    if kind == "file":
        folder.write_text("mine")
    elif kind == "folder with notes":
        folder.mkdir()
        (folder / "notes.txt").write_text("mine")
    else:
        folder.symlink_to(elsewhere if kind == "link" else tmp_path / "nowhere")
    assert export_cached(tiny) == folder and not folder.is_symlink()
    assert read_record(folder) == read_record(elsewhere)
    kept = [path.read_text() for path in folder.parent.glob(".export-old-*/notes.txt")]
    assert kept == (["mine"] if kind == "folder with notes" else [])


def test_the_cache_is_for_its_user_alone(tmp_path, tiny):
    before = os.umask(0o022)
    try:
        folder = export_cached(tiny)
        (tmp_path / "cache/exports").chmod(0o755)  # as earlier versions made it
        export_cached(tiny)
    finally:
        os.umask(before)
    for place in (tmp_path / "cache", tmp_path / "cache/exports"):
        assert place.stat().st_mode & 0o777 == 0o700
    assert folder.stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize("place", ["cache", "cache/exports"])
def test_a_cache_of_another_user_is_left_alone(place, tmp_path, tiny, monkeypatch):
    (tmp_path / "cache/exports").mkdir(parents=True)
    owner = os.geteuid()
    stat = pathlib.Path.stat

    def of_another(path, **options):
        found = list(stat(path, **options))
        if path == tmp_path / place:
            found[4] = owner + 1
        return os.stat_result(found)

    monkeypatch.setattr(pathlib.Path, "stat", of_another)
    with pytest.raises(PermissionError, match=f"{place}: belongs to another user; set PPOCR_LESSONS_CACHE"):
        export_cached(tiny)
    with pytest.warns(UserWarning, match="the network itself runs: .*belongs to another user"):
        assert Predictor(tiny).engine is None
    monkeypatch.undo()
    assert list((tmp_path / "cache/exports").iterdir()) == []


@pytest.mark.parametrize(("mask", "modes"), [(0o022, (0o755, 0o644)), (0o077, (0o700, 0o600))])
def test_the_umask_says_who_may_read_an_export(mask, modes, tmp_path, tiny):
    before = os.umask(mask)
    try:
        folder = export(tiny, tmp_path / "out")
    finally:
        os.umask(before)
    assert folder.stat().st_mode & 0o777 == modes[0]
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {modes[1]}


def test_an_export_replaces_an_export(tmp_path, tiny):
    (tmp_path / "out").mkdir()
    export(tiny, tmp_path / "out", about={"stage": "cls"})
    export(tiny, tmp_path / "out", about={"stage": "rec"})
    assert read_record(tmp_path / "out")["stage"] == "rec"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def _thesis(out):
    out.mkdir()
    (out / "thesis.tex").write_text("years of work")


def _run(out):
    (out / "step-00000500").mkdir(parents=True)
    for name in ("config.yml", "best.safetensors", "step-00000500/state.json"):
        (out / name).write_text("a run")


def _file(out):
    out.write_text("years of work")


def _link(out):
    (out.parent / "real").mkdir()
    out.symlink_to("real")


def _with_notes(out):
    export(None, out)
    (out / "notes.txt").write_text("mine")


def _edited(out):
    export(None, out)
    (out / "inference.json").write_text("edited by hand")


def _only_the_record(out):
    out.mkdir()
    (out / "lessons.json").write_text("{}")


def _linked_inside(out):
    export(None, out)
    (out / "inference.json").rename(out.parent / "program.json")
    (out / "inference.json").symlink_to(out.parent / "program.json")


def _tree(folder):
    return {
        str(p.relative_to(folder)): p.read_bytes() if p.is_file() else p.is_symlink()
        for p in folder.rglob("*")
    }


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (_thesis, r"not empty, and not a folder of an export alone \(it holds thesis\.tex\)"),
        (_run, r"not empty, .*best\.safetensors, config\.yml, step-00000500"),
        (_file, "a file; a folder is needed"),
        (_link, "a link"),
        (_with_notes, r"it holds notes\.txt"),
        (_edited, r"inference\.json: damaged or changed.*remove .*out first"),
        (_only_the_record, "no 'sha256' in it"),
        (_linked_inside, r"it holds inference\.json"),
    ],
)
def test_what_no_export_made_is_left_alone(make, words, tmp_path, tiny, quick):
    make(tmp_path / "out")
    before = _tree(tmp_path)
    with pytest.raises(FolderError, match=f"(?s)out.*{words}"):
        export(tiny, tmp_path / "out")
    assert _tree(tmp_path) == before


@pytest.mark.parametrize("name", [".", "..", "../..", "here/.."])
def test_the_working_folder_is_no_place_for_an_export(name, tmp_path, tiny, monkeypatch):
    (tmp_path / "a/b/here").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "a/b")
    with pytest.raises(FolderError, match="the working folder or one above it"):
        export(tiny, name)
    assert sorted(_tree(tmp_path)) == ["a", "a/b", "a/b/here"]


def test_a_file_that_appears_during_an_export_is_kept(tmp_path, tiny, quick, monkeypatch):
    write = export_module.write_beside

    def slow(net, folder, about=None):
        _thesis(folder)
        return write(net, folder, about)

    monkeypatch.setattr(export_module, "write_beside", slow)
    with pytest.raises(FolderError, match=r"thesis\.tex"):
        export(tiny, tmp_path / "out")
    assert sorted(_tree(tmp_path)) == ["out", "out/thesis.tex"]


def test_a_failed_export_leaves_the_older_one(tmp_path, tiny, made, monkeypatch):
    shutil.copytree(made, tmp_path / "out")
    before = _tree(tmp_path)

    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(export_module.paddle.jit, "save", full)
    with pytest.raises(OSError, match=r"No space left on device: .*out"):
        export(tiny, tmp_path / "out")
    assert _tree(tmp_path) == before


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
    with pytest.warns(UserWarning, match="the network itself runs: as an engine"):
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


def test_the_folder_of_an_export_has_no_net_to_evaluate(tmp_path):
    predictor = Predictor(export(build("cls"), tmp_path / "net"))
    with pytest.raises(ValueError, match="holds no net to evaluate"):
        predictor.eager(np.zeros((1, 3, 48, 192), np.float32))
