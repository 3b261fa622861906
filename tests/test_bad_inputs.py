"""A few of each kind of bad input; `python tests/bad_inputs.py 300` throws thousands."""

import importlib.util
import pathlib

import numpy as np
import pytest

SCRIPT = pathlib.Path(__file__).with_name("bad_inputs.py")


@pytest.fixture(scope="module")
def bad():
    spec = importlib.util.spec_from_file_location("bad_inputs", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def kinds(bad, tmp_path_factory):
    return bad.Kinds(tmp_path_factory.mktemp("good"))


KINDS = ("pictures", "labels", "LMDB", "ICDAR", "weights", "exports", "dictionaries")


def _throw(bad, kinds, name, tmp_path, count):
    rng, found = np.random.default_rng(1), []
    for number in range(count):
        at = tmp_path / str(number)
        at.mkdir()
        found.append(bad.throw(kinds.all()[name], at, rng, by_command=number < 2))
    return found


MOST_MB = 1500


def _status(field: str) -> float:
    """A size from /proc, in megabytes."""
    lines = pathlib.Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(field)).split()[1]) * 1024 / 1e6


@pytest.fixture
def grown():
    """How many megabytes this process's peak stands above what it held when the test began.

    The peak is reset first, because earlier tests of the same process may have needed far more.
    """
    reset = pathlib.Path("/proc/self/clear_refs")
    if not reset.exists():
        return lambda: 0.0
    reset.write_text("5")
    before = _status("VmRSS")
    return lambda: _status("VmHWM") - before


@pytest.mark.parametrize("name", KINDS)
def test_a_result_or_one_error(name, bad, kinds, tmp_path, grown):
    found = _throw(bad, kinds, name, tmp_path, 20)
    assert not [said for outcome, said in found if outcome == "TRACEBACK"]
    assert sum(outcome == "refused" for outcome, _ in found) > 5
    assert grown() < MOST_MB


@pytest.mark.parametrize("name", ["pictures", "LMDB", "weights"])
def test_the_same_inputs_unharmed_are_accepted(name, bad, kinds, tmp_path, monkeypatch):
    monkeypatch.setattr(bad, "garbled", lambda data, rng: data)
    found = _throw(bad, kinds, name, tmp_path, 8)
    assert sum(outcome == "accepted" for outcome, _ in found) >= 4, found
