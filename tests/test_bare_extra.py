"""`pip install -e ".[cpu]"` alone: every command runs without what the other extras bring."""

import ast
import collections
import importlib
import importlib.metadata
import json
import re
import subprocess
import sys

import pytest
from PIL import Image

BLOCKED = (
    "IPython", "ipywidgets", "jupyter_client", "jupyter_core", "jupyterlab", "nbformat", "nbconvert", "nbclient", "nbval",
    "papermill", "traitlets", "pytest", "_pytest", "hypothesis", "psutil", "tensorboardX", "xdist", "lmdb", "pandas",
    "cvttf_NotoSansCJK_Regular", "openvino", "onnxruntime",
)  # fmt: skip
"""What the extras lab, board, zh, int8, engines and test bring, and what a requirement of a requirement might."""

PROGRAM = f"""
import importlib.abc, sys
sys.argv = ["ppocr-lessons", *sys.argv[1:]]
class Bare(importlib.abc.MetaPathFinder):
    def find_spec(self, name, *_):
        if name.split(".")[0] in {BLOCKED!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Bare())
from ppocr_lessons.cli import app
try:
    app()
finally:
    heavy = [name for name in ("matplotlib", "IPython", "paddle") if name in sys.modules]
    print("loaded:", *heavy, file=sys.stderr)
"""


def _bare(*arguments):
    return subprocess.run(
        [sys.executable, "-W", "error::ImportWarning", "-c", PROGRAM, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )


def test_reading_and_drawing(repository, tmp_path):
    picture = repository / "data/reading.png"
    done = _bare("read", picture, "--json")
    assert done.returncode == 0, done.stderr[-2000:]
    assert (
        json.loads(done.stdout)[0]["lines"] and done.stderr == "loaded: paddle\n"
    )  # no matplotlib for text alone
    drawn = _bare("read", picture, "--draw", tmp_path / "out.png", "--json")
    assert drawn.returncode == 0 and drawn.stdout == done.stdout
    assert Image.open(tmp_path / "out.png").width > 2 * Image.open(picture).width - 1


@pytest.mark.parametrize(
    "command",
    [
        ("--help",), ("read", "--help"), ("bench", "--help"), ("strategies",), ("strategies", "--json"),
        ("synth", "det", "{out}", "--count", "1", "--size", "96"), ("synth", "rec", "{out}", "--count", "2"),
    ],
    ids=" ".join,
)  # fmt: skip
def test_small_commands(command, tmp_path):
    done = _bare(*(part.format(out=tmp_path / "out") for part in command))
    assert done.returncode == 0, done.stderr[-2000:]


def test_training_scoring_exporting_and_reading_with_the_result(repository, tmp_path):
    data, run = repository / "data/cls_en", tmp_path / "run"
    lines = (data / "label.txt").read_text(encoding="utf-8").splitlines()[:4]
    (tmp_path / "cls.txt").write_text("\n".join(lines), encoding="utf-8")
    given = [f"Global.save_model_dir={run}", "Global.pretrained_model=", "Global.epoch_num=1"]
    for part in ("Train", "Eval"):
        given += [f"{part}.dataset.data_dir={data}", f"{part}.dataset.label_file_list=['{tmp_path / 'cls.txt'}']",
                  f"{part}.loader.batch_size_per_card=4", f"{part}.loader.num_workers=0"]  # fmt: skip
    config = [
        "-c",
        repository / "ppocr_lessons/config/paddleocr/2022/cls_mv3.yml",
        *(p for g in given for p in ("-o", g)),
    ]
    assert (done := _bare("train", *config, "--max-steps", 1)).returncode == 0, done.stderr[-2000:]
    assert "acc" in json.loads(_bare("eval", *config).stdout)
    assert (done := _bare("export", *config, "--out", tmp_path / "net")).returncode == 0, done.stderr[-2000:]
    assert sorted(path.name for path in (tmp_path / "net").iterdir()) == [
        "inference.json",
        "inference.pdiparams",
        "lessons.json",
    ]
    for label in ("gt", "img"):
        (tmp_path / label).mkdir()
    Image.new("RGB", (64, 48)).save(tmp_path / "img/a.png")
    (tmp_path / "gt/gt_a.txt").write_text("1,1,30,1,30,20,1,20,word", encoding="utf-8")
    done = _bare("convert", "icdar", tmp_path / "gt", tmp_path / "img", tmp_path / "out.txt")
    assert done.returncode == 0 and "1 image in" in done.stderr


def test_benches():
    done = _bare("bench", "infer", "--rounds", 1, "--json")
    assert done.returncode == 0, done.stderr[-2000:]
    assert [row["stage"] for row in json.loads(done.stdout)] == ["det", "cls", "rec"]


def _distributions_of_modules():
    """Names of the installed distributions by module. Python's own function needs files that not every wheel has."""
    homes = collections.defaultdict(set)
    for distribution in importlib.metadata.distributions():
        name = distribution.metadata["Name"]
        # Paths such as "cv2/__init__.py,sha256=...". `distribution.files` makes an object of each of 100,000 lines.
        for line in (distribution.read_text("RECORD") or "").splitlines():
            homes[line.partition(",")[0].partition("/")[0].partition(".")[0]].add(name)
    return homes


def test_what_is_imported_is_declared(repository):
    """Every module that the package imports is of the standard library, of itself, or of a distribution it names."""
    toml = importlib.import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
    imported = set()
    for path in (repository / "ppocr_lessons").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                imported.add(node.module.split(".")[0])
    imported -= {*sys.stdlib_module_names, "ppocr_lessons"}
    project = toml.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    named = ("cpu", "lab", "board", "official", "int8", "engines", "grading", "peers")
    wanted = [*project["dependencies"], *(name for extra in named for name in extras[extra])]
    declared = {re.match(r"[\w.-]+", name)[0].lower().replace("_", "-") for name in wanted}
    homes = _distributions_of_modules()
    for module in sorted(imported):
        # A module that is not installed here is looked for under its own name.
        found = {name.lower().replace("_", "-") for name in homes.get(module, [module])}
        by_jupyterlab = module in {"IPython", "nbformat"}
        assert found & declared or by_jupyterlab, f"{module} of {found} is not declared"
    bare = {
        re.match(r"[\w.-]+", n)[0].lower()
        for n in [*project["dependencies"], *extras["cpu"], *extras["bench"]]
    }
    assert not bare & {"psutil", "lmdb"}  # no longer imported
