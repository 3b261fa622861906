"""Fixtures that several test files share."""

import inspect
import pathlib
import signal

import numpy as np
import pytest
import skimage.data
from hypothesis import settings

# A shell starts background jobs with SIGINT ignored, and child processes inherit that. Tests of Ctrl-C need
# Python's own handler, which is what a terminal gives them.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Shared machines are slow now and then, so no deadline; the same examples every time, so no surprise.
settings.register_profile("patient", deadline=None, derandomize=True)
settings.load_profile("patient")


@pytest.fixture(scope="session")
def page():
    """A photographed page of a book, (191, 384) gray, that comes with scikit-image."""
    return skimage.data.page()


@pytest.fixture
def rng():
    """A seeded generator."""
    return np.random.default_rng(0)


@pytest.fixture(scope="session")
def repository():
    """Folder of the whole checkout: data, notebooks, tests."""
    return pathlib.Path(__file__).parents[1]


@pytest.fixture(scope="session")
def defaults_of():
    """Function from a callable to its arguments that may be left out, with their values."""

    def read(thing):
        parameters = inspect.signature(thing).parameters.values()
        return {p.name: p.default for p in parameters if p.default is not p.empty}

    return read
