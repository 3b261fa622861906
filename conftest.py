"""What `pytest --nbval` needs to be the whole instruction: time limits, one process a notebook, no stderr."""

import os
import shutil
import tempfile

import pytest

# Exports of the test run stay out of the user's cache. The folder is made here and for this user alone, because a name
# that others can guess is a place where they can put programs. It goes down to kernels and to the workers of xdist
# through the environment, and the process that made it removes it.
OWN_CACHE = None
if not os.environ.get("PPOCR_LESSONS_CACHE"):
    OWN_CACHE = tempfile.mkdtemp(prefix="ppocr-lessons-tests-")
    os.environ["PPOCR_LESSONS_CACHE"] = OWN_CACHE

CELL_SECONDS = 240

# The students' notebooks have no outputs to compare, and the answers in them are missing. tests/grading executes them.
collect_ignore_glob = ["notebooks/assignments/*"]


def pytest_configure(config):
    if config.getoption("nbval", False):
        # A kernel that dies waits out the limit, 2000 s unless it is set.
        config.option.nbval_cell_timeout = CELL_SECONDS
        # The kernel of this environment, whatever "python3" means on the machine.
        config.option.nbval_current_env = True


def _is_cell(item) -> bool:
    return type(item).__module__.startswith("nbval")


def pytest_collection_modifyitems(items):
    for item in items:
        if _is_cell(item):
            # Cells share a kernel, so under xdist those of a notebook stay in one process.
            item.add_marker(pytest.mark.xdist_group(str(item.path)))
            # nbval compares stderr only in cells whose output it compares at all; the hook below looks at every cell.
            if "stderr" not in item.parent.skip_compare:
                item.parent.skip_compare += ("stderr",)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    """Fail a cell that writes to stderr: a reader would see a red box, often with a path of the machine."""
    result = yield
    if _is_cell(item):
        written = [out.text for out in item.test_outputs if out.get("name") == "stderr"]
        assert not written, f"{item.name} writes to stderr: {''.join(written)[:500]}"
    return result


def pytest_unconfigure():
    if OWN_CACHE:
        shutil.rmtree(OWN_CACHE, ignore_errors=True)
