"""Plant small faults in the library at random and count those that its own tests find.

    python tests/mutation.py --seed 7 --count 200 --folders det rec losses distill augment training zoo

A mutant is one change of one place: another comparison, another arithmetic operator, a constant one off, a condition
turned round, min for max, a result that is None, a statement left out. Each runs against the tests of its own folder
(tests/det for ppocr_lessons/det) in a copy of the tree. Paddle is imported once; each mutant is a fork of that process,
so that it costs the tests and no more. Every mutant leaves a line in --out, and what has one is not run again, so a
run that was interrupted resumes; --again runs the survivors once more, after tests were added.

Docstrings, annotations, messages of errors and `__all__` are left alone. Mutants that change nothing that could be
seen are listed, each with its reason, in equivalent_mutants.txt; the table gives the share with and without them.
"""

import argparse
import ast
import collections
import contextlib
import hashlib
import importlib
import importlib.util
import json
import os
import pathlib
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback

ROOT = pathlib.Path(__file__).parents[1]
EQUIVALENT = pathlib.Path(__file__).with_name("equivalent_mutants.txt")
FOLDERS = ("det", "rec", "losses", "distill", "augment", "training", "zoo")
LEFT_OUT = {"training": ("test_interrupt.py", "test_kill.py")}
"""Test files that start many processes and take long each time."""

IMPORTED_ONCE = (
    "paddle", "numba", "cv2", "hypothesis.extra.numpy", "pytest", "skimage.data", "PIL.Image", "PIL.ImageFont", "shapely",
    "shapely.geometry", "pyclipper", "rapidfuzz.distance", "safetensors.numpy", "lmdb", "fontTools.ttLib", "tqdm",
)  # fmt: skip
"""What the library and its tests import of others: in the process that all mutants are forked from."""

QUIET = ("-p", "no:cacheprovider", "-W", "ignore::pytest.PytestAssertRewriteWarning")

COMPARISONS = {
    ast.Lt: (ast.LtE, ast.GtE), ast.LtE: (ast.Lt, ast.Gt), ast.Gt: (ast.GtE, ast.LtE), ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,), ast.NotEq: (ast.Eq,), ast.Is: (ast.IsNot,), ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,), ast.NotIn: (ast.In,),
}  # fmt: skip
ARITHMETIC = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv, ast.Pow: ast.Mult, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd, ast.MatMult: ast.Mult,
}  # fmt: skip
NAMES = {
    "min": "max", "max": "min", "minimum": "maximum", "maximum": "minimum", "floor": "ceil", "ceil": "floor",
    "any": "all", "all": "any",
}  # fmt: skip


def _changes(node):
    """What can be done to a node, as (name, function of a copy of the node that returns what takes its place)."""
    if isinstance(node, ast.Compare):
        for place, operator in enumerate(node.ops):
            for kind in COMPARISONS[type(operator)]:
                yield f"{type(operator).__name__} to {kind.__name__}", _set_in(node, "ops", place, kind())
    elif isinstance(node, ast.BinOp | ast.AugAssign) and type(node.op) in ARITHMETIC:
        kind = ARITHMETIC[type(node.op)]
        yield f"{type(node.op).__name__} to {kind.__name__}", _set(node, "op", kind())
    elif isinstance(node, ast.BoolOp):
        yield "and or", _set(node, "op", ast.Or() if isinstance(node.op, ast.And) else ast.And())
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield "other truth", _set(node, "value", not node.value)
    elif isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        for step in (1, -1):
            yield f"constant {step:+}", _set(node, "value", node.value + step)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not | ast.USub | ast.Invert):
        yield f"no {type(node.op).__name__}", lambda n: n.operand
    elif (
        isinstance(node, ast.Call)
        and (name := getattr(node.func, "id", getattr(node.func, "attr", ""))) in NAMES
    ):
        field = "id" if isinstance(node.func, ast.Name) else "attr"
        yield f"{name} to {NAMES[name]}", lambda n: (setattr(n.func, field, NAMES[name]), n)[1]
    if isinstance(node, ast.If | ast.IfExp | ast.While) and not isinstance(node.test, ast.Compare):
        yield "condition turned", lambda n: (setattr(n, "test", ast.UnaryOp(ast.Not(), n.test)), n)[1]
    if isinstance(node, ast.Return) and node.value is not None:
        yield "returns None", _set(node, "value", ast.Constant(None))
    dropped = isinstance(node, ast.Break | ast.Continue | ast.Raise | ast.AugAssign)
    dropped = dropped or (isinstance(node, ast.Expr) and not isinstance(node.value, ast.Constant | ast.Yield))
    dropped = dropped or (
        isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Attribute | ast.Subscript)
    )
    if dropped:
        yield "left out", lambda n: ast.Pass()


