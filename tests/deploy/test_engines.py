"""Inference engines, prepared pretrained networks, and what reading imports."""

import importlib.util
import subprocess
import sys

import numpy as np
import paddle
import pytest

from ppocr_lessons import ocr
from ppocr_lessons.deploy import engines
from ppocr_lessons.deploy import export as export_module
from ppocr_lessons.deploy.engines import check_engine
from ppocr_lessons.deploy.export import Answer, export
from ppocr_lessons.deploy.export_folder import classifier_of, write_folder
from ppocr_lessons.deploy.export_record import FILES, FolderError, read_record
from ppocr_lessons.deploy.fold import fold_batch_norms
from ppocr_lessons.deploy.predictor import Predictor
from ppocr_lessons.deploy.prepared import Prepared
from ppocr_lessons.zoo.pretrained import build, pretrained

SHAPES = {"det": (1, 3, 64, 96), "cls": (3, 3, 48, 192), "rec": (2, 3, 32, 96)}


def _input(stage):
    return np.random.default_rng(0).standard_normal(SHAPES[stage]).astype(np.float32)


@pytest.mark.parametrize("engine", ["openvino", "onnxruntime"])
@pytest.mark.parametrize("stage", SHAPES)
def test_every_engine_gives_the_same_probabilities(stage, engine):
    pytest.importorskip(engine)
    x = _input(stage)
    ours = Predictor(Prepared(stage, "course"), threads=1)
    theirs = Predictor(Prepared(stage, "course"), threads=1, engine=engine)
    np.testing.assert_allclose(theirs(x), ours(x), atol=1e-5)


@pytest.mark.parametrize("stage", SHAPES)
def test_folding_changes_rounding_only(stage):
    x = paddle.to_tensor(_input(stage))
    plain, folded = Answer(pretrained(stage)), Answer(fold_batch_norms(pretrained(stage)))
    kinds = [type(layer).__name__ for layer in folded.sublayers()]
    assert not any(kind.startswith("BatchNorm") for kind in kinds) and "Identity" in kinds
    with paddle.no_grad():
        plain.eval()
        np.testing.assert_allclose(folded(x).numpy(), plain(x).numpy(), atol=1e-5)


def test_a_pretrained_network_is_built_once(tmp_path, monkeypatch):
    monkeypatch.setenv("PPOCR_LESSONS_CACHE", str(tmp_path / "cache"))
    first = Prepared("cls", "course").folder(FILES)
    monkeypatch.setattr(Prepared, "build", lambda _: pytest.fail("built twice"))
    assert Prepared("cls", "course").folder(FILES) == first
    assert Prepared("cls", "pages").folder(FILES) == first, "the same weights"
    monkeypatch.undo()
    monkeypatch.setenv("PPOCR_LESSONS_CACHE", str(tmp_path / "cache"))
    (first / "inference.pdiparams").write_bytes(b"damaged")
    assert Prepared("cls", "course").folder(FILES) == first and read_record(first)


def test_an_engine_that_is_not_known_or_not_installed(monkeypatch):
    with pytest.raises(ValueError, match="engine is 'tensorrt'; known are paddle, openvino, onnxruntime"):
        ocr.OCR(engine="tensorrt")
    with pytest.raises(ValueError, match="runs on the CPU only"):
        Predictor(build("cls"), engine="openvino", device="gpu")
    find = importlib.util.find_spec
    monkeypatch.setattr(
        engines.importlib.util,
        "find_spec",
        lambda name, *a: None if name == "onnxruntime" else find(name, *a),
    )
    with pytest.raises(
        ImportError, match=r"onnxruntime, which is not installed: pip install 'ppocr-lessons\[eng"
    ):
        check_engine("onnxruntime")


def test_weights_that_are_not_there_are_an_error_at_once():
    with pytest.raises(ValueError, match="weights is 'best'"):
        ocr.OCR(weights="best")


def test_an_export_with_onnx_runs_in_another_engine(tmp_path):
    pytest.importorskip("onnxruntime")
    folder = tmp_path / "net"
    write_folder(build("cls"), folder, "cls", labels=("0", "180"), size=(32, 100), onnx=True)
    assert (folder / "inference.onnx").is_file() and "inference.onnx" in read_record(folder)["sha256"]
    crops = [np.random.default_rng(1).integers(0, 255, (20, 60, 3), np.uint8)]
    plain, other = classifier_of(folder)(crops), classifier_of(folder, engine="onnxruntime")(crops)
    assert plain[0].angle_deg == other[0].angle_deg and plain[0].score == pytest.approx(
        other[0].score, abs=1e-5
    )
    (folder / "inference.onnx").write_bytes(b"damaged")
    for engine in ("paddle", "onnxruntime"):
        with pytest.raises(FolderError, match=r"inference\.onnx: damaged"):
            classifier_of(folder, engine=engine)


def test_an_export_without_onnx_says_how_to_get_it(tmp_path, monkeypatch):
    pytest.importorskip("onnxruntime")
    write_folder(build("cls"), tmp_path / "net", "cls", labels=("0", "180"), size=(48, 192))
    with pytest.raises(FolderError, match=r"net: has no inference\.onnx, .*--onnx"):
        classifier_of(tmp_path / "net", engine="onnxruntime")
    # An ONNX file that is not in the record belongs to the user.
    (tmp_path / "net/inference.onnx").write_text("mine")
    monkeypatch.setattr(export_module, "write_beside", lambda *_, **__: pytest.fail("replaced"))
    with pytest.raises(FolderError, match=r"it holds inference\.onnx"):
        export(build("cls"), tmp_path / "net")


NOT_NEEDED = (
    "matplotlib", "numba", "scipy", "skimage", "imgaug", "shapely", "rapidfuzz", "onnx", "onnxruntime", "openvino",
    "ppocr_lessons.augment", "ppocr_lessons.losses", "ppocr_lessons.distill", "ppocr_lessons.backbones",
    "ppocr_lessons.det.dbnet", "ppocr_lessons.rec.crnn", "ppocr_lessons.training.trainer", "ppocr_lessons.datasets.loader",
    "ppocr_lessons.experiment", "ppocr_lessons.evaluate", "ppocr_lessons.deploy.export",
)  # fmt: skip


def test_reading_imports_no_code_of_training_and_drawing(repository):
    """What is not imported takes no time. The networks are in the cache, from a read in this process."""
    picture = repository / "data/reading.png"
    assert ocr.read(picture, weights="course")
    code = (
        "import sys\nfrom ppocr_lessons.cli import app\n"
        f"try:\n    app(['read', {str(picture)!r}, '--weights', 'course'])\n"
        "finally:\n"
        f"    print('loaded:', [name for name in {NOT_NEEDED!r} if name in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.splitlines()[-1] == "loaded: []" and done.stdout.count("\n") > 2
