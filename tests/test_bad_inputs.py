"""A few of each kind of bad input; `python tests/bad_inputs.py 300` throws thousands."""

import importlib.util
import pathlib
import resource

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


@pytest.mark.parametrize("name", KINDS)
def test_a_result_or_one_error(name, bad, kinds, tmp_path):
    found = _throw(bad, kinds, name, tmp_path, 20)
    assert not [said for outcome, said in found if outcome == "TRACEBACK"]
    assert sum(outcome == "refused" for outcome, _ in found) > 5
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < 2_000_000  # kilobytes


@pytest.mark.parametrize("name", ["pictures", "LMDB", "weights"])
def test_the_same_inputs_unharmed_are_accepted(name, bad, kinds, tmp_path, monkeypatch):
    monkeypatch.setattr(bad, "garbled", lambda data, rng: data)
    found = _throw(bad, kinds, name, tmp_path, 8)
    assert sum(outcome == "accepted" for outcome, _ in found) >= 4, found
