"""Rules of the source code: imports between layers, docstrings, names, and the index of strategies."""

import ast
import dataclasses
import importlib
import inspect
import pathlib
import re
import subprocess
import sys
from typing import Annotated

import pytest
import typer

import ppocr_lessons
from ppocr_lessons import strategies

from . import notebook_rules as rules

ROOT = pathlib.Path(__file__).parents[1]
PACKAGE = ROOT / "ppocr_lessons"
SOURCES = sorted(PACKAGE.rglob("*.py"))

LAYERS = (
    (
        "runtime",
        "interrupt",
        "output_files",
        "strategies",
        "polygons",
        "kernels",
        "datasets.batches",
        "datasets.seeding",
        "datasets.resize",
        "training.tensor_files",
        "zoo.shipped",
        "rec.alphabet",
    ),
    ("backbones",),
    ("prune", "losses", "augment"),
    ("det", "cls", "rec"),
    ("distill", "quant", "datasets"),
    ("training", "evaluate"),
    ("config", "deploy", "zoo"),
    ("experiment", "ocr"),
    ("det.related_lessons", "cls.related_lessons", "rec.related_lessons"),
    ("bench", "viz", "coursework", "answers"),
    ("grading",),
    ("command_errors", "commands", "cli", "__main__", "__init__"),
)
"""Bottom to top: a module imports from its own row and the rows before it. A package stands for all of its modules,
except for those named here with a dot. The files `related_lessons.py` collect what a reader of `det`, `cls` or `rec`
looks for, wherever it is defined; no other module may import them."""
LEVEL = {name: level for level, row in enumerate(LAYERS) for name in row}


def _level(module):
    """Row of LAYERS of a module, given as a dotted name below ppocr_lessons."""
    return LEVEL.get(module, LEVEL.get(module.split(".")[0]))


