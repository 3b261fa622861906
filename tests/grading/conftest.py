"""Fixtures of the tests of the grader."""

import os

import pytest

from ppocr_lessons.grading import mounts


@pytest.fixture(scope="module")
def marked():
    """Put a variable into the environment of submissions, by which the tests find what is left of them."""
    plain = mounts.environment
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mounts, "environment", lambda *a: {**plain(*a), "TESTED_BY": str(os.getpid())})
        yield