def _set(node, field, value):
    return lambda n: (setattr(n, field, value), n)[1]


def _set_in(node, field, place, value):
    def change(n):
        getattr(n, field)[place] = value
        return n

    return change


def _visible(node, parent_fields=()):
    """Nodes that may be changed with the path of (field, index) that leads to each."""
    yield node, parent_fields
    skip = {"annotation", "returns", "decorator_list", "names", "exc", "cause", "msg"}
    if isinstance(node, ast.JoinedStr):
        return
    for field, value in ast.iter_fields(node):
        if field in skip:
            continue
        for index, child in enumerate(value if isinstance(value, list) else [value]):
            if not isinstance(child, ast.AST):
                continue
            if isinstance(child, ast.Assign) and getattr(child.targets[0], "id", "") == "__all__":
                continue
            place = (field, index if isinstance(value, list) else None)
            yield from _visible(child, (*parent_fields, place))


def _first_line(node):
    """Of a statement, past its decorators."""
    return next(line for line in ast.unparse(node).splitlines() if not line.startswith("@"))


def _at(tree, path):
    """Node at the end of a path, and the innermost statement on the way to it."""
    node, statement = tree, tree
    for field, index in path:
        node = getattr(node, field) if index is None else getattr(node, field)[index]
        statement = node if isinstance(node, ast.stmt) else statement
    return node, statement


def mutants_of(folder: str) -> dict[str, dict]:
    """All mutants of a folder of the library.

    Args:
        folder: of ppocr_lessons.

    Returns: by id. Each has its file, line, what is done, the first line of the statement before, and the place of the
        change, from which `planted` makes the changed source. Ids hold when lines or functions move.
    """
    found, seen = {}, collections.Counter()
    for file in sorted((ROOT / "ppocr_lessons" / folder).glob("*.py")):
        if file.name == "__init__.py":
            continue
        tree, texts = ast.parse(file.read_text(encoding="utf-8")), {}
        for node, path in _visible(tree):
            _, statement = _at(tree, path)
            for number, (what, _) in enumerate(_changes(node)):
                if id(statement) not in texts:
                    texts[id(statement)] = _first_line(statement)
                before, own = texts[id(statement)], ast.unparse(node).splitlines()[0]
                key = hashlib.sha256(f"{folder}\n{before}\n{own}\n{what}".encode()).hexdigest()[:12]
                seen[key] += 1
                found[f"{key}-{seen[key]}"] = {
                    "id": f"{key}-{seen[key]}", "folder": folder, "file": f"{folder}/{file.name}", "line": node.lineno,
                    "what": what, "before": before, "place": (file, path, number),
                }  # fmt: skip
    return found


def planted(mutant) -> dict:
    """A mutant with the statement as it then stands and the changed source, its place taken out."""
    file, path, number = mutant["place"]
    tree = ast.parse(file.read_text(encoding="utf-8"))
    node, _ = _at(tree, path)
    was = ast.unparse(node).splitlines()[0]
    new = list(_changes(node))[number][1](node)
    parent, (field, index) = _at(tree, path[:-1])[0], path[-1]
    if index is None:
        setattr(parent, field, new)
    else:
        getattr(parent, field)[index] = new
    ast.fix_missing_locations(tree)
    after = _first_line(_at(tree, path)[1])
    if after == mutant["before"]:
        after = f"{after}  [{mutant['what']}: {was}]"
    rest = {k: v for k, v in mutant.items() if k != "place"}
    return rest | {"after": after, "source": ast.unparse(tree)}