def _modules():
    """Dotted names below ppocr_lessons of all modules and packages."""
    return {".".join(p.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__") for p in SOURCES}


def _imports(path):
    """Modules of the package that a file imports anywhere in it, inside functions too, as dotted names."""
    package, known = ["ppocr_lessons", *path.relative_to(PACKAGE).parts[:-1]], _modules()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            if module.split(".")[0] == "ppocr_lessons":
                inside = module.removeprefix("ppocr_lessons").removeprefix(".")
                for alias in node.names:
                    name = f"{inside}.{alias.name}" if inside else alias.name
                    yield name if name in known else inside


def _upward(path):
    here = ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__")
    for module in _imports(path):
        if module.split(".")[-1] == "related_lessons":
            yield f"{here} imports {module}, which is for readers alone"
        elif module and _level(module) > _level(here):
            yield f"{here} imports {module}, which is in a higher row"


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_nothing_imports_upwards(path):
    assert list(_upward(path)) == []


@pytest.mark.parametrize("stub", sorted(PACKAGE.rglob("*.pyi")), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_names_that_are_imported_lazily_exist(stub):
    """`__init__.pyi` is what lazy_loader and type checkers read; every name in it has to be there."""
    package = importlib.import_module(".".join(stub.parent.relative_to(ROOT).parts))
    assert [name for name in dir(package) if not hasattr(package, name)] == []


ONE_BY_ONE = """
import importlib, sys, warnings
warnings.simplefilter("ignore")
for name in sys.argv[1:]:
    for loaded in [m for m in sys.modules if m.split(".")[0] == "ppocr_lessons"]:
        del sys.modules[loaded]
    try:
        importlib.import_module(name)
    except ImportError as error:
        print(name, error)
"""


def test_every_module_can_be_imported_first():
    names = [".".join(p.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for p in SOURCES]
    names = [name for name in names if not name.endswith("__main__")]
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", ONE_BY_ONE, *names],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert done.returncode == 0 and not done.stdout, done.stdout + done.stderr[-2000:]


def _public():
    for path in SOURCES:
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        if name.endswith("__main__"):
            continue
        module = importlib.import_module(name)
        for key, thing in vars(module).items():
            ours = getattr(thing, "__module__", None) == name
            if not key.startswith("_") and ours and (inspect.isclass(thing) or inspect.isfunction(thing)):
                yield pytest.param(thing, id=f"{name.removeprefix('ppocr_lessons.')}.{key}")


def _methods():
    """Public methods, as (function, whether it is called without self or cls)."""
    for parameter in _public():
        thing = parameter.values[0]
        for key, method in vars(thing).items() if inspect.isclass(thing) else ():
            plain = isinstance(method, staticmethod)
            method = getattr(method, "__func__", method)
            # Of what Paddle calls itself the class tells the Shape.
            if key.startswith("_") or key in ("forward", "backward") or not inspect.isfunction(method):
                continue
            if method.__module__ == thing.__module__:
                yield pytest.param(method, plain, id=f"{parameter.id}.{key}")


def _documented(doc):
    block = re.search(r"^\s*Args:\n(.*?)(?=^\s*\n|\Z)", doc, re.S | re.M)
    if not block:
        return None
    indent = len(re.match(r"\s*", block.group(1)).group())
    names = []
    for line in block.group(1).splitlines():
        found = re.match(rf"\s{{{indent}}}(\*?\w[\w, *]*):", line)
        if found and len(line) - len(line.lstrip()) == indent:
            names += [n.strip().lstrip("*") for n in found.group(1).split(",")]
    return names


def _wanted(signature, skipped=0):
    """Arguments that a docstring has to name; those with a help text of the command line have been told, by `--help`."""

    def told(annotation):
        return annotation is typer.Context or any(
            getattr(extra, "help", None) for extra in getattr(annotation, "__metadata__", ())
        )

    parameters = list(signature.parameters.values())[skipped:]
    return [] if parameters and all(told(p.annotation) for p in parameters) else [p.name for p in parameters]


def _faults(thing, is_plain=True):
    """What is wrong with the docstring of a function, method or class; empty if nothing is."""
    doc = inspect.getdoc(thing)
    if not doc:
        return "no docstring"
    if inspect.isclass(thing):
        made = "__init__" not in vars(thing) or dataclasses.is_dataclass(thing)
        if made or issubclass(thing, tuple | BaseException) or getattr(thing, "_is_protocol", False):
            return ""
    named, wanted = _documented(doc), _wanted(inspect.signature(thing), 0 if is_plain else 1)
    if named is None and wanted:
        return f"no Args, and it takes {wanted}"
    return "" if (named or []) == wanted else f"Args are {named}, and it takes {wanted}"


@pytest.mark.parametrize("thing", list(_public()))
def test_docstrings_say_what_signatures_say(thing):
    assert _faults(thing) == ""


@pytest.mark.parametrize(("method", "is_plain"), list(_methods()))
def test_docstrings_of_methods_say_what_signatures_say(method, is_plain):
    assert _faults(method, is_plain) == ""


def test_a_docstring_without_args_is_found():
    def bare(x, *others):
        """Add."""

    def wrong(x, y):
        """Add.

        Args:
            x: the one.
        """

    def right(x, *others):
        """Add.

        Args:
            x: the one.
            *others: the rest.

        Returns: the sum.
        """

    def command(x: Annotated[int, typer.Option(help="the one")] = 1):
        """Add."""

    class Counter:
        """Counts."""

        def __init__(self, start):
            self.start = start

        def add(self, step):
            """Add."""

    assert _faults(bare) == "no Args, and it takes ['x', 'others']"
    assert _faults(wrong) == "Args are ['x'], and it takes ['x', 'y']"
    assert _faults(right) == _faults(command) == _faults(lambda: 0).replace("no docstring", "") == ""
    assert _faults(Counter) == "no Args, and it takes ['start']"
    assert _faults(Counter.add, is_plain=False) == "no Args, and it takes ['step']"


@pytest.mark.parametrize("thing", [p for p in _public() if inspect.isclass(p.values[0])])
def test_no_constructor_swallows_what_it_does_not_know(thing):
    if (
        thing.__init__ is not object.__init__
        and "__init__" in vars(thing)
        and not getattr(thing, "_is_protocol", False)
    ):
        kinds = [p.kind for p in inspect.signature(thing.__init__).parameters.values()]
        assert inspect.Parameter.VAR_KEYWORD not in kinds


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_source_rules(path):
    text = path.read_text(encoding="utf-8")
    assert path.stem not in {"utils", "util", "misc", "helpers", "common"}
    assert text.count("\n") <= 300, "one idea a file"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call):
            call = ast.unparse(node.func)
            assert call not in {"eval", "exec", "paddle.load", "pickle.load", "pickle.loads"}, call


@pytest.mark.parametrize(
    "folder", ["backbones", "losses", "distill", "rec", "cls", "prune", "quant", "config"]
)
def test_nothing_is_dispatched_by_hasattr(folder):
    """What an object is follows from its type, not from the attributes that it happens to have."""
    for path in sorted((PACKAGE / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            assert not (isinstance(node, ast.Call) and ast.unparse(node.func) == "hasattr"), path


def test_the_index_counts_nineteen_and_five():
    first = [stage for s in strategies.STRATEGIES if s.edition == 1 for stage in s.stages]
    assert {stage: first.count(stage) for stage in ("det", "cls", "rec")} == {"det": 6, "cls": 4, "rec": 9}
    assert len(first) == 19
    assert len([s for s in strategies.STRATEGIES if s.edition == 2]) == 5
    assert len({s.key for s in strategies.STRATEGIES}) == 24


@pytest.mark.parametrize("strategy", strategies.STRATEGIES, ids=lambda s: s.key)
def test_rows_of_the_index_are_true(strategy):
    module, name = strategy.symbol.split(":")
    file = PACKAGE / (module.replace(".", "/") + ".py")
    assert file.is_file() == strategy.done, "done says whether the file is there"
    if strategy.done:
        assert hasattr(importlib.import_module(f"ppocr_lessons.{module}"), name)
    path = ROOT / "notebooks" / strategy.notebook
    text = "".join(c.source for c in rules.read_notebook(path).cells)
    assert name in text or module.split(".")[-1] in text


def test_readme_carries_the_index():
    assert strategies.as_markdown() in (ROOT / "README.md").read_text(encoding="utf-8")


def test_unknown_strategy():
    assert strategies.get("det-cml").section == "3.1.1"
    with pytest.raises(KeyError, match="known are"):
        strategies.get("det-magic")


def test_top_level_is_the_agreed_one():
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.split()
    if not tracked:
        pytest.skip("not a git checkout")
    allowed = {
        "README.md", "pyproject.toml", "environment.yml", "ppocr_lessons", "notebooks", "data", "tests", "binder",
        "LICENSE", "CHANGELOG.md", "CONTRIBUTING.md", "CITATION.cff", "conftest.py",
    }  # fmt: skip
    assert {name.split("/")[0] for name in tracked if not name.startswith(".")} <= allowed


def _python(code, *options):
    return subprocess.run(
        [sys.executable, *options, "-c", code], capture_output=True, text=True, timeout=120, check=False
    )


def test_importing_the_package_imports_nothing_heavy():
    code = "import sys, ppocr_lessons; print([m for m in ('paddle', 'cv2', 'matplotlib', 'numpy') if m in sys.modules])"
    assert _python(code).stdout.strip() == "[]"


def test_parts_come_in_when_asked_for():
    assert ppocr_lessons.strategies is strategies
    assert "det" in dir(ppocr_lessons)
    with pytest.raises(AttributeError, match="No ppocr_lessons attribute layout"):
        _ = ppocr_lessons.layout


def test_without_paddle_one_sentence_says_what_to_install():
    code = (
        "import sys, importlib.abc\n"
        "class No(importlib.abc.MetaPathFinder):\n"
        "    def find_spec(self, name, *_):\n"
        "        if name.split('.')[0] == 'paddle': raise ModuleNotFoundError(name)\n"
        "sys.meta_path.insert(0, No())\n"
        "import importlib.util; found = importlib.util.find_spec\n"
        "importlib.util.find_spec = lambda n, *a: None if n == 'paddle' else found(n, *a)\n"
        "import ppocr_lessons\n"
        "from ppocr_lessons import strategies\n"
        "try:\n    from ppocr_lessons import det\nexcept ImportError as e: print(e)\n"
    )
    out = _python(code)
    assert "pip install 'ppocr-lessons[cpu]'" in out.stdout, out.stderr


def test_a_cpu_without_avx_gets_a_sentence(tmp_path, monkeypatch):
    from ppocr_lessons import runtime

    (tmp_path / "cpuinfo").write_text("processor : 0\nflags : fpu sse sse2\n")
    assert not runtime.cpu_has_avx(str(tmp_path / "cpuinfo"))
    assert runtime.cpu_has_avx(str(tmp_path / "none"))
    monkeypatch.setattr(runtime, "cpu_has_avx", lambda: False)
    with pytest.raises(ImportError, match="AVX"):
        runtime.require_paddle.__wrapped__()


def test_the_module_runs():
    out = subprocess.run(
        [sys.executable, "-m", "ppocr_lessons", "strategies"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert out.returncode == 0 and out.stdout.count("\n") == 24 and out.stderr == ""
