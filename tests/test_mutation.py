"""The tool that plants faults: it changes code and nothing else, one place each, and draws alike twice."""

import ast

import pytest

from . import mutation

SOURCE = '''
"""Module 1."""
__all__ = ["f"]
LIMIT: int | None = 3


def f(x, y=2):
    """Take 5 of it."""
    if x < y and not x:
        raise ValueError(f"{x + 1} is more than {7}")
    items = [max(x, y)]
    items.append(x)
    return -x
'''


@pytest.fixture
def found(tmp_path, monkeypatch):
    """Mutants of a small package."""
    (tmp_path / "ppocr_lessons/det").mkdir(parents=True)
    (tmp_path / "ppocr_lessons/det/f.py").write_text(SOURCE)
    (tmp_path / "ppocr_lessons/det/__init__.py").write_text("x = 1")
    monkeypatch.setattr(mutation, "ROOT", tmp_path)
    return mutation.mutants_of("det")


def test_what_is_changed(found):
    """Neither docstring nor annotation, nor what an error says."""
    assert sorted((m["what"], m["before"][:10]) for m in found.values()) == [
        ("Lt to GtE", "if x < y a"), ("Lt to LtE", "if x < y a"), ("and or", "if x < y a"),
        ("condition turned", "if x < y a"), ("constant +1", "LIMIT: int"), ("constant +1", "def f(x, y"),
        ("constant -1", "LIMIT: int"), ("constant -1", "def f(x, y"), ("left out", "items.appe"), ("left out", "raise Valu"),
        ("max to min", "items = [m"), ("no Not", "if x < y a"), ("no USub", "return -x"), ("returns None", "return -x"),
    ]  # fmt: skip


def test_each_mutant_is_one_other_program(found):
    plain = ast.unparse(ast.parse(SOURCE))
    sources = [mutation.planted(m)["source"] for m in found.values()]
    assert len({*sources, plain}) == len(found) + 1
    for source in sources:
        compile(source, "f.py", "exec")
        assert '"""Take 5 of it."""' in source and "int | None" in source and "__all__ = ['f']" in source
        assert sum(a != b for a, b in zip(source.splitlines(), plain.splitlines(), strict=True)) == 1


def test_ids_stay_when_lines_move(found, tmp_path):
    (tmp_path / "ppocr_lessons/det/f.py").write_text("\n\n" + SOURCE.replace("Take 5", "Take 6"))
    assert set(mutation.mutants_of("det")) == set(found)


def test_draws(found):
    every = {"det": found}
    one, two, other = (mutation.drawn(every, seed, 6, least=2) for seed in (1, 1, 2))
    assert [m["id"] for m in one] == [m["id"] for m in two] != [m["id"] for m in other]
    assert len({m["id"] for m in one}) == 6 and len(mutation.drawn(every, 1, 99)) == len(found)


def test_the_table_counts(monkeypatch):
    rows = [
        {"folder": folder, "file": f"{folder}/f.py", "before": "a", "after": str(n), "fate": fate}
        for n, (folder, fate) in enumerate(
            [("det", "killed"), ("det", "survived"), ("rec", "survived"), ("rec", "timeout")]
        )
    ]
    monkeypatch.setattr(mutation, "equivalent", lambda: {("rec/f.py", "a", "2"): "the same"})
    lines = mutation.table(rows).splitlines()
    assert lines[2:] == [
        "| det | 2 | 1 | 1 | 0 | 50.0% | 50.0% |",
        "| rec | 2 | 1 | 1 | 1 | 50.0% | 100.0% |",
        "| all | 4 | 2 | 2 | 1 | 50.0% | 66.7% |",
    ]