def drawn(every: dict[str, dict], seed: int, count: int, least: int = 15) -> list[dict]:
    """Mutants drawn at random.

    Args:
        every: by folder what `mutants_of` gives.
        seed: of the draw.
        count: mutants in all.
        least: so many from each folder, small ones too; the rest come from all of them alike.
    """
    rng = random.Random(seed)
    sample = [m for found in every.values() for m in rng.sample(list(found.values()), min(least, len(found)))]
    taken = {m["id"] for m in sample}
    rest = [m for found in every.values() for m in found.values() if m["id"] not in taken]
    return sample + rng.sample(rest, min(len(rest), max(0, count - len(sample))))


def _forked(tree, arguments, limit, log):
    """Exit code of pytest in a fork, "timeout", or "died"."""
    child = os.fork()
    if not child:
        os.setsid()
        out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(out, 1), os.dup2(out, 2)
        os.chdir(tree)
        sys.path[:0] = [str(tree)]
        os.environ["PYTHONPATH"] = str(tree)
        import pytest

        code = 99
        try:
            assert importlib.util.find_spec("ppocr_lessons").origin.startswith(str(tree)), (
                "another copy is in the way"
            )
            code = int(pytest.main(["-q", "-x", *QUIET, *arguments]))
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush(), sys.stderr.flush()
            os._exit(code)
    end = time.monotonic() + limit
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            _kill_group(child)
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.02)
    _kill_group(child)
    os.waitpid(child, 0)
    return "timeout"


def _kill_group(leader):
    """End what a child left behind: it leads a process group of its own."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(leader, signal.SIGKILL)


def _copy(tree):
    shutil.copytree(
        ROOT / "ppocr_lessons", tree / "ppocr_lessons", ignore=shutil.ignore_patterns("__pycache__")
    )
    shutil.copytree(ROOT / "tests", tree / "tests", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "conftest.py"):
        shutil.copy2(ROOT / name, tree / name)
    for name in ("data", "notebooks"):
        (tree / name).symlink_to(ROOT / name)


def _order(folder, mutated, seconds):
    """Test files of a folder: those named after the module first, then the quick ones."""
    stem = pathlib.Path(mutated).stem
    return sorted(seconds[folder], key=lambda f: (not pathlib.Path(f).stem.startswith(f"test_{stem}"), seconds[folder][f]))  # fmt: skip


def _baseline(tree, folders):
    """Seconds of each test file without any fault, which all have to pass."""
    seconds = {}
    for folder in folders:
        seconds[folder] = {}
        files = sorted(
            p for p in (tree / "tests" / folder).rglob("test_*.py") if p.name not in LEFT_OUT.get(folder, ())
        )
        for file in files:
            begin = time.monotonic()
            code = _forked(tree, [str(file.relative_to(tree))], 600, tree / "log.txt")
            if code != 0:
                sys.exit(f"{file.name} fails without any fault:\n{(tree / 'log.txt').read_text()[-3000:]}")
            seconds[folder][str(file.relative_to(tree))] = time.monotonic() - begin
        print(f"{folder}: {sum(seconds[folder].values()):.0f} s of tests", file=sys.stderr)
    return seconds


def _lines(out):
    return [json.loads(line) for line in out.read_text().splitlines()] if out.is_file() else []


def run(todo, out, folders):
    """Run mutants one after another, each a line in `out`."""
    for name in IMPORTED_ONCE:
        importlib.import_module(name)
    with tempfile.TemporaryDirectory(prefix="mutants-") as scratch:
        tree = pathlib.Path(scratch)
        _copy(tree)
        seconds = _baseline(tree, folders)
        sys.dont_write_bytecode = True
        for number, mutant in enumerate(todo):
            victim = tree / "ppocr_lessons" / mutant["file"]
            original, stat = victim.read_bytes(), victim.stat()
            victim.write_text(mutant["source"], encoding="utf-8")
            shutil.rmtree(tree / ".hypothesis", ignore_errors=True)
            files = _order(mutant["folder"], mutant["file"], seconds)
            limit = 30 + 2 * sum(seconds[mutant["folder"]].values())
            begin = time.monotonic()
            code = _forked(tree, files, limit, tree / "log.txt")
            victim.write_bytes(original)
            os.utime(victim, ns=(stat.st_atime_ns, stat.st_mtime_ns))
            fate = "survived" if code == 0 else "timeout" if code == "timeout" else "killed"
            log = (tree / "log.txt").read_text(errors="replace").strip().splitlines()
            row = {k: v for k, v in mutant.items() if k != "source"}
            row |= {"fate": fate, "code": code, "seconds": round(time.monotonic() - begin, 1)}
            row["by"] = next((line for line in log[::-1] if line.startswith(("FAILED", "ERROR"))), "")[:160]
            with out.open("a") as file:
                file.write(json.dumps(row) + "\n")
            print(
                f"{number + 1}/{len(todo)} {fate} {mutant['file']}:{mutant['line']} {mutant['what']}",
                file=sys.stderr,
            )


def equivalent() -> dict[tuple[str, str, str], str]:
    """(file, before, after) of mutants that change nothing that could be seen, and why."""
    if not EQUIVALENT.is_file():
        return {}
    rows = [r for r in EQUIVALENT.read_text(encoding="utf-8").splitlines() if r and not r.startswith("#")]
    parts = [row.split("\t") for row in rows]
    return {(p[0], p[1], p[2]): p[3] for p in parts}


def table(rows) -> str:
    """Counts by folder as a Markdown table; a mutant that ran several times counts as it fared last."""
    known = equivalent()
    lines = [
        "| folder | mutants | killed | survived | of these equivalent | killed, all | killed, not equivalent |"
    ]
    lines.append("| --- " * 7 + "|")
    for folder in [*sorted({r["folder"] for r in rows}), "all"]:
        part = [r for r in rows if folder in (r["folder"], "all")]
        alive = [r for r in part if r["fate"] == "survived"]
        same = sum((r["file"], r["before"], r["after"]) in known for r in alive)
        killed = len(part) - len(alive)
        share = killed / max(1, len(part) - same)
        lines.append(
            f"| {folder} | {len(part)} | {killed} | {len(alive)} | {same} | {killed / max(1, len(part)):.1%} | {share:.1%} |"
        )
    return "\n".join(lines)


def main():
    """Draw, run what was not run, print the table and the survivors that are not known to be equivalent."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--folders", nargs="+", default=list(FOLDERS), choices=FOLDERS)
    parser.add_argument("--out", type=pathlib.Path, help="JSON lines; runs/mutants-SEED.jsonl if not given")
    parser.add_argument("--again", action="store_true", help="run the survivors once more")
    parser.add_argument("--only-table", action="store_true", help="run nothing")
    arguments = parser.parse_args()
    out = arguments.out or ROOT / "runs" / f"mutants-{arguments.seed}.jsonl"
    out.parent.mkdir(parents=True, exist_ok=True)
    every = {folder: mutants_of(folder) for folder in arguments.folders}
    rows = {row["id"]: row for row in _lines(out)}
    if arguments.again:
        known = equivalent()
        alive = [
            i
            for i, r in rows.items()
            if r["fate"] == "survived" and (r["file"], r["before"], r["after"]) not in known
        ]
        todo = [m for found in every.values() for i, m in found.items() if i in alive]
        print(f"{len(todo)} of {len(alive)} survivors are still there", file=sys.stderr)
    else:
        sample = drawn(every, arguments.seed, arguments.count)
        print(
            f"{sum(map(len, every.values()))} mutants, {len(sample)} drawn with seed {arguments.seed}",
            file=sys.stderr,
        )
        todo = [m for m in sample if m["id"] not in rows]
    if todo and not arguments.only_table:
        os.nice(5)
        run([planted(mutant) for mutant in todo], out, sorted({m["folder"] for m in todo}))
    known, rows = equivalent(), list({row["id"]: row for row in _lines(out)}.values())
    print(table(rows))
    for row in rows:
        if row["fate"] == "survived" and (row["file"], row["before"], row["after"]) not in known:
            print(f"\n{row['file']}:{row['line']} {row['what']}\n  - {row['before']}\n  + {row['after']}")


if __name__ == "__main__":
    main()
